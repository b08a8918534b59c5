//! Which questions each OS is asked, and what its answers mean.

mod linux;
mod unsupported;

use crate::ask::Ask;
use crate::snapshot::{Os, Scope, Snapshot};

/// Says which listeners' processes are worth a search, as indices into `scope.listeners.items`; every other fact of
/// the scope is read by then.
pub type WantsOwner<'a> = dyn Fn(&Scope) -> Vec<usize> + 'a;

pub(crate) fn read(os: Os, ask: &Ask<'_>, wants_owner: &WantsOwner<'_>) -> Snapshot {
    match os {
        Os::Linux => linux::read(ask, wants_owner),
        Os::Unsupported => unsupported::read(),
    }
}
