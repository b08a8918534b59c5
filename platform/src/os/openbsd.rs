//! OpenBSD: sys/netinet/in_pcb.c. The default range 1024–49151 is the mirror image of IANA's; ports
//! are always drawn at random; IPv6 shares the knobs.

pub(super) mod boot;

use super::system::{Support, System, Way};
use super::{knobs, time_wait};
use crate::ask::Ask;
use crate::ports::{PortRange, PortSet};
use crate::snapshot::{Os, ReservedKind, Role, Scope, Snapshot, Transport};

pub(super) static SYSTEM: System = System {
    os: Os::OpenBsd,
    title: "OpenBSD",
    support: Support::new(Way::Command, Way::Command, Way::Command, Way::Live),
    kernel: Some("OpenBSD"),
    signs: &[
        "net.inet.ip.portfirst",
        "net.inet.ip.portlast",
        "net.inet.ip.porthi",
        "net.inet.tcp.baddynamic",
        "net.inet.udp.baddynamic",
    ],
    read: |ask, _| read(ask),
    persisted: || boot::RULES.wanted(),
    boot: |persisted, _| boot::RULES.boot(persisted),
};

fn read(ask: &dyn Ask) -> Snapshot {
    let ranges = vec![
        knobs::range(
            Role::Ephemeral,
            PortRange::new(1024, 49_151),
            knobs::bounds(ask, "net.inet.ip.portfirst", "net.inet.ip.portlast"),
        ),
        knobs::range(
            Role::High,
            PortRange::new(49_152, 65_535),
            knobs::bounds(ask, "net.inet.ip.porthifirst", "net.inet.ip.porthilast"),
        ),
    ];
    // Twice TCPTV_MSL (tcp_input.c); there is no knob.
    let time_wait = time_wait::fixed(60_000, "TCPTV_MSL, sys/netinet/tcp_timer.h");
    let scope = Scope {
        reserved: vec![
            knobs::reserved(
                ReservedKind::Reserved,
                &[Transport::Tcp],
                knobs::ports(ask, "net.inet.tcp.baddynamic"),
            ),
            knobs::reserved(
                ReservedKind::Reserved,
                &[Transport::Udp],
                knobs::ports(ask, "net.inet.udp.baddynamic"),
            ),
            // `in_baddynamic` refuses it for UDP, and no list shows it; 0 is none.
            knobs::reserved(
                ReservedKind::Restricted,
                &[Transport::Udp],
                knobs::tunable(ask, "net.inet.esp.udpencap_port", |text| {
                    let port =
                        crate::parse::port_list::port(text).map_err(|error| error.to_string())?;
                    Ok(if port == 0 { PortSet::new() } else { PortRange::single(port).into() })
                }),
            ),
        ],
        ..knobs::host_scope(ask, ranges, time_wait)
    };
    Snapshot::of(knobs::host(Os::OpenBsd, ask), scope)
}
