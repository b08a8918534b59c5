//! Reads the ephemeral port range of a host, what is taken out of it and who listens inside it, as
//! typed facts that say where they come from. It only reads: there is no code path that writes a
//! setting. [`probe_live`] alone opens sockets with ports, on loopback, and closes them at once.
//!
//! ```
//! let snapshot = ephaudit_platform::read_live(&ephaudit_platform::Wants::default());
//! for scope in &snapshot.scopes {
//!     for pool in ephaudit_platform::pools(scope) {
//!         println!("{}: {} ports: {}", pool.transport, pool.ports.count(), pool.ports);
//!     }
//! }
//! ```

#![warn(unreachable_pub)]

pub mod ask;
pub mod boot;
pub mod capture;
mod draw;
pub mod evidence;
#[cfg(fuzzing)]
pub mod fuzzing;
pub mod holders;
mod os;
mod parse;
pub mod persisted;
mod pool;
pub mod ports;
pub mod probe;
mod reading;
pub mod snapshot;
mod source;
mod transport;
pub mod unread;
mod usage;

pub use os::{Wants, WantsOwner};
pub use pool::{bound_in_pool, pools, usable_ports};
pub use source::{Folder, Live, draw as draw_live, files};

use std::path::Path;

use ask::{Ask, Tour};
use boot::Boot;
use evidence::{Evidence, Piece};
use holders::Holders;
use os::Reach;
use persisted::{File, Found, Persisted};
use ports::PortSet;
use probe::{Draw, Probe};
use snapshot::{Host, Os, Reason, Snapshot, Transport, Why};

/// The facts of the host this runs on; of all its namespaces where that is wanted.
pub fn read_live(wants: &Wants<'_>) -> Snapshot {
    let os = source::LIVE_OS;
    let mut snapshot = os::read(os, &Live, source::TOUR, wants);
    if wants.boot {
        let release = snapshot.host.kernel.clone();
        let read = || match Folder::open(Path::new("/")) {
            Ok(root) => read_boot(&root, os, release.as_deref()),
            Err(error) => Boot::untold(Why::new(Reason::Unsupported, format!("/: {error}"))),
        };
        add_boot(&mut snapshot, &Live, read);
    }
    snapshot
}

/// The facts that captured evidence holds; of the boot, those of the tree in it, or of the texts
/// that it was made of.
pub fn read_evidence(evidence: &Evidence, pieces: &[Piece<'_>], wants: &Wants<'_>) -> Snapshot {
    let os = evidence.os();
    let mut snapshot = read(os, evidence, &Wants { all_namespaces: false, ..*wants });
    for scope in &mut snapshot.scopes {
        scope.notes.extend(evidence.notes());
    }
    if wants.boot {
        let boot = match evidence.root() {
            Some(root) => {
                let mut found = persisted_in(root, os);
                found.unread.extend(evidence.uncopied());
                boot_of(os, &found, snapshot.host.kernel.as_deref())
            }
            None => boot_of_evidence(os, pieces),
        };
        tell_boot(&mut snapshot, evidence, boot);
    }
    snapshot
}

/// Adds what the persisted settings give to the reader's own scope, where they reach it.
pub fn add_boot(snapshot: &mut Snapshot, ask: &dyn Ask, read: impl FnOnce() -> Boot) {
    let own = snapshot.scopes.iter().find(|scope| scope.current);
    match own.map_or(Reach::In, |own| os::reach(&snapshot.host, own, ask)) {
        Reach::In => tell_boot(snapshot, ask, read()),
        Reach::Out(why) => put_boot(snapshot, &boot::Facts::OutOfReach(why)),
        Reach::Untold(why) => tell_boot(snapshot, ask, Boot::untold(why)),
    }
}

fn tell_boot(snapshot: &mut Snapshot, ask: &dyn Ask, mut boot: Boot) {
    boot.running = os::running(snapshot.host.os, ask, &boot);
    put_boot(snapshot, &boot::Facts::Read(Box::new(boot)));
}

fn put_boot(snapshot: &mut Snapshot, of_own: &boot::Facts) {
    let others = "the persisted settings are read for the namespace that the reader runs in";
    for scope in &mut snapshot.scopes {
        scope.boot = if scope.current { of_own.clone() } else { boot::Facts::OutOfReach(others) };
    }
}

/// The facts that `ask` gives, understood by the rules of `os`.
pub fn read(os: Os, ask: &dyn Ask, wants: &Wants<'_>) -> Snapshot {
    os::read(os, ask, None, wants)
}

/// The same, and `tour` is the way into the other namespaces.
pub fn read_touring(os: Os, ask: &dyn Ask, tour: &Tour<'_>, wants: &Wants<'_>) -> Snapshot {
    os::read(os, ask, Some(tour), wants)
}

/// What the settings that persist in the tree under `root` give after a reboot: `/` for the host
/// this runs on. `release` is that of the kernel that will run, where it is known.
pub fn read_boot(root: &Folder, os: Os, release: Option<&str>) -> Boot {
    boot_of(os, &persisted_in(root, os), release)
}

fn persisted_in(root: &Folder, os: Os) -> Persisted {
    let wanted = os::persisted(os);
    source::persisted::collect(root, wanted.folders, &wanted.files, wanted.matters)
}

/// What settings that were read in another way give.
pub fn boot_of(os: Os, persisted: &Persisted, release: Option<&str>) -> Boot {
    os::boot(os, persisted, release)
}

/// What the texts tell of the persisted settings that the programs of `os` print: ipadm(8) of
/// illumos and Solaris, netsh(8) of Windows with `store=persistent`. Other systems keep them in
/// files, which [`read_boot`] reads.
pub fn boot_of_evidence(os: Os, pieces: &[Piece<'_>]) -> Boot {
    let file = |piece: &Piece<'_>| File {
        name: piece.name.as_bytes().to_vec(),
        place: piece.name.to_owned(),
        found: Found::Text(piece.bytes.to_vec()),
    };
    os::boot_of_texts(os, pieces.iter().map(file).collect())
}

/// Every socket of `host` that has one of these local ports, by what `ask` answers.
pub fn holders(host: &Host, ask: &dyn Ask, transport: Transport, ports: &PortSet) -> Holders {
    os::holders(host, ask, transport, ports)
}

/// Asks the kernel for `count` ports for each transport, family and call, at most
/// [`probe::COUNT_MAX`], and holds what it gives against its settings. On loopback only; never more
/// than half of the pool is held.
pub fn probe_live(count: u32) -> (Snapshot, Probe) {
    probe(source::LIVE_OS, &Live, &source::draw, count)
}

/// The same by what `ask` and `draw` answer.
pub fn probe(os: Os, ask: &dyn Ask, draw: &Draw<'_>, count: u32) -> (Snapshot, Probe) {
    probe::probe(os, ask, draw, count)
}
