//! What rules judge: the snapshot, and what follows from it.

use std::ops::Deref;

use ephaudit_platform::ports::{PortRange, PortSet};
use ephaudit_platform::snapshot::{Listener, Pool, Scope, Snapshot, Transport};

use crate::fixed::{self, Fixed, Weighed};
use crate::policy::Policy;

/// The snapshot, and what follows from it for each scope: made once, for all rules.
#[derive(Debug)]
pub struct Facts<'a> {
    /// What was read.
    pub snapshot: &'a Snapshot,
    /// Its scopes, in the same order.
    pub scopes: Vec<ScopeFacts<'a>>,
}

/// A scope, and what follows from it.
#[derive(Debug)]
pub struct ScopeFacts<'a> {
    /// What was read of it.
    pub scope: &'a Scope,
    /// Its pools, as far as they can be computed.
    pub pools: Vec<Pool<'a>>,
    /// Which of its listeners are fixed services, in their order.
    pub weighed: Vec<Weighed>,
    /// The ports of fixed services that a client may be given, those included that the policy
    /// declares for the reader's own scope: what every remedy reserves, since a list is set as a
    /// whole.
    pub at_risk: PortSet,
}

impl<'a> Facts<'a> {
    /// The facts of a snapshot.
    pub fn new(snapshot: &'a Snapshot, policy: &Policy) -> Self {
        let scopes = snapshot.scopes.iter().map(|scope| ScopeFacts::new(scope, policy));
        Self { snapshot, scopes: scopes.collect() }
    }
}

impl<'a> ScopeFacts<'a> {
    fn new(scope: &'a Scope, policy: &Policy) -> Self {
        let pools = ephaudit_platform::pools(scope);
        let weighed = fixed::weigh(policy, scope, &pools);
        let mut facts = Self { scope, pools, weighed, at_risk: PortSet::new() };
        let of_services = facts.exposed().filter(|(_, weighed)| weighed.is_fixed());
        let served = of_services.map(|(item, _)| PortRange::single(item.port)).collect();
        let declared = facts.pools.iter().filter(|_| scope.current);
        facts.at_risk = declared.fold(served, |all: PortSet, pool| {
            all.union(&policy.declared_ports(pool.transport).intersection(&pool.ports))
        });
        facts
    }

    /// The listeners whose port a client may be given, and what is known of them.
    pub fn exposed(&self) -> impl Iterator<Item = (&'a Listener, &Weighed)> + '_ {
        let items = self.scope.listeners.items.iter().zip(&self.weighed);
        items.filter(|(item, weighed)| {
            weighed.fixed > Fixed::No && fixed::in_pool(&self.pools, item) == Some(true)
        })
    }

    /// The first pool of a transport.
    pub fn pool_of(&self, transport: Transport) -> Option<&Pool<'a>> {
        self.pools.iter().find(|pool| pool.transport == transport)
    }
}

impl Deref for ScopeFacts<'_> {
    type Target = Scope;

    fn deref(&self) -> &Scope {
        self.scope
    }
}
