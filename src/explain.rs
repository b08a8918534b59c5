//! What a port is, who holds it, and what a service would meet that wants it now: facts in,
//! explanation out.

mod meeting;
#[cfg(test)]
mod tests;
mod words;

use std::net::IpAddr;

use ephaudit_platform::holders::{Hold, Holder, Holders};
use ephaudit_platform::ports::{PortRange, PortSet};
use ephaudit_platform::snapshot::{
    Bounds, Family, HostInfo, Os, Owner, Range, Reading, Reason, ReservedKind, Scope, Snapshot,
    Transport, Why,
};
use ephaudit_platform::unread::Subject;
use schemars::JsonSchema;
use serde::Serialize;

use crate::iana::Registry;
use crate::report::{Gap, Step};

/// What is known about one port.
#[derive(Debug)]
pub struct Explanation<'a> {
    /// Where.
    pub scope: &'a Scope,
    /// The port.
    pub port: u16,
    /// Whether binding it takes privilege; `None` where that is not known.
    pub privileged: Option<bool>,
    /// For each transport that was asked about.
    pub transports: Vec<OnTransport<'a>>,
    /// What can be done.
    pub steps: Vec<Step>,
    /// What could not be read.
    pub gaps: Vec<Gap>,
}

/// What is said of a port of one transport.
#[derive(Debug)]
pub struct OnTransport<'a> {
    /// The transport.
    pub transport: Transport,
    /// The name that IANA assigned.
    pub service: Option<&'a str>,
    /// The ephemeral range that holds it, or the only one there is.
    pub bounds: Option<&'a Bounds>,
    /// Whether it is in an ephemeral range; `None` is not known here and below.
    pub in_range: Option<bool>,
    /// Whether it is kept out of automatic allocation.
    pub reserved: Option<bool>,
    /// The blocks of Windows that lie on it and that no program may bind in.
    pub excluded: Vec<Exclusion>,
    /// Those that an administrator added: kept for a program that asks for the port.
    pub administered: Vec<Exclusion>,
    /// Whether automatic allocation can hand it out.
    pub in_pool: Option<bool>,
    /// Its state.
    pub state: PortState,
    /// The same in one line.
    pub answer: String,
    /// Who holds it.
    pub holders: &'a Holders,
    /// What a service would meet that binds it, by its address.
    pub if_wanted: Vec<Meeting>,
    /// Whether a TCP client can connect to itself there.
    pub self_connect: Option<SelfConnect>,
}

/// A block of ports that a service of Windows holds: bind() in it fails with WSAEACCES, whoever
/// listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exclusion {
    /// The family.
    pub family: Family,
    /// The ports.
    pub block: PortRange,
}

/// The state of a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PortState {
    /// Nobody holds it.
    Free,
    /// Someone listens.
    Served,
    /// A UDP socket without a peer has it: a service, or a client that talks to many.
    Open,
    /// A TCP socket is bound to it, and neither listens nor is connected.
    Bound,
    /// A connection holds it, and nobody listens.
    Connected,
    /// A socket there is connected to itself.
    SelfConnected,
    /// Only `TIME_WAIT` keeps it.
    Waiting,
    /// A block of Windows lies on it, and nobody is seen to hold it.
    Excluded,
    /// That could not be read.
    Unknown,
}

/// What a service meets that binds an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meeting {
    /// The family of the address; `[::]` is taken to serve both.
    pub family: Family,
    /// The address; `None` is any that has no meeting of its own.
    pub address: Option<IpAddr>,
    /// Without SO_REUSEADDR.
    pub without: Bind,
    /// With it.
    pub with: Bind,
}

/// How bind() and listen() end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Bind {
    /// They work.
    Works,
    /// They work, unless a socket holds the port that this kernel does not show (there is a gap).
    WorksAsSeen,
    /// EADDRINUSE.
    InUse,
    /// EADDRINUSE, unless the holder set SO_REUSEADDR too, which no kernel shows.
    InUseUnlessHolderReuses,
    /// EADDRINUSE, unless the holder is IPv6 only (IPV6_V6ONLY, or bind() to one IPv6 address),
    /// which is not shown here.
    #[serde(rename = "in-use-unless-holder-v6only")]
    InUseUnlessHolderV6Only,
    /// EADDRINUSE, unless the holder set SO_REUSEADDR too or is IPv6 only.
    #[serde(rename = "in-use-unless-holder-reuses-or-v6only")]
    InUseUnlessHolderReusesOrV6Only,
    /// WSAEACCES (10013): a block of Windows lies on the port.
    Excluded,
    /// Unknown.
    Unknown,
}

/// Whether a TCP client that keeps trying the port while nobody listens can be connected to itself.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct SelfConnect {
    /// How likely.
    pub exposure: Exposure,
    /// Why.
    pub reason: String,
}

/// How likely a client is connected to itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Exposure {
    /// Sooner or later.
    Exposed,
    /// Only after the ports of the other parity are used up, or where the client binds an address
    /// first.
    ExposedLate,
    /// Never by automatic allocation.
    Immune,
    /// Unknown.
    Unknown,
}

/// Explains the port of `holders`, one for each transport that is asked about. A host without any
/// scope was not read.
pub fn explain<'a>(
    snapshot: &'a Snapshot,
    registry: &'a Registry,
    port: u16,
    holders: &'a [Holders],
) -> Option<Explanation<'a>> {
    let scope = snapshot.scopes.iter().find(|scope| scope.current).or(snapshot.scopes.first())?;
    let transports: Vec<OnTransport<'a>> = holders
        .iter()
        .map(|held| on_transport(&snapshot.host, port, scope, registry, held))
        .collect();
    let privileged = match &scope.unprivileged_start {
        Reading::Known { value, .. } => Some(port < *value),
        // Before Linux 4.11 it was no knob (PROT_SOCK).
        Reading::Absent { .. } if snapshot.host.os == Os::Linux => Some(port < 1024),
        _ => None,
    };
    let steps = words::steps(snapshot, scope, port, &transports);
    let gaps = gaps(scope, holders);
    Some(Explanation { scope, port, privileged, transports, steps, gaps })
}

fn on_transport<'a>(
    host: &HostInfo,
    port: u16,
    scope: &'a Scope,
    registry: &'a Registry,
    holders: &'a Holders,
) -> OnTransport<'a> {
    let transport = holders.transport;
    let ranges: Vec<&Range> =
        scope.ephemeral().filter(|range| range.transports.contains(&transport)).collect();
    let holds = |range: &&&Range| range.bounds.known().is_some_and(|b| b.range().contains(port));
    let range = ranges.iter().find(holds).or(ranges.first()).copied();
    let in_range = any(ranges.iter().map(|range| {
        let known = range.bounds.known();
        match &range.bounds {
            Reading::Absent { .. } => Some(false),
            _ => known.map(|bounds| bounds.range().contains(port)),
        }
    }));
    let lists = scope.reserved.iter().filter(|list| list.transports.contains(&transport));
    let reserved = any(lists.map(|list| match &list.ports {
        Reading::Absent { .. } => Some(false),
        ports => ports.known().map(|ports| ports.contains(port)),
    }));
    let in_pool = in_pool(scope, &ranges, transport, port);
    let blocks = |kind| blocks(scope, kind, transport, port);
    let (excluded, administered) =
        (blocks(ReservedKind::Excluded), blocks(ReservedKind::Administered));
    let state = match state(holders) {
        PortState::Free | PortState::Unknown if !excluded.is_empty() => PortState::Excluded,
        state => state,
    };
    let mut if_wanted = meeting::all(host, holders);
    for meeting in &mut if_wanted {
        if excluded.iter().any(|exclusion| exclusion.family == meeting.family) {
            (meeting.without, meeting.with) = (Bind::Excluded, Bind::Excluded);
        }
    }
    let mut on = OnTransport {
        transport,
        service: registry.service(transport, port),
        bounds: range.and_then(|range| range.bounds.known()),
        in_range,
        reserved,
        excluded,
        administered,
        in_pool,
        state,
        answer: String::new(),
        holders,
        if_wanted,
        self_connect: (transport == Transport::Tcp)
            .then(|| meeting::self_connect(range, in_pool, port)),
    };
    on.answer = words::answer(&on);
    on
}

/// The blocks of Windows that lie on the port.
fn blocks(scope: &Scope, kind: ReservedKind, transport: Transport, port: u16) -> Vec<Exclusion> {
    let lists = scope
        .reserved
        .iter()
        .filter(|list| list.kind == kind && list.transports.contains(&transport));
    let blocks = lists.flat_map(|list| {
        let mut known = list.ports.known().into_iter().flat_map(PortSet::spans).copied();
        let block = known.find(|block| block.contains(port));
        list.families.iter().filter_map(move |&family| Some(Exclusion { family, block: block? }))
    });
    blocks.collect()
}

/// One that holds is enough; one that is not known spoils a no.
fn any(each: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let each: Vec<Option<bool>> = each.collect();
    match () {
        () if each.contains(&Some(true)) => Some(true),
        () if each.contains(&None) => None,
        () => Some(false),
    }
}

fn in_pool(scope: &Scope, ranges: &[&Range], transport: Transport, port: u16) -> Option<bool> {
    let pools = ephaudit_platform::pools(scope);
    let of = |range: &Range| {
        if matches!(range.bounds, Reading::Absent { .. }) {
            return Some(false);
        }
        // A port outside of the range is outside of the pool, whatever is reserved.
        let bounds = range.bounds.known()?;
        let pool = pools
            .iter()
            .find(|pool| pool.transport == transport && std::ptr::eq(pool.range, range));
        match pool {
            Some(pool) => Some(pool.ports.contains(port)),
            None if !bounds.range().contains(port) => Some(false),
            None => None,
        }
    };
    any(ranges.iter().map(|range| of(range)))
}

fn state(holders: &Holders) -> PortState {
    let of = |wanted: Hold| holders.items.iter().any(|item| item.hold == wanted);
    match holders.transport {
        Transport::Tcp if of(Hold::Listens) => PortState::Served,
        Transport::Udp if of(Hold::Listens) => PortState::Open,
        _ if holders.items.iter().any(Holder::is_its_own_peer) => PortState::SelfConnected,
        _ if of(Hold::Connected) => PortState::Connected,
        _ if of(Hold::Bound) => PortState::Bound,
        _ if of(Hold::Waits) => PortState::Waiting,
        // One that is only bound holds the port too, and is not seen everywhere.
        _ if holders.unread.is_empty() && holders.bound_shown => PortState::Free,
        _ => PortState::Unknown,
    }
}

fn gaps(scope: &Scope, holders: &[Holders]) -> Vec<Gap> {
    // What has the port by another transport is in nobody's way, and is told all the same.
    let unread = scope.notes.iter().chain(&scope.listeners.unread);
    let others = unread.filter(|unread| matches!(unread.subject, Subject::OtherTransport(_)));
    let mut gaps: Vec<Gap> = others.map(|unread| Gap::of(scope, unread)).collect();
    let asked = |of: &[Transport]| holders.iter().any(|held| of.contains(&held.transport));
    let ranges = scope.ephemeral().filter(|range| asked(range.transports));
    let ranges = ranges.map(|range| ("ephemeral range", range.bounds.why()));
    let reserved = scope.reserved.iter().filter(|list| asked(list.transports));
    let reserved = reserved.map(|list| ("reserved ports", list.ports.why()));
    let start = [("unprivileged port start", scope.unprivileged_start.why())];
    for (what, why) in ranges.chain(reserved).chain(start) {
        let gap = why.map(|why| Gap::new(scope, what, why));
        // One table of Windows holds blocks of both kinds.
        let again = |gap: &Gap| gaps.last().is_some_and(|last| last.detail == gap.detail);
        if let Some(gap) = gap.filter(|gap| !again(gap)) {
            gaps.push(gap);
        }
    }
    for held in holders {
        gaps.extend(held.unread.iter().map(|unread| Gap::of(scope, unread)));
        if held.unread.is_empty() && !held.bound_shown {
            let why = "Linux shows sockets that are bound and nothing else since 6.8, and by sock_diag only";
            let what = format!("{} sockets that are only bound", held.transport);
            gaps.push(Gap::new(scope, what, &Why::new(Reason::Unsupported, why)));
        }
        let mut whys: Vec<&Why> = Vec::new();
        for item in &held.items {
            if let Owner::Unseen(why) = &item.owner {
                if !whys.contains(&why) {
                    whys.push(why);
                    let what = format!("owner of {} {}", held.transport, item.ends.local);
                    gaps.push(Gap::new(scope, what, why));
                }
            }
        }
    }
    gaps
}
