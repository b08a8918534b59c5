//! Whether the kernel hands out the ports that its settings promise: it is asked for some, on loopback, and what it gave is
//! held against the pool and against the order that its source code gives to parities.
//!
//! A program of the control group (BPF hooks at bind and connect), a sandbox or another network stack may give other ports;
//! a file cannot tell that.

#[cfg(test)]
mod tests;

use crate::ask::Ask;
use crate::os::{self, Wants};
use crate::pool::pools;
use crate::ports::{PortRange, PortSet};
use crate::snapshot::{Family, Os, Pool, Range, Reason, Scope, Snapshot, Transport, Why};

/// How a port is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// bind() to port 0.
    Bind,
    /// connect() without bind().
    Connect,
}

impl Call {
    /// Both.
    pub const ALL: &'static [Self] = &[Self::Bind, Self::Connect];

    /// The name of the system call.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bind => "bind",
            Self::Connect => "connect",
        }
    }
}

/// Which ports to ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wish {
    /// For which transport.
    pub transport: Transport,
    /// For which family: 127.0.0.1 or ::1.
    pub family: Family,
    /// By which call.
    pub call: Call,
}

impl Wish {
    /// How many ports of the pool are held at a time: each socket is closed before the next, but for the listener that TCP
    /// connects to.
    pub const fn held(self) -> u32 {
        match (self.transport, self.call) {
            (Transport::Tcp, Call::Connect) => 2,
            _ => 1,
        }
    }
}

/// What was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Given {
    /// These ports, in this order; and why no more of them.
    Ports(Vec<u16>, Option<Why>),
    /// The loopback has no address of this family.
    NoSuchFamily,
}

/// The way of asking for ports, so many one after the other: the kernel, or a test.
pub type Draw<'a> = dyn Fn(Wish, u32) -> Given + 'a;

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
    let in_use = os::tcp_ports_in_use_at_most(os, ask);
    for &family in Family::ALL {
        for &transport in Transport::ALL {
            let of = |pool: &&Pool| pool.transport == transport && pool.families.contains(&family);
            match (before.iter().find(of), scope_unknown(scope, transport, family)) {
                (Some(pool), _) => {
                    let range = &scope.ranges[pool.range];
                    for &call in Call::ALL {
                        let wish = Wish { transport, family, call };
                        probe.ask(wish, (pool, range), in_use, draw, count);
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

/// The family as it is written.
pub const fn family_name(family: Family) -> &'static str {
    match family {
        Family::Ipv4 => "IPv4",
        Family::Ipv6 => "IPv6",
    }
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
    fn ask(
        &mut self,
        wish: Wish,
        (pool, range): (&Pool, &Range),
        in_use: Option<u32>,
        draw: &Draw<'_>,
        count: u32,
    ) {
        let Wish { transport, family, call } = wish;
        let what = format!("{transport} {}() over {}", call.name(), family_name(family));
        // Whoever needs a port meanwhile shall find one.
        if pool.ports.count() < 2 * wish.held() {
            let detail = format!(
                "the pool has {} ports: asking would hold more than half of them",
                pool.ports.count()
            );
            self.unknown.push((what, Why::new(Reason::Unsupported, detail)));
            return;
        }
        let given = draw(wish, count);
        let mut drawn = Drawn { wish, given, outside: PortSet::new() };
        if let Given::Ports(ports, refused) = &drawn.given {
            let outside = ports.iter().filter(|port| !pool.ports.contains(**port));
            drawn.outside = outside.clone().map(|port| PortRange::single(*port)).collect();
            if !drawn.outside.is_empty() {
                self.disagreements.push(Disagreement::Outside {
                    wish,
                    times: counted(outside.count()),
                    ports: drawn.outside.clone(),
                });
            } else if let Some(odd_first) = parity_first(wish, pool, range, in_use) {
                let last = ports.iter().filter(|port| (*port % 2 == 1) != odd_first).count();
                if last > 0 {
                    let times = counted(last);
                    self.disagreements.push(Disagreement::Parity { wish, times, odd_first });
                }
            }
            if in_sequence(wish, pool, ports) {
                self.disagreements.push(Disagreement::InSequence { wish });
            }
            self.unknown.extend(refused.clone().map(|why| (what, why)));
        }
        self.drawn.push(drawn);
    }
}

fn counted(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// Which parity goes first, where that is certain: `inet_csk_find_open_port` and `__inet_hash_connect` take the last parity
/// only when no port of the first is free. Twice as many ports of it as can be in use are never used up.
fn parity_first(wish: Wish, pool: &Pool, range: &Range, in_use: Option<u32>) -> Option<bool> {
    /// A range of few ports is scanned one short where it is odd-sized.
    const SPARE: u32 = 16;
    if wish.transport != Transport::Tcp || range.tcp_by_parity != Some(true) {
        return None;
    }
    let low_is_odd = range.bounds.known()?.range().first() % 2 == 1;
    let odd_first = match wish.call {
        Call::Connect => low_is_odd,
        Call::Bind => !low_is_odd,
    };
    let enough = in_use?.saturating_mul(2).saturating_add(SPARE);
    (pool.ports.count_parity(odd_first) >= enough).then_some(odd_first)
}

/// Whether ports that are drawn at random (RFC 6056) came each right after the one before, or the one after that. TCP's
/// connect() to one destination does go on from port to port.
fn in_sequence(wish: Wish, pool: &Pool, ports: &[u16]) -> bool {
    /// Fewer draws, or a smaller pool, make runs by chance.
    const DRAWS: usize = 64;
    const POOL: u32 = 1024;
    let at_random = wish.transport == Transport::Udp || wish.call == Call::Bind;
    if !at_random || ports.len() < DRAWS || pool.ports.count() < POOL {
        return false;
    }
    let next = ports.windows(2).filter(|pair| matches!(pair[1].wrapping_sub(pair[0]), 1 | 2));
    next.count() * 10 >= (ports.len() - 1) * 9
}
