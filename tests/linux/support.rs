//! What the tests on Linux share: namespaces of their own, and system calls that are refused.

pub(crate) mod loopback;
pub(crate) mod namespace;
pub(crate) mod refuse;

use serde_json::Value;

use crate::support::spans;

/// The ports of an array of `{first, last}`.
pub(crate) fn ports(value: &Value) -> Vec<u16> {
    spans(value).into_iter().flat_map(|(first, last)| first..=last).collect()
}
