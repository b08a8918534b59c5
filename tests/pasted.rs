//! Texts as people paste them, of systems without /proc: what is told of them, and what is not.

use serde_json::Value;

use crate::support::evidence::{bounds, document, from_stdin, range_of};
use crate::support::{code, stderr};

mod changes;
mod damage;
mod exclusions;
mod in_use;
mod linux;
mod systems;

/// The facts of a text that names its system.
fn told(text: impl AsRef<[u8]>) -> Value {
    document(&from_stdin(text, &["show", "--format", "json"]))
}

/// First and last port of the ephemeral range, or that it is unknown.
fn range(document: &Value, transport: &str, family: &str) -> Option<(i64, i64)> {
    let range = range_of(document, "ephemeral", transport, family);
    (range["state"] == "known").then(|| bounds(range))
}
