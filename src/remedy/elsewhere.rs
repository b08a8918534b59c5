//! Commands of the other systems: only what exists there.

use ephaudit_platform::ports::PortRange;
use ephaudit_platform::snapshot::Os;

use crate::report::Step;

/// The commands of the other systems. NetBSD refuses a lower bound above the upper one, so the
/// upper one goes first.
pub(super) fn move_range(os: Os, target: PortRange) -> Vec<Step> {
    let (first, last) = (target.first(), target.last());
    let assignments = match os {
        Os::FreeBsd | Os::DragonFly | Os::Bsd | Os::MacOs => vec![
            format!("net.inet.ip.portrange.first={first}"),
            format!("net.inet.ip.portrange.last={last}"),
        ],
        Os::OpenBsd => {
            vec![format!("net.inet.ip.portfirst={first}"), format!("net.inet.ip.portlast={last}")]
        }
        Os::NetBsd => ["net.inet.ip", "net.inet6.ip6"]
            .iter()
            .flat_map(|root| {
                [format!("{root}.anonportmax={last}"), format!("{root}.anonportmin={first}")]
            })
            .collect(),
        Os::Illumos | Os::Solaris => {
            let old = ["tcp", "udp"].iter().map(|protocol| {
                Step::now("on Solaris 10 and older, until the next boot").by(format!(
                    "ndd -set /dev/{protocol} {protocol}_largest_anon_port {last}; \
                     ndd -set /dev/{protocol} {protocol}_smallest_anon_port {first}"
                ))
            });
            return ["tcp", "udp"]
                .iter()
                .map(|protocol| {
                    Step::now("now and at boot").by(format!(
                        "ipadm set-prop -p largest_anon_port={last} {protocol}; \
                         ipadm set-prop -p smallest_anon_port={first} {protocol}"
                    ))
                })
                .chain(old.filter(|_| os == Os::Solaris))
                .collect();
        }
        Os::Aix => {
            return vec![Step::now("now and at boot").by(format!(
                "no -p -o tcp_ephemeral_low={first} -o tcp_ephemeral_high={last} \
                 -o udp_ephemeral_low={first} -o udp_ephemeral_high={last}"
            ))];
        }
        Os::Windows => {
            let count = target.count();
            return ["ipv4", "ipv6"]
                .iter()
                .flat_map(|family| ["tcp", "udp"].map(|transport| (family, transport)))
                .map(|(family, transport)| {
                    Step::now("now and at boot").by(format!(
                        "netsh int {family} set dynamicport {transport} start={first} num={count}"
                    ))
                })
                .collect();
        }
        Os::Linux | Os::Unsupported => return Vec::new(),
    };
    let now = match os {
        Os::NetBsd => format!("sysctl -w {}", assignments.join(" ")),
        _ => format!("sysctl {}", assignments.join(" ")),
    };
    let mut steps = vec![Step::now("now").by(now)];
    if os == Os::MacOs {
        steps.push(Step::boot(
            "at boot: run that command from a LaunchDaemon, as /usr/sbin/sysctl; macOS reads no file \
             for it",
        ));
    } else {
        steps.extend(
            assignments.into_iter().map(|line| Step::boot("at boot, in /etc/sysctl.conf").by(line)),
        );
    }
    steps
}
