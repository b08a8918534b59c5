//! What automatic allocation can really hand out.

use crate::ports::{PortRange, PortSet};
use crate::snapshot::{Pool, Range, Reading, Scope, Transport};

/// The pool of each transport, where the range and every reservation are known; sorted by transport.
///
/// A pool that cannot be computed is missing from the list, never guessed.
pub fn pools(scope: &Scope) -> Vec<Pool> {
    Transport::ALL.iter().filter_map(|&transport| pool(scope, transport)).collect()
}

/// The pool of `transport`: the ephemeral range minus what the allocator skips.
pub fn pool(scope: &Scope, transport: Transport) -> Option<Pool> {
    let range = scope.ephemeral(transport)?;
    let mut ports = reachable(range, transport, range.bounds.known()?.range());
    for reserved in &scope.reserved {
        if !reserved.transports.contains(&transport) {
            continue;
        }
        match &reserved.ports {
            Reading::Known { value, .. } => ports = ports.difference(value),
            Reading::Absent { .. } => {}
            Reading::Unknown { .. } => return None,
        }
    }
    Some(Pool { transport, families: range.families, ports })
}

/// The ports that the allocator's scan can reach.
///
/// Linux TCP scans an odd-sized range one slot short (`remaining &= ~1`) from a start of fixed parity, so in a
/// range of exactly three ports the last one is never tried: `inet_csk_find_open_port` (bind) and
/// `__inet_hash_connect` (connect), Linux 6.1–6.18; `tests/netns` holds it against the kernel. Wider odd ranges
/// reach every port, since their start moves. UDP scans all of them.
fn reachable(range: &Range, transport: Transport, ports: PortRange) -> PortSet {
    match PortRange::new(ports.first(), ports.last().saturating_sub(1)) {
        Some(scanned)
            if range.tcp_by_parity && transport == Transport::Tcp && ports.count() == 3 =>
        {
            scanned.into()
        }
        _ => ports.into(),
    }
}
