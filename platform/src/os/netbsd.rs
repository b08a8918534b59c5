//! NetBSD: sys/netinet/ip_input.c, portalgo.c. IPv4 and IPv6 have knobs of their own.

pub(super) mod boot;

use super::system::{Support, System, Way};
use super::{knobs, release, time_wait};
use crate::ask::Ask;
use crate::ports::PortRange;
use crate::reading::beginning;
use crate::snapshot::{
    Family, Os, Randomization, Range, Reading, Reserved, ReservedKind, Role, Scope, Snapshot,
    Source, Transport,
};

pub(super) static SYSTEM: System = System {
    os: Os::NetBsd,
    title: "NetBSD",
    support: Support::new(Way::Command, Way::Command, Way::Command, Way::Live),
    kernel: Some("NetBSD"),
    signs: &["net.inet.ip.anonport", "net.inet6.ip6.anonport"],
    read: |ask, _| read(ask),
    persisted: || boot::RULES.wanted(),
    boot: |persisted, _| boot::RULES.boot(persisted),
};

/// The algorithms of `anonportalgo.available`; `bsd` counts down from the top.
pub(super) const ALGORITHMS: [&str; 6] =
    ["bsd", "random_start", "random_pick", "hash", "doublehash", "randinc"];

fn read(ask: &dyn Ask) -> Snapshot {
    let families: [(&str, &'static [Family]); 2] =
        [("net.inet.ip", &[Family::Ipv4]), ("net.inet6.ip6", &[Family::Ipv6])];
    // portalgo.c came with NetBSD 7: before it ports came down from the top, and none was reserved.
    let older = release::of(ask).is_some_and(|release| release < (6, 99));
    let mut ranges = Vec::new();
    let mut reserved = Vec::new();
    let mut randomization = Vec::new();
    for (root, families) in families {
        for (role, name, default) in [
            (Role::Ephemeral, "anonport", PortRange::new(49_152, 65_535)),
            (Role::Low, "lowport", PortRange::new(600, 1023)),
        ] {
            let bounds =
                knobs::bounds(ask, &format!("{root}.{name}min"), &format!("{root}.{name}max"));
            ranges.push(Range { families, ..knobs::range(role, default, bounds) });
        }
        reserved.push(Reserved {
            kind: ReservedKind::Reserved,
            families,
            transports: Transport::ALL,
            ports: unless_older(older, knobs::ports(ask, &format!("{root}.anonportalgo.reserve"))),
        });
        let selected = format!("{root}.anonportalgo.selected");
        let random = knobs::tunable(ask, &selected, |algorithm| match algorithm {
            "bsd" => Ok(false),
            known if ALGORITHMS.contains(&known) => Ok(true),
            other => Err(format!("the algorithm {:?} is not known", beginning(other))),
        });
        let random = match unless_older(older, random) {
            Reading::Absent { source } => Reading::Known { value: false, source },
            reading => reading,
        };
        randomization.push(Randomization { families, transports: Transport::ALL, random });
    }
    let time_wait = knobs::tunable(ask, "net.inet.tcp.mslt.remote", time_wait);
    let scope = Scope { reserved, randomization, ..knobs::host_scope(ask, ranges, time_wait) };
    Snapshot::of(knobs::host(Os::NetBsd, ask), scope)
}

/// What the release has no knob for is absent, and not unknown, unless the knob is there.
fn unless_older<T>(older: bool, reading: Reading<T>) -> Reading<T> {
    match reading {
        Reading::Unknown { .. } if older => {
            Reading::Absent { source: Source::Kernel("no anonportalgo before NetBSD 7".into()) }
        }
        reading => reading,
    }
}

/// Twice the maximum segment lifetime towards hosts beyond the own networks, in slow ticks of which
/// `PR_SLOWHZ` = 2 make a second; 0 stands for `TCPTV_MSL`, 30 s (`tcp_established`,
/// sys/netinet/tcp_subr.c). `net.inet.tcp.msl` is another knob here, in seconds, and TIME_WAIT does
/// not go by it.
fn time_wait(ticks: &str) -> Result<u32, String> {
    time_wait::milliseconds(if ticks == "0" { "60" } else { ticks }, 2 * 500)
}
