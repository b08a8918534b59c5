//! Reads the ephemeral port range of a host, what is taken out of it and who listens inside it, as typed facts
//! that say where they come from. It only reads: there is no code path that writes a setting.
//!
//! ```
//! let snapshot = ephaudit_platform::read_live(&|_| Vec::new());
//! for scope in &snapshot.scopes {
//!     for pool in ephaudit_platform::pools(scope) {
//!         println!("{}: {} ports: {}", pool.transport, pool.ports.count(), pool.ports);
//!     }
//! }
//! ```

#![warn(unreachable_pub)]

pub mod ask;
pub mod capture;
pub mod evidence;
mod os;
mod parse;
mod pool;
pub mod ports;
mod reading;
pub mod snapshot;
mod source;

pub use os::WantsOwner;
pub use pool::pools;
pub use source::{Folder, answer as ask_live};

use ask::Ask;
use evidence::Evidence;
use snapshot::{Os, Snapshot};

/// The facts of the host this runs on. `wants_owner` says which listeners are worth a search for their process.
pub fn read_live(wants_owner: &WantsOwner<'_>) -> Snapshot {
    read(source::LIVE_OS, &source::answer, wants_owner)
}

/// The facts that captured evidence holds.
pub fn read_evidence(evidence: &Evidence) -> Snapshot {
    let mut snapshot = read(evidence.os(), &|question| evidence.answer(question), &|_| Vec::new());
    for scope in &mut snapshot.scopes {
        scope.notes.extend(evidence.notes());
    }
    snapshot
}

/// The facts that `ask` gives, understood by the rules of `os`.
pub fn read(os: Os, ask: &Ask<'_>, wants_owner: &WantsOwner<'_>) -> Snapshot {
    os::read(os, ask, wants_owner)
}
