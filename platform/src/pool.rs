//! What automatic allocation can really hand out.

use crate::ports::{PortRange, PortSet};
use crate::snapshot::{Pool, Range, Reading, Role, Scope, Transport};

/// The pool of each transport of each ephemeral range, where the range and every reservation are
/// known; sorted by transport.
///
/// A pool that cannot be computed is missing from the list, never guessed.
pub fn pools(scope: &Scope) -> Vec<Pool<'_>> {
    let mut pools = Vec::new();
    for &transport in Transport::ALL {
        for range in &scope.ranges {
            if range.role == Role::Ephemeral && range.transports.contains(&transport) {
                pools.extend(pool(scope, range, transport));
            }
        }
    }
    pools
}

/// The range minus what the allocator skips.
fn pool<'a>(scope: &Scope, range: &'a Range, transport: Transport) -> Option<Pool<'a>> {
    let bounds = range.bounds.known()?;
    let mut ports = reachable(range, transport, bounds.range());
    for reserved in &scope.reserved {
        let concerned = reserved.transports.contains(&transport)
            && range.families.iter().any(|family| reserved.families.contains(family));
        match &reserved.ports {
            _ if !concerned => {}
            Reading::Known { value, .. } => ports = ports.difference(value),
            Reading::Absent { .. } => {}
            Reading::Unknown { .. } => return None,
        }
    }
    let held_back = match transport {
        Transport::Udp => range.udp_held_back,
        Transport::Tcp => 0,
    };
    Some(Pool { range, bounds, transport, families: range.families, ports, held_back })
}

/// The ports of `range` that the allocator's scan can reach.
///
/// Linux TCP scans an odd-sized range one slot short (`remaining &= ~1`) from a start of fixed
/// parity, so in a range of exactly three ports the last one is never tried:
/// `inet_csk_find_open_port` (bind) and `__inet_hash_connect` (connect), Linux 6.1–6.18;
/// `tests/netns` holds it against the kernel. In a wider odd range each scan misses one port,
/// though not always the same one for bind(). UDP scans all of them.
fn reachable(range: &Range, transport: Transport, ports: PortRange) -> PortSet {
    match PortRange::new(ports.first(), ports.last().saturating_sub(1)) {
        Some(scanned)
            if range.tcp_by_parity == Some(true)
                && transport == Transport::Tcp
                && ports.count() == 3 =>
        {
            scanned.into()
        }
        _ => ports.into(),
    }
}

/// The TCP ports of the pool that bind() is seen to hold; `None` where the pool or the usage is not
/// known.
pub fn bound_in_pool(scope: &Scope) -> Option<PortSet> {
    let bound = &scope.usage.known()?.bound;
    let pool = whole_pool(scope, Transport::Tcp)?.0;
    Some(bound.intersection(&pool))
}

/// How many local ports one destination (TCP) or one source (UDP) can have at a time: the pool
/// without what is kept back and, for TCP, without what bind() holds.
pub fn usable_ports(scope: &Scope, transport: Transport) -> Option<u32> {
    let (pool, held_back) = whole_pool(scope, transport)?;
    let bound = match transport {
        Transport::Tcp => bound_in_pool(scope)?.count(),
        Transport::Udp => 0,
    };
    Some(pool.count().saturating_sub(held_back).saturating_sub(bound))
}

/// The one pool of a transport: on Linux both families share it.
fn whole_pool(scope: &Scope, transport: Transport) -> Option<(PortSet, u32)> {
    let pools = pools(scope);
    let mut of_transport = pools.into_iter().filter(|pool| pool.transport == transport);
    let pool = of_transport.next()?;
    of_transport.next().is_none().then_some((pool.ports, pool.held_back))
}
