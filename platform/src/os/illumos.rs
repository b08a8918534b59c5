//! illumos and Solaris: ipadm(8), and ndd(8) up to Solaris 10. TCP and UDP have properties of their
//! own, which IPv4 and IPv6 share; exclusive-IP zones have their own values.

pub(super) mod boot;

use super::PersistedPaths;
use super::system::{Support, System, Way};
use super::{knobs, time_wait};
use crate::ask::Ask;
use crate::ports::PortRange;
use crate::snapshot::{HostInfo, Os, Range, ReservedKind, Role, Scope, Snapshot, Transport};

pub(super) static SYSTEM: System = System {
    os: Os::Illumos,
    title: "illumos",
    support: Support::new(Way::Command, Way::Command, Way::Command, Way::Evidence),
    kernel: None,
    signs: &[
        "tcp/smallest_anon_port",
        "tcp/largest_anon_port",
        "udp/smallest_anon_port",
        "udp/largest_anon_port",
    ],
    read: |ask, _| read(Os::Illumos, ask),
    persisted: PersistedPaths::default,
    boot: |persisted, _| boot::read(persisted),
};

pub(super) static SOLARIS: System = System {
    os: Os::Solaris,
    title: "Oracle Solaris",
    support: Support::new(Way::Command, Way::Command, Way::Command, Way::Evidence),
    kernel: None,
    signs: &[
        "tcp/smallest_anon_port",
        "tcp/largest_anon_port",
        "udp/smallest_anon_port",
        "udp/largest_anon_port",
        "ndd ",
        "hyphens ",
    ],
    read: |ask, _| read(Os::Solaris, ask),
    persisted: PersistedPaths::default,
    boot: |persisted, _| boot::read(persisted),
};

fn read(os: Os, ask: &dyn Ask) -> Snapshot {
    let transports: [(&str, &'static [Transport]); 2] =
        [("tcp", &[Transport::Tcp]), ("udp", &[Transport::Udp])];
    let ranges = transports
        .into_iter()
        .map(|(name, transports)| {
            let bounds = knobs::bounds(
                ask,
                &format!("{name}/smallest_anon_port"),
                &format!("{name}/largest_anon_port"),
            );
            // usr/src/uts/common/inet/tunables.c
            let default = PortRange::new(32_768, 65_535);
            Range { transports, ..knobs::range(Role::Ephemeral, default, bounds) }
        })
        .collect();
    // `tcp_update_next_port` passes over them, and to bind one takes privilege.
    let reserved = transports.into_iter().filter_map(|(name, transports)| {
        let ports = knobs::ports(ask, &format!("{name}/extra_priv_ports"));
        ports.known().is_some().then(|| knobs::reserved(ReservedKind::Reserved, transports, ports))
    });
    // In milliseconds (tcp_tunables.c); the underscore marks it as no public interface.
    let time_wait = time_wait::knob(ask, "tcp/_time_wait_interval", 1);
    let scope = Scope {
        reserved: reserved.collect(),
        unprivileged_start: knobs::port(ask, "tcp/smallest_nonpriv_port"),
        ..knobs::host_scope(ask, ranges, time_wait)
    };
    Snapshot::of(HostInfo::of(os), scope)
}
