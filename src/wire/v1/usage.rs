//! Who uses the pools: its structs, and how they are filled.

use crate::remedy::figures::new_a_second;
use ephaudit_platform::snapshot::{self as facts, Destination, Family, Pool};
use ephaudit_platform::{bound_in_pool, pools, usable_ports};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::words::{raw, reason, source, state, transport};
use super::{Source, State, Transport, Word, closed};

/// Who uses the pools of a scope; null is what was not requested or could not be read.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Usage {
    /// "absent" where it is not read on this system.
    pub state: State,
    /// Why it is not known.
    #[schemars(extend("enum" = closed::or_null(closed::reasons())))]
    pub reason: Option<Word>,
    /// "counters" where they were enough, or all that was requested; else where the sockets were
    /// read: "sock_diag" or "proc", or "list" where a program listed them.
    #[schemars(extend("enum" = closed::or_null(["counters", "sock_diag", "proc", "list"])))]
    pub method: Option<Word>,
    /// TCP sockets of the namespace except those in TIME_WAIT.
    pub tcp_sockets: Option<u32>,
    /// TCP sockets in TIME_WAIT.
    pub tcp_time_wait: Option<u32>,
    /// UDP sockets with a port.
    pub udp_sockets: Option<u32>,
    /// TCP ports of the pool that bind() is known to hold, listeners included: no connect() is
    /// given one of these.
    pub bound_in_pool: Option<u32>,
    /// At most so many TCP sockets may be bound besides, and neither listen nor are connected; 0
    /// where these were read.
    pub bound_unseen: Option<u32>,
    /// New TCP connections a second to one destination that a client can go on opening where it
    /// closes first: the usable ports divided by the length of TIME_WAIT.
    pub ceiling_per_second: Option<u32>,
    /// The most used first, as many as were asked for.
    pub destinations: Vec<PortsInUse>,
    /// The processes that hold most of the connections to the busiest TCP destination, where that
    /// has half of the pool or more. (Since 1.1.)
    #[serde(default)]
    pub busiest_users: Vec<PortUser>,
    /// TCP sockets whose two ends are equal.
    pub self_connected: Vec<Connection>,
    /// TCP connections from a System Port that nothing listens on, the first of them.
    pub from_system_ports: Vec<Connection>,
    /// Ends in the pool that several connections of this host shared and that nothing listens on
    /// any more.
    pub left_behind: Vec<LeftBehind>,
    /// By how much the numbers of `destinations` may be too low.
    pub uncounted: u32,
    /// Settings that decide how long a port stays in use; read with the sockets.
    pub settings: Vec<Setting>,
    /// The beginning of a text that made no sense, else null.
    pub raw: Option<String>,
    /// Where the counters were read.
    pub source: Source,
}

/// Local ports in use from one address.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct PortsInUse {
    /// The transport.
    pub transport: Transport,
    /// The local address.
    pub source: String,
    /// The peer's address; null where the source's ports are counted whatever the peer, as bind()
    /// and UDP see them.
    pub destination: Option<String>,
    /// The peer's port.
    pub port: Option<u16>,
    /// The index of the interface that the sockets are bound to; null where they are bound to none.
    pub interface: Option<u32>,
    /// How many local ports of the pool are in use, TIME_WAIT included.
    pub ports_used: u32,
    /// How many are usable.
    pub ports_usable: Option<u32>,
    /// The part in use, rounded down.
    pub percent: Option<u32>,
}

/// A process that uses ports of the pool.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct PortUser {
    /// Its id.
    pub pid: u32,
    /// Its name.
    pub command: String,
    /// How many ports.
    pub ports: u32,
}

/// One TCP connection.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Connection {
    /// Its own end, ADDRESS:PORT.
    pub local: String,
    /// The other end.
    pub peer: String,
    /// As `ss` names it.
    pub state: Word,
    /// The user that made it.
    pub uid: u32,
}

/// An end that connections in TIME_WAIT share.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct LeftBehind {
    /// ADDRESS:PORT.
    pub local: String,
    /// How many connections.
    pub connections: u32,
}

/// A setting that decides how long a port stays in use.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Setting {
    /// The sysctl.
    pub name: Word,
    /// Whether it is known.
    pub state: State,
    /// Its value.
    pub value: Option<u64>,
    /// Why it is not known.
    #[schemars(extend("enum" = closed::or_null(closed::reasons())))]
    pub reason: Option<Word>,
}

/// The usage of a scope, with its `top` most used destinations.
pub(super) fn usage(scope: &facts::Scope, top: usize) -> Usage {
    let reading = &scope.usage;
    let known = reading.known();
    let census = known.and_then(|usage| usage.census.as_ref());
    let pools = pools(scope);
    // Linux keeps what bind() holds from connect(); where families differ, each has its pool.
    let usable = |row: &Destination| {
        usable_ports(scope, row.transport).or_else(|| {
            let of = if row.source.is_ipv6() { Family::Ipv6 } else { Family::Ipv4 };
            let fits =
                |pool: &&Pool<'_>| pool.transport == row.transport && pool.families.contains(&of);
            pools.iter().find(fits).map(Pool::usable)
        })
    };
    let destinations = census.map_or(&[][..], |census| &census.destinations);
    Usage {
        state: state(reading),
        reason: reading.why().map(|why| reason(why.reason)),
        method: known.map(|_| {
            let how = census.map_or("counters", |census| {
                let by_netlink =
                    |source: &facts::Source| matches!(source, facts::Source::Netlink(_));
                match census.sources.iter().all(by_netlink) {
                    true => "sock_diag",
                    // Only Linux has settings beside them.
                    false if census.settings.is_empty() => "list",
                    false => "proc",
                }
            });
            how.into()
        }),
        tcp_sockets: known.map(|usage| usage.tcp_sockets),
        tcp_time_wait: known.map(|usage| usage.tcp_time_wait),
        udp_sockets: known.map(|usage| usage.udp_sockets),
        bound_in_pool: bound_in_pool(scope).map(|ports| ports.count()),
        bound_unseen: known.map(|usage| usage.bound_unseen),
        ceiling_per_second: ceiling(scope),
        destinations: destinations
            .iter()
            .take(top)
            .map(|used| PortsInUse {
                transport: transport(used.transport),
                source: used.source.to_string(),
                destination: used.peer.map(|peer| peer.ip().to_string()),
                port: used.peer.map(|peer| peer.port()),
                interface: used.interface,
                ports_used: used.ports_used,
                ports_usable: usable(used),
                percent: usable(used).and_then(|usable| used.percent_of(usable)),
            })
            .collect(),
        busiest_users: census
            .map_or(&[][..], |census| &census.busiest_users)
            .iter()
            .map(user)
            .collect(),
        self_connected: connections(census.map_or(&[][..], |census| &census.self_connected)),
        from_system_ports: connections(census.map_or(&[][..], |census| &census.from_system_ports)),
        left_behind: census
            .map_or(&[][..], |census| &census.left_behind)
            .iter()
            .map(|(local, connections)| LeftBehind {
                local: local.to_string(),
                connections: *connections,
            })
            .collect(),
        uncounted: census.map_or(0, |census| census.uncounted),
        settings: census.map_or(&[][..], |census| &census.settings).iter().map(setting).collect(),
        raw: raw(reading),
        source: source(reading.source()),
    }
}

fn ceiling(scope: &facts::Scope) -> Option<u32> {
    new_a_second(scope, usable_ports(scope, facts::Transport::Tcp)?)
}

fn user(user: &facts::PortUser) -> PortUser {
    PortUser { pid: user.pid, command: user.command.clone(), ports: user.ports }
}

fn connections(all: &[facts::Connection]) -> Vec<Connection> {
    all.iter()
        .map(|c| Connection {
            local: c.local.to_string(),
            peer: c.peer.to_string(),
            state: c.state_name().into(),
            uid: c.uid,
        })
        .collect()
}

fn setting((name, reading): &(&'static str, facts::Reading<u64>)) -> Setting {
    Setting {
        name: (*name).into(),
        state: state(reading),
        value: reading.known().copied(),
        reason: reading.why().map(|why| reason(why.reason)),
    }
}
