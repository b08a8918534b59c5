//! The ports of services that a client may be given: what every remedy reserves, since a list is
//! set as a whole.

use ephaudit_platform::ports::{PortRange, PortSet};
use ephaudit_platform::snapshot::{Listener, Pool, Scope, Transport};

use crate::policy::Policy;

/// All of them: those of listeners, and of services that the policy declares for the reader's own
/// scope.
pub(super) fn ports(
    policy: &Policy,
    scope: &Scope,
    pools: &[Pool<'_>],
    exposed: &[usize],
) -> PortSet {
    let items = exposed.iter().filter_map(|&at| scope.listeners.items.get(at));
    let served: PortSet = items.map(|item| PortRange::single(item.port)).collect();
    let declared = pools.iter().filter(|_| scope.current);
    declared.fold(served, |all, pool| {
        all.union(&policy.declared_ports(pool.transport).intersection(&pool.ports))
    })
}

/// The listeners whose port a client may be given, by their index.
pub fn exposed(policy: &Policy, scope: &Scope, pools: &[Pool<'_>]) -> Vec<usize> {
    let items = scope.listeners.items.iter().enumerate();
    items
        .filter(|(_, item)| pools.iter().any(|pool| concerns(policy, pool, item)))
        .map(|(index, _)| index)
        .collect()
}

/// Whether a listener is of a service with a port of the pool.
pub fn concerns(policy: &Policy, pool: &Pool<'_>, item: &Listener) -> bool {
    item.transport == pool.transport
        && item.families.iter().any(|family| pool.families.contains(family))
        && pool.ports.contains(item.port)
        && counts(policy, item)
}

/// Unconnected UDP sockets are mostly clients: only assigned ports tell a service.
fn counts(policy: &Policy, listener: &Listener) -> bool {
    listener.transport == Transport::Tcp || assigned(policy, listener).is_some()
}

/// The name that IANA assigned to its port.
pub fn assigned<'a>(policy: &'a Policy, listener: &Listener) -> Option<&'a str> {
    policy.registry.service(listener.transport, listener.port)
}
