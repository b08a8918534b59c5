//! What NetBSD's /etc/rc.d/sysctl leaves at boot: `sysctl -f /etc/sysctl.conf`.
//! `sysctl_net_inet_ip_ports` of sys/netinet/tcp_usrreq.c refuses a bound that is not beyond the
//! other, as that is at the moment: the order counts.

use crate::boot::{Boot, Loader, Rejection};
use crate::os::Wanted;
use crate::os::bsd::{Kernel, Rules, SYSCTL_CONF, UNKNOWN, Write, int, printed};
use crate::parse::bsd_conf::{Grammar, Number, number};
use crate::persisted::Persisted;
use crate::ports::{PortRange, PortSet};

const RULES: Rules = Rules {
    loader: Loader::RcSysctl,
    grammar: Grammar::NetBsd,
    files: &[SYSCTL_CONF],
    keys: &[
        "net.inet.ip.anonportmin",
        "net.inet.ip.anonportmax",
        "net.inet.ip.lowportmin",
        "net.inet.ip.lowportmax",
        "net.inet.ip.anonportalgo.selected",
        "net.inet.ip.anonportalgo.reserve",
        "net.inet6.ip6.anonportmin",
        "net.inet6.ip6.anonportmax",
        "net.inet6.ip6.lowportmin",
        "net.inet6.ip6.lowportmax",
        "net.inet6.ip6.anonportalgo.selected",
        "net.inet6.ip6.anonportalgo.reserve",
    ],
};

pub(in crate::os) fn wanted() -> Wanted {
    RULES.wanted()
}

pub(in crate::os) fn read(persisted: &Persisted) -> Boot {
    RULES.boot(persisted, &mut Families::default())
}

/// IPv4 and IPv6.
#[derive(Default)]
struct Families([Family; 2]);

fn place(key: &str) -> usize {
    usize::from(key.starts_with("net.inet6."))
}

impl Kernel for Families {
    fn write(&mut self, key: &'static str, value: &[u8]) -> Write {
        let family = &mut self.0[place(key)];
        match key.rsplit('.').next().unwrap_or(key) {
            "anonportmin" => family.anon.write(End::Min, value, (1024, 65_535)),
            "anonportmax" => family.anon.write(End::Max, value, (1024, 65_535)),
            "lowportmin" => family.low.write(End::Min, value, (600, 1023)),
            "lowportmax" => family.low.write(End::Max, value, (600, 1023)),
            "reserve" => reserve(&mut family.reserve, value),
            _ => selected(value),
        }
    }

    fn list(&self, key: &str) -> Option<String> {
        Some(printed(&self.0[place(key)].reserve))
    }
}

/// The values of one family as they stand.
struct Family {
    anon: Pair,
    low: Pair,
    reserve: PortSet,
}

/// sys/netinet/in.h, sys/netinet6/in6.h
impl Default for Family {
    fn default() -> Self {
        let pair = |min, max| Pair { min: Some(min), max: Some(max) };
        Self { anon: pair(49_152, 65_535), low: pair(600, 1023), reserve: PortSet::new() }
    }
}

/// `None` where it is not known.
struct Pair {
    min: Option<i32>,
    max: Option<i32>,
}

#[derive(Clone, Copy)]
enum End {
    Min,
    Max,
}

impl Pair {
    fn write(&mut self, end: End, value: &[u8], (lowest, highest): (i32, i32)) -> Write {
        let done = self.judge(end, value, lowest, highest);
        let own = match end {
            End::Min => &mut self.min,
            End::Max => &mut self.max,
        };
        match done {
            Ok(number) => {
                *own = Some(number);
                Write::Took(number.to_string())
            }
            Err(refused) => {
                if matches!(refused, Write::Unsure(_)) {
                    *own = None;
                }
                refused
            }
        }
    }

    fn judge(&self, end: End, value: &[u8], lowest: i32, highest: i32) -> Result<i32, Write> {
        let number = int(value.trim_ascii(), 0)?;
        if number < lowest || number > highest {
            return Err(Write::invalid(format!("{number} is not in {lowest} to {highest}")));
        }
        let other = match end {
            End::Min => self.max,
            End::Max => self.min,
        };
        let other = other.ok_or(Write::Unsure("the other bound is not known at that moment"))?;
        let order = match end {
            End::Min if number >= other => "not below the upper",
            End::Max if number <= other => "not above the lower",
            End::Min | End::Max => return Ok(number),
        };
        let detail = format!("{number} is {order} bound, {other} then: set the other one first");
        Err(Write::Refused(Rejection::Order, detail))
    }
}

/// `bitmask_scan` of sbin/sysctl/sysctl.c: the whole list, and sysctl(8) ends at what is no port.
fn reserve(kept: &mut PortSet, value: &[u8]) -> Write {
    if value == UNKNOWN {
        return Write::Unsure("what an earlier line wrote is not known");
    }
    let items = value.trim_ascii().split(|byte| *byte == b',').filter(|item| !item.is_empty());
    let mut list = Vec::new();
    for item in items {
        let port = match number(item, 0) {
            Number::Fits(number) => u16::try_from(number).ok(),
            Number::Beyond | Number::None => None,
        };
        let Some(port) = port else {
            let detail = "a list holds ports from 0 to 65535 with commas between them";
            return Write::Ends(Rejection::Invalid, detail.to_owned());
        };
        list.push(PortRange::single(port));
    }
    *kept = list.into_iter().collect();
    Write::TookList
}

/// `algos` of sys/netinet/portalgo.c.
fn selected(value: &[u8]) -> Write {
    match std::str::from_utf8(value) {
        Ok(name) if name == "bsd" || super::RANDOM.contains(&name) => Write::Took(name.to_owned()),
        _ => Write::Unsure(
            "this algorithm is not known here: net.inet.ip.anonportalgo.available lists them",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::os::bsd::tests::{files, rejections, state};

    const MIN: &str = "net.inet.ip.anonportmin";
    const MAX: &str = "net.inet.ip.anonportmax";

    fn netbsd(conf: &str) -> Boot {
        read(&files(&[("sysctl.conf", conf)]))
    }

    #[test]
    fn the_order_of_the_bounds_counts() {
        let down = "net.inet.ip.anonportmin=10000\nnet.inet.ip.anonportmax=20000\n";
        let boot = netbsd(down);
        assert_eq!(state(&boot, MIN), "10000 by /etc/sysctl.conf:1");
        assert_eq!(state(&boot, MAX), "20000 by /etc/sysctl.conf:2");
        // The lower bound is 49152 when the upper one is written.
        let boot = netbsd("net.inet.ip.anonportmax=20000\nnet.inet.ip.anonportmin=10000\n");
        assert_eq!(
            (state(&boot, MAX), rejections(&boot, MAX)),
            ("absent".to_owned(), vec![Rejection::Order])
        );
        assert_eq!(state(&boot, MIN), "10000 by /etc/sysctl.conf:2");
        // Equal bounds are refused too, and IPv6 has its own.
        let boot = netbsd("net.inet.ip.anonportmin=65535\nnet.inet6.ip6.anonportmin=65534\n");
        assert_eq!(rejections(&boot, MIN), [Rejection::Order]);
        assert_eq!(state(&boot, "net.inet6.ip6.anonportmin"), "65534 by /etc/sysctl.conf:2");
        assert_eq!((boot.entries.len(), boot.entries[0].loader.name()), (12, "rc.d/sysctl"));
    }

    #[test]
    fn nothing_is_clamped() {
        for (key, value, rejection) in [
            (MIN, "1023", Rejection::Invalid),
            (MAX, "65536", Rejection::Invalid),
            (MIN, "-1", Rejection::Invalid),
            (MIN, "", Rejection::Invalid),
            (MIN, "2000 3000", Rejection::Invalid),
            ("net.inet.ip.lowportmin", "599", Rejection::Invalid),
            ("net.inet.ip.lowportmax", "1024", Rejection::Invalid),
            ("net.inet6.ip6.lowportmax", "600", Rejection::Order),
        ] {
            let boot = netbsd(&format!("{key}={value}\n"));
            assert_eq!(rejections(&boot, key), [rejection], "{key}={value}");
            assert_eq!(state(&boot, key), "absent", "{key}={value}");
        }
        assert_eq!(
            state(&netbsd("net.inet.ip.anonportmin= 0x2710 \r\n"), MIN),
            "10000 by /etc/sysctl.conf:1"
        );
    }

    #[test]
    fn what_is_not_certain_is_unknown_with_all_that_hangs_on_it() {
        let boot = netbsd("net.inet.ip.anonportmin = 10000\nnet.inet.ip.anonportmax=20000\n");
        assert!(state(&boot, MIN).starts_with("unknown: line 1"), "{}", state(&boot, MIN));
        assert!(state(&boot, MAX).starts_with("unknown: the other bound"), "{}", state(&boot, MAX));
        assert_eq!(state(&boot, "net.inet.ip.lowportmin"), "absent");
    }

    #[test]
    fn lists_and_algorithms() {
        let list = "net.inet.ip.anonportalgo.reserve";
        let boot = netbsd(&format!(
            "{list}=50001, 50000\nnet.inet.ip.anonportalgo.selected=random_pick\n"
        ));
        assert_eq!(state(&boot, list), "50000,50001 by /etc/sysctl.conf:1");
        let algorithm = "net.inet.ip.anonportalgo.selected";
        assert_eq!(state(&boot, algorithm), "random_pick by /etc/sysctl.conf:2");
        assert_eq!(state(&netbsd(&format!("{list}=\n")), list), " by /etc/sysctl.conf:1");
        assert!(state(&netbsd(&format!("{algorithm}=dice\n")), algorithm).starts_with("unknown"));
        let boot = netbsd(&format!("{list}=50000-50010\n{MIN}=20000\n{MAX}=60000\n"));
        assert_eq!(rejections(&boot, list), [Rejection::Invalid]);
        for key in [MIN, MAX] {
            assert!(state(&boot, key).contains("may have stopped"));
        }
    }
}
