//! What FreeBSD's and DragonFly's files leave at boot. FreeBSD: libexec/rc/rc.d/sysctl runs `sysctl
//! -i -f` on each. Only the host, or the jail with a VNET of its own whose files these are, gets
//! the values.

use crate::boot::Loader;
use crate::os::bsd::{Rules, SYSCTL_CONF, Takes};

/// Those that the kernel clamps; DragonFly and macOS have them too.
pub(in crate::os) const PORTRANGE: [&str; 6] = [
    "net.inet.ip.portrange.first",
    "net.inet.ip.portrange.last",
    "net.inet.ip.portrange.hifirst",
    "net.inet.ip.portrange.hilast",
    "net.inet.ip.portrange.lowfirst",
    "net.inet.ip.portrange.lowlast",
];
/// `sysctl_net_ipport_check` of sys/netinet/in_pcb.c clamps, and looks at no other bound: either
/// order of two lines leaves the same, and the first may be above the last.
const HIGH: Takes = Takes::Clamped(1024, 65_535);
const LOW: Takes = Takes::Clamped(1, 1023);

pub(in crate::os) static RULES: Rules = Rules {
    loader: Loader::RcSysctl,
    blanks: true,
    files: &[SYSCTL_CONF, "/etc/sysctl.conf.local"],
    keys: &[
        (PORTRANGE[0], HIGH),
        (PORTRANGE[1], HIGH),
        (PORTRANGE[2], HIGH),
        (PORTRANGE[3], HIGH),
        (PORTRANGE[4], LOW),
        (PORTRANGE[5], LOW),
        ("net.inet.ip.portrange.reservedhigh", Takes::Number),
        ("net.inet.ip.portrange.randomized", Takes::Number),
    ],
};
/// etc/rc.d/sysctl of DragonFly reads the one file, word by word.
pub(in crate::os) static DRAGONFLY: Rules = Rules {
    loader: Loader::RcSysctl,
    blanks: false,
    files: &[SYSCTL_CONF],
    keys: &[
        (PORTRANGE[0], HIGH),
        (PORTRANGE[1], HIGH),
        (PORTRANGE[2], HIGH),
        (PORTRANGE[3], HIGH),
        (PORTRANGE[4], LOW),
        (PORTRANGE[5], LOW),
    ],
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::boot::{Boot, Rejection, State};
    use crate::os::bsd::tests::{entry, files, rejections, state};
    use crate::persisted::{File, Found, Persisted};
    use crate::snapshot::{Reason, Why};

    const FIRST: &str = PORTRANGE[0];
    const LAST: &str = PORTRANGE[1];

    fn freebsd(conf: &str, local: &str) -> Boot {
        RULES.boot(&files(&[("sysctl.conf", conf), ("sysctl.conf.local", local)]))
    }

    #[test]
    fn the_last_line_wins_and_the_local_file_comes_last() {
        let boot = freebsd(
            &format!("# ports\n{FIRST}=20000\n{FIRST}=30000 # x\n{LAST} = 70000\n{LAST}=x\n"),
            &format!("{FIRST} = 49152\n"),
        );
        assert_eq!(state(&boot, FIRST), "49152 by /etc/sysctl.conf.local:1");
        let overridden = &entry(&boot, FIRST).overridden;
        let values: Vec<&str> = overridden.iter().map(|line| line.value.as_str()).collect();
        assert_eq!(values, ["20000", "30000"]);
        assert_eq!(state(&boot, LAST), "65535 by /etc/sysctl.conf:4");
        assert_eq!(rejections(&boot, LAST), [Rejection::Clamped, Rejection::Invalid]);
        assert_eq!((boot.entries.len(), boot.unread.len()), (8, 0));
    }

    #[test]
    fn what_is_not_certain_is_unknown() {
        for line in ["=020000", "=\"20000\"", ": 20000", "=2,3 4", "", "=2 \\"] {
            let boot = freebsd(&format!("{FIRST}{line}\n"), "");
            assert!(state(&boot, FIRST).starts_with("unknown"), "{line}");
            // A plain line after it decides again.
            let boot = freebsd(&format!("{FIRST}{line}\n\n{FIRST}=2000\n"), "");
            assert_eq!(state(&boot, FIRST), "2000 by /etc/sysctl.conf:3");
        }
        let mut persisted = files(&[("sysctl.conf", "net.inet.ip.portrange.first=20000\n")]);
        let not_captured = |state: &State| matches!(state, State::Unknown(unread) if unread.why.reason == Reason::NotCaptured);
        assert!(RULES.boot(&persisted).entries.iter().all(|entry| not_captured(&entry.state)));
        let local = |found| File {
            name: b"sysctl.conf.local".to_vec(),
            path: "/etc/sysctl.conf.local".to_owned(),
            place: "/etc/sysctl.conf.local".to_owned(),
            found,
        };
        persisted.files.push(local(Found::Unread(Why::new(Reason::Denied, "refused"))));
        assert_eq!(state(&RULES.boot(&persisted), FIRST), "unknown: refused");
        persisted.files[1] = local(Found::Nothing("nothing is there"));
        assert_eq!(state(&RULES.boot(&persisted), LAST), "absent");
    }

    #[test]
    fn rc_local_is_a_suspect_where_it_names_a_key() {
        let rc = ("rc.local", "sysctl net.inet.ip.portrange.first=2000\n");
        let boot = RULES.boot(&files(&[("sysctl.conf", ""), ("sysctl.conf.local", ""), rc]));
        let what: Vec<_> = boot.suspects.iter().map(|suspect| suspect.what.as_str()).collect();
        assert_eq!(what, ["rc.local, which names net.inet.ip.portrange.first"]);
    }

    #[test]
    fn dragonfly_reads_one_file_and_takes_no_blanks() {
        let boot = DRAGONFLY.boot(&Persisted {
            files: files(&[("sysctl.conf", &format!("{FIRST}=1 # low\n{LAST} = 60000\n"))]).files,
            ..Persisted::default()
        });
        assert_eq!(state(&boot, FIRST), "1024 by /etc/sysctl.conf:1");
        assert!(state(&boot, LAST).starts_with("unknown"));
        assert_eq!(boot.entries.len(), 6);
    }
}
