//! What an operator can do, as exact commands for this host. Nothing here is ever run by this tool.

pub mod exclusion;

use ephaudit_platform::holders::Holders;
use ephaudit_platform::ports::{PortRange, PortSet};
use ephaudit_platform::snapshot::{
    Bounds, Environment, Os, Owner, Range, Scope, Snapshot, Transport,
};

use crate::report::Step;
use crate::text::{counted, grouped, seconds};

/// The longest list of ports that a step spells out, in bytes; sysctl.conf(5) takes lines of 4,096.
const LIST_MAX: usize = 1024;

const UNPRIVILEGED_START: &str = "net.ipv4.ip_unprivileged_port_start";

/// How to move the range to `target`, or why not to; nothing where it is there already.
pub fn move_range(snapshot: &Snapshot, scope: &Scope, target: PortRange) -> Vec<Step> {
    let there = |range: &Range| range.bounds.known().is_some_and(|b| b.range() == target);
    if scope.ephemeral().all(there) {
        return Vec::new();
    }
    let value = format!("{} {}", target.first(), target.last());
    match (&snapshot.host.os, environment(snapshot, scope)) {
        (Os::Linux, Some(Environment::Wsl)) => vec![wsl()],
        (Os::Linux, Some(Environment::Gvisor | Environment::Container(_))) => {
            let words = "set it where the container is created (Kubernetes: \
                         securityContext.sysctls; with host networking: on the host)";
            vec![
                Step::elsewhere(words).by(format!(
                    "docker run --sysctl net.ipv4.ip_local_port_range='{value}' IMAGE"
                )),
            ]
        }
        (Os::Linux, None) => {
            let mut steps = Vec::new();
            if scope.unprivileged_start.known().is_some_and(|start| *start > target.first()) {
                steps.push(Step::now("first").by(write(scope, UNPRIVILEGED_START, "1024")));
            }
            let key = "net.ipv4.ip_local_port_range";
            steps.push(Step::now("now").by(write(scope, key, &format!("'{value}'"))));
            steps.push(to_last(scope, key, &value, "ephemeral-ports"));
            steps
        }
        (os, _) => elsewhere(*os, target),
    }
}

/// The commands of the other systems. NetBSD refuses a lower bound above the upper one, so the
/// upper one goes first.
fn elsewhere(os: Os, target: PortRange) -> Vec<Step> {
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

fn range_of(scope: &Scope) -> Option<PortRange> {
    let range = scope.ranges.first()?;
    range.bounds.known().map(Bounds::range)
}

/// How to give a namespace of Linux that range and those reservations.
pub fn tune(scope: &Scope, (first, last): (u16, u16), reserved: &PortSet) -> Vec<Step> {
    let range = format!("{first} {last}");
    let key = "net.ipv4.ip_local_port_range";
    let there = scope.ephemeral().any(|range| {
        range.bounds.known().is_some_and(|bounds| (bounds.first, bounds.last) == (first, last))
    });
    let mut steps = Vec::new();
    if !there {
        steps.push(Step::now("now").by(write(scope, key, &format!("'{range}'"))));
        steps.push(to_last(scope, key, &range, "ephemeral-ports"));
    }
    let already = scope.reserved.iter().find_map(|list| list.ports.known());
    if already.is_some_and(|already| !reserved.difference(already).is_empty()) {
        steps.extend(reserve_on_linux(None, scope, reserved));
    }
    steps
}

/// How to let only privileged processes bind System Ports again. The kernel refuses it while the
/// range begins lower.
pub fn raise_unprivileged_start(snapshot: &Snapshot, scope: &Scope) -> Vec<Step> {
    let key = UNPRIVILEGED_START;
    let environment = environment(snapshot, scope);
    if matches!(environment, Some(Environment::Container(_) | Environment::Gvisor)) {
        let command = format!("docker run --sysctl {key}=1024 IMAGE");
        return vec![Step::elsewhere("set it where the container is created").by(command)];
    }
    let low = range_of(scope).is_some_and(|range| range.first() < 1024);
    let first = low.then(|| Step::now("first move the ephemeral range above 1023"));
    first
        .into_iter()
        .chain([
            Step::now("now").by(write(scope, key, "1024")),
            to_last(scope, key, "1024", "unprivileged-ports"),
        ])
        .collect()
}

/// How many new connections a second a client that closes first can open to one destination: each
/// keeps its port for `time_wait` milliseconds, and a port may serve as many destinations as there
/// are. Less than one is no rate.
pub fn new_a_second(ports: u32, time_wait: Option<u32>) -> Option<u32> {
    let rate = (u64::from(ports) * 1000).checked_div(u64::from(time_wait?))?;
    u32::try_from(rate).ok().filter(|rate| *rate > 0)
}

/// What moving `from` to another range costs or gains; in connections too, where TIME_WAIT keeps
/// each port for `time_wait` milliseconds.
pub fn cost_of_moving(from: PortRange, to: PortRange, time_wait: Option<u32>) -> String {
    let (old, new) = (from.count(), to.count());
    let change = match old.cmp(&new) {
        std::cmp::Ordering::Greater => {
            format!("{} % fewer", ((old - new) * 100 + old / 2) / old)
        }
        std::cmp::Ordering::Less => format!("{} more", grouped(new - old)),
        std::cmp::Ordering::Equal => "just as many".to_owned(),
    };
    let mut cost = format!(
        "Moving to {to} leaves {} instead of {} ({change})",
        counted(new, "port"),
        grouped(old),
    );
    let rates = (new_a_second(new, time_wait), new_a_second(old, time_wait), time_wait);
    if let (Some(then), Some(now), Some(length)) = rates {
        let rates = format!(
            ": a client that closes first can then open {} instead of {} new connections a second \
             to one destination (ports / {} of TIME_WAIT)",
            grouped(then),
            grouped(now),
            seconds(length),
        );
        cost.push_str(&rates);
    }
    cost.push('.');
    cost
}

/// How to have more ports where those of the range do not do: `target`, where it is wider.
pub fn widen_range(snapshot: &Snapshot, scope: &Scope, target: PortRange) -> Vec<Step> {
    if range_of(scope).is_some_and(|range| range.count() < target.count()) {
        return move_range(snapshot, scope, target);
    }
    if snapshot.host.environment == Some(Environment::Wsl) {
        return Vec::new();
    }
    let words = "or widen the range into the User Ports, and reserve those of your services";
    vec![Step::now(words).by("ephaudit explain overlaps-user-ports")]
}

/// How to let connect() take ports in TIME_WAIT again.
pub fn reuse_time_wait(snapshot: &Snapshot) -> Step {
    let setting = "net.ipv4.tcp_tw_reuse=1";
    let command = match snapshot.host.environment {
        Some(Environment::Container(_)) => format!("docker run --sysctl {setting} IMAGE"),
        _ => format!("sysctl -w {setting}"),
    };
    let words = "where most of them are in TIME_WAIT and both ends use TCP timestamps, let \
                 connect() reuse these early (the kernel's documentation leaves that to experts)";
    Step::now(words).by(command)
}

/// How to have a setting's boot value now, or to keep the present one; nothing where one of them is
/// no plain value.
pub fn settle(scope: &Scope, key: &str, now: &str, then: Option<&str>) -> Vec<Step> {
    let plain = |value: &&str| {
        let known = |c: char| c.is_ascii_digit() || matches!(c, ' ' | '\t' | ',' | '-');
        value.len() <= LIST_MAX && value.chars().all(known)
    };
    let quoted = |value: &str| value.replace('\t', " ");
    let back = then.filter(plain).map(|then| {
        let command = write(scope, key, &format!("'{}'", quoted(then)));
        Step::now("to apply the boot value now").by(command)
    });
    let name = key.rsplit('.').next().unwrap_or(key).replace('_', "-");
    let keep = Some(now).filter(plain).map(|now| {
        let step = to_last(scope, key, &quoted(now), &name);
        Step { words: format!("or, to keep the running value, {}", step.words), ..step }
    });
    back.into_iter().chain(keep).collect()
}

/// What helps wherever nothing else does.
pub const MOVE: &str = "or move the service to a port outside the pool";

/// How to keep automatic allocation off `ports`, all of them at once, or how else to keep out of
/// its way.
pub fn reserve(snapshot: &Snapshot, scope: &Scope, ports: &PortSet) -> Vec<Step> {
    let mut steps = keep_out(snapshot, scope, ports);
    let or = if steps.is_empty() { MOVE.trim_start_matches("or ") } else { MOVE };
    steps.push(Step::elsewhere(or));
    steps
}

/// How to keep automatic allocation off `ports`: a write replaces the whole list, so steps for one
/// port each would undo one another. Nothing where there is no way.
pub fn keep_out(snapshot: &Snapshot, scope: &Scope, ports: &PortSet) -> Vec<Step> {
    match (&snapshot.host.os, environment(snapshot, scope)) {
        (Os::Linux, Some(Environment::Wsl)) => vec![wsl()],
        // gVisor has no reservations.
        (Os::Linux, Some(Environment::Gvisor)) => Vec::new(),
        (Os::Linux, environment) => reserve_on_linux(environment, scope, ports),
        (Os::OpenBsd, _) => vec![Step::now(
            "add it to net.inet.tcp.baddynamic or net.inet.udp.baddynamic, see sysctl(8)",
        )],
        _ => Vec::new(),
    }
}

/// How to make those who hold a port let go of it.
pub fn let_go(holders: &Holders) -> Vec<Step> {
    /// More processes than this are no step but a list.
    const PROCESSES_MAX: usize = 3;
    let mut steps: Vec<Step> = Vec::new();
    let mut unseen = false;
    for item in &holders.items {
        let step = match &item.owner {
            Owner::Known { pid, unit, .. } => {
                match unit.as_deref().filter(|unit| may_be_restarted(unit)) {
                    Some(unit) => Step::now(format!(
                        "restart the process that holds it (pid {pid}), if it can be spared"
                    ))
                    .by(format!("systemctl restart -- '{unit}'")),
                    None => Step::now("stop the process that holds it, if it can be spared")
                        .by(format!("kill {pid}")),
                }
            }
            Owner::Unseen(_) if item.ends.inode != 0 => {
                unseen = true;
                continue;
            }
            _ => continue,
        };
        if !steps.contains(&step) && steps.len() < PROCESSES_MAX {
            steps.push(step);
        }
    }
    if unseen {
        steps.push(Step::now("as root, see what holds it").by(show_holders(holders)));
    }
    steps
}

/// The command that shows the sockets with a port.
pub fn show_holders(holders: &Holders) -> String {
    let transport = match holders.transport {
        Transport::Tcp => "t",
        Transport::Udp => "u",
    };
    format!("ss -H{transport}anp 'sport = :{}'", holders.ports)
}

/// A service's restart ends that service; a session's or a user manager's would end all that
/// somebody does. What begins with a dash is an option to a careless eye.
fn may_be_restarted(unit: &str) -> bool {
    unit.strip_suffix(".service")
        .is_some_and(|name| !name.starts_with('-') && !name.starts_with("user@"))
}

fn reserve_on_linux(
    environment: Option<&Environment>,
    scope: &Scope,
    ports: &PortSet,
) -> Vec<Step> {
    // Where the present list is not known, a command would throw it away.
    let Some(already) = scope.reserved.iter().find_map(|reserved| reserved.ports.known()) else {
        return Vec::new();
    };
    let kept = already.union(ports);
    // A span takes two bytes at least; a list that is too long is not spelt out to find that out.
    let list = (kept.spans().len() < LIST_MAX / 2)
        .then(|| kept.to_string())
        .filter(|list| list.len() <= LIST_MAX);
    let Some(list) = list else {
        return vec![Step::now(
            "reserve it in net.ipv4.ip_local_reserved_ports, as part of a block: the list is long",
        )];
    };
    let key = "net.ipv4.ip_local_reserved_ports";
    if environment.is_some() {
        let words = "reserve it where the container is created (the list is set as a whole)";
        let command = format!("docker run --sysctl {key}={list} IMAGE");
        return vec![Step::elsewhere(words).by(command)];
    }
    vec![
        Step::now("reserve it now (this replaces the whole list)").by(write(scope, key, &list)),
        to_last(scope, key, &list, "reserved-ports"),
    ]
}

/// What the reader runs in is no matter for another namespace of the same host, nor is a container
/// for the host's own.
fn environment<'a>(snapshot: &'a Snapshot, scope: &Scope) -> Option<&'a Environment> {
    let matters = |environment: &&Environment| {
        scope.current && !(scope.is_host() && matches!(environment, Environment::Container(_)))
    };
    snapshot.host.environment.as_ref().filter(matters)
}

/// The command that sets a sysctl of that namespace.
fn write(scope: &Scope, key: &str, value: &str) -> String {
    scope.enter(&format!("sysctl -w {key}={value}"))
}

/// sysctl.d(5) is for the host's own namespace; any other is set up by whoever makes it.
fn to_last(scope: &Scope, key: &str, value: &str, file: &str) -> Step {
    let of_host = scope.is_host();
    if !of_host && !scope.current {
        let value = if value.contains(' ') { format!("'{value}'") } else { value.to_owned() };
        let words =
            "permanently, where the namespace is created (Kubernetes: securityContext.sysctls)";
        return Step::elsewhere(words).by(format!("docker run --sysctl {key}={value} IMAGE"));
    }
    let when = if of_host {
        "at boot"
    } else {
        "at boot, if this is the host's own namespace (set any other where it is created)"
    };
    Step::boot(when).by(format!("echo '{key} = {value}' > /etc/sysctl.d/99-zz-{file}.conf"))
}

fn wsl() -> Step {
    let words = "leave the range as it is under WSL: it may mirror a slice of the Windows host's \
                 dynamic ports, and changing it can make localhost connections hang; look at the \
                 Windows host";
    Step::elsewhere(words).by("netsh int ipv4 show dynamicport tcp")
}
