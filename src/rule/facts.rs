//! What rules judge: the snapshot, and what follows from it.

use std::ops::Deref;

use ephaudit_platform::ports::PortSet;
use ephaudit_platform::snapshot::{Pool, Scope, Snapshot, Transport};

use super::at_risk;
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
    /// The listeners whose port a client may be given, by their index.
    pub exposed: Vec<usize>,
    /// The ports of services that a client may be given: what every remedy reserves, since a list
    /// is set as a whole.
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
        let exposed = at_risk::exposed(policy, scope, &pools);
        let at_risk = at_risk::ports(policy, scope, &pools, &exposed);
        Self { scope, pools, exposed, at_risk }
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
