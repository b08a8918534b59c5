//! What OpenBSD's /etc/rc leaves at boot: it adds the ports of /etc/services to both lists
//! (`fill_baddynamic`), and then sets the lines of /etc/sysctl.conf. Neither bound looks at the
//! other: the kernel takes the lower one for the first (`ipctl_vars`, sys/netinet/ip_input.c).

use crate::boot::Loader;
use crate::os::bsd::{Rules, SYSCTL_CONF, Takes};

const FILLED: Takes = Takes::Unsure(
    "rc(8) adds the ports of /etc/services to the kernel's own list, which differs between \
     releases; what /etc/sysctl.conf makes of that is not followed",
);

pub(in crate::os) static RULES: Rules = Rules {
    loader: Loader::Rc,
    blanks: false,
    files: &[SYSCTL_CONF],
    keys: &[
        ("net.inet.ip.portfirst", Takes::Port),
        ("net.inet.ip.portlast", Takes::Port),
        ("net.inet.ip.porthifirst", Takes::Port),
        ("net.inet.ip.porthilast", Takes::Port),
        ("net.inet.tcp.baddynamic", FILLED),
        ("net.inet.udp.baddynamic", FILLED),
    ],
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::boot::Rejection;
    use crate::os::bsd::tests::{files, rejections, state};

    const FIRST: &str = "net.inet.ip.portfirst";

    #[test]
    fn lines_are_taken_in_their_order_and_bounds_may_run_backwards() {
        let text = "net.inet.ip.portfirst=40000\t# first\nnet.inet.ip.portfirst=60000\n\
                    net.inet.ip.portlast=10000\nnet.inet.ip.portlast=x\nnet.inet.tcp.baddynamic=1\n";
        let boot = RULES.boot(&files(&[("sysctl.conf", text)]));
        assert_eq!(state(&boot, FIRST), "60000 by /etc/sysctl.conf:2");
        assert_eq!(state(&boot, "net.inet.ip.portlast"), "10000 by /etc/sysctl.conf:3");
        assert_eq!(rejections(&boot, "net.inet.ip.portlast"), [Rejection::Invalid]);
        assert_eq!(state(&boot, "net.inet.ip.porthilast"), "absent");
        assert!(state(&boot, "net.inet.tcp.baddynamic").starts_with("unknown: rc(8)"));
        assert_eq!((boot.entries.len(), boot.entries[0].loader.name()), (6, "rc"));
    }

    #[test]
    fn what_releases_disagree_about_is_unknown() {
        for text in [
            "net.inet.ip.portfirst=70000\n",
            "net.inet.ip.portfirst=2000",
            " net.inet.ip.portfirst=2000\n",
            "net.inet.ip.portlast=5 net.inet.ip.portfirst=2000\n",
        ] {
            let boot = RULES.boot(&files(&[("sysctl.conf", text)]));
            assert!(state(&boot, FIRST).starts_with("unknown"), "{text:?}");
        }
    }
}
