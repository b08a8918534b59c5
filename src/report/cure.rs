//! What would end a finding.

use ephaudit_platform::ports::{PortRange, PortSet};

/// The setting that would end a finding, if it did nothing worse: `remedy` tries it before it makes
/// steps of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cure {
    /// One of these ranges, the best first.
    Range(Vec<PortRange>),
    /// These ports, and all others at risk, out of automatic allocation.
    Reserve(PortSet),
    /// The first unprivileged port at 1024.
    UnprivilegedStart,
    /// A namespace like another one.
    Like {
        /// Its range.
        range: PortRange,
        /// What it reserves.
        reserved: PortSet,
    },
    /// A key that is the same now and after the next boot.
    Settle {
        /// The key.
        key: &'static str,
        /// What it is now.
        now: String,
        /// What it is after the next boot, where that is one value.
        then: Option<String>,
    },
}
