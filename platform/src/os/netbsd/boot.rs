//! What NetBSD's /etc/rc.d/sysctl leaves at boot: `sysctl -f /etc/sysctl.conf`.
//! `sysctl_net_inet_ip_ports` of sys/netinet/tcp_usrreq.c refuses a bound that is not beyond the
//! other, as that is at the moment: the order counts. Defaults: sys/netinet/in.h, netinet6/in6.h.

use crate::boot::Loader;
use crate::os::bsd::Order::{Above, Below};
use crate::os::bsd::{Order, Rules, SYSCTL_CONF, Takes};

const ALGORITHM: Takes = Takes::Word(&super::ALGORITHMS);

const fn anon(order: Order, default: i32) -> Takes {
    Takes::Bound { low: 1024, high: 65_535, order, default }
}

const fn low(order: Order, default: i32) -> Takes {
    Takes::Bound { low: 600, high: 1023, order, default }
}

pub(in crate::os) static RULES: Rules = Rules {
    loader: Loader::RcSysctl,
    blanks: false,
    files: &[SYSCTL_CONF],
    keys: &[
        ("net.inet.ip.anonportmin", anon(Above("net.inet.ip.anonportmax"), 49_152)),
        ("net.inet.ip.anonportmax", anon(Below("net.inet.ip.anonportmin"), 65_535)),
        ("net.inet.ip.lowportmin", low(Above("net.inet.ip.lowportmax"), 600)),
        ("net.inet.ip.lowportmax", low(Below("net.inet.ip.lowportmin"), 1023)),
        ("net.inet.ip.anonportalgo.selected", ALGORITHM),
        ("net.inet.ip.anonportalgo.reserve", Takes::Ports),
        ("net.inet6.ip6.anonportmin", anon(Above("net.inet6.ip6.anonportmax"), 49_152)),
        ("net.inet6.ip6.anonportmax", anon(Below("net.inet6.ip6.anonportmin"), 65_535)),
        ("net.inet6.ip6.lowportmin", low(Above("net.inet6.ip6.lowportmax"), 600)),
        ("net.inet6.ip6.lowportmax", low(Below("net.inet6.ip6.lowportmin"), 1023)),
        ("net.inet6.ip6.anonportalgo.selected", ALGORITHM),
        ("net.inet6.ip6.anonportalgo.reserve", Takes::Ports),
    ],
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::boot::{Boot, Rejection};
    use crate::os::bsd::tests::{files, rejections, state};

    const MIN: &str = "net.inet.ip.anonportmin";
    const MAX: &str = "net.inet.ip.anonportmax";

    fn netbsd(conf: &str) -> Boot {
        RULES.boot(&files(&[("sysctl.conf", conf)]))
    }

    #[test]
    fn the_order_of_the_bounds_counts() {
        let boot = netbsd("net.inet.ip.anonportmin=10000\nnet.inet.ip.anonportmax=20000\n");
        assert_eq!(state(&boot, MIN), "10000 by /etc/sysctl.conf:1");
        assert_eq!(state(&boot, MAX), "20000 by /etc/sysctl.conf:2");
        // The lower bound is 49152 when the upper one is written.
        let boot = netbsd("net.inet.ip.anonportmax=20000\nnet.inet.ip.anonportmin=10000\n");
        let refused = (state(&boot, MAX), rejections(&boot, MAX));
        assert_eq!(refused, ("absent".to_owned(), vec![Rejection::Order]));
        assert_eq!(state(&boot, MIN), "10000 by /etc/sysctl.conf:2");
        // IPv6 has its own.
        let boot = netbsd("net.inet.ip.anonportmin=65535\nnet.inet6.ip6.anonportmin=65534\n");
        assert_eq!(rejections(&boot, MIN), [Rejection::Order]);
        assert_eq!(state(&boot, "net.inet6.ip6.anonportmin"), "65534 by /etc/sysctl.conf:2");
    }

    #[test]
    fn nothing_is_clamped_and_what_hangs_on_the_unknown_is_unknown() {
        for (key, value) in [(MIN, "1023"), (MAX, "65536"), (MIN, "-1"), (MIN, "")] {
            let boot = netbsd(&format!("{key}={value}\n"));
            assert_eq!(rejections(&boot, key), [Rejection::Invalid], "{key}={value}");
            assert_eq!(state(&boot, key), "absent", "{key}={value}");
        }
        let boot = netbsd("net.inet.ip.anonportmin = 10000\nnet.inet.ip.anonportmax=20000\n");
        assert!(state(&boot, MIN).starts_with("unknown: a line names it"));
        assert!(state(&boot, MAX).starts_with("unknown: the other bound"));
        assert_eq!(state(&boot, "net.inet.ip.lowportmin"), "absent");
    }

    #[test]
    fn lists_and_algorithms() {
        let (list, selected) =
            ("net.inet.ip.anonportalgo.reserve", "net.inet.ip.anonportalgo.selected");
        let boot = netbsd(&format!("{list}=50001,50000\n{selected}=random_pick\n"));
        assert_eq!(state(&boot, list), "50000,50001 by /etc/sysctl.conf:1");
        assert_eq!(state(&boot, selected), "random_pick by /etc/sysctl.conf:2");
        assert!(state(&netbsd(&format!("{selected}=dice\n")), selected).starts_with("unknown"));
        let boot = netbsd(&format!("{list}=50000-50010\n{MIN}=20000\n"));
        assert_eq!(rejections(&boot, list), [Rejection::Invalid]);
        assert!(state(&boot, MIN).contains("may have stopped"));
    }
}
