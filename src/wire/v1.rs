//! Version 1: the report, the explanation of a port, and what a probe says. Fields may be added;
//! none is renamed, retyped or dropped. Arrays are always there.
//!
//! Of most words the schema lists all that this version writes, and the type stays open: a later
//! version 1 may write one more, and what it wrote can be read. Only where a word decides how a
//! host is judged (status, verdict, severity), or whether and for what a value holds (state,
//! transport, family), is the type closed: there an unknown word is an error, never a guess.
//!
//! Every renderer draws from these documents: what a table shows, the JSON holds.

mod absence;
mod boot;
mod closed;
mod explanation;
mod fleet;
mod fleet_diff;
mod listeners;
mod make;
mod names;
mod plan;
mod probe;
mod read;
mod rules;
mod scope;
mod shape;
mod steps;
mod summary;
mod usage;
mod words;

pub use crate::explain::{Bind, PortState};
pub use absence::{Absence, AbsentHost};
pub use boot::{BootEntry, BootLine, BootSource, Running, Suspect};
pub use explanation::{Explanation, Holder, Meeting, PortOn, explanation};
pub use fleet::{
    Coverage, FindingRow, Fleet, FleetHost, FleetOptions, HostList, HostName, Hosts,
    IdentityTrouble, Input, Named, Namespaces, Odd, OddHost, Rejected, RejectedRow, RiskRow,
    ShapeRow, Shared, Statuses, Undetermined, UnknownRule,
};
pub use fleet_diff::{FleetDiff, HostMove, HostMoves, RuleMove, ShapeMove, StatusMove};
pub use make::{document, tool};
pub use plan::{PlanFinding, PlanProposal, PlanSettings, Planned, PlannedScope, planned};
pub use probe::{Agreement, Draw, Probed, probed};
pub use read::{Claims, FindingClaim, RuleClaim, bounded, read};
pub use rules::{RulePage, Rules, rules};
pub use scope::{
    Listener, ListenerTotal, Listeners, Number, Owner, Pool, Randomization, Range, Reserved, Scope,
    Span, TimeWait,
};
pub use shape::{OwnScope, Shape, Text};
pub use steps::Step;
pub use summary::{Counts, ShortHost, Summary, SummaryLine};
pub use usage::{PortsInUse, Usage};

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A word of the contract.
pub type Word = Cow<'static, str>;

/// The version this module writes.
pub const SCHEMA_VERSION: &str = "1.1";

/// What one run of ephaudit read and found on one host.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Document {
    /// Version of this document's form, MAJOR.MINOR.
    pub schema_version: Word,
    /// Always "report"; missing in version 1.0.
    #[serde(default = "report")]
    pub kind: Word,
    /// The program that wrote it.
    pub tool: Tool,
    /// The host it is about.
    pub host: Host,
    /// When the facts were read: RFC 3339, UTC.
    pub collected_at: String,
    /// What a roll-up of many reports needs; null in reports of another version that lack it.
    #[serde(default)]
    pub summary: Option<Summary>,
    /// The run of a job that this report is of, as --run-id names it.
    #[serde(default)]
    pub run: Option<String>,
    /// The registry of assigned ports that was used.
    pub registry: Registry,
    /// The profile judged by.
    #[schemars(extend("enum" = closed::profiles()))]
    pub profile: Word,
    /// What it was judged by; null where nothing was judged.
    pub policy: Option<Policy>,
    /// Services that the policy declares, whether a socket shows them or not.
    pub services: Vec<Service>,
    /// Overall status; null where nothing was judged.
    pub status: Option<Status>,
    /// Network namespaces (or the like), sorted by id.
    pub scopes: Vec<Scope>,
    /// Every rule and its verdict.
    pub rules: Vec<Rule>,
    /// Everything found, most severe first.
    pub findings: Vec<Finding>,
    /// Everything that could not be read.
    pub gaps: Vec<Gap>,
}

const fn report() -> Word {
    Word::Borrowed("report")
}

/// The program.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Tool {
    /// Always "ephaudit".
    pub name: Word,
    /// Its version.
    pub version: Word,
    /// What held the thread that read this host, so that it could change nothing; none where it
    /// was not confined, or no host was read.
    #[serde(default)]
    pub confinement: Vec<Word>,
}

/// The host; null is what could not be read.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Host {
    /// Node name.
    pub name: Option<String>,
    /// Its operating system.
    #[schemars(extend("enum" = closed::systems()))]
    pub os: Word,
    /// The vendor's name for its version.
    pub os_version: Option<String>,
    /// The distribution, as `ID` of os-release(5) has it: "debian".
    #[serde(default)]
    pub os_id: Option<String>,
    /// Its version, as `VERSION_ID` of os-release(5) has it: "12".
    #[serde(default)]
    pub os_version_id: Option<String>,
    /// Kernel release.
    pub kernel: Option<String>,
    /// Architecture.
    pub arch: Option<String>,
    /// "wsl", "gvisor", or a container manager's name; null where none was recognised.
    pub environment: Option<String>,
    /// 32 hexadecimal digits that stay with the host, a keyed hash of what `id_source` names.
    #[serde(default)]
    pub id: Option<String>,
    /// Where the id comes from: "machine-id" or "given"; null where there is none.
    #[serde(default)]
    pub id_source: Option<Word>,
    /// When it was started: RFC 3339, UTC.
    #[serde(default)]
    pub booted_at: Option<String>,
    /// What --label says of it, sorted by name.
    #[serde(default)]
    pub labels: Vec<Label>,
}

/// What somebody says of a host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Label {
    /// Of what.
    pub name: String,
    /// What.
    pub value: String,
}

/// The registry of assigned ports.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Registry {
    /// IANA's name for it.
    pub name: Word,
    /// Date of the edition, YYYY-MM-DD.
    pub edition: String,
    /// How many entries that edition has.
    pub entries: u32,
    /// Where it comes from: built in, or a file.
    pub source: String,
}

/// What an audit judged by.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Policy {
    /// The file it comes from; null where there is none.
    pub file: Option<String>,
    /// The lowest severity that makes the status "findings"; null where none does.
    pub fail_on: Option<Severity>,
    /// Where automatic allocation may take its ports.
    pub allowed: Vec<Span>,
    /// How many usable ports a pool should have at least.
    pub min_pool: u32,
    /// The percentage of a pool in use from which a destination is nearly exhausted.
    pub near_exhaustion: u32,
    /// The rules that are turned off.
    #[serde(default)]
    pub off: Vec<Word>,
    /// 16 hexadecimal digits: the same where two audits judge by the same, services, waivers and
    /// severities included.
    #[serde(default)]
    pub digest: Option<String>,
}

/// A service that the policy declares.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Service {
    /// Its name.
    pub name: String,
    /// Its transports.
    pub transports: Vec<Transport>,
    /// Its lowest port.
    pub first: u16,
    /// Its highest port.
    pub last: u16,
    /// Where it is declared: a file, or a built-in set.
    pub origin: String,
}

/// Where a fact was read.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Source {
    /// The kind of place; "kernel" is a constant of the kernel, "asked" what a container was to be
    /// started with, which nobody read in it.
    #[schemars(extend("enum" = closed::sources()))]
    pub kind: Word,
    /// Its path, its name, or what was asked.
    pub location: String,
}

/// Whether a value is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It was read.
    Known,
    /// This system has no such knob.
    Absent,
    /// It could not be read; `reason` says why.
    Unknown,
}

/// An address family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    /// IPv4.
    Ipv4,
    /// IPv6.
    Ipv6,
}

/// A transport protocol.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

/// How much a finding matters; the most severe sorts first.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Breaks something now.
    Critical,
    /// Breaks services sooner or later.
    High,
    /// Should be changed, or waived.
    Medium,
    /// Worth a look.
    Low,
    /// Good to know.
    Info,
}

/// A rule's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// As it should be.
    Pass,
    /// Something was found.
    Fail,
    /// It could not be determined.
    Unknown,
    /// It does not apply to such a host.
    NotApplicable,
    /// What it needs was not requested; `asks` names the option. In reports of version 1.0:
    /// not-applicable.
    NotAsked,
    /// Found, and waived for a reason.
    Waived,
}

/// The audit's overall status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Every rule was answered, and no finding reaches the threshold.
    Compliant,
    /// A finding reaches the threshold.
    Findings,
    /// None does, but a rule has no answer.
    Undetermined,
}

/// A rule and its verdict.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
// The contract names the field so.
#[allow(clippy::struct_field_names)]
pub struct Rule {
    /// Its name.
    pub rule: Word,
    /// The most severe of its findings, or the rule's own under this profile where it found
    /// nothing.
    pub severity: Severity,
    /// Its answer.
    pub verdict: Verdict,
    /// Why it has no complete answer, does not apply, or was not asked.
    pub reason: Option<String>,
    /// The option that asks, such as "--boot", where it was not asked; else null.
    #[serde(default)]
    pub asks: Option<Word>,
}

/// One finding.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// The rule's name.
    pub rule: Word,
    /// How much it matters.
    pub severity: Severity,
    /// The scope's id.
    pub scope: String,
    /// What it is about, for programs.
    #[serde(default)]
    pub subject: Subject,
    /// One line.
    pub title: String,
    /// What it means.
    pub message: String,
    /// What was read; never empty.
    pub evidence: Vec<Evidence>,
    /// What can be done, as sentences.
    pub remediation: Vec<String>,
    /// The same, for programs: in the order to do it.
    #[serde(default)]
    pub steps: Vec<Step>,
    /// Why it is waived; null where it is not.
    pub waived: Option<String>,
    /// The same from run to run and from boot to boot.
    pub fingerprint: String,
    /// The same on every host and in every namespace that has this finding.
    #[serde(default)]
    pub class: Option<String>,
}

/// What a finding is about; null is what it does not concern, or what is not known.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Subject {
    /// Its transport; null where it is about both.
    pub transport: Option<Transport>,
    /// Its ports, ascending: the first 256 spans.
    pub ports: Vec<Span>,
    /// How many spans of ports there are behind these.
    pub more_spans: u32,
    /// The address on this host.
    pub address: Option<String>,
    /// The peer, ADDRESS:PORT.
    pub destination: Option<String>,
    /// The service: as the policy declares it, or IANA's name for the port.
    pub service: Option<String>,
    /// The process that holds the port, by its name.
    pub process: Option<String>,
    /// The same by its id.
    pub pid: Option<u32>,
    /// The setting that decides.
    pub setting: Option<String>,
}

/// What was read.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// The name of the fact.
    pub what: Word,
    /// Its value.
    pub value: String,
    /// Where it was read.
    pub source: Source,
    /// The line of that file, counted from 1; null where it is about no line.
    pub line: Option<u32>,
    /// The command that shows it; empty where nothing on the host does.
    pub command: String,
}

/// What could not be read.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Gap {
    /// The rule that could not answer because of it; null where no verdict depends on it.
    pub rule: Option<Word>,
    /// The scope's id.
    pub scope: String,
    /// What was needed.
    pub what: String,
    /// The kind of reason.
    #[schemars(extend("enum" = closed::reasons()))]
    pub why: Word,
    /// What happened.
    pub detail: String,
}
