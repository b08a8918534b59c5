//! FreeBSD: ip(4), sys/netinet/in_pcb.c. IPv4 and IPv6, TCP and UDP share the knobs; each VNET has
//! its own.

pub(super) mod boot;

use super::system::{Support, System, Way};
use super::{knobs, time_wait};
use crate::ask::Ask;
use crate::parse::port_list;
use crate::ports::PortRange;
use crate::snapshot::{
    Bounds, Family, Os, Randomization, Range, Reading, Role, Scope, Snapshot, Transport,
};

pub(super) static SYSTEM: System = System {
    os: Os::FreeBsd,
    title: "FreeBSD",
    support: Support::new(Way::Live, Way::Nothing, Way::Unread, Way::Live),
    kernel: Some("FreeBSD"),
    signs: &[
        "net.inet.ip.portrange.",
        "net.inet.ip.portrange.random",
        "net.inet.ip.portrange.reserved",
    ],
    read: |ask, _| read(ask),
    persisted: || boot::RULES.wanted(),
    boot: |persisted, _| boot::RULES.boot(persisted),
};

/// What FreeBSD had out of the box over the years (sys/netinet/in.h, in_pcb.c); in which releases
/// is not settled, so each of them is somebody's untouched default.
const SHIPPED: [Option<PortRange>; 3] =
    [PortRange::new(1024, 5000), PortRange::new(49_152, 65_535), PortRange::new(10_000, 65_535)];

fn read(ask: &dyn Ask) -> Snapshot {
    let mut ranges = portrange(ask, PortRange::new(10_000, 65_535));
    for range in ranges.iter_mut().filter(|range| range.role == Role::Ephemeral) {
        let shipped =
            range.bounds.known().map(Bounds::range).filter(|r| SHIPPED.contains(&Some(*r)));
        range.vendor_default = shipped.or(range.vendor_default);
    }
    let scope = Scope {
        // `ipport_reservedhigh` is the last privileged port.
        unprivileged_start: knobs::tunable(ask, "net.inet.ip.portrange.reservedhigh", |text| {
            let high = port_list::port(text).map_err(|error| error.to_string())?;
            high.checked_add(1).ok_or_else(|| "every port is privileged".to_owned())
        }),
        randomization: vec![Randomization {
            families: Family::ALL,
            transports: Transport::ALL,
            random: knobs::tunable(ask, "net.inet.ip.portrange.randomized", knobs::flag),
        }],
        ..knobs::host_scope(ask, ranges, time_wait::twice_msl(ask))
    };
    Snapshot::of(knobs::host(Os::FreeBsd, ask), scope)
}

/// The six numbers under net.inet.ip.portrange. The kernel swaps bounds that run backwards, as
/// `lowfirst` and `lowlast` do out of the box.
pub(super) fn portrange(ask: &dyn Ask, default: Option<PortRange>) -> Vec<Range> {
    let bounds = |prefix: &str| -> Reading<_> {
        let name = |end: &str| format!("net.inet.ip.portrange.{prefix}{end}");
        knobs::bounds(ask, &name("first"), &name("last"))
    };
    vec![
        knobs::range(Role::Ephemeral, default, bounds("")),
        knobs::range(Role::High, PortRange::new(49_152, 65_535), bounds("hi")),
        knobs::range(Role::Low, PortRange::new(600, 1023), bounds("low")),
    ]
}
