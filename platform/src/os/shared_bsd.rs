//! What FreeBSD, DragonFly BSD and macOS share, where evidence is of one of them and does not tell of
//! which: the six numbers of the ranges, and twice the segment lifetime.

use super::PersistedPaths;
use super::system::{Support, System, Way};
use super::{freebsd, knobs, time_wait};
use crate::ask::Ask;
use crate::boot::Boot;
use crate::snapshot::{
    Family, Os, Randomization, Reading, Reason, Reserved, ReservedKind, Role, Scope, Snapshot,
    Source, Transport, Why,
};

const OPEN: &str = "it differs between FreeBSD, DragonFly BSD and macOS: name the system with --os";

pub(super) static SYSTEM: System = System {
    os: Os::Bsd,
    title: "FreeBSD, DragonFly BSD or macOS",
    support: Support::new(Way::Evidence, Way::Unread, Way::Evidence, Way::Unread),
    kernel: None,
    signs: &[],
    read: |ask, _| read(ask),
    persisted: PersistedPaths::default,
    boot: |_, _| Boot::unknown(Why::new(Reason::NotCaptured, OPEN)),
};

fn read(ask: &dyn Ask) -> Snapshot {
    let mut ranges = freebsd::portrange(ask, None);
    for range in ranges.iter_mut().filter(|range| range.role == Role::Ephemeral) {
        range.vendor_default = None;
    }
    let scope = Scope {
        reserved: vec![Reserved {
            kind: ReservedKind::Restricted,
            families: Family::ALL,
            transports: Transport::ALL,
            ports: open(),
        }],
        randomization: vec![Randomization {
            families: Family::ALL,
            transports: Transport::ALL,
            random: open(),
        }],
        unprivileged_start: open(),
        ..knobs::host_scope(ask, ranges, time_wait::twice_msl(ask))
    };
    Snapshot::of(knobs::host(Os::Bsd, ask), scope)
}

fn open<T>() -> Reading<T> {
    let source = Source::Kernel("the system is not told".into());
    Reading::Unknown { source, why: Why::new(Reason::NotCaptured, OPEN) }
}
