//! What the audit judges by.

pub mod file;
pub mod services;
pub mod waiver;

use std::collections::BTreeMap;

use ephaudit_platform::ports::{PortClass, PortRange, PortSet};
use ephaudit_platform::snapshot::Transport;

use self::services::{Declared, ServiceSet};
use self::waiver::Waiver;
use crate::iana::Registry;
use crate::report::Severity;
use crate::text::digest;

/// The recommendation to judge by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Profile {
    /// RFC 6335: ephemeral ports are the Dynamic Ports 49152–65535.
    Iana,
    /// The vendor's default range is information only; any other range is a finding.
    Vendor,
    /// RFC 6056: a wide range is harder to guess, at best 1024–65535. RFC 6335 reserves the User
    /// Ports for services.
    Rfc6056,
    /// A Kubernetes node: NodePorts 30000–32767 (no socket shows them) stay out of the pool.
    Kubernetes,
}

impl Profile {
    /// All.
    pub const ALL: [Self; 4] = [Self::Iana, Self::Vendor, Self::Rfc6056, Self::Kubernetes];

    /// The word in the report.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Iana => "iana",
            Self::Vendor => "vendor",
            Self::Rfc6056 => "rfc6056",
            Self::Kubernetes => "kubernetes",
        }
    }

    /// Where it lets automatic allocation take ports.
    fn allowed(self) -> Vec<PortRange> {
        match self {
            Self::Iana | Self::Vendor => vec![PortClass::Dynamic.range()],
            Self::Rfc6056 => vec![PortRange::between(1024, 65535)],
            Self::Kubernetes => {
                vec![PortRange::between(32768, 65535), PortRange::between(1024, 29999)]
            }
        }
    }

    /// How many usable ports it wants at least.
    const fn min_pool(self) -> u32 {
        match self {
            Self::Rfc6056 => Policy::HALF_OF_ALL,
            Self::Iana | Self::Vendor | Self::Kubernetes => Policy::MIN_POOL,
        }
    }

    /// The sets of services that it knows of.
    const fn services(self) -> &'static [&'static str] {
        match self {
            Self::Kubernetes => &["kubernetes"],
            Self::Iana | Self::Vendor | Self::Rfc6056 => &[],
        }
    }
}

/// The severity that a policy gives a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// It is not asked.
    Off,
    /// What it says itself.
    Own,
    /// Each of its findings has this severity.
    Always(Severity),
}

/// What an audit judged by.
#[derive(Debug)]
pub struct Policy {
    /// The recommendation to judge by.
    pub profile: Profile,
    /// The least severity that makes the status `findings`; `None` lets every finding pass.
    pub fail_on: Option<Severity>,
    /// Where automatic allocation may take its ports.
    pub allowed: Vec<PortRange>,
    /// How many usable ports a pool should have at least.
    pub min_pool: u32,
    /// The percentage of a pool in use from which a destination is nearly exhausted.
    pub near_exhaustion: u32,
    /// Rules that weigh something else than they say themselves, by name.
    pub weights: BTreeMap<&'static str, Weight>,
    /// Services that no socket need show.
    pub services: Vec<Declared>,
    /// Ports that are known to be taken at random: a socket there is no fixed service.
    pub automatic: Vec<Declared>,
    /// Exceptions.
    pub waivers: Vec<Waiver>,
    /// The file that it is from, where there is one.
    pub file: Option<String>,
    /// The day of the audit, `YYYY-MM-DD` in UTC, which waivers expire by.
    pub today: String,
    /// The assigned ports.
    pub registry: Registry,
}

/// From which severity on a finding counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Threshold {
    /// From this one.
    From(Severity),
    /// Every finding passes.
    Never,
}

impl Threshold {
    /// The least severity that counts, where any does.
    pub const fn severity(self) -> Option<Severity> {
        match self {
            Self::From(severity) => Some(severity),
            Self::Never => None,
        }
    }
}

/// What the command line asks for.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// The profile.
    pub profile: Option<Profile>,
    /// The threshold.
    pub fail_on: Option<Threshold>,
    /// Sets of services.
    pub services: Vec<&'static ServiceSet>,
}

impl Asked {
    /// What holds where no file says more: `iana`, and findings from medium on.
    pub fn policy(&self, registry: Registry) -> Policy {
        let profile = self.profile.unwrap_or(Profile::Iana);
        let fail_on = self.fail_on.unwrap_or(Threshold::From(Severity::Medium));
        let mut policy = Policy::of(profile, fail_on.severity(), registry);
        policy.declare(self.services.iter().flat_map(|set| set.declared()));
        policy
    }
}

impl Policy {
    /// Half of the Dynamic Ports: 136 new connections a second to one destination (ports / 60 s of
    /// TIME_WAIT).
    pub const MIN_POOL: u32 = 8192;
    /// Half of 1024–65535.
    const HALF_OF_ALL: u32 = 32_256;
    /// Above half of the pool connect() has no port of the low bound's parity left, and searches
    /// all of those before it takes one of the others (`__inet_hash_connect`,
    /// net/ipv4/inet_hashtables.c).
    pub const NEAR_EXHAUSTION: u32 = 50;

    /// What a profile says by itself.
    pub fn of(profile: Profile, fail_on: Option<Severity>, registry: Registry) -> Self {
        Self {
            profile,
            fail_on,
            allowed: profile.allowed(),
            min_pool: profile.min_pool(),
            near_exhaustion: Self::NEAR_EXHAUSTION,
            weights: BTreeMap::new(),
            services: profile
                .services()
                .iter()
                .filter_map(|name| services::set(name))
                .flat_map(ServiceSet::declared)
                .collect(),
            automatic: Vec::new(),
            waivers: Vec::new(),
            file: None,
            today: String::new(),
            registry,
        }
    }

    /// The same where two judge alike, whatever their files are called and look like.
    pub fn digest(&self) -> String {
        let mut lines: Vec<String> = vec![
            format!("profile {}", self.profile.name()),
            format!("fail-on {}", self.fail_on.map_or("none", Severity::name)),
            format!("allowed {}", self.intervals()),
            format!("min-pool {}", self.min_pool),
            format!("near-exhaustion {}", self.near_exhaustion),
        ];
        lines.extend(self.weights.iter().filter_map(|(rule, weight)| match weight {
            Weight::Own => None,
            Weight::Off => Some(format!("rule {rule} off")),
            Weight::Always(severity) => Some(format!("rule {rule} {severity}")),
        }));
        lines.extend(self.services.iter().map(|Declared { name, transports, ports, .. }| {
            let transports: Vec<String> = transports.iter().map(ToString::to_string).collect();
            format!("service {name:?} {} {ports}", transports.join(","))
        }));
        lines.extend(self.waivers.iter().map(|waiver| format!("waiver {}", waiver.measure())));
        lines.sort();
        digest(&lines.join("\n"))
    }

    /// With more services; what is declared already is not declared again.
    pub fn declare(&mut self, services: impl IntoIterator<Item = Declared>) {
        for service in services {
            let same =
                |known: &Declared| (&known.name, known.ports) == (&service.name, service.ports);
            if !self.services.iter().any(same) {
                self.services.push(service);
            }
        }
    }

    /// The ports of the services that are declared for a transport.
    pub fn declared_ports(&self, transport: Transport) -> PortSet {
        let of = |service: &&Declared| service.transports.contains(&transport);
        self.services.iter().filter(of).map(|service| service.ports).collect()
    }

    /// Whether a range lies in one of those that are allowed.
    pub fn allows(&self, range: PortRange) -> bool {
        self.allowed
            .iter()
            .any(|allowed| allowed.first() <= range.first() && range.last() <= allowed.last())
    }

    /// Where a range had better be whose system's own is known or not: under `vendor` there, else
    /// in the widest of those that are allowed.
    pub fn wanted(&self, vendor_default: Option<PortRange>) -> PortRange {
        let widest = self.allowed.iter().copied().max_by_key(|allowed| allowed.count());
        match (self.profile, vendor_default) {
            (Profile::Vendor, Some(default)) => default,
            _ => widest.unwrap_or(PortClass::Dynamic.range()),
        }
    }

    /// The allowed range that most of this one lies in; the first where none of it does.
    pub fn nearest(&self, range: PortRange) -> PortRange {
        let shared =
            |allowed: &PortRange| PortSet::from(*allowed).intersection(&range.into()).count();
        let nearest = self.allowed.iter().rev().copied().max_by_key(shared);
        nearest.unwrap_or(PortClass::Dynamic.range())
    }

    /// The ranges that are allowed, as they are given: a range lies in one of them, not in all
    /// together.
    pub fn intervals(&self) -> String {
        let intervals: Vec<String> = self.allowed.iter().map(PortRange::to_string).collect();
        intervals.join(" or ")
    }

    /// Every port of the ranges that are allowed.
    pub fn allowed_ports(&self) -> PortSet {
        self.allowed.iter().copied().collect()
    }
}
