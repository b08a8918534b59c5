//! AIX: the options of no(1). TCP and UDP have their own, which IPv4 and IPv6 share.

use super::Wanted;
use super::system::{Support, System, Way};
use super::{knobs, time_wait};
use crate::ask::Ask;
use crate::boot::{Boot, Entry, Loader, State};
use crate::ports::PortRange;
use crate::snapshot::{HostInfo, Os, Range, Reason, Role, Snapshot, Transport, Why};
use crate::unread::Unread;

pub(super) static SYSTEM: System = System {
    os: Os::Aix,
    title: "AIX",
    support: Support::new(Way::Evidence, Way::Nothing, Way::Unread, Way::Unread),
    kernel: None,
    signs: &["tcp_ephemeral_", "udp_ephemeral_"],
    read: |ask, _| read(ask),
    persisted: Wanted::default,
    boot: |_, _| boot(),
};

fn read(ask: &dyn Ask) -> Snapshot {
    let transports: [(&str, &'static [Transport]); 2] =
        [("tcp", &[Transport::Tcp]), ("udp", &[Transport::Udp])];
    let ranges = transports
        .into_iter()
        .map(|(name, transports)| {
            let (low, high) = (format!("{name}_ephemeral_low"), format!("{name}_ephemeral_high"));
            let default = PortRange::new(32_768, 65_535);
            let bounds = knobs::bounds(ask, &low, &high);
            Range { transports, ..knobs::range(Role::Ephemeral, default, bounds) }
        })
        .collect();
    let host = HostInfo {
        name: None,
        os: Os::Aix,
        os_id: None,
        os_version: None,
        os_version_id: None,
        kernel: None,
        arch: None,
        environment: None,
    };
    // no(1): in units of 15 s.
    let time_wait = time_wait::knob(ask, "tcp_timewait", 15_000);
    Snapshot::of(host, knobs::host_scope(ask, ranges, time_wait))
}

/// `no -p` and `no -r` write /etc/tunables/nextboot, which is not read.
pub(super) fn boot() -> Boot {
    let keys =
        ["tcp_ephemeral_low", "tcp_ephemeral_high", "udp_ephemeral_low", "udp_ephemeral_high"];
    let entry = |key| {
        let detail = format!(
            "/etc/tunables/nextboot is not read: `grep {key} /etc/tunables/nextboot` shows it"
        );
        let state = State::Unknown(Unread::of_key(key, Why::new(Reason::Unsupported, detail)));
        let (overridden, rejected) = (Vec::new(), Vec::new());
        Entry { key, loader: Loader::Tunrestore, state, overridden, rejected }
    };
    Boot { entries: keys.map(entry).to_vec(), ..Boot::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_read_is_unknown() {
        let boot = boot();
        assert_eq!(boot.entries.len(), 4);
        assert!(boot.entries.iter().all(|entry| matches!(entry.state, State::Unknown(_))));
    }
}
