//! What a plan has to give: how many ports, and which services stay out of the pool.

use std::collections::BTreeMap;
use std::str::FromStr;

use clap::ValueEnum;
use ephaudit_platform::ports::{PortRange, PortSet};
use ephaudit_platform::snapshot::{Listener, Owner, Scope, Snapshot, Transport};

use crate::fixed::{Fixed, Weighed};
use crate::policy::Policy;
use crate::remedy;
use crate::report::Gap;
use crate::rule::ScopeFacts;
use crate::text::{grouped, seconds};

/// Which of the plans that satisfy the demand is the best.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Prefer {
    /// The least change where the range may stay, the most ports where it must move
    Auto,
    /// The fewest ports that were not handed out before
    Least,
    /// The most ports
    Capacity,
}

impl Prefer {
    /// The word of the option.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Least => "least",
            Self::Capacity => "capacity",
        }
    }
}

/// What must leave the pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ProtectedKind {
    /// Listeners that are fixed services, or most likely so
    Listeners,
    /// Also those of which nothing tells whether they are
    AllListeners,
    /// Services that the policy declares
    Declared,
    /// Nothing
    None,
}

/// A value that the user has chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FixedValue {
    /// This range.
    Range(PortRange),
    /// The present range.
    SameRange,
    /// This list, as a whole.
    List(PortSet),
    /// These ports in the list.
    With(PortSet),
    /// These ports not in the list.
    Without(PortSet),
}

impl FromStr for FixedValue {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let list = |text: &str| text.parse::<PortSet>().map_err(|error| error.to_string());
        match text.split_once('=') {
            Some(("range", "keep")) => Ok(Self::SameRange),
            Some(("range", range)) if range.contains('-') => {
                let range: PortRange = range.parse().map_err(|e| format!("{e}"))?;
                if range.first() == 0 {
                    return Err("port 0 is none that a range can begin at".to_owned());
                }
                Ok(Self::Range(range))
            }
            Some(("reserved", ports)) => match (ports.strip_prefix('+'), ports.strip_prefix('-')) {
                (Some(more), _) => list(more).map(Self::With),
                (_, Some(fewer)) => list(fewer).map(Self::Without),
                _ => list(ports).map(Self::List),
            },
            _ => Err("write range=A-B, range=keep, reserved=LIST, reserved=+LIST or \
                      reserved=-LIST"
                .to_owned()),
        }
    }
}

/// What the command line asks of a plan.
#[derive(Debug, Clone)]
pub struct Wish {
    /// Which plan is the best.
    pub prefer: Prefer,
    /// What is not for the plan to choose.
    pub fixed: Vec<FixedValue>,
    /// How many ports the pool should have at least.
    pub min_pool: Option<u32>,
    /// How many new connections a second to one destination.
    pub rate: Option<u32>,
    /// How many connections at a time to one destination.
    pub connections: Option<u32>,
    /// What must leave the pool.
    pub protect: Vec<ProtectedKind>,
}

impl Wish {
    /// From which weight on a listener is protected.
    fn least(&self) -> Option<Fixed> {
        let asks = |kind| self.protect.contains(&kind);
        if asks(ProtectedKind::AllListeners) {
            return Some(Fixed::Unclear);
        }
        asks(ProtectedKind::Listeners).then_some(Fixed::Likely)
    }

    /// Whether it matters who listens.
    pub fn asks_listeners(&self) -> bool {
        self.least().is_some()
    }
}

/// Ports that must leave the pool, and why.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Protected {
    /// The ports.
    pub ports: PortRange,
    /// Who has them.
    pub reason: String,
}

/// What must leave the pool, by port; nothing that a waiver accepts to be in it.
pub fn protected(
    snapshot: &Snapshot,
    facts: &ScopeFacts<'_>,
    policy: &Policy,
    wish: &Wish,
) -> Vec<Protected> {
    let scope = facts.scope;
    let mut by_port = BTreeMap::new();
    if let Some(least) = wish.least() {
        let accepted = accepted(snapshot, scope, policy, "listener-in-pool");
        let items = scope.listeners.items.iter().zip(&facts.weighed);
        for (item, weighed) in items.filter(|(_, weighed)| weighed.fixed >= least) {
            if !accepted.contains(item.port) {
                let ports = PortRange::single(item.port);
                by_port.entry(ports).or_insert_with(|| listener(item, weighed));
            }
        }
    }
    if wish.protect.contains(&ProtectedKind::Declared) && scope.current {
        let accepted = accepted(snapshot, scope, policy, "declared-service-in-pool");
        for service in &policy.services {
            if !PortSet::from(service.ports).difference(&accepted).is_empty() {
                let reason = format!("{}, declared by {}", service.name, service.by);
                by_port.entry(service.ports).or_insert(reason);
            }
        }
    }
    by_port.into_iter().map(|(ports, reason)| Protected { ports, reason }).collect()
}

fn listener(item: &Listener, weighed: &Weighed) -> String {
    let who = match &item.owner {
        Owner::Known { command: Some(command), .. } => format!("{command} listens"),
        Owner::Known { pid, .. } => format!("pid {pid} listens"),
        Owner::Kernel => "the kernel has it open".to_owned(),
        Owner::NotAsked | Owner::Unseen(_) => "a listener".to_owned(),
    };
    let sign = weighed.signs.first().map_or("", |sign| sign.says());
    format!("{}: {who}; {sign}", item.transport)
}

/// The ports that a waiver accepts to be in the pool.
fn accepted(snapshot: &Snapshot, scope: &Scope, policy: &Policy, rule: &str) -> PortSet {
    let holds = policy.waivers.iter().filter(|waiver| {
        waiver.rule == rule
            && waiver.is_for(&snapshot.host) == Some(true)
            && waiver.is_of(scope)
            && waiver.holds(&policy.today) == Ok(true)
    });
    holds.fold(PortSet::new(), |all, waiver| match &waiver.ports {
        Some(ports) => all.union(ports),
        None => PortRange::between(0, u16::MAX).into(),
    })
}

/// How many ports a pool should have, and why so many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Size {
    /// How many where the range stays.
    pub wanted: u32,
    /// How many where another range is taken: as a remedy wants it too, beside those in use.
    pub moved: u32,
    /// Which demand is the largest.
    pub why: String,
}

/// The size that is wanted, and what could not be computed of it.
pub fn size(scope: &Scope, policy: &Policy, wish: &Wish) -> (Size, Option<Gap>) {
    let mut all = vec![(policy.min_pool, "the policy's min-pool".to_owned())];
    all.extend(wish.min_pool.map(|ports| (ports, "--min-pool".to_owned())));
    let at_a_time = |ports| (ports, format!("--connections {ports}"));
    all.extend(wish.connections.map(at_a_time));
    let mut gap = None;
    if let Some(rate) = wish.rate {
        match (scope.time_wait.known(), scope.time_wait.why()) {
            (Some(&length), _) => {
                let ports = (u64::from(rate) * u64::from(length)).div_ceil(1000);
                let why = format!("--rate {rate} × {} of TIME_WAIT", seconds(length));
                all.push((u32::try_from(ports).unwrap_or(u32::MAX), why));
            }
            (None, Some(why)) => gap = Some(Gap::new(scope, "TIME_WAIT, for --rate", why)),
            (None, None) => {}
        }
    }
    let used = Transport::ALL.iter().map(|&transport| remedy::in_use(scope, transport)).max();
    let used = used.unwrap_or_default();
    if used > 0 && policy.near_exhaustion > 0 {
        let ports = u64::from(used) * 100 / u64::from(policy.near_exhaustion) + 1;
        let why = format!(
            "{} in use by one destination, less than {} % of the pool",
            grouped(used),
            policy.near_exhaustion
        );
        all.push((u32::try_from(ports).unwrap_or(u32::MAX), why));
    }
    // The first of equals.
    let largest = all.into_iter().rev().max_by_key(|(ports, _)| *ports);
    let (wanted, why) = largest.unwrap_or_default();
    let held_back = scope.ephemeral().map(|range| range.udp_held_back).max().unwrap_or_default();
    let wanted = wanted.saturating_add(held_back);
    let moved = wanted.max(policy.min_pool.saturating_add(used).saturating_add(held_back));
    (Size { wanted, moved, why }, gap)
}
