//! Whether the kernel hands out the ports that its settings promise: it is asked for some, on
//! loopback, and what it gave is held against the pool and against the order that its source code
//! gives to parities.
//!
//! A program of the control group (BPF hooks at bind and connect), a sandbox or another network
//! stack may give other ports; a file cannot tell that.

mod compare;
mod random;
#[cfg(test)]
mod tests;

use self::compare::{Compared, PortSettings, compare};
use crate::ask::Ask;
use crate::draw::Draw;
pub use crate::draw::{Call, Given, Wish, family_name};
use crate::needs::Needs;
use crate::os;
use crate::pool::pools;
use crate::ports::PortSet;
use crate::snapshot::{Family, Os, Pool, Reason, Scope, Snapshot, Transport, Why};
use crate::unread::{Subject, Unread};

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
    /// Ports that are drawn at random came again too often.
    Repeats {
        /// To whom.
        wish: Wish,
        /// How many were given.
        times: u32,
        /// How many of them are different.
        distinct: u32,
        /// How many ports could have been drawn.
        of: u32,
    },
    /// None came of many ports that follow one another, of those that are drawn at random.
    Hole {
        /// To whom.
        wish: Wish,
        /// How many were given.
        times: u32,
        /// Where they lie: two spans where that is at both ends.
        ports: PortSet,
        /// How many of them could have been drawn.
        count: u32,
    },
    /// Ports that are drawn at random from both parities were of one.
    OneParity {
        /// To whom.
        wish: Wish,
        /// How many were given.
        times: u32,
        /// Whether they are odd.
        odd: bool,
    },
}

impl Disagreement {
    /// Whether it is of how ports follow one another; one and the same cause shows now as this, now
    /// as that.
    const fn is_of_order(&self) -> bool {
        !matches!(self, Self::Outside { .. } | Self::Parity { .. })
    }
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// What was given, for each transport, family and call.
    pub drawn: Vec<Drawn>,
    /// What is other than it should be.
    pub disagreements: Vec<Disagreement>,
    /// What is not known.
    pub unknown: Vec<Unread>,
}

/// The most ports that each kind of socket asks for.
pub const COUNT_MAX: u32 = 4096;

/// Fewer ports of a kind tell little of how they are drawn.
pub const ENOUGH: u32 = 64;
const CHANGED: &str = "the settings changed in the meantime";

/// Asks for `count` ports of each kind, and compares. The facts are those of before.
pub(crate) fn probe(os: Os, ask: &dyn Ask, draw: &Draw<'_>, count: u32) -> (Snapshot, Probe) {
    let count = count.min(COUNT_MAX);
    let snapshot = os::read(os, ask, &Needs::default());
    let mut probe = Probe { drawn: Vec::new(), disagreements: Vec::new(), unknown: Vec::new() };
    let Some(scope) = snapshot.scopes.first() else {
        let why = Why::new(Reason::Unsupported, "this system has no live reader");
        probe.unknown.push(Unread::new(Subject::Pool(None), why));
        return (snapshot, probe);
    };
    let before = pools(scope);
    let allocator = os::allocator(os, ask);
    for &family in Family::ALL {
        for &transport in Transport::ALL {
            let of =
                |pool: &&Pool<'_>| pool.transport == transport && pool.families.contains(&family);
            match (before.iter().find(of), scope_unknown(scope, transport, family)) {
                (Some(pool), _) => {
                    let settings = PortSettings { pool, allocator };
                    // The settings as they are now, where they are those of before.
                    let again = || {
                        let now = os::read(os, ask, &Needs::default());
                        let same = now.scopes.first().map(pools).as_ref() == Some(&before);
                        same.then(|| PortSettings { allocator: os::allocator(os, ask), ..settings })
                    };
                    for &call in Call::ALL {
                        let wish = Wish { transport, family, call };
                        probe.ask(wish, &settings, &again, draw, count);
                    }
                }
                (None, Some(why)) => {
                    let subject = Subject::Pool(Some((transport, family)));
                    probe.unknown.push(Unread::new(subject, why));
                }
                (None, None) => {}
            }
        }
    }
    let after = os::read(os, ask, &Needs::default());
    if after.scopes.first().map(pools).as_ref() != Some(&before) {
        let why = Why::new(Reason::Unsupported, CHANGED);
        probe.disagreements.clear();
        probe.unknown.push(Unread::new(Subject::Pool(None), why));
    }
    (snapshot, probe)
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
    /// What disagrees is asked once more: settings may have changed meanwhile, and changed back.
    fn ask<'a>(
        &mut self,
        wish: Wish,
        settings: &PortSettings<'a>,
        again: &dyn Fn() -> Option<PortSettings<'a>>,
        draw: &Draw<'_>,
        count: u32,
    ) {
        let unread = |why| Unread::new(Subject::Given(wish), why);
        let unknown = |detail: String| unread(Why::new(Reason::Unsupported, detail));
        // Whoever needs a port meanwhile shall find one.
        let pool = settings.pool.ports.count();
        if pool < 2 * wish.held() {
            let detail = format!("it would take more than half of the pool, whose size is {pool}");
            self.unknown.push(unknown(detail));
            return;
        }
        let mut once = Once::of(wish, settings, draw, count);
        if !once.found.is_empty() {
            if let Some(settings) = again() {
                let twice = Once::of(wish, &settings, draw, count);
                let alike = |found: &Disagreement| {
                    once.found.iter().any(|before| before.is_of_order() == found.is_of_order())
                };
                let (found, other): (Vec<_>, Vec<_>) = twice.found.into_iter().partition(alike);
                let mut unsure = twice.unsure;
                if found.is_empty() || !other.is_empty() {
                    unsure.push(
                        "it gave ports that its settings do not explain, and others when it was \
                         asked again; the settings may have changed meanwhile"
                            .to_owned(),
                    );
                }
                once = Once { drawn: twice.drawn, found, unsure };
            } else {
                once.found.clear();
                once.unsure.push(CHANGED.to_owned());
            }
        }
        for found in &once.found {
            if let Disagreement::Outside { ports, .. } = found {
                once.drawn.outside = ports.clone();
            }
        }
        self.disagreements.extend(once.found);
        self.unknown.extend(once.unsure.into_iter().map(unknown));
        if let Given::Ports(_, Some(why)) = &once.drawn.given {
            self.unknown.push(unread(why.clone()));
        }
        self.drawn.push(once.drawn);
    }
}

/// What asking once comes to.
struct Once {
    drawn: Drawn,
    found: Vec<Disagreement>,
    unsure: Vec<String>,
}

impl Once {
    fn of(wish: Wish, settings: &PortSettings<'_>, draw: &Draw<'_>, count: u32) -> Self {
        let drawn = Drawn { wish, given: draw(wish, count), outside: PortSet::new() };
        let mut once = Self { drawn, found: Vec::new(), unsure: Vec::new() };
        // A filter can answer as a kernel without IPv6 does.
        if once.drawn.given == Given::NoSuchFamily && settings.allocator.has_ipv6 != Some(false) {
            let detail = "::1 is refused as where there is no IPv6, but this namespace has \
                          addresses of IPv6, or that could not be read";
            let why = Why::new(Reason::Unsupported, detail);
            once.drawn.given = Given::Ports(Vec::new(), Some(why));
        }
        if let Given::Ports(ports, _) = &once.drawn.given {
            for compared in compare(wish, settings, ports) {
                match compared {
                    Compared::Agrees => {}
                    Compared::Disagrees(found) => once.found.push(found),
                    Compared::Unknown(detail) => once.unsure.push(detail),
                }
            }
        }
        once
    }
}

fn counted(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
