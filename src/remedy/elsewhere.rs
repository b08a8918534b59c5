//! Commands of the other systems: only what exists there.

use ephaudit_platform::ports::{PortRange, PortSet};
use ephaudit_platform::snapshot::{Family, Os, Transport};
use ephaudit_platform::{SYSTEMS, Way};

use super::exclusion;
use crate::report::Step;

/// Whether the system has a list of ports that automatic allocation passes over and that an
/// administrator may edit.
pub fn can_reserve(os: Os) -> bool {
    let system = SYSTEMS.iter().find(|system| system.os == os);
    system.is_some_and(|system| {
        !matches!(system.support.exclusions, Way::Nothing | Way::Fixed | Way::Unread)
    })
}

/// More ports than a command line lists one by one.
const LISTED_MAX: u32 = 64;

/// The commands that make the list of reserved ports `all`, where it is `before` now. OpenBSD adds
/// to its lists and takes off them (sysctl(8)), NetBSD takes a list as a whole (sysctl(7)), illumos
/// adds one by one, and a port there takes privilege too (ipadm(8)).
pub(super) fn reserve(os: Os, before: &PortSet, all: &PortSet) -> Vec<Step> {
    if all.count().max(before.count()) > LISTED_MAX && os != Os::Windows {
        return Vec::new();
    }
    let (more, fewer) = (all.difference(before), before.difference(all));
    match os {
        Os::OpenBsd => {
            let ports = listed(&[("+", &more), ("-", &fewer)]);
            let of = |transport: &Transport| format!("net.inet.{transport}.baddynamic={ports}");
            now_and_boot(Transport::ALL.iter().map(of).collect(), "")
        }
        Os::NetBsd => {
            let list = listed(&[("", all)]);
            let of = |root: &str| format!("{root}.anonportalgo.reserve={list}");
            now_and_boot(["net.inet.ip", "net.inet6.ip6"].map(of).to_vec(), "-w ")
        }
        Os::Illumos | Os::Solaris => {
            let words = "now and at boot; binding it then takes privilege";
            privileged(&more, "+", words)
                .chain(privileged(&fewer, "-", "now and at boot"))
                .collect()
        }
        Os::Windows => {
            let words = "now and at boot, where nothing holds the port";
            excluded(&more, words, exclusion::keep)
                .chain(excluded(&fewer, "now and at boot", exclusion::release))
                .collect()
        }
        _ => Vec::new(),
    }
}

/// The ports one by one, each with the sign before it.
fn listed(signed: &[(&str, &PortSet)]) -> String {
    let each = signed
        .iter()
        .flat_map(|(sign, ports)| ports.iter().map(move |port| format!("{sign}{port}")));
    each.collect::<Vec<_>>().join(",")
}

fn now_and_boot(assignments: Vec<String>, write: &str) -> Vec<Step> {
    let now = Step::now("now").by(format!("sysctl {write}{}", assignments.join(" ")));
    let boot =
        assignments.into_iter().map(|line| Step::boot("at boot, in /etc/sysctl.conf").by(line));
    std::iter::once(now).chain(boot).collect()
}

fn privileged<'a>(
    ports: &'a PortSet,
    sign: &'a str,
    words: &'a str,
) -> impl Iterator<Item = Step> + 'a {
    let each = ports.iter().flat_map(|port| Transport::ALL.iter().map(move |of| (port, of)));
    each.map(move |(port, transport)| {
        Step::now(words).by(format!("ipadm set-prop -p extra_priv_ports{sign}={port} {transport}"))
    })
}

fn excluded<'a>(
    ports: &'a PortSet,
    words: &'a str,
    command: fn(Family, Transport, &str, u32) -> String,
) -> impl Iterator<Item = Step> + 'a {
    let each = Family::ALL
        .iter()
        .flat_map(|&family| Transport::ALL.iter().map(move |&transport| (family, transport)));
    each.flat_map(move |(family, transport)| {
        ports.spans().iter().map(move |span| {
            let first = span.first().to_string();
            Step::now(words).by(command(family, transport, &first, span.count()))
        })
    })
}

/// The commands of the other systems. NetBSD and illumos refuse a lower bound above the upper one,
/// on the way too: the upper one goes first, but where the whole range moves below the present one.
pub(super) fn move_range(os: Os, present: Option<PortRange>, target: PortRange) -> Vec<Step> {
    let (first, last) = (target.first(), target.last());
    let down = present.is_some_and(|present| last <= present.first());
    let ordered = |upper: String, lower: String| if down { [lower, upper] } else { [upper, lower] };
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
                ordered(format!("{root}.anonportmax={last}"), format!("{root}.anonportmin={first}"))
            })
            .collect(),
        Os::Illumos | Os::Solaris => {
            let old = ["tcp", "udp"].iter().map(|protocol| {
                let set = |bound: &str, port| {
                    format!("ndd -set /dev/{protocol} {protocol}_{bound}_anon_port {port}")
                };
                let both = ordered(set("largest", last), set("smallest", first)).join("; ");
                Step::now("on Solaris 10 and older, until the next boot").by(both)
            });
            return ["tcp", "udp"]
                .iter()
                .map(|protocol| {
                    let set = |bound: &str, port| {
                        format!("ipadm set-prop -p {bound}_anon_port={port} {protocol}")
                    };
                    let both = ordered(set("largest", last), set("smallest", first)).join("; ");
                    Step::now("now and at boot").by(both)
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

/// FreeBSD alone has the setting elsewhere: the last privileged port (ip(4)). mac_portacl(4) wants
/// it at 0.
pub(super) fn unprivileged_start(os: Os, start: u16) -> Vec<Step> {
    if os != Os::FreeBsd || start == 0 {
        return Vec::new();
    }
    let assignment = format!("net.inet.ip.portrange.reservedhigh={}", start - 1);
    vec![
        Step::now("now, unless mac_portacl(4) is in use, which wants it so")
            .by(format!("sysctl {assignment}")),
        Step::boot("at boot, in /etc/sysctl.conf").by(assignment),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commands(steps: Vec<Step>) -> Vec<String> {
        steps.into_iter().filter_map(|step| step.command).collect()
    }

    #[test]
    fn a_port_is_reserved_in_the_words_of_its_system_and_nowhere_without_a_list() {
        let port = PortSet::from(PortRange::single(50_000));
        let all = port.union(&PortSet::from(PortRange::single(2049)));
        let before = PortSet::from(PortRange::single(2049));
        let reserved = |os| commands(reserve(os, &before, &all));
        assert_eq!(
            reserved(Os::OpenBsd)[0],
            "sysctl net.inet.tcp.baddynamic=+50000 net.inet.udp.baddynamic=+50000"
        );
        // It takes the list as a whole: what is there stays.
        assert_eq!(
            reserved(Os::NetBsd)[0],
            "sysctl -w net.inet.ip.anonportalgo.reserve=2049,50000 \
             net.inet6.ip6.anonportalgo.reserve=2049,50000"
        );
        assert_eq!(reserved(Os::Illumos)[0], "ipadm set-prop -p extra_priv_ports+=50000 tcp");
        assert_eq!(reserved(Os::Windows).len(), 4, "a command each for family and transport");
        for os in [Os::FreeBsd, Os::DragonFly, Os::MacOs, Os::Aix, Os::Bsd] {
            assert!(!can_reserve(os), "{os:?}");
            assert_eq!(reserved(os), [""; 0], "{os:?}");
        }
        for os in [Os::Linux, Os::OpenBsd, Os::NetBsd, Os::Illumos, Os::Solaris, Os::Windows] {
            assert!(can_reserve(os), "{os:?}");
        }
    }

    #[test]
    fn what_was_reserved_is_given_back_in_the_words_of_its_system() {
        let before = PortSet::from(PortRange::between(50_000, 50_001));
        let all = PortSet::from(PortRange::single(50_000));
        let back = |os| commands(reserve(os, &before, &all));
        assert!(back(Os::OpenBsd)[0].contains("net.inet.tcp.baddynamic=-50001 "));
        assert!(back(Os::NetBsd)[0].contains(".reserve=50000 "));
        assert_eq!(back(Os::Illumos)[0], "ipadm set-prop -p extra_priv_ports-=50001 tcp");
        assert_eq!(
            back(Os::Windows)[0],
            "netsh int ipv4 delete excludedportrange protocol=tcp startport=50001 numberofports=1"
        );
    }

    #[test]
    fn no_bound_passes_the_other_on_the_way() {
        let ranges = [(1024, 2000), (1500, 40_000), (32_768, 65_535), (49_152, 60_999)];
        for (present, target) in ranges.iter().flat_map(|one| ranges.map(|other| (*one, other))) {
            let range = |(first, last)| PortRange::between(first, last);
            for os in [Os::NetBsd, Os::Illumos, Os::Solaris] {
                let steps = commands(move_range(os, Some(range(present)), range(target)));
                let all = steps.iter().take(2).flat_map(|c| c.split([' ', ';'])).map(str::to_owned);
                let [mut lower, mut upper] = [present.0, present.1];
                for word in all {
                    let Some((key, value)) = word.split_once('=') else { continue };
                    let Ok(port) = value.parse::<u16>() else { continue };
                    match key {
                        "net.inet.ip.anonportmin" | "smallest_anon_port" => lower = port,
                        "net.inet.ip.anonportmax" | "largest_anon_port" => upper = port,
                        _ => continue,
                    }
                    let both = (lower, upper);
                    assert!(
                        lower <= upper,
                        "{os:?} {present:?} {target:?}: {both:?} on the way, {steps:?}"
                    );
                    if both == (target.0, target.1) {
                        break;
                    }
                }
            }
        }
    }

    #[test]
    fn the_first_unprivileged_port_is_a_setting_of_freebsd_alone() {
        let steps = commands(unprivileged_start(Os::FreeBsd, 1024));
        assert_eq!(steps[0], "sysctl net.inet.ip.portrange.reservedhigh=1023");
        assert!(unprivileged_start(Os::MacOs, 1024).is_empty());
    }

    #[test]
    fn pages_name_the_commands_of_other_systems_that_the_program_prints() {
        let page = |name: &str| crate::rules::find(name).expect("a rule").page;
        let wanted: PortSet = PortRange::single(33_060).into();
        for (os, command) in [
            (Os::OpenBsd, "net.inet.tcp.baddynamic=+33060"),
            (Os::NetBsd, "net.inet.ip.anonportalgo.reserve=33060"),
            (Os::Illumos, "ipadm set-prop -p extra_priv_ports+=33060 tcp"),
            (Os::Windows, "excludedportrange protocol=tcp startport=33060"),
        ] {
            let steps = reserve(os, &PortSet::default(), &wanted);
            let printed =
                steps.iter().filter_map(|step| step.command.as_deref()).collect::<String>();
            assert!(printed.contains(command), "{os:?}: {printed}");
            for name in ["listener-in-pool", "declared-service-in-pool"] {
                assert!(page(name).contains(command), "{name}: {command}");
            }
        }
    }
}
