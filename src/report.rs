//! The words of a report: findings with their evidence, gaps, verdicts, severities and the status.

mod cure;
mod step;

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use ephaudit_platform::ports::PortSet;
use ephaudit_platform::snapshot::{Owner, Reason, Scope, Source, Transport, Why};
use ephaudit_platform::unread::Unread;

pub use cure::Cure;
pub use step::{Step, When};

use crate::text::{counted, digest};

/// How much a finding matters, in ascending order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Good to know; nothing to do.
    Info,
    /// Worth a look some day.
    Low,
    /// Should be changed, or waived with a reason.
    Medium,
    /// Breaks services sooner or later.
    High,
    /// Breaks something now.
    Critical,
}

impl Severity {
    /// All of them, ascending.
    pub const ALL: [Self; 5] = [Self::Info, Self::Low, Self::Medium, Self::High, Self::Critical];

    /// The word in the report.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What was seen, where it was read, and the command that shows it again.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// The name of the fact.
    pub what: &'static str,
    /// Its value.
    pub value: String,
    /// Where it was read.
    pub source: Source,
    /// The line of that file, counted from 1, where it is about one.
    pub line: Option<u32>,
    /// How to see it oneself; empty where nothing on the host shows it.
    pub command: String,
}

impl Evidence {
    /// Evidence that the source's own command shows.
    pub fn new(what: &'static str, value: String, source: &Source) -> Self {
        Self { what, value, source: source.clone(), line: None, command: source.command() }
    }

    /// With a command that shows it from where the reader is.
    fn in_scope(self, entry: &str) -> Self {
        let command = if self.command.is_empty() { String::new() } else { entry.to_owned() };
        Self { command: command + &self.command, ..self }
    }
}

/// One thing that is not as the policy wants it.
#[derive(Debug, Clone)]
pub struct Finding {
    /// How much it matters here, which may be less than the rule's own severity.
    pub severity: Severity,
    /// The scope's id.
    pub scope: String,
    /// One line.
    pub title: String,
    /// What it means, with the figures.
    pub message: String,
    /// What was read; never empty.
    pub evidence: Vec<Evidence>,
    /// The setting that may end it, until it is tried.
    pub cure: Option<Cure>,
    /// What can be done, in the order to do it.
    pub steps: Vec<Step>,
    /// The ports it is about; empty where it is about none in particular.
    pub ports: PortSet,
    /// What else it is about.
    pub about: About,
    /// Why it is accepted, who answers for that, and until when; `None` where it is not.
    pub waived: Option<String>,
    /// Stays the same from run to run and from boot to boot, whatever the values.
    pub fingerprint: String,
    /// The same on every host and in every scope.
    pub class: String,
    /// What goes before a command that is to be run in the scope; empty for the reader's own.
    entry: String,
}

impl Finding {
    /// A finding rests on at least one piece of evidence. `subject` says what in the scope it is
    /// about, in words that stay the same from run to run: "range", "tcp/50010".
    pub fn new(
        rule: &str,
        severity: Severity,
        scope: &Scope,
        subject: &str,
        first: Evidence,
    ) -> Self {
        let finding = Self {
            severity,
            scope: scope.id.clone(),
            fingerprint: fingerprint(rule, scope, subject),
            class: class(rule, subject),
            entry: scope.enter(""),
            title: String::new(),
            message: String::new(),
            evidence: Vec::new(),
            cure: None,
            steps: Vec::new(),
            ports: PortSet::new(),
            about: About { setting: setting_of(&first.source), ..About::default() },
            waived: None,
        };
        finding.with_evidence([first])
    }

    /// One in place of several of a rule in a scope, as grave as the gravest of them; `None` in
    /// place of none.
    pub fn together(rule: &str, scope: &Scope, several: Vec<Self>) -> Option<Self> {
        let count = u32::try_from(several.len()).unwrap_or(u32::MAX);
        // A waiver for some ports is none for what is about no port.
        let ports = if several.iter().any(|finding| finding.ports.is_empty()) {
            PortSet::new()
        } else {
            several.iter().fold(PortSet::new(), |all, finding| all.union(&finding.ports))
        };
        // The last of equals, were they not turned around.
        let gravest = several.into_iter().rev().max_by_key(|finding| finding.severity)?;
        Some(Self {
            fingerprint: fingerprint(rule, scope, "others"),
            class: class(rule, "others"),
            title: format!("{}, told together: {}", counted(count, "more finding"), gravest.title),
            message: format!(
                "There are too many to tell each. The gravest of them: {}",
                gravest.message
            ),
            ports,
            about: About { setting: gravest.about.setting, ..About::default() },
            ..gravest
        })
    }

    /// With its title and message.
    #[must_use]
    pub fn says(mut self, title: impl Into<String>, message: impl Into<String>) -> Self {
        self.title = title.into();
        self.message = message.into();
        self
    }

    /// With more evidence, seen in the finding's own scope.
    #[must_use]
    pub fn with_evidence(mut self, more: impl IntoIterator<Item = Evidence>) -> Self {
        let entry = &self.entry;
        self.evidence.extend(more.into_iter().map(|evidence| evidence.in_scope(entry)));
        self
    }

    /// With evidence that was seen in another scope.
    #[must_use]
    pub fn with_evidence_in(
        mut self,
        scope: &Scope,
        more: impl IntoIterator<Item = Evidence>,
    ) -> Self {
        let entry = scope.enter("");
        self.evidence.extend(more.into_iter().map(|evidence| evidence.in_scope(&entry)));
        self
    }

    /// With the ports that it is about.
    #[must_use]
    pub fn about(self, ports: PortSet) -> Self {
        Self { ports, ..self }
    }

    /// With what else it is about; the setting that its first evidence is of stays, where no other
    /// is named.
    #[must_use]
    pub fn concerning(mut self, about: About) -> Self {
        let setting = about.setting.or(self.about.setting.take());
        self.about = About { setting, ..about };
        self
    }

    /// With the setting that may end it.
    #[must_use]
    pub fn cured_by(self, cure: Cure) -> Self {
        Self { cure: Some(cure), ..self }
    }

    /// With what can be done.
    #[must_use]
    pub fn advises(mut self, steps: impl IntoIterator<Item = Step>) -> Self {
        self.steps.extend(steps);
        self
    }
}

/// What a finding is about, beside its ports; nothing where it does not concern that, or it is not
/// known.
#[derive(Debug, Clone, Default)]
pub struct About {
    /// The transport; none where it is about both.
    pub transport: Option<Transport>,
    /// The address on this host.
    pub address: Option<IpAddr>,
    /// The peer.
    pub destination: Option<SocketAddr>,
    /// The service: as the policy declares it, or the registry's name for the port.
    pub service: Option<String>,
    /// The process that holds the port, by its name.
    pub process: Option<String>,
    /// The same by its id.
    pub pid: Option<u32>,
    /// The setting that decides.
    pub setting: Option<String>,
}

impl About {
    /// About one transport.
    pub fn transport(transport: Transport) -> Self {
        Self { transport: Some(transport), ..Self::default() }
    }

    /// About a setting.
    pub fn setting(key: &str) -> Self {
        Self { setting: Some(key.to_owned()), ..Self::default() }
    }

    /// With the process, where it is seen.
    #[must_use]
    pub fn held_by(self, owner: &Owner) -> Self {
        match owner {
            Owner::Known { pid, command, .. } => {
                Self { pid: Some(*pid), process: command.clone(), ..self }
            }
            Owner::NotAsked | Owner::Kernel | Owner::Unseen(_) => self,
        }
    }
}

/// The setting that was read there, by its name.
fn setting_of(source: &Source) -> Option<String> {
    match source {
        Source::Sysctl(name) => Some(name.to_string()),
        Source::File(path) => path.strip_prefix("/proc/sys/").map(|key| key.replace('/', ".")),
        _ => None,
    }
}

fn fingerprint(rule: &str, scope: &Scope, subject: &str) -> String {
    // A namespace's inode changes with every boot; the reader's own namespace is always the same
    // one to it.
    let scope = if scope.current {
        "current".to_owned()
    } else {
        let name = scope.names.first().map(ToString::to_string);
        format!("other {}", name.as_ref().unwrap_or(&scope.id))
    };
    digest(&format!("{rule}\0{scope}\0{subject}"))
}

fn class(rule: &str, subject: &str) -> String {
    digest(&format!("{rule}\0{subject}"))
}

/// Something that was needed and could not be had.
#[derive(Debug, Clone)]
pub struct Gap {
    /// The scope's id.
    pub scope: String,
    /// What was needed.
    pub what: String,
    /// The kind of reason.
    pub why: Reason,
    /// What happened, in one line.
    pub detail: String,
}

impl Gap {
    /// What was needed in `scope`, and why it could not be had.
    pub fn new(scope: &Scope, what: impl Into<String>, why: &Why) -> Self {
        Self {
            scope: scope.id.clone(),
            what: what.into(),
            why: why.reason,
            detail: why.detail.clone(),
        }
    }

    /// What could not be read in `scope`.
    pub fn of(scope: &Scope, unread: &Unread) -> Self {
        Self::new(scope, unread.subject.to_string(), &unread.why)
    }
}

/// A rule's answer.
#[derive(Debug, Clone)]
pub enum Verdict {
    /// Everything it needed is known, and as it should be.
    Pass,
    /// It found something; where `gaps` is not empty it could not look everywhere either.
    Fail {
        /// What it found; never empty.
        findings: Vec<Finding>,
        /// What it could not see.
        gaps: Vec<Gap>,
    },
    /// It could not tell.
    Unknown(Vec<Gap>),
    /// It has nothing to say about such a host.
    NotApplicable(String),
    /// Nobody asked for what it needs.
    NotAsked {
        /// The option that asks.
        option: &'static str,
        /// What was not looked at.
        why: String,
    },
}

impl Verdict {
    /// Nobody asked for what the rule needs; `option` does.
    pub fn not_asked(option: &'static str, why: impl Into<String>) -> Self {
        Self::NotAsked { option, why: why.into() }
    }

    /// What it found.
    pub fn findings(&self) -> &[Finding] {
        match self {
            Self::Fail { findings, .. } => findings,
            Self::Pass | Self::Unknown(_) | Self::NotApplicable(_) | Self::NotAsked { .. } => &[],
        }
    }

    /// What it found that nobody accepted.
    pub fn unwaived(&self) -> impl Iterator<Item = &Finding> {
        self.findings().iter().filter(|finding| finding.waived.is_none())
    }

    /// What it could not see.
    pub fn gaps(&self) -> &[Gap] {
        match self {
            Self::Fail { gaps, .. } | Self::Unknown(gaps) => gaps,
            Self::Pass | Self::NotApplicable(_) | Self::NotAsked { .. } => &[],
        }
    }
}

/// The audit's overall status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Every rule was answered, and no finding reaches the threshold.
    Compliant,
    /// A finding reaches the threshold.
    Findings,
    /// None does, but a rule has no answer.
    Undetermined,
}

impl Status {
    /// The same where something more could not be read.
    #[must_use]
    pub const fn with_gaps(self) -> Self {
        match self {
            Self::Findings => self,
            Self::Compliant | Self::Undetermined => Self::Undetermined,
        }
    }
}
