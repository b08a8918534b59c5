//! AIX: the options of no(1). TCP and UDP have their own, which IPv4 and IPv6 share.

use super::PersistedPaths;
use super::system::{Support, System, Way};
use super::texts::{PersistedText, Texts};
use super::{knobs, time_wait};
use crate::ask::Ask;
use crate::boot::{Boot, Loader};
use crate::parse::no;
use crate::parse::transcript::Transcript;
use crate::persisted::{Found, Persisted};
use crate::ports::PortRange;
use crate::snapshot::{HostInfo, Os, Range, Reason, Role, Snapshot, Transport, Why};

pub(super) static SYSTEM: System = System {
    os: Os::Aix,
    title: "AIX",
    support: Support::new(Way::Evidence, Way::Nothing, Way::Evidence, Way::Evidence),
    kernel: Some("AIX"),
    signs: &["tcp_ephemeral_", "udp_ephemeral_"],
    read: |ask, _| read(ask),
    persisted: PersistedPaths::default,
    boot: |persisted, _| boot(persisted),
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
    // no(1): in units of 15 s.
    let time_wait = time_wait::knob(ask, "tcp_timewait", 15_000);
    Snapshot::of(HostInfo::of(Os::Aix), knobs::host_scope(ask, ranges, time_wait))
}

const KEYS: [&str; 4] =
    ["tcp_ephemeral_low", "tcp_ephemeral_high", "udp_ephemeral_low", "udp_ephemeral_high"];

/// `no -p` and `no -r` write /etc/tunables/nextboot: what it holds, and what `no -r -a`, `no -L` and
/// `no -x` print of it.
pub(super) fn boot(persisted: &Persisted) -> Boot {
    let mut texts = Texts::new(KEYS);
    for file in &persisted.files {
        let Found::Text(text) = &file.found else { continue };
        let text = String::from_utf8_lossy(text);
        let transcript = Transcript::of(0, &text);
        for tunable in no::tunables(&text).filter(|tunable| tunable.when == no::When::AfterBoot) {
            let detail = "this line may be cut: the evidence ends in the middle of it";
            let value = match tunable.whole {
                _ if tunable.value == "DEFAULT" => PersistedText::Unset,
                true => PersistedText::Is(tunable.value),
                false => PersistedText::Unknown(Why::new(Reason::Truncated, detail)),
            };
            let line = (tunable.line, transcript.commands_above(tunable.line));
            texts.add(tunable.name, value, &file.place, line);
        }
    }
    let mut boot = texts.boot(Loader::Tunrestore, |key| {
        format!("`no -L {key}` or `no -r -o {key}` below its command line")
    });
    boot.unread.clone_from(&persisted.unread);
    boot
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::os::bsd::tests::{files, state};

    #[test]
    fn what_is_persistent_stands_in_a_stanza_or_below_its_command() {
        let nextboot = "no:\n\ttcp_ephemeral_low = \"9000\"\n\tudp_ephemeral_low = \"DEFAULT\"\n";
        let printed =
            "# no -r -a\n tcp_ephemeral_high = 65500\n# no -a\n udp_ephemeral_high = 65535\n";
        let boot = boot(&files(&[("nextboot", nextboot), ("no.txt", printed)]));
        assert_eq!(state(&boot, "tcp_ephemeral_low"), "9000 by /etc/nextboot:2");
        assert_eq!(state(&boot, "tcp_ephemeral_high"), "65500 by /etc/no.txt:2");
        assert_eq!(state(&boot, "udp_ephemeral_low"), "absent");
        assert!(state(&boot, "udp_ephemeral_high").starts_with("unknown: give"));
    }
}
