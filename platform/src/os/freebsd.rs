//! FreeBSD: ip(4), sys/netinet/in_pcb.c. IPv4 and IPv6, TCP and UDP share the knobs; each VNET has its own.

use super::knobs;
use crate::ask::Ask;
use crate::parse::port_list;
use crate::ports::PortRange;
use crate::snapshot::{
    Family, Os, Randomization, Range, Reading, Role, Scope, Snapshot, Transport,
};

pub(super) fn read(ask: &Ask<'_>) -> Snapshot {
    // 10000–65535 (`IPPORT_EPHEMERALFIRST`, sys/netinet/in.h); 1024–5000 and 49152–65535 on releases long gone.
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
        ..knobs::host_scope(ask, portrange(ask, PortRange::new(10_000, 65_535)))
    };
    Snapshot { host: knobs::host(Os::FreeBsd, ask), scopes: vec![scope] }
}

/// The six numbers under net.inet.ip.portrange. The kernel swaps bounds that run backwards, as `lowfirst` and
/// `lowlast` do out of the box.
pub(super) fn portrange(ask: &Ask<'_>, default: Option<PortRange>) -> Vec<Range> {
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
