//! macOS: bsd/netinet/in_pcb.c and bsd/net/restricted_in_port.c of xnu. Both families share the
//! knobs.

pub(super) mod boot;

use super::system::{Support, System, Way};
use super::{freebsd, knobs, release, time_wait};
use crate::ask::Ask;
use crate::ports::PortRange;
use crate::snapshot::{
    Family, Os, Randomization, Reading, Reason, Reserved, ReservedKind, Scope, Snapshot, Source,
    Transport, Why,
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

/// Remote Desktop's lights-out port: the one port that macOS withholds, of both transports
/// (`restricted_in_port.c`). The list is fixed at the kernel's build; `net.restricted_port.bitmap`
/// shows it to programs only.
const RESTRICTED: u16 = 55_555;
const NOT_READ: &str = "macOS shows its list to programs only; 55555 is the list of xnu-11417";
/// xnu-7195, which is Darwin 20 and macOS 11: the first with that list.
const RESTRICTED_SINCE: (u32, u32) = (20, 0);
const RESTRICTED_SINCE_PRODUCT: (u32, u32) = (11, 0);

// UDP allocation fails once fewer than 4,096 ports are left (`in_pcbbind`). They are counted over
// all 65,535 ports, so that they take none from the range.

fn read(ask: &dyn Ask) -> Snapshot {
    let ranges = freebsd::portrange(ask, PortRange::new(49_152, 65_535));
    let restricts = match release::of(ask) {
        Some(release) => release >= RESTRICTED_SINCE,
        None => release::of_product(ask).is_none_or(|macos| macos >= RESTRICTED_SINCE_PRODUCT),
    };
    let randomized = |name, transports| Randomization {
        families: Family::ALL,
        transports,
        random: knobs::tunable(ask, name, knobs::flag),
    };
    let scope = Scope {
        reserved: Vec::from_iter(restricts.then(|| Reserved {
            kind: ReservedKind::Restricted,
            families: Family::ALL,
            transports: Transport::ALL,
            ports: Reading::Known {
                value: PortRange::single(RESTRICTED).into(),
                source: Source::Kernel("bsd/net/restricted_in_port.c of xnu-11417".into()),
            },
        })),
        randomization: vec![
            randomized("net.inet.tcp.randomize_ports", &[Transport::Tcp]),
            randomized("net.inet.udp.randomize_ports", &[Transport::Udp]),
        ],
        notes: Vec::from_iter(restricts.then(|| {
            Unread::new(Subject::RestrictedPorts, Why::new(Reason::Unsupported, NOT_READ))
        })),
        ..knobs::host_scope(ask, ranges, time_wait::twice_msl(ask))
    };
    Snapshot::of(knobs::host(Os::MacOs, ask), scope)
}
