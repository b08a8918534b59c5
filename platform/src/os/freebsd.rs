//! FreeBSD: ip(4), sys/netinet/in_pcb.c. IPv4 and IPv6, TCP and UDP share the knobs; each VNET has
//! its own.

pub(super) mod boot;

use super::system::{Support, System, Way};
use super::{knobs, release, time_wait};
use crate::ask::Ask;
use crate::parse::port_list;
use crate::ports::PortRange;
use crate::snapshot::{
    Bounds, Family, Os, Randomization, Range, Reading, Reason, Role, Scope, Snapshot, Transport,
    Why,
};
use crate::unread::{Subject, Unread};

/// IPPORT_EPHEMERALFIRST, since 9.1 and 10.0.
const DEFAULT: Option<PortRange> = PortRange::new(10_000, 65_535);

pub(super) static SYSTEM: System = System {
    os: Os::FreeBsd,
    title: "FreeBSD",
    support: Support::new(Way::Live, Way::Nothing, Way::Command, Way::Live),
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
/// before 9.1 is not settled, so each of them is somebody's untouched default.
const SHIPPED: [Option<PortRange>; 3] =
    [PortRange::new(1024, 5000), PortRange::new(49_152, 65_535), PortRange::new(10_000, 65_535)];

fn read(ask: &dyn Ask) -> Snapshot {
    let mut ranges = portrange(ask, DEFAULT);
    let settled = release::of(ask).is_some_and(|release| release >= (9, 1));
    let ephemeral = ranges.iter_mut().filter(|range| range.role == Role::Ephemeral);
    for range in ephemeral.filter(|_| !settled) {
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
        notes: sequential_under_load(ask).into_iter().collect(),
        ..knobs::host_scope(ask, ranges, time_wait::twice_msl(ask))
    };
    Snapshot::of(knobs::host(Os::FreeBsd, ask), scope)
}

/// Up to FreeBSD 13, more than `randomcps` binds a second end the random choice for `randomtime`
/// seconds (`ipport_tick`, sys/netinet/in_pcb.c); 14 has neither knob.
fn sequential_under_load(ask: &dyn Ask) -> Option<Unread> {
    let number = |name| {
        let parse = |text: &str| text.parse::<u32>().map_err(|error| error.to_string());
        knobs::tunable(ask, name, parse).known().copied()
    };
    let binds = number("net.inet.ip.portrange.randomcps").filter(|binds| *binds > 0)?;
    let seconds = number("net.inet.ip.portrange.randomtime")?;
    let detail = format!(
        "above {binds} binds a second (randomcps) ports come one after the other for {seconds} s \
         (randomtime)"
    );
    Some(Unread::new(Subject::Pool(None), Why::new(Reason::Unsupported, detail)))
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
