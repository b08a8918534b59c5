//! What OpenBSD's /etc/rc leaves at boot: it adds the ports of /etc/services to both lists
//! (`fill_baddynamic`), and then sets the lines of /etc/sysctl.conf.

use crate::boot::{Boot, Loader, Rejection};
use crate::os::Wanted;
use crate::os::bsd::{Kernel, Rules, SYSCTL_CONF, UNKNOWN, Write, int, printed};
use crate::parse::bsd_conf::{Grammar, Number, number};
use crate::persisted::Persisted;
use crate::ports::{PortRange, PortSet};

const TCP: &str = "net.inet.tcp.baddynamic";
const UDP: &str = "net.inet.udp.baddynamic";
const RULES: Rules = Rules {
    loader: Loader::Rc,
    grammar: Grammar::OpenBsd,
    files: &[SYSCTL_CONF],
    keys: &[
        "net.inet.ip.portfirst",
        "net.inet.ip.portlast",
        "net.inet.ip.porthifirst",
        "net.inet.ip.porthilast",
        TCP,
        UDP,
    ],
};
const FILLED: &str = "rc(8) adds the ports of /etc/services to the kernel's own list, which \
                      differs between releases; a whole list in /etc/sysctl.conf would replace it";

pub(in crate::os) fn wanted() -> Wanted {
    RULES.wanted()
}

pub(in crate::os) fn read(persisted: &Persisted) -> Boot {
    RULES.boot(persisted, &mut Lists { tcp: None, udp: None })
}

/// The lists where they are known.
struct Lists {
    tcp: Option<PortSet>,
    udp: Option<PortSet>,
}

impl Kernel for Lists {
    fn doubt(&self, key: &str) -> Option<&'static str> {
        [TCP, UDP].contains(&key).then_some(FILLED)
    }

    fn write(&mut self, key: &'static str, value: &[u8]) -> Write {
        match key {
            TCP => list(&mut self.tcp, value),
            UDP => list(&mut self.udp, value),
            _ => bound(value),
        }
    }

    fn list(&self, key: &str) -> Option<String> {
        let list = if key == TCP { &self.tcp } else { &self.udp };
        list.as_ref().map(printed)
    }
}

/// Neither bound looks at the other: the kernel takes the lower one for the first. `ipctl_vars` of
/// sys/netinet/ip_input.c allows 0 to 65535.
fn bound(value: &[u8]) -> Write {
    match int(value, 10) {
        Ok(number) if (0..=65_535).contains(&number) => Write::Took(number.to_string()),
        Ok(_) => Write::Unsure("newer kernels refuse what is not a port, and older ones accept it"),
        Err(none) => none,
    }
}

/// `parse_baddynamic` of sbin/sysctl/sysctl.c: a whole list, or ports to add and to take out, and
/// no mix of both. `known` is the list as it stands, where it is known.
fn list(known: &mut Option<PortSet>, value: &[u8]) -> Write {
    if value == UNKNOWN {
        *known = None;
        return Write::Unsure("what an earlier line wrote is not known");
    }
    // An empty item ends the list.
    let items: Vec<&[u8]> =
        value.split(|byte| *byte == b',').take_while(|item| !item.is_empty()).collect();
    if items.is_empty() {
        return Write::Unsure("releases differ in how they read an empty list");
    }
    let edits = |item: &&&[u8]| matches!(item.first(), Some(b'+' | b'-'));
    let edited = items.iter().filter(edits).count();
    if edited > 0 && edited < items.len() {
        let detail = "a list is either whole or made of + and - alone";
        return Write::Ends(Rejection::Invalid, detail.to_owned());
    }
    // One after the other: the last item that names a port decides.
    let mut named = vec![None; 65_536];
    for item in items {
        let digits = if edited > 0 { &item[1..] } else { item };
        match ports(digits) {
            Ok(range) => named[usize::from(range.first())..=usize::from(range.last())]
                .fill(Some(item.first() != Some(&b'-'))),
            Err(refused) => {
                if matches!(refused, Write::Unsure(_)) {
                    *known = None;
                }
                return refused;
            }
        }
    }
    let of = |wanted: bool| -> PortSet {
        let ports = (0..=u16::MAX).filter(|port| named[usize::from(*port)] == Some(wanted));
        ports.map(PortRange::single).collect()
    };
    if edited == 0 {
        *known = Some(of(true));
    } else if let Some(list) = known {
        *list = list.union(&of(true)).difference(&of(false));
    } else {
        return Write::Unsure(FILLED);
    }
    Write::TookList
}

fn ports(item: &[u8]) -> Result<PortRange, Write> {
    let ends = |detail: &str| Write::Ends(Rejection::Invalid, detail.to_owned());
    let port = |text: &[u8]| match number(text, 10) {
        Number::Fits(number) => u16::try_from(number).map_err(|_| ends("a port is 0 to 65535")),
        Number::Beyond => Err(ends("a port is 0 to 65535")),
        Number::None => Err(Write::Unsure("releases differ in how they read what is not a number")),
    };
    let mut halves = item.splitn(2, |byte| *byte == b'-');
    let low = port(halves.next().unwrap_or_default())?;
    let high = halves.next().map_or(Ok(low), port)?;
    PortRange::new(low, high).ok_or_else(|| ends("the range runs backwards"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::os::bsd::tests::{files, rejections, state};

    const FIRST: &str = "net.inet.ip.portfirst";

    fn openbsd(conf: &str) -> Boot {
        read(&files(&[("sysctl.conf", conf)]))
    }

    #[test]
    fn lines_are_taken_in_their_order_and_bounds_may_run_backwards() {
        let boot = openbsd(
            "net.inet.ip.portfirst=40000\t# first\nnet.inet.ip.portfirst=60000\n\
             net.inet.ip.portlast=10000\nnet.inet.ip.porthifirst=080\n",
        );
        assert_eq!(state(&boot, FIRST), "60000 by /etc/sysctl.conf:2");
        assert_eq!(state(&boot, "net.inet.ip.portlast"), "10000 by /etc/sysctl.conf:3");
        // No octal, and nothing is clamped.
        assert_eq!(state(&boot, "net.inet.ip.porthifirst"), "80 by /etc/sysctl.conf:4");
        assert_eq!(state(&boot, "net.inet.ip.porthilast"), "absent");
        assert_eq!((boot.entries.len(), boot.entries[0].loader.name()), (6, "rc"));
    }

    #[test]
    fn each_line_that_never_applies_has_its_reason() {
        for (line, rejection) in [
            ("net.inet.ip.portfirst = 2000", Rejection::NoAssignment),
            ("net.inet.ip.portfirst= 2000", Rejection::Invalid),
            ("net.inet.ip.portfirst=0x400", Rejection::Invalid),
            ("net.inet.ip.portfirst=2000\r", Rejection::Invalid),
            ("net.inet.ip.portfirst=\"2000\"", Rejection::QuotedValue),
            ("net.inet.ip.PortFirst=2000", Rejection::Case),
        ] {
            let boot = openbsd(&format!("{line}\n"));
            assert_eq!(rejections(&boot, FIRST), [rejection], "{line:?}");
            assert_eq!(state(&boot, FIRST), "absent", "{line:?}");
        }
    }

    #[test]
    fn what_releases_disagree_about_is_unknown() {
        for text in [
            "net.inet.ip.portfirst=70000\n",
            "net.inet.ip.portfirst=2000",
            " net.inet.ip.portfirst=2000\n",
            "net.inet.ip.portlast=5 net.inet.ip.portfirst=2000\n",
        ] {
            assert!(state(&openbsd(text), FIRST).starts_with("unknown"), "{text:?}");
        }
    }

    #[test]
    fn a_list_is_known_once_it_is_whole() {
        for (lines, wanted) in [
            (&[][..], None),
            (&["+8080"], None),
            (&["587,749-751"], Some("587,749,750,751")),
            (&["+8080", "587,2049", "+3000,+3001,-587"], Some("2049,3000,3001")),
            (&["587", "-587"], Some("")),
            (&["587,,2049"], Some("587")),
            (&["587", "+http"], None),
            (&["587", "http", "+5"], None),
            (&["25", "+1-5,-3"], Some("1,2,4,5,25")),
        ] {
            let text: String = lines.iter().flat_map(|list| [TCP, "=", list, "\n"]).collect();
            let told = state(&openbsd(&text), TCP);
            match wanted {
                Some(list) => {
                    assert_eq!(told, format!("{list} by /etc/sysctl.conf:{}", lines.len()));
                }
                None => assert!(told.starts_with("unknown"), "{lines:?}: {told}"),
            }
        }
    }

    #[test]
    fn sysctl_ends_at_a_list_that_it_does_not_understand() {
        for list in ["587,+2049", "70000", "9-5"] {
            let boot = openbsd(&format!("{TCP}=25\n{TCP}={list}\n{FIRST}=2000\n{UDP}=53\n"));
            assert_eq!(rejections(&boot, TCP), [Rejection::Invalid], "{list}");
            assert_eq!(state(&boot, TCP), "25 by /etc/sysctl.conf:1");
            for key in [FIRST, UDP] {
                assert!(state(&boot, key).contains("may have stopped"), "{list}");
            }
        }
    }
}
