//! What many reports say together. Lists of hosts hold the first 1,000 and a count of all; a list of
//! many names ends in one row called "other".

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Counts, Severity, Status, Tool, Transport, Word};

/// The fleet: one roll-up of the latest report of each host.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Fleet {
    /// Version of this document's form, MAJOR.MINOR.
    pub schema_version: Word,
    /// Always "fleet".
    pub kind: Word,
    /// The program that wrote it.
    pub tool: Tool,
    /// When the oldest report that counts was made; null where none counts.
    pub oldest: Option<String>,
    /// The same of the newest.
    pub newest: Option<String>,
    /// What the command line asked for.
    pub options: FleetOptions,
    /// What was read.
    pub input: Input,
    /// Which hosts are there.
    pub coverage: Coverage,
    /// The hosts.
    pub hosts: Hosts,
    /// What they were judged by: the findings of different measures do not add up.
    pub measures: Vec<Named>,
    /// What is set on them, the most common first.
    pub shapes: Vec<ShapeRow>,
    /// What is set in their other namespaces.
    pub namespaces: Namespaces,
    /// The hosts on which something is set as on few others.
    pub odd: Odd,
    /// What was found, by rule.
    pub findings: Vec<FindingRow>,
    /// What could not be told.
    pub undetermined: Undetermined,
    /// The services in the pool of their host.
    pub at_risk: Vec<RiskRow>,
    /// Which hosts share what should be their own.
    pub identity: IdentityTrouble,
}

/// What the command line asked for.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FleetOptions {
    /// "full" or "short".
    pub names: Word,
    /// Among which hosts one is odd.
    pub by: String,
    /// Below how many of 1,000,000 hosts a shape is odd.
    pub odd_per_million: u32,
    /// From how many seconds on a report is stale.
    pub stale_s: u64,
    /// The time that ages count from.
    pub now: String,
}

/// What was read. Each line is blank, or has reports, absences, or is a rejected row.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Input {
    /// Files; standard input is one.
    pub files: u64,
    /// Bytes, uncompressed.
    pub bytes: u64,
    /// Lines.
    pub lines: u64,
    /// Of those, blank ones.
    pub blank: u64,
    /// Reports that are whole.
    pub reports: u64,
    /// Of those, the ones that a later report of their host replaces.
    pub superseded: u64,
    /// Absences.
    pub absences: u64,
    /// What is no report.
    pub rejected: Rejected,
}

/// What is no report.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Rejected {
    /// How many rows.
    pub count: u64,
    /// By reason.
    pub by_reason: Vec<Named>,
    /// The first 1,000 of them.
    pub items: Vec<RejectedRow>,
}

/// A row that is not counted.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct RejectedRow {
    /// The file.
    pub file: String,
    /// Its line, from 1; 0 where it is about the file.
    pub line: u64,
    /// The first byte of the line, from 0, uncompressed.
    pub byte: u64,
    /// The kind of reason.
    pub reason: Word,
    /// What is wrong with it.
    pub detail: String,
    /// The host that it seems to be about.
    pub host: Option<String>,
}

/// A name and how many have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Named {
    /// The name.
    pub name: String,
    /// How many.
    pub count: u64,
}

/// Which hosts are there.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Coverage {
    /// How many the inventory names; null without one.
    pub expected: Option<u64>,
    /// How many of those have a report; of all hosts without an inventory.
    pub received: u64,
    /// Those that have none.
    pub missing: HostList,
    /// Those that no inventory names.
    pub unexpected: HostList,
    /// Those whose report is too old.
    pub stale: HostList,
    /// Those whose report is from the future.
    pub clock_ahead: HostList,
}

/// Hosts.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct HostList {
    /// How many.
    pub count: u64,
    /// The first 1,000 of them, by name.
    pub items: Vec<HostName>,
}

/// A host, and what is known of why it is on a list.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct HostName {
    /// Its name.
    pub name: String,
    /// Why, where that is known.
    pub why: Option<String>,
}

/// The hosts, counted; "other" holds the smallest groups together.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Hosts {
    /// How many.
    pub count: u64,
    /// By status.
    pub status: Statuses,
    /// By system.
    pub by_os: Vec<Named>,
    /// By its version.
    pub by_os_version: Vec<Named>,
    /// By kernel.
    pub by_kernel: Vec<Named>,
    /// By the version of the program that wrote the report.
    pub by_tool: Vec<Named>,
    /// By the group that the inventory or the label "group" says.
    pub by_group: Vec<Named>,
}

/// How many hosts have each status.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Statuses {
    /// All is well.
    pub compliant: u64,
    /// A finding reaches the threshold.
    pub findings: u64,
    /// A rule has no answer.
    pub undetermined: u64,
    /// Facts alone.
    pub unjudged: u64,
}

impl Statuses {
    /// One more host.
    pub fn add(&mut self, status: Option<Status>) {
        *match status {
            Some(Status::Compliant) => &mut self.compliant,
            Some(Status::Findings) => &mut self.findings,
            Some(Status::Undetermined) => &mut self.undetermined,
            None => &mut self.unjudged,
        } += 1;
    }

    /// Each by its word, the gravest first.
    pub const fn all(&self) -> [(&'static str, u64); 4] {
        [
            ("findings", self.findings),
            ("undetermined", self.undetermined),
            ("unjudged", self.unjudged),
            ("compliant", self.compliant),
        ]
    }
}

/// A shape and its hosts.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ShapeRow {
    /// 16 hexadecimal digits.
    pub shape: String,
    /// What is set.
    pub settings: String,
    /// The system.
    pub os: String,
    /// Whether all of it is known.
    pub known: bool,
    /// How many hosts.
    pub hosts: u64,
    /// Of a million.
    pub per_million: u64,
    /// Their statuses.
    pub status: Statuses,
    /// The first three, by name.
    pub examples: Vec<String>,
    /// The most common shape of the same system; null where this is it.
    pub differs_from: Option<String>,
    /// The settings that are not the same there.
    pub differs: Vec<String>,
}

/// What is set in other namespaces than the reader's own.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Namespaces {
    /// How many there are.
    pub count: u64,
    /// What is set in them.
    pub shapes: Vec<Named>,
}

/// The hosts on which something is set as on few others.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Odd {
    /// Among which hosts.
    pub by: String,
    /// How many shapes.
    pub shapes: u64,
    /// How many hosts.
    pub hosts: u64,
    /// The first 1,000 of them, by name.
    pub items: Vec<OddHost>,
}

/// A host on which something is set as on few others.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct OddHost {
    /// Its name.
    pub name: String,
    /// Its id.
    pub id: Option<String>,
    /// Its shape.
    pub shape: String,
    /// Among which hosts it is odd.
    pub group: String,
    /// The settings that the most common shape there does not have.
    pub differs: Vec<String>,
}

/// A rule that found something.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct FindingRow {
    /// The rule.
    pub rule: String,
    /// How much it matters.
    pub severity: Severity,
    /// Whether it is accepted.
    pub waived: bool,
    /// On how many hosts.
    pub hosts: u64,
    /// How many findings.
    pub findings: u64,
}

/// What could not be told.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Undetermined {
    /// On how many hosts.
    pub hosts: u64,
    /// By rule; each counts a host once.
    pub rules: Vec<UnknownRule>,
    /// The first 1,000 hosts, by name.
    pub items: Vec<HostName>,
}

/// A rule without an answer.
#[derive(Debug, Serialize, JsonSchema)]
pub struct UnknownRule {
    /// The rule.
    pub rule: String,
    /// On how many hosts.
    pub hosts: u64,
    /// By the kind of reason; a host may have several.
    pub why: Vec<Named>,
}

/// A service in the pool of its host.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct RiskRow {
    /// Its transport.
    pub transport: Transport,
    /// Its port.
    pub port: u16,
    /// The process, or IANA's name of the port; null where neither is known.
    pub name: Option<String>,
    /// On how many hosts.
    pub hosts: u64,
}

/// Which hosts share what should be their own.
#[derive(Debug, Serialize, JsonSchema)]
pub struct IdentityTrouble {
    /// Ids that several names have: clones of one image.
    pub shared_ids: Vec<Shared>,
    /// Names that several ids have.
    pub shared_names: Vec<Shared>,
}

/// What several hosts have.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Shared {
    /// The id, or the name.
    pub value: String,
    /// How many hosts have it.
    pub hosts: u64,
    /// The first three of them.
    pub examples: Vec<String>,
}

/// One host: a line of `--format hosts`, a row of `--format csv`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct FleetHost {
    /// Version of this document's form.
    pub schema_version: Word,
    /// Always "fleet-host".
    pub kind: Word,
    /// Its name; null where the report has none.
    pub name: Option<String>,
    /// Its id.
    pub id: Option<String>,
    /// Its group.
    pub group: Option<String>,
    /// Its system.
    pub os: String,
    /// That system's version.
    pub os_version: Option<String>,
    /// Its kernel.
    pub kernel: Option<String>,
    /// When its report was made.
    pub collected_at: String,
    /// How old that is, in seconds; negative where its clock is ahead.
    pub age_s: i64,
    /// Overall status; null where nothing was judged.
    pub status: Option<Status>,
    /// Its shape.
    pub shape: String,
    /// What is set.
    pub settings: String,
    /// Whether few others are set so.
    pub odd: bool,
    /// How many findings it has.
    pub findings: Counts,
    /// The rules that found something.
    pub failed: Vec<String>,
    /// The rules all of whose findings are waived.
    pub waived: Vec<String>,
    /// The rules without a complete answer.
    pub unknown: Vec<String>,
    /// The services in its pool.
    pub at_risk: Vec<String>,
    /// What it was judged by.
    pub measure: String,
    /// The version of the program that wrote the report.
    pub tool: String,
    /// FILE:LINE of the report.
    pub source: String,
}
