//! macOS: bsd/netinet/in_pcb.c and bsd/net/restricted_in_port.c of xnu. Both families share the
//! knobs.

pub(super) mod boot;

use super::system::{Support, System, Way};
use super::{freebsd, knobs, time_wait};
use crate::ask::Ask;
use crate::ports::PortRange;
use crate::snapshot::{
    Family, Os, Randomization, Reading, Reason, Reserved, ReservedKind, Role, Scope, Snapshot,
    Source, Transport, Why,
};
use crate::unread::{Subject, Unread};

pub(super) static SYSTEM: System = System {
    os: Os::MacOs,
    title: "macOS",
    support: Support::new(Way::Live, Way::Fixed, Way::Live, Way::Nothing),
    kernel: Some("Darwin"),
    signs: &[
        "net.inet.ip.portrange.",
        "net.inet.ip.portrange.ipport_allow_udp_port_exhaustion",
        "net.inet.tcp.randomize_ports",
        "net.inet.udp.randomize_ports",
        "net.restricted_port.",
    ],
    read: |ask, _| read(ask),
    persisted: boot::wanted,
    boot: |persisted, _| boot::read(persisted),
};

/// Remote Desktop's lights-out port: the one TCP port that macOS withholds (`restricted_in_port.c`,
/// xnu-11417). The list is fixed at the kernel's build; `net.restricted_port.bitmap` shows it to
/// programs only.
const RESTRICTED_TCP: u16 = 55_555;
const NOT_READ: &str = "macOS shows its list to programs only; 55555/tcp is the list of xnu-11417";
/// `in_pcbbind`: UDP allocation fails once fewer ports than this are left.
const UDP_HELD_BACK: u32 = 4096;

fn read(ask: &dyn Ask) -> Snapshot {
    let mut ranges = freebsd::portrange(ask, PortRange::new(49_152, 65_535));
    let exhaustion =
        knobs::tunable(ask, "net.inet.ip.portrange.ipport_allow_udp_port_exhaustion", knobs::flag);
    for range in ranges.iter_mut().filter(|range| range.role == Role::Ephemeral) {
        // Older kernels have the guard and not the knob: only a knob that says so lifts it.
        range.udp_held_back = if exhaustion.known() == Some(&true) { 0 } else { UDP_HELD_BACK };
    }
    let randomized = |name, transports| Randomization {
        families: Family::ALL,
        transports,
        random: knobs::tunable(ask, name, knobs::flag),
    };
    let scope = Scope {
        reserved: vec![Reserved {
            kind: ReservedKind::Restricted,
            families: Family::ALL,
            transports: &[Transport::Tcp],
            ports: Reading::Known {
                value: PortRange::single(RESTRICTED_TCP).into(),
                source: Source::Kernel("bsd/net/restricted_in_port.c of xnu-11417".into()),
            },
        }],
        randomization: vec![
            randomized("net.inet.tcp.randomize_ports", &[Transport::Tcp]),
            randomized("net.inet.udp.randomize_ports", &[Transport::Udp]),
        ],
        notes: vec![Unread::new(Subject::RestrictedPorts, Why::new(Reason::Unsupported, NOT_READ))],
        ..knobs::host_scope(ask, ranges, time_wait::twice_msl(ask))
    };
    Snapshot::of(knobs::host(Os::MacOs, ask), scope)
}
