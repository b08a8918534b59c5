//! What changed between two sets of reports.

use schemars::JsonSchema;
use serde::Serialize;

use super::{HostList, Input, Status, Tool, Word};

/// What changed between two sets of reports.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FleetDiff {
    /// Version of this document's form.
    pub schema_version: Word,
    /// Always "fleet-diff".
    pub kind: Word,
    /// The program that wrote it.
    pub tool: Tool,
    /// What was read first.
    pub old: Input,
    /// What was read then.
    pub new: Input,
    /// Which hosts are in both.
    pub hosts: HostMoves,
    /// How many hosts are judged by another measure now, so that their findings do not compare.
    pub measure_changed: u64,
    /// What is set otherwise now, the most frequent first.
    pub shape_moves: Vec<ShapeMove>,
    /// How statuses changed.
    pub status_moves: Vec<StatusMove>,
    /// What is found, and no longer.
    pub rules: Vec<RuleMove>,
    /// The first hosts that changed, by name.
    pub items: Vec<HostMove>,
}

/// Which hosts are in both.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct HostMoves {
    /// In both.
    pub in_both: u64,
    /// Of those, how many changed.
    pub changed: u64,
    /// Of those, how many have a new finding and the status "findings".
    pub worse: u64,
    /// In the old set alone.
    pub gone: HostList,
    /// In the new set alone.
    pub came: HostList,
    /// The same id under another name.
    pub renamed: HostList,
}

/// What is set otherwise now.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ShapeMove {
    /// The shape before.
    pub from: String,
    /// The shape now.
    pub to: String,
    /// On how many hosts.
    pub hosts: u64,
    /// The settings that are no more.
    pub removed: Vec<String>,
    /// The settings in their place.
    pub added: Vec<String>,
    /// The first three hosts.
    pub examples: Vec<String>,
}

/// A status that changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct StatusMove {
    /// The status before; null where nothing was judged.
    pub from: Option<Status>,
    /// The status now.
    pub to: Option<Status>,
    /// On how many hosts.
    pub hosts: u64,
}

/// What became of a rule's findings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RuleMove {
    /// The rule.
    pub rule: String,
    /// On how many hosts it fails that it did not fail on before.
    pub new: u64,
    /// On how many it passes that it failed on.
    pub fixed: u64,
    /// On how many its findings are accepted that it failed on.
    pub waived: u64,
    /// On how many it failed, and has no answer now.
    pub lost_sight: u64,
}

/// A host that changed.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct HostMove {
    /// Its name.
    pub name: String,
    /// The status before.
    pub from: Option<Status>,
    /// The status now.
    pub to: Option<Status>,
    /// The settings that are no more.
    pub removed: Vec<String>,
    /// The settings in their place.
    pub added: Vec<String>,
    /// The rules that fail now and did not.
    pub new: Vec<String>,
    /// The rules that pass now and failed.
    pub fixed: Vec<String>,
    /// The rules that failed and have no answer now.
    pub lost_sight: Vec<String>,
}
