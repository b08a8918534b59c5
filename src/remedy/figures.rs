//! What a change leaves, in figures.

use ephaudit_platform::ports::PortRange;
use ephaudit_platform::snapshot::{HostInfo, Os, Reading, Scope};

use crate::text::{counted, grouped, seconds};

const REUSE: &str = "net.ipv4.tcp_tw_reuse";
const MAX_TIME_WAIT: &str = "net.ipv4.tcp_max_tw_buckets";

/// How many new connections a second a client that closes first can open to one destination of
/// another host with so many ports: each keeps its port for TIME_WAIT. `None` where it is less than
/// one, where a setting is not known, or lets it have more: with `tcp_tw_reuse` 1 connect() takes a
/// port in TIME_WAIT again (`tcp_twsk_unique`; with 2 on loopback alone), and beyond
/// `tcp_max_tw_buckets` the kernel keeps none (`tcp_time_wait`).
pub fn new_a_second(scope: &Scope, ports: u32) -> Option<u32> {
    let length = *scope.time_wait.known()?;
    if !matches!(scope.usage, Reading::Absent { .. }) && !is_bounded(scope, ports)? {
        return None;
    }
    let rate = (u64::from(ports) * 1000).checked_div(u64::from(length))?;
    u32::try_from(rate).ok().filter(|rate| *rate > 0)
}

/// Whether no setting lets a client have more; `None` where they are not known.
fn is_bounded(scope: &Scope, ports: u32) -> Option<bool> {
    let census = scope.usage.known()?.census.as_ref()?;
    // Only Linux has such settings.
    if census.settings.is_empty() {
        return Some(true);
    }
    let reading = |name: &str| {
        let found = census.settings.iter().find(|(known, _)| *known == name);
        found.map(|(_, reading)| reading)
    };
    match (reading(REUSE)?, reading(MAX_TIME_WAIT)?) {
        (Reading::Unknown { .. }, _) | (_, Reading::Unknown { .. }) => None,
        // What is not there has no effect.
        (reuse, most) => Some(
            reuse.known() != Some(&1) && most.known().is_none_or(|most| *most >= u64::from(ports)),
        ),
    }
}

/// Whether the kernel gives a port to connections to several destinations at once: Linux, and
/// FreeBSD since 13 (in_pcb_lport_dest() in sys/netinet/in_pcb.c). The others take one that no
/// socket of the same source address has.
pub fn shares_ports(host: &HostInfo) -> bool {
    let major = || host.kernel.as_deref().and_then(|kernel| kernel.split('.').next()?.parse().ok());
    match host.os {
        Os::Linux => true,
        Os::FreeBsd => major().is_none_or(|major: u32| major >= 13),
        _ => false,
    }
}

/// What a range with `new` ports in place of `old` ones costs or gains; in connections too.
pub(super) fn cost(
    (host, scope): (&HostInfo, &Scope),
    to: PortRange,
    (old, new): (u32, u32),
    tcp: bool,
) -> String {
    let change = match old.cmp(&new) {
        std::cmp::Ordering::Greater => {
            format!(
                "{} % fewer",
                (u64::from(old - new) * 100 + u64::from(old) / 2) / u64::from(old)
            )
        }
        std::cmp::Ordering::Less => format!("{} more", grouped(new - old)),
        std::cmp::Ordering::Equal => "just as many".to_owned(),
    };
    let mut cost = format!(
        "Moving to {to} leaves {} instead of {} ({change})",
        counted(new, "port"),
        grouped(old),
    );
    let rates = (new_a_second(scope, new), new_a_second(scope, old), scope.time_wait.known());
    if let (true, (Some(then), Some(now), Some(length))) = (tcp, rates) {
        let rates = format!(
            ": a client that closes first can then open {} instead of {} new connections a second \
             {} (ports / {} of TIME_WAIT)",
            grouped(then),
            grouped(now),
            if shares_ports(host) { "to one destination" } else { "to all destinations together" },
            seconds(*length),
        );
        cost.push_str(&rates);
    }
    cost.push('.');
    cost
}
