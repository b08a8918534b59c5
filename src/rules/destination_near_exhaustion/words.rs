//! What a finding says and advises.

use std::net::IpAddr;

use ephaudit_platform::bound_in_pool;
use ephaudit_platform::ports::PortRange;
use ephaudit_platform::snapshot::{Census, Environment, Reading, Snapshot, Source, Transport};

use super::{Hot, RULE, TransportUse};
use crate::remedy::targets;
use crate::report::{About, Cure, Evidence, Finding, Step};
use crate::rule::usage::{range_evidence, read_from, ss_from, ss_to};
use crate::text::{counted, grouped, parity, seconds};

const REUSE: &str = "net.ipv4.tcp_tw_reuse";
const REUSE_DELAY: &str = "net.ipv4.tcp_tw_reuse_delay";
const MAX_TIME_WAIT: &str = "net.ipv4.tcp_max_tw_buckets";
const AUTOBIND_REUSE: &str = "net.ipv4.ip_autobind_reuse";
const FIN_TIMEOUT: &str = "net.ipv4.tcp_fin_timeout";

pub(super) fn finding(case: &TransportUse<'_>, census: &Census, hot: &Hot<'_>) -> Finding {
    let row = hot.row;
    let (who, subject) = match row.peer {
        Some(peer) => {
            let via =
                row.interface.map_or_else(String::new, |index| format!(" by interface {index}"));
            (
                format!("{} to {peer}{via}", from(row.source)),
                format!("{}/{}/{peer}{via}", row.transport, row.source),
            )
        }
        None => (from(row.source), format!("{}/{}", row.transport, row.source)),
    };
    let (message, steps, settings): (_, _, &[&'static str]) = match (row.transport, row.peer) {
        (Transport::Tcp, Some(_)) => {
            (to_destination(case, census, hot), for_destination(case, census, hot), &[REUSE])
        }
        (Transport::Tcp, None) => {
            (of_source(case, census, hot), for_source(case), &[AUTOBIND_REUSE])
        }
        (Transport::Udp, _) => (of_udp(case, census, hot), for_udp(case), &[]),
    };
    let of_settings = settings.iter().filter_map(|&name| {
        let (value, source) = setting(census, name)?;
        Some(Evidence::new(name, value.to_string(), source))
    });
    // They were looked for where the destination is the busiest.
    let busiest = census
        .destinations
        .iter()
        .find(|other| other.transport == Transport::Tcp && other.peer.is_some());
    let users = if busiest == Some(row) { census.busiest_users.as_slice() } else { &[] };
    let users = users.iter().map(|user| {
        let value = format!("{} (pid {}): {}", user.command, user.pid, counted(user.ports, "port"));
        Evidence::new("in use by", value, &read_from(census, row.transport))
    });
    let finding =
        Finding::new(RULE.name, hot.severity(), case.scope, &subject, in_use(case, census, hot))
            .with_evidence(users)
            .with_evidence(case.scope.pool_of(row.transport).map(range_evidence))
            .with_evidence(of_settings)
            .says(
                format!(
                    "{} {who}: {} of {} {} in use ({} %)",
                    row.transport,
                    grouped(hot.row.ports_used),
                    counted(case.usable, "usable port"),
                    if hot.row.ports_used == 1 { "is" } else { "are" },
                    hot.percent,
                ),
                message.join(" "),
            )
            .concerning(About {
                address: Some(row.source).filter(|source| !source.is_unspecified()),
                destination: row.peer,
                ..About::transport(row.transport)
            })
            .advises(steps);
    match wider(case) {
        Some(cure) => finding.cured_by(cure),
        None => finding,
    }
}

/// `from 10.0.0.1`.
fn from(source: IpAddr) -> String {
    if source.is_unspecified() {
        format!("from any address ({source})")
    } else {
        format!("from {source}")
    }
}

fn in_use(case: &TransportUse<'_>, census: &Census, hot: &Hot<'_>) -> Evidence {
    let row = hot.row;
    let value = match row.peer {
        Some(peer) => format!("{} from {} to {peer}", grouped(row.ports_used), row.source),
        None => format!("{} from {}", grouped(row.ports_used), row.source),
    };
    let range = case.scope.pool_of(row.transport).map(|pool| pool.bounds.range());
    let command = match (row.peer, range) {
        (Some(peer), _) => ss_to(row.source, peer),
        (None, Some(range)) => ss_from(row.transport, row.source, range),
        (None, None) => String::new(),
    };
    let source = read_from(census, row.transport);
    Evidence { what: "ports in use", value, source, line: None, command }
}

fn setting<'a>(census: &'a Census, name: &str) -> Option<(u64, &'a Source)> {
    let (_, reading) = census.settings.iter().find(|(known, _)| *known == name)?;
    reading.known().map(|value| (*value, reading.source()))
}

fn value(census: &Census, name: &str) -> Option<u64> {
    setting(census, name).map(|(value, _)| value)
}

/// Whether connect() to this destination may take a port in TIME_WAIT again.
fn may_reuse(census: &Census, hot: &Hot<'_>) -> bool {
    let local = hot.row.peer.is_some_and(|peer| peer.ip().to_canonical().is_loopback());
    match value(census, REUSE) {
        Some(1) => true,
        Some(2) => local,
        _ => false,
    }
}

fn to_destination(case: &TransportUse<'_>, census: &Census, hot: &Hot<'_>) -> Vec<String> {
    let mut message = vec![match case.scope.time_wait.known() {
        Some(&length) => format!(
            "Each connection to this destination needs a port of its own; where this end closes \
             first, TIME_WAIT keeps it for {} more.",
            seconds(length)
        ),
        None => "Each connection to this destination needs a port of its own.".to_owned(),
    }];
    match left(case, hot) {
        0 if may_reuse(census, hot) => message.push(
            "No port is left: connect() to it fails with EADDRNOTAVAIL unless it may reuse one in \
             TIME_WAIT."
                .to_owned(),
        ),
        0 => message.push("No port is left: connect() to it fails with EADDRNOTAVAIL.".to_owned()),
        left => {
            message.push(fails_after(case, census, left));
            message.extend(first_half(case, hot));
        }
    }
    message.extend(reuse(census, hot));
    message.extend(value(census, MAX_TIME_WAIT).and_then(|most| {
        let reached = u64::from(case.usage.tcp_time_wait) >= most;
        reached.then(|| {
            format!(
                "TIME_WAIT has reached {MAX_TIME_WAIT} ({most}): the kernel ends further ones at once."
            )
        })
    }));
    if case.scope.time_wait.known().is_some() {
        let here = value(census, FIN_TIMEOUT).filter(|seconds| *seconds != 60);
        let here = here.map_or_else(String::new, |seconds| format!(" ({seconds} here)"));
        message.push(format!("tcp_fin_timeout{here} does not shorten TIME_WAIT."));
    }
    message.extend(bound(case));
    message.extend(uncounted(census));
    message
}

/// When connect() fails: after as many as are left, or after fewer. A port that was bound before it
/// was connected to somebody else is lost to this destination too (`tb->fastreuse >= 0` in
/// `__inet_hash_connect`), and so may be the last one of a range of odd length.
fn fails_after(case: &TransportUse<'_>, census: &Census, left: u32) -> String {
    let ranges = || case.scope.pool_of(Transport::Tcp).map(|pool| pool.bounds.range().count());
    let odd = ranges().is_some_and(|ports| ports % 2 == 1);
    let least = case.usable.saturating_sub(case.lost_at_most(census)).min(left);
    match least.saturating_sub(odd.into()) {
        same if same == left => {
            format!("With {} more in use connect() to it fails with EADDRNOTAVAIL.", grouped(left))
        }
        fewer if least < left => format!(
            "With {} more in use, or with fewer, but not below {}, connect() to it fails with \
             EADDRNOTAVAIL: ports that a program bound before it connected, to whomever, are lost \
             to it, and the kernel does not show which these are.",
            grouped(left),
            grouped(fewer)
        ),
        _ => format!(
            "With {} or {} more in use connect() to it fails with EADDRNOTAVAIL: the range has an \
             odd number of ports, and connect() does not always find the last.",
            grouped(left - 1),
            grouped(left)
        ),
    }
}

/// Where connect() has used up the ports it tries first (`__inet_hash_connect`,
/// net/ipv4/inet_hashtables.c).
fn first_half(case: &TransportUse<'_>, hot: &Hot<'_>) -> Option<String> {
    let pool = case.scope.pool_of(Transport::Tcp)?;
    let low = pool.bounds.range().first();
    let first = pool.ports.difference(&bound_in_pool(case.scope)?).count_parity(low % 2 == 1);
    (pool.range.tcp_by_parity == Some(true) && hot.row.ports_used >= first).then(|| {
        let (these, others) = (parity(low), parity(low ^ 1));
        let taken = match first {
            1 => "the only one of these is taken, and each new connect() tries it".to_owned(),
            _ => format!(
                "all {} of these are taken, and each new connect() tries every one",
                grouped(first)
            ),
        };
        format!(
            "connect() tries {these} ports first (the parity of the low bound): where it chose the \
             ports in use, {taken} in vain before it tries the {others} ones."
        )
    })
}

fn reuse(census: &Census, hot: &Hot<'_>) -> Option<String> {
    let setting = value(census, REUSE)?;
    if !may_reuse(census, hot) {
        let why = if setting == 2 { ", loopback only" } else { "" };
        return Some(format!("{REUSE} is {setting}{why}: a port in TIME_WAIT is not reused."));
    }
    // Before the setting came it was more than a second, always (`tcp_twsk_unique`,
    // net/ipv4/tcp_ipv4.c).
    let delay = census.settings.iter().find(|(name, _)| *name == REUSE_DELAY);
    let after = match delay.map(|(_, reading)| reading) {
        Some(Reading::Known { value, .. }) => u32::try_from(*value)
            .map_or_else(|_| String::new(), |ms| format!(" after {}", seconds(ms))),
        Some(Reading::Absent { .. }) => " after 1 s".to_owned(),
        Some(Reading::Unknown { .. }) | None => String::new(),
    };
    Some(format!(
        "{REUSE} is {setting}: connect() reuses a port in TIME_WAIT{after}, where both ends use \
         TCP timestamps."
    ))
}

fn bound(case: &TransportUse<'_>) -> Option<String> {
    let bound = bound_in_pool(case.scope)?.count();
    (bound > 0).then(|| {
        format!("bind() holds {} more of the pool, which connect() skips.", counted(bound, "port"))
    })
}

fn uncounted(census: &Census) -> Option<String> {
    (census.uncounted > 0).then(|| {
        format!(
            "There were too many sockets to count each: up to {} more may be in use.",
            counted(census.uncounted, "port")
        )
    })
}

fn of_source(case: &TransportUse<'_>, census: &Census, hot: &Hot<'_>) -> Vec<String> {
    let fails = match left(case, hot) {
        0 => "none is left, and bind() fails with EADDRINUSE".to_owned(),
        left => format!("with {} more in use bind() fails with EADDRINUSE", grouped(left)),
    };
    let (what, whose) = if hot.row.source.is_unspecified() {
        ("bind() to port 0 without an address", "at any address")
    } else {
        (
            "bind() to port 0, as by a program that binds this address before it connects,",
            "at this address",
        )
    };
    let mut message = vec![format!(
        "{what} needs a port that nothing else {whose} has, whatever the destination: {fails}. \
         connect() without bind() shares ports between destinations, but skips each port that a \
         socket was bound to before it connected, at any address: the kernel does not show which \
         these are."
    )];
    if value(census, AUTOBIND_REUSE) == Some(1) {
        message.push(format!(
            "{AUTOBIND_REUSE} is 1: bind() with SO_REUSEADDR may share a port, and connect() then \
             fails where both go to one destination."
        ));
    }
    message.extend(bound(case));
    message.extend(uncounted(census));
    message
}

fn of_udp(case: &TransportUse<'_>, census: &Census, hot: &Hot<'_>) -> Vec<String> {
    let any = "connect() and sendto() without bind() need a port that is free at every address, \
               and fail with EAGAIN; bind() to port 0 fails with EADDRINUSE";
    let mut message = vec![
        "UDP never shares a port of an address, whatever the peer, and a socket bound to no \
         address has its port at every address."
            .to_owned(),
        match left(case, hot) {
            0 => format!("None is left: {any}."),
            left => format!("With {} more in use none is left: {any}.", grouped(left)),
        },
    ];
    message.extend(uncounted(census));
    message
}

fn left(case: &TransportUse<'_>, hot: &Hot<'_>) -> u32 {
    case.usable.saturating_sub(hot.row.ports_used)
}

fn for_destination(case: &TransportUse<'_>, census: &Census, hot: &Hot<'_>) -> Vec<Step> {
    let mut steps = vec![
        Step::elsewhere("keep connections open and reuse them: a connection pool, HTTP keep-alive"),
        Step::elsewhere(format!(
            "or spread them: each further source address, destination address or destination port brings {} more",
            counted(case.usable, "connection")
        )),
    ];
    if case.usage.tcp_time_wait > 0
        && matches!(value(census, REUSE), Some(0 | 2))
        && !may_reuse(census, hot)
    {
        steps.push(reuse_time_wait(case.snapshot));
    }
    steps.extend(reserving_too(case));
    steps
}

fn for_source(case: &TransportUse<'_>) -> Vec<Step> {
    let mut steps = vec![
        Step::elsewhere(
            "set IP_BIND_ADDRESS_NO_PORT in programs that bind a source address before they \
             connect: then connect() chooses the port, and shares it between destinations",
        ),
        Step::elsewhere(format!(
            "or bind more source addresses: each brings {} more",
            counted(case.usable, "port")
        )),
    ];
    steps.extend(reserving_too(case));
    steps
}

fn for_udp(case: &TransportUse<'_>) -> Vec<Step> {
    let mut steps = vec![
        Step::elsewhere(
            "use one socket for many peers (sendto(2), recvfrom(2)), and close idle ones",
        ),
        Step::elsewhere(format!(
            "or bind more source addresses: each brings {} more",
            counted(case.usable, "port")
        )),
    ];
    steps.extend(reserving_too(case));
    steps
}

/// How to let connect() take ports in TIME_WAIT again.
fn reuse_time_wait(snapshot: &Snapshot) -> Step {
    let setting = "net.ipv4.tcp_tw_reuse=1";
    let command = match snapshot.host.environment {
        Some(Environment::Container(_)) => format!("docker run --sysctl {setting} IMAGE"),
        _ => format!("sysctl -w {setting}"),
    };
    let words = "where most of them are in TIME_WAIT and both ends use TCP timestamps, let \
                 connect() reuse these early (the kernel's documentation leaves that to experts)";
    Step::now(words).by(command)
}

/// A wider range, where the policy allows one.
fn wider(case: &TransportUse<'_>) -> Option<Cure> {
    let pool = case.scope.pool_of(case.transport)?;
    let wider = targets(case.policy, pool.range.vendor_default)
        .into_iter()
        .filter(|target| target.count() > pool.bounds.range().count());
    let wider: Vec<PortRange> = wider.collect();
    (!wider.is_empty()).then_some(Cure::Range(wider))
}

fn reserving_too(case: &TransportUse<'_>) -> Option<Step> {
    let words = "or widen the range into the User Ports, and reserve those of your services";
    (wider(case).is_none() && case.snapshot.host.environment != Some(Environment::Wsl))
        .then(|| Step::now(words).by("ephaudit explain overlaps-user-ports"))
}
