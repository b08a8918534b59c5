//! What a system is, as a value: its name, its signs, its readers, and what is read of it.

use super::PersistedPaths;
use crate::ask::Ask;
use crate::boot::Boot;
use crate::needs::Needs;
use crate::persisted::Persisted;
use crate::snapshot::{Os, Snapshot};

/// A system.
#[derive(Debug)]
#[non_exhaustive]
pub struct System {
    /// Which.
    pub os: Os,
    /// What people call it.
    pub title: &'static str,
    /// What is read of it.
    pub support: Support,
    /// What its kernel calls itself, where evidence tells it.
    pub(crate) kernel: Option<&'static str>,
    /// Names of tunables, or beginnings of names, that it has and few others; the longest that a
    /// name begins with counts.
    pub(crate) signs: &'static [&'static str],
    pub(crate) read: fn(&dyn Ask, &Needs) -> Snapshot,
    /// The files that its settings persist in.
    pub(crate) persisted: fn() -> PersistedPaths,
    /// What these give after a reboot with the kernel of that release.
    pub(crate) boot: fn(&Persisted, Option<&str>) -> Boot,
}

/// What is read of a system, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Support {
    /// The range.
    pub range: Way,
    /// The ports that are taken out of it.
    pub exclusions: Way,
    /// Who listens.
    pub listeners: Way,
    /// What is after a reboot.
    pub boot: Way,
}

impl Support {
    pub(crate) const fn new(range: Way, exclusions: Way, listeners: Way, boot: Way) -> Self {
        Self { range, exclusions, listeners, boot }
    }
}

/// How something is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Way {
    /// Of the kernel, or of files.
    Live,
    /// From what a program of the system prints, which is started.
    Command,
    /// From evidence only.
    Evidence,
    /// It is a constant of the system.
    Fixed,
    /// The system has none.
    Nothing,
    /// No reader was written for it.
    Unread,
}

impl Way {
    /// The words in the table of platforms.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Live => "yes",
            Self::Command => "by command",
            Self::Evidence => "from evidence only",
            Self::Fixed => "fixed by the vendor",
            Self::Nothing => "none to read",
            Self::Unread => "not yet",
        }
    }
}
