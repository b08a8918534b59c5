//! The words that options take.

use std::sync::LazyLock;

use clap::ValueEnum;
use clap::builder::PossibleValue;
use ephaudit_platform::SYSTEMS;
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

/// A system that evidence may be of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct EvidenceOs(Os);

/// All but the one that stands for the others.
static EVIDENCE: LazyLock<Vec<EvidenceOs>> = LazyLock::new(|| {
    let known = SYSTEMS.iter().filter(|system| system.os != Os::Unsupported);
    known.map(|system| EvidenceOs(system.os)).collect()
});

impl ValueEnum for EvidenceOs {
    fn value_variants<'a>() -> &'a [Self] {
        &EVIDENCE
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let system = SYSTEMS.iter().find(|system| system.os == self.0)?;
        Some(PossibleValue::new(self.0.name()).help(system.title))
    }
}

impl TryFrom<String> for EvidenceOs {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        Self::from_str(&name, false).map_err(|_| {
            let names: Vec<&str> = EVIDENCE.iter().map(|known| known.0.name()).collect();
            format!("unknown system {name:?}; there are: {}", names.join(", "))
        })
    }
}

impl EvidenceOs {
    /// The system.
    pub const fn os(self) -> Os {
        self.0
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
