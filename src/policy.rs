//! What the audit judges by.

use crate::iana::Registry;
use crate::report::Severity;

/// Which recommendation counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Profile {
    /// RFC 6335: ephemeral ports are the Dynamic Ports 49152–65535.
    Iana,
    /// What the OS's vendor ships is information only; drift from it counts.
    Vendor,
}

impl Profile {
    /// The word in the report.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Iana => "iana",
            Self::Vendor => "vendor",
        }
    }
}

/// The measure of an audit.
#[derive(Debug)]
pub struct Policy {
    /// Which recommendation counts.
    pub profile: Profile,
    /// The least severity that makes the status `findings`; `None` lets every finding pass.
    pub fail_on: Option<Severity>,
    /// How many usable ports a pool should have at least.
    pub min_pool: u32,
    /// From which percentage of a pool on a destination counts as nearly exhausted.
    pub near_exhaustion: u32,
    /// The assigned ports.
    pub registry: Registry,
}

impl Policy {
    /// Half of the Dynamic Ports: 136 new connections a second to one destination (ports / 60 s of TIME_WAIT).
    pub const MIN_POOL: u32 = 8192;
    /// Above half of the pool connect() has no port of the low bound's parity left, and searches all of those before it
    /// takes one of the others (`__inet_hash_connect`, net/ipv4/inet_hashtables.c).
    pub const NEAR_EXHAUSTION: u32 = 50;
}
