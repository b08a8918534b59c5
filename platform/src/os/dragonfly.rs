//! DragonFly BSD: sys/netinet/in_pcb.c. FreeBSD's six names, the smallest default of
//! all, and no choice but one port after the other.

use super::system::{Support, System, Way};
use super::{freebsd, knobs, time_wait};
use crate::ask::Ask;
use crate::ports::PortRange;
use crate::snapshot::{Family, Os, Randomization, Reading, Scope, Snapshot, Source, Transport};

pub(super) static SYSTEM: System = System {
    os: Os::DragonFly,
    title: "DragonFly BSD",
    support: Support::new(Way::Command, Way::Nothing, Way::Command, Way::Evidence),
    kernel: Some("DragonFly"),
    signs: &["net.inet.ip.portrange."],
    read: |ask, _| read(ask),
    persisted: || freebsd::boot::DRAGONFLY.wanted(),
    boot: |persisted, _| freebsd::boot::DRAGONFLY.boot(persisted),
};

fn read(ask: &dyn Ask) -> Snapshot {
    let ranges = freebsd::portrange(ask, PortRange::new(1024, 5000));
    let scope = Scope {
        randomization: vec![Randomization {
            families: Family::ALL,
            transports: Transport::ALL,
            random: Reading::Known {
                value: false,
                source: Source::Kernel("in_pcbsetlport, sys/netinet/in_pcb.c".into()),
            },
        }],
        ..knobs::host_scope(ask, ranges, time_wait::twice_msl(ask))
    };
    Snapshot::of(knobs::host(Os::DragonFly, ask), scope)
}
