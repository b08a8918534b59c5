//! What FreeBSD's and DragonFly's files leave at boot. FreeBSD: libexec/rc/rc.d/sysctl runs `sysctl
//! -i -f` on each; what MAC policies, modules and /boot/loader.conf set stands elsewhere. Only the
//! host, or the jail with a VNET of its own whose files these are, gets the values.

use crate::boot::{Boot, Loader};
use crate::os::Wanted;
use crate::os::bsd::{Kernel, Rules, SYSCTL_CONF, Write, int};
use crate::parse::bsd_conf::Grammar;
use crate::persisted::Persisted;

/// Those that the kernel clamps; DragonFly and macOS have them too.
pub(in crate::os) const PORTRANGE: [&str; 6] = [
    "net.inet.ip.portrange.first",
    "net.inet.ip.portrange.last",
    "net.inet.ip.portrange.hifirst",
    "net.inet.ip.portrange.hilast",
    "net.inet.ip.portrange.lowfirst",
    "net.inet.ip.portrange.lowlast",
];
const RULES: Rules = Rules {
    loader: Loader::RcSysctl,
    grammar: Grammar::FreeBsd,
    files: &[SYSCTL_CONF, "/etc/sysctl.conf.local"],
    keys: &[
        PORTRANGE[0],
        PORTRANGE[1],
        PORTRANGE[2],
        PORTRANGE[3],
        PORTRANGE[4],
        PORTRANGE[5],
        "net.inet.ip.portrange.reservedhigh",
        "net.inet.ip.portrange.randomized",
    ],
};
/// etc/rc.d/sysctl of DragonFly reads the one file.
const DRAGONFLY: Rules = Rules {
    loader: Loader::RcSysctl,
    grammar: Grammar::DragonFly,
    files: &[SYSCTL_CONF],
    keys: &PORTRANGE,
};

pub(in crate::os) fn wanted() -> Wanted {
    RULES.wanted()
}

pub(in crate::os) fn read(persisted: &Persisted) -> Boot {
    RULES.boot(persisted, &mut Clamping)
}

pub(in crate::os) fn wanted_of_dragonfly() -> Wanted {
    DRAGONFLY.wanted()
}

pub(in crate::os) fn read_of_dragonfly(persisted: &Persisted) -> Boot {
    DRAGONFLY.boot(persisted, &mut Clamping)
}

/// It holds no value: none hangs on another.
struct Clamping;

impl Kernel for Clamping {
    fn write(&mut self, key: &'static str, value: &[u8]) -> Write {
        write(key, value)
    }
}

/// `sysctl_net_ipport_check` of sys/netinet/in_pcb.c clamps, and looks at no other bound: either
/// order of two lines leaves the same, and the first may be above the last.
fn write(key: &'static str, value: &[u8]) -> Write {
    let number = match int(value, 0) {
        Ok(number) => number,
        Err(Write::Refused(..)) if value.iter().any(|byte| b" ,".contains(byte)) => {
            return Write::Unsure("releases differ in how they read several numbers");
        }
        Err(none) => return none,
    };
    if !PORTRANGE.contains(&key) {
        return Write::Took(number.to_string());
    }
    let (min, max) = if key.contains(".low") { (1, 1023) } else { (1024, 65_535) };
    let kept = number.clamp(min, max);
    if kept == number {
        return Write::Took(number.to_string());
    }
    let detail = format!("{number} is not in {min} to {max}: the kernel takes {kept}");
    Write::Clamped(kept.to_string(), detail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::boot::Rejection;
    use crate::os::bsd::tests::{entry, files, rejections, state};
    use crate::persisted::{File, Found};
    use crate::snapshot::{Reason, Why};

    const FIRST: &str = "net.inet.ip.portrange.first";
    const LAST: &str = "net.inet.ip.portrange.last";

    fn freebsd(conf: &str, local: &str) -> Boot {
        read(&files(&[("sysctl.conf", conf), ("sysctl.conf.local", local)]))
    }

    #[test]
    fn the_last_line_wins_and_the_local_file_comes_last() {
        let boot = freebsd(
            "# ports\nnet.inet.ip.portrange.first=20000\nnet.inet.ip.portrange.first: 30000\n\
             net.inet.ip.portrange.randomized=0 # no\n",
            "net.inet.ip.portrange.first = \"49152\"\n",
        );
        assert_eq!(state(&boot, FIRST), "49152 by /etc/sysctl.conf.local:1");
        let beaten: Vec<_> =
            entry(&boot, FIRST).overridden.iter().map(|line| line.value.as_str()).collect();
        assert_eq!(beaten, ["20000", "30000"]);
        assert_eq!(state(&boot, "net.inet.ip.portrange.randomized"), "0 by /etc/sysctl.conf:4");
        assert_eq!(state(&boot, LAST), "absent");
        assert_eq!(entry(&boot, LAST).loader.name(), "rc.d/sysctl");
        assert_eq!((boot.entries.len(), boot.unread.len()), (8, 0));
    }

    #[test]
    fn what_is_out_of_bounds_is_clamped_and_order_does_not_count() {
        let boot = freebsd(
            "net.inet.ip.portrange.last=5000\nnet.inet.ip.portrange.first=80\n\
             net.inet.ip.portrange.hilast=70000\nnet.inet.ip.portrange.lowfirst=1024\n\
             net.inet.ip.portrange.lowlast=0x1f4\nnet.inet.ip.portrange.hifirst=0140000\n\
             net.inet.ip.portrange.reservedhigh=0\n",
            "",
        );
        for (key, value, clamped) in [
            ("last", "5000", false),
            ("first", "1024", true),
            ("hilast", "65535", true),
            ("lowfirst", "1023", true),
            ("lowlast", "500", false),
            ("hifirst", "49152", false),
            ("reservedhigh", "0", false),
        ] {
            let key = format!("net.inet.ip.portrange.{key}");
            assert!(state(&boot, &key).starts_with(&format!("{value} by")), "{key}");
            assert_eq!(rejections(&boot, &key) == [Rejection::Clamped], clamped, "{key}");
        }
        // The kernel swaps bounds that run backwards when it looks for a port, and reading shows
        // them as written.
        let backwards =
            freebsd("net.inet.ip.portrange.first=60000\nnet.inet.ip.portrange.last=20000\n", "");
        assert_eq!(state(&backwards, FIRST), "60000 by /etc/sysctl.conf:1");
        assert_eq!(state(&backwards, LAST), "20000 by /etc/sysctl.conf:2");
    }

    #[test]
    fn each_line_that_never_applies_has_its_reason() {
        for (line, rejection) in [
            ("\u{feff}net.inet.ip.portrange.first=20000", Rejection::ByteOrderMark),
            ("net.inet.IP.portrange.first=20000", Rejection::Case),
            ("net/inet/ip/portrange/first=20000", Rejection::Spelling),
            ("\"net.inet.ip.portrange.first\"=20000", Rejection::QuotedKey),
            ("net.inet.ip.portrange.first", Rejection::NoAssignment),
            ("net.inet.ip.portrange.first=", Rejection::Invalid),
            ("net.inet.ip.portrange.first=20000;", Rejection::Invalid),
            ("net.inet.ip.portrange.first=''20000'", Rejection::QuotedValue),
        ] {
            let boot = freebsd(&format!("{line}\n"), "");
            assert_eq!(rejections(&boot, FIRST), [rejection], "{line}");
            assert_eq!(state(&boot, FIRST), "absent", "{line}");
        }
        let boot =
            freebsd("net.inet.ip.portrange.first=20000\nnet.inet.ip.portrange.first=x\n", "");
        assert_eq!(state(&boot, FIRST), "20000 by /etc/sysctl.conf:1");
    }

    #[test]
    fn what_is_not_certain_is_unknown() {
        for value in ["20000 30000", "20000,30000", "4294967296"] {
            let boot = freebsd(&format!("net.inet.ip.portrange.first={value}\n"), "");
            assert!(state(&boot, FIRST).starts_with("unknown"), "{value}");
            // A certain line after it decides again.
            let line = format!("net.inet.ip.portrange.first={value}\n{FIRST}=2000\n");
            assert_eq!(state(&freebsd(&line, ""), FIRST), "2000 by /etc/sysctl.conf:2");
        }
        let mut persisted = files(&[("sysctl.conf", "net.inet.ip.portrange.first=20000\n")]);
        assert!(read(&persisted).entries.iter().all(|entry| {
            matches!(&entry.state, crate::boot::State::Unknown(unread) if unread.why.reason == Reason::NotCaptured)
        }));
        persisted.files.push(File {
            name: b"sysctl.conf.local".to_vec(),
            place: "/etc/sysctl.conf.local".to_owned(),
            found: Found::Unread(Why::new(Reason::Denied, "refused")),
        });
        let boot = read(&persisted);
        assert_eq!(state(&boot, FIRST), "unknown: refused");
        assert_eq!(boot.unread.len(), 1);
    }

    #[test]
    fn files_that_are_not_there_leave_the_defaults() {
        let nothing = |name: &str| File {
            name: name.as_bytes().to_vec(),
            place: format!("/etc/{name}"),
            found: Found::Nothing("nothing is there"),
        };
        let files = ["sysctl.conf", "sysctl.conf.local"].map(nothing).to_vec();
        let boot = read(&Persisted { files, ..Persisted::default() });
        assert!(boot.entries.iter().all(|entry| entry.state == crate::boot::State::Absent));
    }

    #[test]
    fn rc_local_is_a_suspect_where_it_names_a_key() {
        let boot = read(&files(&[
            ("sysctl.conf", ""),
            ("sysctl.conf.local", ""),
            ("rc.local", "sysctl net.inet.ip.portrange.first=2000\n"),
        ]));
        let what: Vec<_> = boot.suspects.iter().map(|suspect| suspect.what.as_str()).collect();
        assert_eq!(what, ["rc.local, which names net.inet.ip.portrange.first"]);
    }

    #[test]
    fn dragonfly_reads_one_file_and_takes_no_blanks() {
        let boot = read_of_dragonfly(&files(&[(
            "sysctl.conf",
            "net.inet.ip.portrange.first=1 # low\nnet.inet.ip.portrange.last = 60000\n\
             net.inet.ip.portrange.hifirst=50000",
        )]));
        assert_eq!(state(&boot, FIRST), "1024 by /etc/sysctl.conf:1");
        assert_eq!(rejections(&boot, FIRST), [Rejection::Clamped]);
        assert_eq!(
            (state(&boot, LAST), rejections(&boot, LAST)),
            ("absent".to_owned(), vec![Rejection::NoAssignment])
        );
        assert!(state(&boot, "net.inet.ip.portrange.hifirst").contains("without a newline"));
        assert_eq!(boot.entries.len(), 6);
    }
}
