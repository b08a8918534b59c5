//! The output of a monitoring plugin, for Nagios, Icinga, Sensu and what else follows the
//! guidelines of monitoring-plugins.org: a line of text and figures, more lines of text, and the
//! exit code.

use super::view::figures::{self, KINDS};
use super::view::findings::alike;
use crate::text::{counted, printable, shortened};
use crate::wire::v1::{Document, Finding, Severity, Status, Transport, Verdict};

/// How many lines there are behind the first: NRPE passes on 4 KiB.
const LINES: usize = 20;
/// How many characters a line of them has at most.
const WIDTH: usize = 160;

/// What a plugin says of its service; the number is the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PluginState {
    /// Nothing to do.
    Ok = 0,
    /// A medium finding reaches the threshold, or a lesser one where the policy's threshold is
    /// lower.
    Warning = 1,
    /// A high or a critical one does.
    Critical = 2,
    /// None does, and not every rule was answered, or none was asked.
    Unknown = 3,
}

impl PluginState {
    /// The exit code.
    pub const fn code(self) -> u8 {
        self as u8
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Warning => "WARNING",
            Self::Critical => "CRITICAL",
            Self::Unknown => "UNKNOWN",
        }
    }
}

/// The state of a document. What is waived, or does not reach the threshold, does not raise it.
pub fn state(document: &Document) -> PluginState {
    let Some(status) = document.status else { return PluginState::Unknown };
    let counting = document.findings.iter().filter(|finding| document.counts(finding));
    // The most severe sorts first.
    match (counting.map(|finding| finding.severity).min(), status) {
        (Some(Severity::Critical | Severity::High), _) => PluginState::Critical,
        (Some(_), _) => PluginState::Warning,
        (None, Status::Compliant) => PluginState::Ok,
        // A report that has findings and shows none that counts is not believed.
        (None, Status::Undetermined | Status::Findings) => PluginState::Unknown,
    }
}

/// The plugin's output.
pub fn render(document: &Document) -> Vec<u8> {
    let mut text = format!("EPHEMERAL {} - {}", state(document).name(), summary(document));
    let figures: Vec<String> = metrics(document)
        .into_iter()
        .map(|Metric { name, value, unit, warn }| format!("'{name}'={value}{unit};{warn};;0"))
        .collect();
    text.push_str(" | ");
    text.push_str(&figures.join(" "));
    for line in details(document) {
        text.push('\n');
        text.push_str(&line);
    }
    text.push('\n');
    text.into_bytes()
}

/// What the plugin prints where there is no report.
pub fn complaint(why: &str) -> Vec<u8> {
    format!("EPHEMERAL {} - {}\n", PluginState::Unknown.name(), flat(why)).into_bytes()
}

/// Outside text on one line: a bar would begin figures.
pub(super) fn flat(text: &str) -> String {
    shortened(&printable(text).replace('|', "/"), WIDTH)
}

/// What was found and which ports are handed out, in a few words.
pub(super) fn summary(document: &Document) -> String {
    let mut words: Vec<String> = Severity::ALL
        .into_iter()
        .map(|level| (figures::open_of(document, level), level.name()))
        .filter(|(count, _)| *count > 0)
        .map(|(count, name)| format!("{count} {name}"))
        .collect();
    if document.status.is_none() {
        words.push("facts only, nothing judged".to_owned());
    } else if words.is_empty() && state(document) == PluginState::Ok {
        words.push("no findings".to_owned());
    }
    let waived = figures::waived(document);
    if waived > 0 {
        words.push(format!("{waived} waived"));
    }
    let unknown = figures::rules(document, Verdict::Unknown);
    if unknown > 0 {
        let unknown = counted(u32::try_from(unknown).unwrap_or(u32::MAX), "rule");
        words.push(format!("{unknown} unanswered"));
    }
    let unasked = figures::critical_unasked(document).count();
    // The line has 80 characters: the details have the names, and say it in every state.
    if unasked > 0 && state(document) == PluginState::Ok {
        words.push(format!("{unasked} critical not asked"));
    }
    let off = document.policy.as_ref().map_or(0, |policy| policy.off.len());
    if off > 0 {
        words.push(format!("{off} off"));
    }
    words.push(format!("range {}", range(document)));
    words.join(", ")
}

/// The ephemeral range; each of them where they differ.
fn range(document: &Document) -> String {
    let mut parts: Vec<String> = Vec::new();
    for range in figures::own_scope(document).into_iter().flat_map(figures::ephemeral) {
        let bounds = figures::bounds(range)
            .map_or_else(|| "unknown".to_owned(), |(first, last)| format!("{first}-{last}"));
        // There are four at most, one a transport and family.
        if !parts.contains(&bounds) && parts.len() < KINDS.len() {
            parts.push(bounds);
        }
    }
    if parts.is_empty() { "unknown".to_owned() } else { parts.join(" and ") }
}

/// A figure; `warn` is the range that is well, as the guidelines write it, or nothing.
pub(super) struct Metric {
    pub(super) name: String,
    pub(super) value: String,
    pub(super) unit: &'static str,
    pub(super) warn: String,
}

/// The figures that are known.
pub(super) fn metrics(document: &Document) -> Vec<Metric> {
    let figure =
        |name: String, value: String| Metric { name, value, unit: "", warn: String::new() };
    let mut metrics: Vec<Metric> = Severity::ALL
        .into_iter()
        .map(|level| figure(level.name().to_owned(), figures::open_of(document, level).to_string()))
        .collect();
    metrics.push(figure("waived".to_owned(), figures::waived(document).to_string()));
    let unknown = figures::rules(document, Verdict::Unknown);
    metrics.push(figure("unanswered_rules".to_owned(), unknown.to_string()));
    let unasked = figures::rules(document, Verdict::NotAsked);
    metrics.push(figure("not_asked_rules".to_owned(), unasked.to_string()));
    let Some(scope) = figures::own_scope(document) else { return metrics };
    let policy = document.policy.as_ref();
    for (transport, family) in KINDS {
        if let Some(ports) = figures::pool(scope, transport, family) {
            let name = format!("pool_{}_{}", transport.name(), family.name());
            let warn = policy.map_or_else(String::new, |policy| format!("{}:", policy.min_pool));
            metrics.push(Metric { warn, ..figure(name, ports.to_string()) });
        }
    }
    for transport in [Transport::Tcp, Transport::Udp] {
        if let Some(inside) = figures::listeners_in_pool(scope, transport) {
            metrics.push(figure(
                format!("listeners_in_pool_{}", transport.name()),
                inside.to_string(),
            ));
        }
    }
    let usage = &scope.usage;
    for (name, value) in
        [("tcp_sockets", usage.tcp_sockets), ("tcp_time_wait", usage.tcp_time_wait)]
    {
        metrics.extend(value.map(|value| figure(name.to_owned(), value.to_string())));
    }
    for transport in [Transport::Tcp, Transport::Udp] {
        if let Some(percent) = figures::busiest(scope, transport) {
            let name = format!("busiest_{}_destination", transport.name());
            let warn = policy.map_or_else(String::new, |policy| policy.near_exhaustion.to_string());
            metrics.push(Metric { unit: "%", warn, ..figure(name, percent.to_string()) });
        }
    }
    metrics
}

/// The findings, the rules that could not be answered, how many nobody asked, and what is waived, a
/// line each.
pub(super) fn details(document: &Document) -> Vec<String> {
    let (waived, open): (Vec<_>, Vec<_>) =
        alike(document).into_iter().partition(|(finding, _)| finding.waived.is_some());
    let found =
        open.into_iter().map(|(finding, scopes)| line(finding.severity.name(), finding, &scopes));
    let unknown = document.rules.iter().filter(|rule| rule.verdict == Verdict::Unknown);
    let unknown = unknown.map(|rule| {
        format!("[unknown] {}: {}", rule.rule, rule.reason.as_deref().unwrap_or_default())
    });
    let waived = waived.into_iter().map(|(finding, scopes)| {
        let why = finding.waived.as_deref().unwrap_or_default();
        line(&format!("waived: {why}"), finding, &scopes)
    });
    let unasked = figures::not_asked(document).map(|rules| format!("[rules] {rules}"));
    let mut lines = found.chain(unknown).chain(unasked).chain(waived);
    let mut kept: Vec<String> = lines.by_ref().take(LINES).map(|line| flat(&line)).collect();
    let more = lines.count();
    if more > 0 {
        kept.push(format!("and {more} more"));
    }
    kept
}

fn line(word: &str, finding: &Finding, scopes: &[&str]) -> String {
    let places = match scopes.len() {
        1 => String::new(),
        many => format!(" in {many} namespaces:"),
    };
    format!("[{word}] {}:{places} {}", finding.rule, finding.title)
}
