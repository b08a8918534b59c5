//! Why there is no report of a host: what a job writes that could not reach it, so that a roll-up
//! knows the cause.

use serde::{Deserialize, Serialize};

use super::Word;

/// Why there is no report of a host.
#[derive(Debug, Serialize, Deserialize)]
pub struct Absence {
    /// Version of this document's form.
    pub schema_version: Word,
    /// Always "absence".
    pub kind: Word,
    /// The host.
    pub host: AbsentHost,
    /// When it was tried.
    pub collected_at: String,
    /// "unreachable", "failed" or "timed-out".
    pub why: String,
    /// What happened; null where nobody says.
    pub detail: Option<String>,
}

/// The host that there is no report of.
#[derive(Debug, Serialize, Deserialize)]
pub struct AbsentHost {
    /// Node name.
    pub name: Option<String>,
    /// Its id.
    pub id: Option<String>,
}
