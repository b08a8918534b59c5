//! Which sockets are fixed services: those that ask for their port by number, and cannot do with
//! another. IANA's assignment alone does not tell, since most ports of real services have none.

use std::collections::{BTreeMap, BTreeSet};

use ephaudit_platform::ports::{PortRange, PortSet};
use ephaudit_platform::snapshot::{Listener, Owner, Pool, Scope, Transport};

use crate::policy::Policy;
use crate::policy::services::{self, Declared};

/// Whether a socket is a fixed service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fixed {
    /// It took any port, as a client does.
    No,
    /// Nothing tells.
    Unclear,
    /// It most likely asked for its port.
    Likely,
    /// It asked for its port.
    Yes,
}

impl Fixed {
    /// All.
    pub const ALL: [Self; 4] = [Self::Yes, Self::Likely, Self::Unclear, Self::No];

    /// The word in the report.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::Likely => "likely",
            Self::Unclear => "unclear",
            Self::No => "no",
        }
    }
}

/// What tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sign {
    /// The policy, or a set that was asked for, declares its port.
    Declared,
    /// systemd opened it for a unit.
    SocketUnit,
    /// The command line of its process names the port.
    CommandLine,
    /// UDP that no process has open: VXLAN, WireGuard.
    Kernel,
    /// Automatic allocation does not hand the port out.
    OutsidePool,
    /// Several sockets share the port (`SO_REUSEPORT`).
    SharedPort,
    /// Its process has the port on several addresses or transports.
    SamePortAgain,
    /// The parity that connect() takes first, and bind() to port 0 last.
    ConnectParity,
    /// A set of services names the port.
    KnownPort,
    /// IANA assigns the port for its transport.
    Registry,
    /// The upper half of the range, where bind() to port 0 seldom comes with `SO_REUSEADDR`.
    UpperHalf,
    /// The parity that bind() to port 0 takes first.
    BindParity,
    /// Only local processes reach it.
    Loopback,
    /// Its process has several UDP sockets on ports that have no name.
    ManyPorts,
    /// The policy says that its port is taken at random.
    Automatic,
}

impl Sign {
    /// All.
    pub const ALL: [Self; 15] = [
        Self::Declared,
        Self::SocketUnit,
        Self::CommandLine,
        Self::Kernel,
        Self::OutsidePool,
        Self::SharedPort,
        Self::SamePortAgain,
        Self::ConnectParity,
        Self::KnownPort,
        Self::Registry,
        Self::UpperHalf,
        Self::BindParity,
        Self::Loopback,
        Self::ManyPorts,
        Self::Automatic,
    ];

    /// The word in the report.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Declared => "declared",
            Self::SocketUnit => "socket-unit",
            Self::CommandLine => "command-line",
            Self::Kernel => "kernel",
            Self::OutsidePool => "outside-pool",
            Self::SharedPort => "shared-port",
            Self::SamePortAgain => "same-port-again",
            Self::ConnectParity => "connect-parity",
            Self::KnownPort => "known-port",
            Self::Registry => "iana",
            Self::UpperHalf => "upper-half",
            Self::BindParity => "bind-parity",
            Self::Loopback => "loopback",
            Self::ManyPorts => "many-ports",
            Self::Automatic => "automatic",
        }
    }

    /// What it tells, as the end of a sentence about the port.
    pub const fn says(self) -> &'static str {
        match self {
            Self::Declared => "the policy declares it",
            Self::SocketUnit => "systemd opened it for a socket unit",
            Self::CommandLine => "the command line of its process names it",
            Self::Kernel => "the kernel itself has it open",
            Self::OutsidePool => "automatic allocation does not hand it out",
            Self::SharedPort => "several sockets share it",
            Self::SamePortAgain => "its process has it on several addresses or transports",
            Self::ConnectParity => "bind() to port 0 takes ports of the other parity first",
            Self::KnownPort => "a known set of services has it",
            Self::Registry => "IANA assigns it",
            Self::UpperHalf => "bind() to port 0 seldom takes one of the upper half of the range",
            Self::BindParity => "it has the parity that bind() to port 0 takes first",
            Self::Loopback => "only local processes reach it",
            Self::ManyPorts => "its process has several UDP sockets on ports without a name",
            Self::Automatic => "the policy says that it is taken at random",
        }
    }

    /// What it alone makes of a socket.
    const fn makes(self) -> Fixed {
        match self {
            Self::Declared
            | Self::SocketUnit
            | Self::CommandLine
            | Self::Kernel
            | Self::OutsidePool
            | Self::SharedPort => Fixed::Yes,
            Self::SamePortAgain | Self::ConnectParity | Self::KnownPort | Self::Registry => {
                Fixed::Likely
            }
            Self::UpperHalf | Self::BindParity | Self::Loopback => Fixed::Unclear,
            Self::ManyPorts | Self::Automatic => Fixed::No,
        }
    }
}

/// What is known of a socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Weighed {
    /// Whether it is a fixed service.
    pub fixed: Fixed,
    /// What tells it, in the order of [`Sign::ALL`].
    pub signs: Vec<Sign>,
}

impl Weighed {
    /// Whether it is fixed, or most likely so.
    pub fn is_fixed(&self) -> bool {
        self.fixed >= Fixed::Likely
    }

    /// What is made of all signs together.
    fn of(mut signs: Vec<Sign>, transport: Transport) -> Self {
        signs.sort_unstable();
        let has = |sign: Sign| signs.contains(&sign);
        let most = signs.iter().map(|sign| sign.makes()).max().unwrap_or(Fixed::Unclear);
        let only_local =
            transport == Transport::Tcp && has(Sign::Loopback) && has(Sign::BindParity);
        let fixed = match most {
            _ if has(Sign::Declared) => Fixed::Yes,
            _ if has(Sign::Automatic) => Fixed::No,
            Fixed::Yes => Fixed::Yes,
            _ if has(Sign::ManyPorts) => Fixed::No,
            Fixed::Unclear if only_local => Fixed::No,
            _ => most,
        };
        Self { fixed, signs }
    }
}

/// A declared range that is longer is one that a service takes some port of.
const DECLARED_MOST: u32 = 1024;

/// What is known of the listeners of a scope, in their order.
pub fn weigh(policy: &Policy, scope: &Scope, pools: &[Pool<'_>]) -> Vec<Weighed> {
    let items = &scope.listeners.items;
    let parity = Parity::of(items, pools);
    let again = held_again(items);
    let certain: Vec<Vec<Sign>> =
        items.iter().map(|item| certain(policy, scope, pools, item)).collect();
    let chance = Chance::of(policy, pools, items, &certain);
    let weighed = items.iter().zip(certain).map(|(item, mut signs)| {
        let by_number = |sign: &Sign| sign.makes() == Fixed::Yes && *sign != Sign::OutsidePool;
        let names: Vec<Sign> = named(policy, item).collect();
        let outside = signs.contains(&Sign::OutsidePool);
        // A resolver may draw ports of its own from below the pool too.
        if chance.has(item)
            && !signs.iter().any(by_number)
            && !(outside && (item.port < 1024 || !names.is_empty()))
        {
            signs.retain(|sign| *sign != Sign::OutsidePool);
            signs.extend(pid(&item.owner).map(|_| Sign::ManyPorts));
        } else {
            signs.extend(names);
        }
        if item.address.to_canonical().is_loopback() {
            signs.push(Sign::Loopback);
        }
        if pid(&item.owner).is_some_and(|pid| again.contains(&(pid, item.port))) {
            signs.push(Sign::SamePortAgain);
        }
        signs.extend(parity.signs(item));
        Weighed::of(signs, item.transport)
    });
    weighed.collect()
}

/// Whether its port is one of the pool that it would be drawn from; `None` where no such pool is
/// known.
pub fn in_pool(pools: &[Pool<'_>], item: &Listener) -> Option<bool> {
    let mut of = pools.iter().filter(|pool| is_of(pool, item)).peekable();
    of.peek()?;
    Some(of.any(|pool| pool.ports.contains(item.port)))
}

/// Whether a pool is about the sockets of its transport and family.
pub fn is_of(pool: &Pool<'_>, item: &Listener) -> bool {
    item.transport == pool.transport
        && item.families.iter().any(|family| pool.families.contains(family))
}

fn pid(owner: &Owner) -> Option<u32> {
    match owner {
        Owner::Known { pid, .. } => Some(*pid),
        Owner::NotAsked | Owner::Kernel | Owner::Unseen(_) => None,
    }
}

/// Signs that do not depend on other sockets.
fn certain(policy: &Policy, scope: &Scope, pools: &[Pool<'_>], item: &Listener) -> Vec<Sign> {
    let has = |service: &&Declared| service.has(item.transport, item.port);
    // Services are declared for the reader's own scope.
    let mut declared = policy.services.iter().filter(|_| scope.current);
    let narrow = |service: &&Declared| has(service) && service.ports.count() <= DECLARED_MOST;
    let signs = [
        (declared.any(|service| narrow(&service)), Sign::Declared),
        (item.of_socket_unit, Sign::SocketUnit),
        (item.on_command_line, Sign::CommandLine),
        (item.owner == Owner::Kernel && item.transport == Transport::Udp, Sign::Kernel),
        (in_pool(pools, item) == Some(false), Sign::OutsidePool),
        (item.inodes.len() > 1, Sign::SharedPort),
        (scope.current && policy.automatic.iter().any(|service| has(&service)), Sign::Automatic),
    ];
    signs.into_iter().filter(|(holds, _)| *holds).map(|(_, sign)| sign).collect()
}

/// Signs by the name of the port.
fn named(policy: &Policy, item: &Listener) -> impl Iterator<Item = Sign> {
    let known = services::knows(item.transport, item.port);
    let assigned = policy.registry.service(item.transport, item.port).is_some();
    let signs = [(known, Sign::KnownPort), (assigned, Sign::Registry)];
    signs.into_iter().filter(|(holds, _)| *holds).map(|(_, sign)| sign)
}

/// The ports that a process has on several addresses or transports. Not on loopback: what is open
/// to local processes only often takes the port of one address on the other.
fn held_again(items: &[Listener]) -> BTreeSet<(u32, u16)> {
    let mut once = BTreeSet::new();
    let open = items.iter().filter(|item| !item.address.to_canonical().is_loopback());
    let held = open.filter_map(|item| Some((pid(&item.owner)?, item.port)));
    held.filter(|held| !once.insert(*held)).collect()
}

/// UDP sockets on ports of chance: a process with several of them is a resolver, a proxy or another
/// client. One that has a name for each of its ports is none. Where processes are not seen, all
/// sockets may be of one.
struct Chance(BTreeSet<Option<u32>>);

impl Chance {
    fn of(policy: &Policy, pools: &[Pool<'_>], items: &[Listener], certain: &[Vec<Sign>]) -> Self {
        let mut ports: BTreeMap<Option<u32>, BTreeSet<u16>> = BTreeMap::new();
        for (item, signs) in items.iter().zip(certain) {
            let fixed = signs.iter().any(|sign| sign.makes() == Fixed::Yes);
            if item.transport == Transport::Udp && !fixed && in_pool(pools, item) == Some(true) {
                ports.entry(pid(&item.owner)).or_default().insert(item.port);
            }
        }
        let nameless = |port: &u16| {
            policy.registry.service(Transport::Udp, *port).is_none()
                && !services::knows(Transport::Udp, *port)
        };
        let several = |(_, ports): &(Option<u32>, BTreeSet<u16>)| {
            ports.len() > 1 && ports.iter().any(nameless)
        };
        Self(ports.into_iter().filter(several).map(|(pid, _)| pid).collect())
    }

    fn has(&self, item: &Listener) -> bool {
        item.transport == Transport::Udp && self.0.contains(&pid(&item.owner))
    }
}

/// What the parity of a TCP port tells: since Linux 4.5 connect() begins with that of the low
/// bound, bind() to port 0 with the other, and the ports of the first parity are its last.
struct Parity {
    /// The range of each pool, and its middle.
    ranges: Vec<(PortRange, u16, PortSet)>,
}

impl Parity {
    fn of(items: &[Listener], pools: &[Pool<'_>]) -> Self {
        let by_parity = |pool: &&Pool<'_>| {
            pool.transport == Transport::Tcp && pool.range.tcp_by_parity == Some(true)
        };
        let ranges = pools.iter().filter(by_parity).filter_map(|pool| {
            let range = pool.bounds.range();
            let middle = middle(range);
            let lower = PortRange::new(range.first(), middle.checked_sub(1)?)?;
            let first_of_bind =
                of_parity(&pool.ports.intersection(&lower.into()), range.first() % 2 == 0);
            let taken = items.iter().filter(|item| {
                is_of(pool, item) && lower.contains(item.port) && item.port % 2 != range.first() % 2
            });
            // Once they are all taken, bind() to port 0 takes the others.
            let left = u32::try_from(taken.count()).is_ok_and(|taken| taken < first_of_bind);
            left.then(|| (range, middle, pool.ports.clone()))
        });
        Self { ranges: ranges.collect() }
    }

    fn signs(&self, item: &Listener) -> Vec<Sign> {
        let of = |(_, _, ports): &&(PortRange, u16, PortSet)| ports.contains(item.port);
        let found = self.ranges.iter().filter(|_| item.transport == Transport::Tcp).find(of);
        let Some((range, middle, _)) = found else { return Vec::new() };
        if item.port % 2 == range.first() % 2 {
            return vec![Sign::ConnectParity];
        }
        let upper = item.port >= *middle && !item.address.to_canonical().is_loopback();
        let upper = upper.then_some(Sign::UpperHalf);
        upper.into_iter().chain([Sign::BindParity]).collect()
    }
}

/// Where the upper half of a range begins, which bind() to port 0 with `SO_REUSEADDR` keeps out of
/// while the lower has a port (`inet_csk_find_open_port`, net/ipv4/inet_connection_sock.c).
pub fn middle(range: PortRange) -> u16 {
    range.first() + (((range.last() - range.first()) >> 2) << 1)
}

/// How many of the ports are odd, or are even.
fn of_parity(ports: &PortSet, odd: bool) -> u32 {
    let up_to = |end: u32| if odd { end / 2 } else { end.div_ceil(2) };
    let spans = ports.spans().iter();
    spans.map(|span| up_to(u32::from(span.last()) + 1) - up_to(span.first().into())).sum()
}
