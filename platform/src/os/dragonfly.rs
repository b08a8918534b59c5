//! DragonFly BSD: sys/netinet/in_pcb.c. FreeBSD's six names, and the smallest default of all.

use super::{freebsd, knobs, time_wait};
use crate::ask::Ask;
use crate::ports::PortRange;
use crate::snapshot::{Os, Snapshot};

pub(super) fn read(ask: &dyn Ask) -> Snapshot {
    let ranges = freebsd::portrange(ask, PortRange::new(1024, 5000));
    let scope = knobs::host_scope(ask, ranges, time_wait::twice_msl(ask));
    Snapshot::of(knobs::host(Os::DragonFly, ask), scope)
}
