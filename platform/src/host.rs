//! A host that can be read: the one this runs on, or what was captured of another.

use crate::ask::Ask;
use crate::boot::{Boot, Facts};
use crate::capture::{Capture, Recording};
use crate::evidence::{Evidence, EvidenceError};
use crate::holders::Holders;
use crate::needs::Needs;
use crate::os::{self, Reach};
use crate::ports::PortSet;
use crate::probe::{self, Probe};
use crate::snapshot::{HostInfo, ListenerId, Os, Snapshot, Transport};
use crate::source::{Folder, LIVE_OS, Live};
use crate::trace::{AskTrace, Traced};
use crate::unread::Unread;

/// A host that can be read.
#[non_exhaustive]
pub struct Host<'a> {
    os: Os,
    means: Means<'a>,
    /// Of files and texts that are one host's it is not asked whether they are for its namespace.
    whole: bool,
    notes: Vec<Unread>,
    collected_at: Option<String>,
}

enum Means<'a> {
    Own(Box<dyn Ask + 'a>),
    Lent(&'a dyn Ask),
}

impl Host<'static> {
    /// The host this runs on.
    pub const fn live() -> Self {
        Host::answering(LIVE_OS, &Live)
    }

    /// The host that a capture was made of.
    pub fn of_capture(capture: Capture) -> Self {
        let (os, collected_at) = (capture.os(), Some(capture.collected_at().to_owned()));
        let means = Means::Own(Box::new(capture));
        Self { os, means, whole: true, notes: Vec::new(), collected_at }
    }

    /// The host whose root that folder is, as [`Evidence::rooted`] understands it.
    ///
    /// # Errors
    /// It is not known of which system it is, or something in it is damaged.
    pub fn root(root: Folder, os: Option<Os>) -> Result<Self, EvidenceError> {
        Evidence::rooted(Vec::new(), root, os).map(Self::of_evidence)
    }

    /// The host that evidence is of: its texts, or its root.
    pub fn of_evidence(evidence: Evidence) -> Self {
        let (os, notes) = (evidence.os(), evidence.notes());
        let means = Means::Own(Box::new(evidence));
        Self { os, means, whole: true, notes, collected_at: None }
    }
}

impl<'a> Host<'a> {
    /// The host this runs on, and whatever it answers is kept.
    pub fn recording(recording: &'a Recording) -> Self {
        Host::answering(LIVE_OS, recording)
    }

    /// A host of that system that answers so.
    pub const fn answering(os: Os, ask: &'a dyn Ask) -> Self {
        let means = Means::Lent(ask);
        Self { os, means, whole: false, notes: Vec::new(), collected_at: None }
    }

    /// The same host, and whatever is asked of it is kept.
    #[must_use]
    pub fn traced(self, trace: &'a AskTrace) -> Self {
        let ask: Box<dyn Ask + 'a> = match self.means {
            Means::Own(ask) => Box::new(Traced { ask, place: String::new(), trace }),
            Means::Lent(ask) => Box::new(Traced { ask, place: String::new(), trace }),
        };
        Self { means: Means::Own(ask), ..self }
    }

    /// When it was captured, where that is known.
    pub fn collected_at(&self) -> Option<&str> {
        self.collected_at.as_deref()
    }

    fn ask(&self) -> &dyn Ask {
        match &self.means {
            Means::Own(ask) => &**ask,
            Means::Lent(ask) => *ask,
        }
    }

    /// The facts.
    pub fn read(&self, needs: &Needs) -> Snapshot {
        let mut snapshot = os::read(self.os, self.ask(), needs);
        for scope in &mut snapshot.scopes {
            scope.notes.extend(self.notes.iter().cloned());
        }
        if needs.boot {
            let of_own = self.boot_of_own(&snapshot);
            let others =
                "the persisted settings are read for the namespace that the reader runs in";
            for scope in &mut snapshot.scopes {
                scope.boot = if scope.current { of_own.clone() } else { Facts::OutOfReach(others) };
            }
        }
        snapshot
    }

    /// What persists, for the reader's own scope.
    fn boot_of_own(&self, snapshot: &Snapshot) -> Facts {
        let own = snapshot.scopes.iter().find(|scope| scope.current && !self.whole);
        let mut boot = match own.map_or(Reach::In, |own| os::reach(&snapshot.host, own, self.ask()))
        {
            Reach::In => self.boot(snapshot.host.kernel.as_deref()),
            Reach::Out(why) => return Facts::OutOfReach(why),
            Reach::Unknown(why) => Boot::unknown(why),
        };
        boot.running = os::running(snapshot.host.os, self.ask(), &boot);
        Facts::Read(Box::new(boot))
    }

    /// What the settings that persist give after a reboot. `release` is that of the kernel that
    /// will run, where it is known.
    pub fn boot(&self, release: Option<&str>) -> Boot {
        match self.ask().persisted(self.os) {
            Ok(persisted) => os::boot(self.os, &persisted, release),
            Err(why) => Boot::unknown(why),
        }
    }

    /// Finds the processes of these listeners, by one search for all of them, and those that have
    /// most connections to a TCP destination that uses half of the pool.
    pub fn owners(&self, snapshot: &mut Snapshot, of: &[ListenerId]) {
        os::find_owners(self.ask(), snapshot, of);
    }

    /// Every socket that has one of these local ports.
    pub fn holders(&self, host: &HostInfo, transport: Transport, ports: &PortSet) -> Holders {
        os::holders(host, self.ask(), transport, ports)
    }

    /// Asks the kernel for `count` ports for each transport, family and call, at most
    /// [`probe::COUNT_MAX`], and compares what it gives with its settings. On loopback only; never
    /// more than half of the pool is held.
    pub fn probe(&self, count: u32) -> (Snapshot, Probe) {
        let draw = |wish, count| self.ask().draw(wish, count);
        probe::probe(self.os, self.ask(), &draw, count)
    }
}
