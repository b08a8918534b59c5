//! Version 1: the report, the explanation of a port, and what a probe says. Fields may be added; none is renamed, retyped or
//! dropped. Arrays are always there.
//!
//! Every renderer draws from these documents: what a table shows, the JSON holds.

mod boot;
mod explanation;
mod make;
mod names;
mod probe;
mod read;
mod rules;
mod usage;
mod words;

pub use boot::{BootEntry, BootLine, BootSource, Running, Suspect};
pub use explanation::{Bind, Explanation, Holder, Meeting, PortOn, PortState, explanation};
pub use make::document;
pub use probe::{Agreement, Draw, Probed, probed};
pub use read::read;
pub use rules::{RulePage, Rules, rules};
pub use usage::{PortsInUse, Usage};

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A word of the contract.
pub type Word = Cow<'static, str>;

/// The version this module writes.
pub const SCHEMA_VERSION: &str = "1.0";

/// What one run of ephaudit saw and said about one host.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Document {
    /// Version of this document's form, MAJOR.MINOR.
    pub schema_version: Word,
    /// The program that wrote it.
    pub tool: Tool,
    /// The host it is about.
    pub host: Host,
    /// When the facts were read: RFC 3339, UTC.
    pub collected_at: String,
    /// The registry of assigned ports that was used.
    pub registry: Registry,
    /// The profile judged by: "iana" or "vendor".
    pub profile: Word,
    /// The measure; null where nothing was judged.
    pub policy: Option<Policy>,
    /// Services that the policy declares, whether a socket shows them or not.
    pub services: Vec<Service>,
    /// The one word; null where nothing was judged.
    pub status: Option<Status>,
    /// Network namespaces (or the like), sorted by id.
    pub scopes: Vec<Scope>,
    /// Every rule and its verdict.
    pub rules: Vec<Rule>,
    /// Everything found, gravest first.
    pub findings: Vec<Finding>,
    /// Everything that could not be seen.
    pub gaps: Vec<Gap>,
}

/// The program.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Tool {
    /// Always "ephaudit".
    pub name: Word,
    /// Its version.
    pub version: Word,
}

/// The host; null is what could not be read.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Host {
    /// Node name.
    pub name: Option<String>,
    /// "linux", … or "unsupported".
    pub os: Word,
    /// The vendor's name for its version.
    pub os_version: Option<String>,
    /// Kernel release.
    pub kernel: Option<String>,
    /// Architecture.
    pub arch: Option<String>,
    /// "wsl", "gvisor", or a container manager's name; null where nothing was recognised.
    pub environment: Option<String>,
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

/// The measure of an audit.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Policy {
    /// The file it comes from; null where the command line and the profile say all.
    pub file: Option<String>,
    /// The least severity that makes the status "findings"; null where none does.
    pub fail_on: Option<Severity>,
    /// Where automatic allocation may take its ports.
    pub allowed: Vec<Span>,
    /// How many usable ports a pool should have at least.
    pub min_pool: u32,
    /// From which percentage of a pool on a destination counts as nearly exhausted.
    pub near_exhaustion: u32,
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
    /// Where it is declared: a file, or a set that comes with the tool.
    pub origin: String,
}

/// Where a fact was read.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Source {
    /// "file", "netlink", "sysctl", "command", "capture", or "kernel" for a constant of the kernel.
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
    /// It could not be told; `reason` says why.
    Unknown,
}

/// Why a value is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// The system refused.
    Denied,
    /// The program that would tell is not there.
    MissingTool,
    /// It took too long.
    TimedOut,
    /// The answer is not what the system writes.
    Unparsable,
    /// There was more than was read.
    Truncated,
    /// This system, or this view of it, does not offer it.
    Unsupported,
    /// The evidence does not hold it.
    NotCaptured,
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

/// One network namespace, or the host where there is no such thing.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Scope {
    /// On Linux `net:[inode]`.
    pub id: String,
    /// Names people know it by.
    pub names: Vec<String>,
    /// Whether the program ran in it.
    pub current: bool,
    /// A file that leads into it, for `nsenter --net=FILE`; null for the one that the program ran in.
    pub path: Option<String>,
    /// Its port ranges.
    pub ranges: Vec<Range>,
    /// Ports kept out of automatic allocation.
    pub reserved: Vec<Reserved>,
    /// Whether ports are drawn at random, where there is such a choice.
    pub randomization: Vec<Randomization>,
    /// Lowest port that needs no privilege.
    pub unprivileged_start: Number,
    /// How long a closed connection keeps its addresses and ports at the end that closed first.
    pub time_wait: TimeWait,
    /// What automatic allocation can hand out; a pool that could not be computed is missing.
    pub pools: Vec<Pool>,
    /// TCP listeners and unconnected UDP sockets.
    pub listeners: Listeners,
    /// Who uses the pools.
    pub usage: Usage,
    /// What its tunables will be after a reboot, one entry a key and loader; empty where that was not read.
    pub boot: Vec<BootEntry>,
    /// Why `boot` is empty: nobody asked, or the persisted settings never reach this scope; null where it was read.
    pub boot_reason: Option<Word>,
    /// The same tunables now.
    pub running: Vec<Running>,
    /// What else may set them at boot.
    pub suspects: Vec<Suspect>,
}

/// One port range; `first` and `last` are as the system keeps them and null where not known.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Range {
    /// "ephemeral": what bind(0) and connect() use.
    pub role: Word,
    /// Families it governs.
    pub families: Vec<Family>,
    /// Transports it governs.
    pub transports: Vec<Transport>,
    /// Whether it is known.
    pub state: State,
    /// First number.
    pub first: Option<u16>,
    /// Second number.
    pub last: Option<u16>,
    /// The text that was read; its beginning where it made no sense.
    pub raw: Option<String>,
    /// What the vendor ships, where certain.
    pub vendor_default: Option<Span>,
    /// Where it was read.
    pub source: Source,
    /// Why it is not known.
    pub reason: Option<Reason>,
}

/// Reserved ports.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Reserved {
    /// "reserved" by the administrator, "restricted" by the vendor.
    pub kind: Word,
    /// Transports it governs.
    pub transports: Vec<Transport>,
    /// Families it governs.
    pub families: Vec<Family>,
    /// Whether it is known.
    pub state: State,
    /// The ports, ascending; empty where not known.
    pub spans: Vec<Span>,
    /// The beginning of a text that made no sense, else null.
    pub raw: Option<String>,
    /// Where it was read.
    pub source: Source,
    /// Why it is not known.
    pub reason: Option<Reason>,
}

/// Whether ports are drawn at random.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Randomization {
    /// Transports it governs.
    pub transports: Vec<Transport>,
    /// Families it governs.
    pub families: Vec<Family>,
    /// Whether it is known.
    pub state: State,
    /// false where ports come one after the other.
    pub random: Option<bool>,
    /// Where it was read.
    pub source: Source,
    /// Why it is not known.
    pub reason: Option<Reason>,
}

/// Ports from first to last, both included.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
pub struct Span {
    /// Lowest.
    pub first: u16,
    /// Highest.
    pub last: u16,
}

/// One number.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Number {
    /// Whether it is known.
    pub state: State,
    /// The number.
    pub value: Option<u16>,
    /// The beginning of a text that made no sense, else null.
    pub raw: Option<String>,
    /// Where it was read.
    pub source: Source,
    /// Why it is not known.
    pub reason: Option<Reason>,
}

/// How long TIME_WAIT lasts.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct TimeWait {
    /// Whether it is known.
    pub state: State,
    /// The length in milliseconds.
    pub milliseconds: Option<u32>,
    /// The beginning of a text that made no sense, else null.
    pub raw: Option<String>,
    /// Where it was read.
    pub source: Source,
    /// Why it is not known.
    pub reason: Option<Reason>,
}

/// What automatic allocation can hand out.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Pool {
    /// For this transport.
    pub transport: Transport,
    /// For these families.
    pub families: Vec<Family>,
    /// How many ports.
    pub ports: u32,
    /// How many of them the kernel never gives away.
    pub held_back: u32,
    /// Which.
    pub spans: Vec<Span>,
    /// How many are System Ports.
    pub system_ports: u32,
    /// How many are User Ports.
    pub user_ports: u32,
    /// How many are Dynamic Ports.
    pub dynamic_ports: u32,
}

/// The listeners of a scope.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Listeners {
    /// "known" only where all of them could be read.
    pub state: State,
    /// Why not all of them could.
    pub reason: Option<Reason>,
    /// Those that were seen, sorted by transport, port and address.
    pub items: Vec<Listener>,
}

/// One listener.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Listener {
    /// Its transport.
    pub transport: Transport,
    /// Its local address.
    pub address: String,
    /// Its local port.
    pub port: u16,
    /// Families it serves.
    pub families: Vec<Family>,
    /// Whether its port is in the pool; null where the pool is not known.
    pub in_pool: Option<bool>,
    /// Who holds it; null where nobody asked or it could not be seen (then there is a gap).
    pub owner: Option<Owner>,
    /// The name IANA assigned to the port.
    pub service: Option<String>,
    /// Where it was seen.
    pub source: Source,
}

/// A process.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Owner {
    /// Its id.
    pub pid: u32,
    /// Its name; null where the system tells only the id.
    pub command: Option<String>,
    /// The unit of systemd that it belongs to; null where none is told.
    pub unit: Option<String>,
    /// The container that it runs in, by its id or name; null where none is told.
    pub container: Option<String>,
}

/// How much a finding matters; the gravest sorts first.
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
    /// It could not be told.
    Unknown,
    /// Nothing to say about such a host.
    NotApplicable,
    /// Found, and excepted for a reason.
    Waived,
}

/// The audit's one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Every rule was answered, and no finding reaches the threshold.
    Compliant,
    /// A finding reaches the threshold.
    Findings,
    /// None does, but a rule could not tell.
    Undetermined,
}

/// A rule and its verdict.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
// The contract names the field so.
#[allow(clippy::struct_field_names)]
pub struct Rule {
    /// Its name.
    pub rule: Word,
    /// The gravest of its findings, or the rule's own under this profile where it found nothing.
    pub severity: Severity,
    /// Its answer.
    pub verdict: Verdict,
    /// Why it could not tell (in full or in part), or has nothing to say.
    pub reason: Option<String>,
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
    /// One line.
    pub title: String,
    /// What it means.
    pub message: String,
    /// What was seen; never empty.
    pub evidence: Vec<Evidence>,
    /// What can be done.
    pub remediation: Vec<String>,
    /// Why it is excepted; null where it is not.
    pub waived: Option<String>,
    /// The same from run to run and from boot to boot.
    pub fingerprint: String,
}

/// What was seen.
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

/// What could not be seen.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Gap {
    /// The rule that could not answer because of it; null where no verdict hangs on it.
    pub rule: Option<Word>,
    /// The scope's id.
    pub scope: String,
    /// What was needed.
    pub what: String,
    /// The kind of reason.
    pub why: Reason,
    /// What happened.
    pub detail: String,
}
