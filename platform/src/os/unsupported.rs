//! An OS that no reader was written for: it says so.

use super::PersistedPaths;
use super::system::{Support, System, Way};
use crate::boot::{self, Boot};
use crate::snapshot::{
    Family, HostInfo, Listeners, Os, Range, Reading, Reason, Role, Scope, ScopeKind, ScopeName,
    Snapshot, Source, Transport, Why,
};
use crate::unread::{Subject, Unread};

pub(super) static SYSTEM: System = System {
    os: Os::Unsupported,
    title: "a system without a reader",
    support: Support::new(Way::Unread, Way::Unread, Way::Unread, Way::Unread),
    kernel: None,
    signs: &[],
    read: |_, _| read(),
    persisted: PersistedPaths::default,
    boot: |_, _| boot(),
};

fn boot() -> Boot {
    let why = "settings that persist are not read on this system";
    Boot::unknown(Why::new(Reason::Unsupported, why))
}

fn read() -> Snapshot {
    let source = || Source::Command(std::env::consts::OS.into());
    let why = || {
        Why::new(
            Reason::Unsupported,
            format!("there is no reader for {} yet", std::env::consts::OS),
        )
    };
    let arch = Some(std::env::consts::ARCH.to_owned());
    let host = HostInfo { arch, ..HostInfo::of(Os::Unsupported) };
    Snapshot::of(
        host,
        Scope {
            id: "host".to_owned(),
            kind: ScopeKind::Host,
            names: vec![ScopeName::Host],
            current: true,
            path: None,
            ranges: vec![Range {
                role: Role::Ephemeral,
                families: Family::ALL,
                transports: Transport::ALL,
                vendor_default: None,
                tcp_by_parity: None,
                udp_held_back: 0,
                bounds: Reading::Unknown { source: source(), why: why() },
            }],
            reserved: Vec::new(),
            randomization: Vec::new(),
            unprivileged_start: Reading::Unknown { source: source(), why: why() },
            time_wait: Reading::Unknown { source: source(), why: why() },
            usage: Reading::Absent { source: source() },
            listeners: Listeners {
                unread: vec![Unread::new(
                    Subject::Sockets { transport: None, family: None },
                    why(),
                )],
                ..Listeners::default()
            },
            nat: None,
            boot: boot::Facts::NotAsked,
            notes: Vec::new(),
        },
    )
}
