//! Who uses the pool, where a system's sockets are told as a list.

use crate::ask::{Ask, CensusOf, Refusal, Reply};
use crate::pool;
use crate::ports::{PortRange, PortSet};
use crate::snapshot::{Family, Reading, Reason, Scope, Transport};
use crate::usage::{Census, Usage};

/// RFC 6335 section 6.
const SYSTEM_PORTS: PortRange = PortRange::between(1, 1023);

/// The usage of a scope whose ranges and listeners are read; `None` where there is no list.
pub(super) fn read(ask: &dyn Ask, scope: &Scope) -> Option<Reading<Usage>> {
    let of_tcp = scope.listeners.items.iter().filter(|item| item.transport == Transport::Tcp);
    let listening: PortSet = of_tcp.map(|item| PortRange::single(item.port)).collect();
    let mut census = Census::default();
    let mut usage = Usage {
        tcp_sockets: 0,
        tcp_time_wait: 0,
        udp_sockets: 0,
        bound: listening.clone(),
        bound_unseen: 0,
        census: None,
    };
    let (pools, no_ports) = (pool::pools(scope), PortSet::new());
    for &transport in Transport::ALL {
        let of_transport = pools.iter().filter(|pool| pool.transport == transport);
        let mut counted: Vec<(&PortSet, &[Family])> =
            of_transport.map(|pool| (&pool.ports, pool.families)).collect();
        if counted.is_empty() {
            // What does not depend on a pool is told without one.
            counted.push((&no_ports, &[]));
        }
        let mut place = None;
        for (ports, families) in counted {
            let of = CensusOf {
                transport,
                pool: ports,
                beside: SYSTEM_PORTS,
                listening: &listening,
                bound: false,
            };
            let Reply { source, outcome } = ask.census(&of);
            let rows = match outcome.map_err(Refusal::why) {
                Ok(rows) => rows,
                Err(why) if matches!(why.reason, Reason::NotCaptured | Reason::Unsupported) => {
                    return None;
                }
                Err(why) => return Some(Reading::Unknown { source, why }),
            };
            let fits = |family: Family| families.contains(&family);
            census.destinations.extend(rows.used.into_iter().filter(|row| {
                fits(if row.source.is_ipv6() { Family::Ipv6 } else { Family::Ipv4 })
            }));
            // What does not depend on the pool is the same for each.
            match transport {
                Transport::Tcp => {
                    usage.tcp_sockets = rows.sockets;
                    usage.tcp_time_wait = rows.time_wait;
                    census.self_connected = rows.self_connected;
                    census.from_system_ports = rows.from_system_ports;
                }
                Transport::Udp => usage.udp_sockets = rows.sockets,
            }
            place = Some(source);
        }
        census.sources.extend(place);
    }
    census.destinations.sort_by(|a, b| b.ports_used.cmp(&a.ports_used).then_with(|| a.cmp(b)));
    let source = census.sources.first()?.clone();
    usage.census = Some(census);
    Some(Reading::Known { value: usage, source })
}
