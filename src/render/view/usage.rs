//! Who uses the pools.

use super::facts::{row, unread};
use crate::text::{counted, grouped};
use crate::wire::v1::{PortsInUse, Scope, State, Usage};

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
    let interface = used.interface.map_or_else(String::new, |index| format!("%{index}"));
    let to = match (&used.destination, used.port) {
        (Some(address), Some(port)) if address.contains(':') => {
            format!("[{address}{interface}]:{port}")
        }
        (Some(address), Some(port)) => format!("{address}{interface}:{port}"),
        _ => "any".to_owned(),
    };
    let number = |number: Option<u32>| number.map_or_else(|| "?".to_owned(), grouped);
    vec![
        format!("{} {}", used.transport.name(), used.source),
        to,
        grouped(used.ports_used),
        number(used.ports_usable),
        number(used.percent),
    ]
}
