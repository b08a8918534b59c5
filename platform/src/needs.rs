//! What a host is asked for.

use crate::ports::PortSet;
use crate::snapshot::{Depth, Transport};

/// What is read beside the facts that always are; by default nothing that takes long.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Needs {
    /// How closely the use of the pool is looked at.
    pub depth: Depth,
    /// Whether every namespace is read that can be entered, or only the reader's own.
    pub all_namespaces: bool,
    /// Whether the files are read that settings persist in.
    pub boot: bool,
    /// The ports whose holders are looked for in the reader's own scope.
    pub held: Vec<(Transport, PortSet)>,
}

impl Needs {
    /// With that look at the use of the pool.
    #[must_use]
    pub fn depth(self, depth: Depth) -> Self {
        Self { depth, ..self }
    }

    /// With every namespace that can be entered, or without.
    #[must_use]
    pub fn all_namespaces(self, all_namespaces: bool) -> Self {
        Self { all_namespaces, ..self }
    }

    /// With what is after a reboot, or without.
    #[must_use]
    pub fn boot(self, boot: bool) -> Self {
        Self { boot, ..self }
    }

    /// With the holders of these ports.
    #[must_use]
    pub fn held(self, held: Vec<(Transport, PortSet)>) -> Self {
        Self { held, ..self }
    }
}
