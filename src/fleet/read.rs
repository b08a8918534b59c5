//! A report as a roll-up sees it: only the fields that it counts, borrowed from the line. `rules`
//! and what is set are kept as text: the same text is looked into once.

use std::time::SystemTime;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use crate::wire::v1::{Absence, Severity, Status, Text, Transport};

/// What a report begins with, wherever it stands.
pub const BEGINNING: &str = "{\"schema_version\":";

/// The longest text that is taken over: a name, a version.
const TEXT: usize = 255;

/// Why a piece of a line is not counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The kind of reason.
    pub reason: &'static str,
    /// What is wrong.
    pub detail: String,
}

impl Refusal {
    pub(super) fn new(reason: &'static str, detail: impl Into<String>) -> Self {
        Self { reason, detail: detail.into() }
    }

    pub(super) fn contradicts(detail: impl Into<String>) -> Self {
        Self::new("contradicts-itself", detail)
    }
}

/// What a piece of a line holds.
pub enum Piece<'a> {
    /// A report.
    Report(Box<ReportView<'a>>),
    /// Why there is none.
    Absence(Absence),
}

/// A report.
#[derive(Debug, Deserialize)]
pub struct ReportView<'a> {
    #[serde(borrow)]
    schema_version: Text<'a>,
    #[serde(borrow)]
    kind: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) tool: ToolView<'a>,
    #[serde(borrow)]
    pub(super) host: HostView<'a>,
    #[serde(borrow)]
    pub(super) collected_at: Text<'a>,
    #[serde(borrow)]
    summary: Option<SummaryView<'a>>,
    #[serde(borrow)]
    pub(super) run: Option<Text<'a>>,
    #[serde(rename = "registry")]
    _registry: IgnoredAny,
    #[serde(borrow)]
    pub(super) profile: Text<'a>,
    #[serde(borrow)]
    pub(super) policy: Option<PolicyView<'a>>,
    pub(super) services: Vec<IgnoredAny>,
    pub(super) status: Option<Status>,
    #[serde(borrow)]
    pub(super) scopes: Vec<ScopeView<'a>>,
    #[serde(borrow)]
    pub(super) rules: &'a RawValue,
    #[serde(borrow)]
    pub(super) findings: Vec<FindingView<'a>>,
    #[serde(borrow)]
    pub(super) gaps: Vec<GapView<'a>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct ToolView<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow)]
    pub(super) version: Text<'a>,
}

#[derive(Debug, Deserialize)]
pub(super) struct HostView<'a> {
    #[serde(borrow)]
    pub(super) name: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) os: Text<'a>,
    #[serde(borrow)]
    pub(super) os_version: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) kernel: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) booted_at: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) labels: Vec<LabelView<'a>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct LabelView<'a> {
    #[serde(borrow)]
    pub(super) name: Text<'a>,
    #[serde(borrow)]
    pub(super) value: Text<'a>,
}

#[derive(Debug, Deserialize)]
struct SummaryView<'a> {
    #[serde(borrow)]
    shape: Text<'a>,
}

#[derive(Debug, Deserialize)]
pub(super) struct PolicyView<'a> {
    #[serde(borrow)]
    pub(super) file: Option<Text<'a>>,
    pub(super) fail_on: Option<Severity>,
    #[serde(borrow)]
    pub(super) digest: Option<Text<'a>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct ScopeView<'a> {
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    pub(super) current: bool,
    #[serde(borrow)]
    pub(super) ranges: &'a RawValue,
    #[serde(borrow)]
    pub(super) reserved: &'a RawValue,
    #[serde(borrow)]
    pub(super) randomization: &'a RawValue,
    #[serde(borrow)]
    pub(super) unprivileged_start: &'a RawValue,
    #[serde(borrow)]
    pub(super) listeners: ListenersView<'a>,
    #[serde(borrow)]
    pub(super) usage: Option<UsageView<'a>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct ListenersView<'a> {
    #[serde(borrow)]
    pub(super) items: Vec<ListenerView<'a>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct ListenerView<'a> {
    pub(super) transport: Transport,
    #[serde(borrow)]
    pub(super) address: Option<Text<'a>>,
    pub(super) port: u16,
    pub(super) in_pool: Option<bool>,
    #[serde(borrow)]
    pub(super) owner: Option<OwnerView<'a>>,
    #[serde(borrow)]
    pub(super) service: Option<Text<'a>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct OwnerView<'a> {
    #[serde(borrow)]
    pub(super) pid: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) command: Option<Text<'a>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct UsageView<'a> {
    #[serde(borrow)]
    pub(super) tcp_sockets: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) tcp_time_wait: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) udp_sockets: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) bound_in_pool: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) bound_unseen: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) uncounted: Option<&'a RawValue>,
}

#[derive(Debug, Deserialize)]
pub(super) struct FindingView<'a> {
    #[serde(borrow)]
    pub(super) rule: Text<'a>,
    pub(super) severity: Severity,
    #[serde(borrow)]
    pub(super) scope: Text<'a>,
    #[serde(borrow)]
    pub(super) title: Text<'a>,
    #[serde(borrow)]
    pub(super) message: Text<'a>,
    pub(super) evidence: Vec<IgnoredAny>,
    #[serde(borrow)]
    pub(super) waived: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) fingerprint: Text<'a>,
}

#[derive(Debug, Deserialize)]
pub(super) struct GapView<'a> {
    #[serde(borrow)]
    pub(super) rule: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) scope: Text<'a>,
    #[serde(borrow)]
    pub(super) why: Text<'a>,
}

/// A document of any kind, by what each has.
#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow)]
    schema_version: Option<Text<'a>>,
    #[serde(borrow)]
    kind: Option<Text<'a>>,
    ephaudit_capture: Option<IgnoredAny>,
}

/// The document at the beginning of a text, and where it ends there; where there is none, why, and
/// where a value ends that is something else.
pub fn piece(text: &str) -> Result<(Piece<'_>, usize), (Refusal, Option<usize>)> {
    let mut stream = serde_json::Deserializer::from_str(text).into_iter::<ReportView<'_>>();
    let error = match stream.next() {
        Some(Ok(report)) => {
            let end = stream.byte_offset();
            return match plausible(&report) {
                Ok(()) => Ok((Piece::Report(Box::new(report)), end)),
                Err(refusal) => Err((refusal, Some(end))),
            };
        }
        Some(Err(error)) => error,
        None => return Err((Refusal::new("not-json", "it is empty"), None)),
    };
    if error.is_eof() {
        return Err((Refusal::new("truncated", "it is cut off at its end"), None));
    }
    let mut other = serde_json::Deserializer::from_str(text).into_iter::<Head<'_>>();
    let Some(Ok(head)) = other.next() else {
        let reason = if error.is_data() { "not-a-report" } else { "not-json" };
        return Err((Refusal::new(reason, error.to_string()), None));
    };
    let end = other.byte_offset();
    let kind = head.kind.as_ref().map(|kind| &*kind.0);
    let refusal = match head.schema_version.as_ref().map(|version| &*version.0) {
        None if head.ephaudit_capture.is_some() => {
            Refusal::new("capture", "it is a capture; audit it with --from first")
        }
        None => Refusal::new("not-a-report", "it has no schema_version"),
        Some(version) if !is_version_1(version) => other_version(version),
        Some(_) if kind == Some("absence") => {
            let absence = text.get(..end).map(serde_json::from_str::<Absence>);
            match absence {
                Some(Ok(absence)) => return Ok((Piece::Absence(absence), end)),
                _ => Refusal::new("not-a-report", error.to_string()),
            }
        }
        Some(_) if kind.is_some_and(|kind| kind != "report") => {
            Refusal::new("not-a-report", format!("it is of kind {:?}", kind.unwrap_or_default()))
        }
        Some(_) => Refusal::new("not-a-report", error.to_string()),
    };
    // What stands around a report is not one, and the report in it is.
    let whole = kind.is_some() || head.schema_version.is_some();
    Err((refusal, whole.then_some(end)))
}

fn is_version_1(version: &str) -> bool {
    version.split('.').next() == Some("1")
}

fn other_version(version: &str) -> Refusal {
    let version: String = version.chars().take(20).collect();
    Refusal::new(
        "other-version",
        format!("it is of version {version}, and this ephaudit reads version 1"),
    )
}

/// What must hold before anything of it is kept.
fn plausible(report: &ReportView<'_>) -> Result<(), Refusal> {
    let version = &*report.schema_version.0;
    if !is_version_1(version) {
        return Err(other_version(version));
    }
    if report.kind.as_ref().is_some_and(|kind| kind.0 != "report") {
        return Err(Refusal::new("not-a-report", "it is of another kind"));
    }
    if report.tool.name.0 != env!("CARGO_PKG_NAME") {
        return Err(Refusal::new("not-a-report", format!("{:?} wrote it", report.tool.name.0)));
    }
    report.time()?;
    let HostView { name, os, os_version, kernel, id, labels, booted_at: _ } = &report.host;
    let texts = [name, os_version, kernel, id].into_iter().flatten();
    let labels = labels.iter().flat_map(|label| [&label.name, &label.value]);
    let kept = texts.chain(labels).chain([os, &report.profile, &report.tool.version]);
    let words = report.gaps.iter().flat_map(|gap| gap.rule.iter().chain([&gap.why]));
    let mut kept = kept.chain(words);
    if kept.any(|text| text.0.len() > TEXT || text.0.contains('\u{1f}')) {
        return Err(Refusal::new("not-a-report", "a name in it is no name"));
    }
    Ok(())
}

impl ReportView<'_> {
    /// When it was made.
    pub(super) fn time(&self) -> Result<SystemTime, Refusal> {
        let at = &self.collected_at.0;
        let bad = || Refusal::new("bad-time", format!("{at:.40?} is not an RFC 3339 time"));
        if at.len() > 40 { Err(bad()) } else { humantime::parse_rfc3339(at).map_err(|_| bad()) }
    }

    /// Fails where it tells another shape than its facts have, and is of this very version.
    pub(super) fn holds_shape(&self, shape: &str) -> Result<(), Refusal> {
        let ours = self.tool.version.0 == env!("CARGO_PKG_VERSION");
        match &self.summary {
            Some(summary) if ours && summary.shape.0 != shape => {
                Err(Refusal::contradicts("its summary is not that of its facts"))
            }
            _ => Ok(()),
        }
    }
}
