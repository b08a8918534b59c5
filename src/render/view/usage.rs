//! Who uses the pools.

use super::rows::{row, unread};
use crate::text::{counted, grouped};
use crate::wire::v1::{PortsInUse, Scope, State, Transport, Usage};

/// The line among the facts; none where it is not read on this system.
pub fn fact(scope: &Scope) -> Option<Vec<String>> {
    let usage = &scope.usage;
    let value = match (usage.state, usage.tcp_sockets, usage.tcp_time_wait) {
        (State::Absent, ..) => return None,
        (State::Known, Some(sockets), Some(waiting)) => {
            let sockets = counted(sockets, "tcp socket");
            format!("{sockets}, {} in TIME_WAIT", grouped(waiting))
        }
        _ => unread(usage.state, usage.reason.as_deref()),
    };
    Some(row("in use", &value, &usage.source.location))
}

/// The busiest destinations behind a heading, where the sockets were looked at.
pub fn used_rows(usage: &Usage) -> Vec<Vec<String>> {
    let head = ["PORTS IN USE FROM", "TO", "USED", "OF", "PERCENT"].map(str::to_owned).to_vec();
    std::iter::once(head).chain(usage.destinations.iter().map(used_row)).collect()
}

fn used_row(used: &PortsInUse) -> Vec<String> {
    let number = |number: Option<u32>| number.map_or_else(|| "?".to_owned(), grouped);
    vec![
        format!("{} {}", used.transport.name(), used.source),
        destination(used),
        grouped(used.ports_used),
        number(used.ports_usable),
        number(used.percent),
    ]
}

/// The busiest destination in words, with whoever has its connections where it is above half;
/// nothing where the sockets were not looked at.
pub fn busiest(usage: &Usage) -> Option<String> {
    if matches!(usage.method.as_deref(), None | Some("counters")) {
        return None;
    }
    let used = usage.destinations.iter().filter(|used| used.destination.is_some());
    // The first of equals.
    let Some(most) = used.rev().max_by_key(|used| used.percent) else {
        return Some("no connection has a port of the pool".to_owned());
    };
    let to = destination(most);
    let mut of_tcp = usage.destinations.iter().filter(|used| used.transport == Transport::Tcp);
    let theirs = of_tcp.find(|used| used.destination.is_some());
    let owner = usage
        .busiest_users
        .first()
        .filter(|_| theirs.is_some_and(|theirs| std::ptr::eq(theirs, most)));
    let owner = owner.map_or_else(String::new, |user| {
        format!(", {} by {} (pid {})", grouped(user.ports), user.command, user.pid)
    });
    let percent = most.percent.map_or_else(|| "? %".to_owned(), |percent| format!("{percent} %"));
    let ports = counted(most.ports_used, "port");
    Some(format!("{percent} of the pool to {to}: {ports} from {}{owner}", most.source))
}

/// The other end, as it is written in an address.
pub fn destination(used: &PortsInUse) -> String {
    let interface = used.interface.map_or_else(String::new, |index| format!("%{index}"));
    match (&used.destination, used.port) {
        (Some(address), Some(port)) if address.contains(':') => {
            format!("[{address}{interface}]:{port}")
        }
        (Some(address), Some(port)) => format!("{address}{interface}:{port}"),
        _ => "any".to_owned(),
    }
}
