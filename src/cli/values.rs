//! The words that options take.

use clap::ValueEnum;
use ephaudit_platform::snapshot::{Depth, Os};
use serde::Deserialize;

use crate::report::Severity;

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The systems that evidence may be of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EvidenceOs {
    /// Linux.
    Linux,
    /// FreeBSD.
    Freebsd,
    /// OpenBSD.
    Openbsd,
    /// NetBSD.
    Netbsd,
    /// DragonFly BSD.
    Dragonfly,
    /// macOS.
    Macos,
    /// illumos.
    Illumos,
    /// Oracle Solaris.
    Solaris,
    /// AIX.
    Aix,
    /// Windows.
    Windows,
}

impl EvidenceOs {
    /// The system.
    pub const fn os(self) -> Os {
        match self {
            Self::Linux => Os::Linux,
            Self::Freebsd => Os::FreeBsd,
            Self::Openbsd => Os::OpenBsd,
            Self::Netbsd => Os::NetBsd,
            Self::Dragonfly => Os::DragonFly,
            Self::Macos => Os::MacOs,
            Self::Illumos => Os::Illumos,
            Self::Solaris => Os::Solaris,
            Self::Aix => Os::Aix,
            Self::Windows => Os::Windows,
        }
    }
}

/// How closely to look at who uses the pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum UsageDepth {
    /// The counters, and the sockets where the counters cannot prove that no destination is near
    /// exhaustion
    Auto,
    /// The counters only
    Counters,
    /// Also the sockets
    Top,
    /// Also sockets that are bound but neither listening nor connected
    Full,
}

impl UsageDepth {
    /// For the reader; `near` is the percentage that is nearly exhausted.
    pub const fn depth(self, near: u32) -> Depth {
        match self {
            Self::Auto => Depth::Auto(near),
            Self::Counters => Depth::Counters,
            Self::Top => Depth::Top,
            Self::Full => Depth::Full,
        }
    }
}

/// The threshold of exit code 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// Critical only.
    Critical,
    /// High and above.
    High,
    /// Medium and above.
    Medium,
    /// Low and above.
    Low,
    /// Any finding.
    Info,
    /// No finding at all.
    None,
}

impl FailOn {
    /// The lowest severity that fails.
    pub const fn severity(self) -> Option<Severity> {
        match self {
            Self::Critical => Some(Severity::Critical),
            Self::High => Some(Severity::High),
            Self::Medium => Some(Severity::Medium),
            Self::Low => Some(Severity::Low),
            Self::Info => Some(Severity::Info),
            Self::None => None,
        }
    }
}
