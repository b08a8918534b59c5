//! What a finding about listeners says.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use ephaudit_platform::ports::{PortRange, PortSet};
use ephaudit_platform::snapshot::{Listener, Owner, Pool, Transport};

use super::{ListenerGroup, is_fixed, ports};
use crate::fixed::{self, Fixed, Sign};
use crate::policy::Policy;
use crate::report::Evidence;
use crate::text::{counted, parity, run_by, spans};

/// How ss(8) calls a transport.
pub(super) const fn letter(transport: Transport) -> &'static str {
    match transport {
        Transport::Tcp => "t",
        Transport::Udp => "u",
    }
}

/// The ports of a transport.
fn of(group: &ListenerGroup<'_>, transport: Transport) -> PortSet {
    let items = group.iter().filter(|(item, _)| item.transport == transport);
    items.map(|(item, _)| PortRange::single(item.port)).collect()
}

/// "tcp/33060", "tcp/33060-33061+udp/40853".
pub(super) fn named(group: &ListenerGroup<'_>) -> String {
    let parts = Transport::ALL.iter().map(|&transport| (transport, of(group, transport)));
    let parts = parts.filter(|(_, ports)| !ports.is_empty());
    parts.map(|(transport, ports)| format!("{transport}/{ports}")).collect::<Vec<_>>().join("+")
}

/// Who holds a socket, in words that stay from start to start.
pub(super) fn holder(item: &Listener) -> String {
    match &item.owner {
        Owner::Known { command, unit, container, .. } => {
            let word = |text: &Option<String>| text.clone().unwrap_or_default();
            format!("unclear/{}/{}/{}", word(command), word(unit), word(container))
        }
        Owner::NotAsked | Owner::Kernel | Owner::Unseen(_) => {
            format!("unclear/{}/unseen", item.transport)
        }
    }
}

pub(super) fn title(policy: &Policy, group: &ListenerGroup<'_>) -> String {
    let Some((first, _)) = group.first() else { return String::new() };
    let one = group.iter().all(|(i, _)| (i.transport, i.port) == (first.transport, first.port));
    if one {
        let name = policy.registry.service(first.transport, first.port);
        let name = name.map_or_else(String::new, |name| format!(" ({name})"));
        let (transport, port) = (first.transport, first.port);
        return format!(
            "{transport} port {port}{name} has a listener inside the pool and is not reserved"
        );
    }
    let who = match &first.owner {
        Owner::Known { command: Some(command), .. } => format!("{command} listens"),
        Owner::Known { pid, .. } => format!("the process {pid} listens"),
        Owner::Kernel => "the kernel listens".to_owned(),
        // How many they are, nobody knows.
        Owner::NotAsked | Owner::Unseen(_) => "processes that are not seen listen".to_owned(),
    };
    let each = Transport::ALL.iter().map(|&transport| (transport, of(group, transport)));
    let each = each.filter(|(_, ports)| !ports.is_empty());
    let each: Vec<String> =
        each.map(|(transport, ports)| format!("{transport} {}", spans(&ports))).collect();
    format!(
        "{who} on {} inside the pool that {} not reserved: {}",
        counted(ports(group).count(), "port"),
        if ports(group).count() == 1 { "is" } else { "are" },
        each.join(", ")
    )
}

pub(in crate::rules) fn evidence(item: &Listener) -> Evidence {
    Evidence {
        what: "listener",
        value: listening(item),
        source: item.source.clone(),
        line: None,
        command: format!("ss -H{}lnp 'sport = :{}'", letter(item.transport), item.port),
    }
}

fn listening(item: &Listener) -> String {
    let address = SocketAddr::new(item.address, item.port);
    let shared = match item.inodes.len() {
        0 | 1 => String::new(),
        sockets => format!(", one of {sockets} sockets that share it"),
    };
    match &item.owner {
        Owner::Known { pid, command, unit, container } => {
            let command = command.as_ref().map_or_else(String::new, |name| format!(" {name}"));
            let run_by = run_by(unit.as_deref(), container.as_deref());
            format!("{address}{command} (pid {pid}{run_by}{shared})")
        }
        Owner::Kernel => format!("{address}, of the kernel"),
        Owner::NotAsked | Owner::Unseen(_) => address.to_string(),
    }
}

/// What tells that it is a service, and who can take its port: `__inet_hash_connect` and
/// `inet_csk_find_open_port`, net/ipv4, Linux 6.1–6.18. A socket on another local address does not
/// stand in the way, so a listener on loopback has only loopback to fear.
pub(super) fn message(group: &ListenerGroup<'_>, pool: &Pool<'_>) -> String {
    let mut message = vec![why(group)];
    let has = |transport: Transport| group.iter().any(|(item, _)| item.transport == transport);
    if has(Transport::Tcp) {
        let local = group.iter().all(|(item, _)| item.address.to_canonical().is_loopback());
        let taker =
            if local { "a connection between local processes" } else { "an outgoing connection" };
        message.push(format!(
            "While its service is down {taker} can take the port, and SO_REUSEADDR on the service \
             alone does not help."
        ));
        message.extend(turn(group, pool));
    }
    if has(Transport::Udp) {
        message.push(
            "While its service is down any client can be given the UDP port; SO_REUSEADDR helps \
             only where both sockets set it. UDP prefers no parity."
                .to_owned(),
        );
    }
    message.join(" ")
}

fn why(group: &ListenerGroup<'_>) -> String {
    let signs: BTreeSet<Sign> =
        group.iter().flat_map(|(_, weighed)| weighed.signs.clone()).collect();
    let signs: Vec<&str> = signs.into_iter().map(Sign::says).collect();
    if is_fixed(group) {
        let certain = group.iter().any(|(_, weighed)| weighed.fixed == Fixed::Yes);
        let what = if certain { "A fixed service" } else { "Most likely a fixed service" };
        return format!("{what}: {}.", signs.join("; "));
    }
    let why = if signs.is_empty() { String::new() } else { format!(" ({})", signs.join("; ")) };
    format!("Nothing tells whether it asked for its port by number or took any{why}.")
}

/// Which parity goes first, where one port is told.
fn turn(group: &ListenerGroup<'_>, pool: &Pool<'_>) -> Option<String> {
    let ports = of(group, Transport::Tcp);
    let port = ports.spans().first().filter(|_| ports.count() == 1)?.first();
    if pool.transport != Transport::Tcp || pool.range.tcp_by_parity != Some(true) {
        return None;
    }
    let range = pool.bounds.range();
    let (first, other) = (parity(range.first()), parity(range.first() ^ 1));
    let order = format!("connect() takes {first} ports first (the parity of the low bound)");
    Some(if port % 2 == range.first() % 2 {
        format!("{order}, so this port is among the first to be taken.")
    } else if port < fixed::middle(range) {
        format!("{order}, and bind() to port 0 {other} ones: so bind() is the first to take it.")
    } else {
        format!(
            "{order}, and bind() to port 0 {other} ones: so bind() is the first to take it, but \
             for sockets with SO_REUSEADDR, which take the lower half of the range first."
        )
    })
}
