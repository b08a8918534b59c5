//! Whether the kernel hands out the ports that its settings promise: it is asked for some, on loopback, and what it gave is
//! held against the pool and against the order that its source code gives to parities.
//!
//! A program of the control group (BPF hooks at bind and connect), a sandbox or another network stack may give other ports;
//! a file cannot tell that.

mod compare;
#[cfg(test)]
mod tests;

use self::compare::{Compared, Settings, compare};
use crate::ask::Ask;
pub use crate::draw::{Call, Draw, Given, Wish, family_name};
use crate::os::{self, Wants};
use crate::pool::pools;
use crate::ports::{PortRange, PortSet};
use crate::snapshot::{Family, Os, Pool, Reason, Scope, Snapshot, Transport, Why};

/// What one kind of socket was given, and how that goes with the settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drawn {
    /// What was asked for.
    pub wish: Wish,
    /// What was given.
    pub given: Given,
    /// Those that are not in the pool.
    pub outside: PortSet,
}

/// How the kernel does other than its settings and its source code say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Disagreement {
    /// It gave ports that are not in the pool.
    Outside {
        /// To whom.
        wish: Wish,
        /// How many times.
        times: u32,
        /// Which.
        ports: PortSet,
    },
    /// TCP ports came from the parity that goes last while there were ports of the other.
    Parity {
        /// To whom.
        wish: Wish,
        /// How many times.
        times: u32,
        /// Whether odd ports go first.
        odd_first: bool,
    },
    /// Ports that are drawn at random came one after the other.
    InSequence {
        /// To whom.
        wish: Wish,
    },
    /// Ports that are drawn at random came from a part of the range that is less than half of it.
    InPart {
        /// To whom.
        wish: Wish,
        /// From the lowest to the highest of them.
        part: PortRange,
        /// How many ports of the pool lie there.
        there: u32,
    },
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// What was given, for each transport, family and call.
    pub drawn: Vec<Drawn>,
    /// What is other than it should be.
    pub disagreements: Vec<Disagreement>,
    /// What could not be told: `what`, and why.
    pub unknown: Vec<(String, Why)>,
}

/// The most ports that each kind of socket asks for.
pub const COUNT_MAX: u32 = 4096;

/// Asks for `count` ports of each kind, and compares. The facts are those of before.
pub(crate) fn probe(os: Os, ask: &Ask<'_>, draw: &Draw<'_>, count: u32) -> (Snapshot, Probe) {
    let count = count.min(COUNT_MAX);
    let snapshot = os::read(os, ask, None, &Wants::default());
    let mut probe = Probe { drawn: Vec::new(), disagreements: Vec::new(), unknown: Vec::new() };
    let Some(scope) = snapshot.scopes.first() else {
        let why = Why::new(Reason::Unsupported, "no live reader was written for this system");
        probe.unknown.push(("the pool".to_owned(), why));
        return (snapshot, probe);
    };
    let before = pools(scope);
    let allocator = os::allocator(os, ask);
    for &family in Family::ALL {
        for &transport in Transport::ALL {
            let of = |pool: &&Pool| pool.transport == transport && pool.families.contains(&family);
            match (before.iter().find(of), scope_unknown(scope, transport, family)) {
                (Some(pool), _) => {
                    let range = &scope.ranges[pool.range];
                    let settings = Settings { pool, range, allocator };
                    for &call in Call::ALL {
                        probe.ask(Wish { transport, family, call }, &settings, draw, count);
                    }
                }
                (None, Some(why)) => probe.unknown.push((what_pool(transport, family), why)),
                (None, None) => {}
            }
        }
    }
    let after = os::read(os, ask, None, &Wants::default());
    if after.scopes.first().map(pools).as_ref() != Some(&before) {
        let why = Why::new(Reason::Unsupported, "the settings changed while the kernel was asked");
        probe.disagreements.clear();
        probe.unknown.push(("the pool".to_owned(), why));
    }
    (snapshot, probe)
}

fn what_pool(transport: Transport, family: Family) -> String {
    format!("the {transport} pool over {}", family_name(family))
}

/// Why a pool is not known.
fn scope_unknown(scope: &Scope, transport: Transport, family: Family) -> Option<Why> {
    let ranges = scope
        .ephemeral()
        .filter(|range| range.transports.contains(&transport) && range.families.contains(&family))
        .find_map(|range| range.bounds.why());
    let lists = scope
        .reserved
        .iter()
        .filter(|list| list.transports.contains(&transport) && list.families.contains(&family))
        .find_map(|list| list.ports.why());
    ranges.or(lists).cloned()
}

impl Probe {
    fn ask(&mut self, wish: Wish, settings: &Settings<'_>, draw: &Draw<'_>, count: u32) {
        let Wish { transport, family, call } = wish;
        let what = format!("{transport} {}() over {}", call.name(), family_name(family));
        let unknown = |detail: String| (what.clone(), Why::new(Reason::Unsupported, detail));
        // Whoever needs a port meanwhile shall find one.
        let pool = settings.pool.ports.count();
        if pool < 2 * wish.held() {
            let detail =
                format!("asking would hold more than half of the pool, whose size is {pool}");
            self.unknown.push(unknown(detail));
            return;
        }
        let mut drawn = Drawn { wish, given: draw(wish, count), outside: PortSet::new() };
        // A filter can answer as a kernel without IPv6 does.
        if drawn.given == Given::NoSuchFamily && settings.allocator.has_ipv6 != Some(false) {
            let detail = "::1 is refused as where there is no IPv6, but this namespace has addresses of IPv6, or that \
                          could not be read";
            drawn.given = Given::Ports(Vec::new(), Some(Why::new(Reason::Unsupported, detail)));
        }
        if let Given::Ports(ports, refused) = &drawn.given {
            for compared in compare(wish, settings, ports) {
                match compared {
                    Compared::Agrees => {}
                    Compared::Disagrees(found) => {
                        if let Disagreement::Outside { ports, .. } = &found {
                            drawn.outside = ports.clone();
                        }
                        self.disagreements.push(found);
                    }
                    Compared::Unknown(detail) => self.unknown.push(unknown(detail)),
                }
            }
            self.unknown.extend(refused.clone().map(|why| (what, why)));
        }
        self.drawn.push(drawn);
    }
}

fn counted(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
