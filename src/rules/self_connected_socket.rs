//! TCP sockets that are connected to themselves.

use ephaudit_platform::ports::{PortRange, PortSet};
use ephaudit_platform::snapshot::{Census, Connection, Transport};

use crate::advice;
use crate::policy::Policy;
use crate::report::{About, Finding, Severity, Step, Verdict};
use crate::rule::usage::{census, connection, range_evidence};
use crate::rule::{Check, Facts, Need, Rule, ScopeFacts, each_scope};

pub static RULE: Rule = Rule {
    name: "self-connected-socket",
    summary: "a client is connected to itself and holds the port of the service it wanted",
    severity: |_| Severity::Critical,
    needs: &[Need::Sockets],
    page: include_str!("self-connected-socket.md"),
    check: Check::Facts(check),
};

/// `TCP_TIME_WAIT`, include/net/tcp_states.h.
const TIME_WAIT: u8 = 6;

fn check(facts: &Facts<'_>, _policy: &Policy) -> Verdict {
    each_scope(facts, |judgement, scope| {
        let Some(census) = census(judgement, scope) else { return };
        judgement.pass();
        let pool = scope.pool_of(Transport::Tcp).map(|pool| pool.ports.clone());
        let ports: PortSet =
            census.self_connected.iter().map(|seen| PortRange::single(seen.local.port())).collect();
        let exposed = pool.unwrap_or_default().intersection(&ports);
        let steps = if exposed.is_empty() {
            Vec::new()
        } else {
            advice::reserve(facts.snapshot, scope, &exposed)
        };
        for seen in &census.self_connected {
            judgement.found(finding(scope, census, seen, &steps));
        }
    })
}

fn finding(scope: &ScopeFacts<'_>, census: &Census, seen: &Connection, steps: &[Step]) -> Finding {
    let (address, port) = (seen.local, seen.local.port());
    let over = seen.state == TIME_WAIT;
    let (title, now) = if over {
        (
            format!("tcp port {port} was connected to itself: {address}"),
            "The connection is closed, and TIME_WAIT still keeps the port from the service",
        )
    } else {
        (
            format!("tcp port {port} is connected to itself: {address}"),
            "The client reads back what it writes, and keeps the port from the service",
        )
    };
    let range = scope.pool_of(Transport::Tcp).map(range_evidence);
    Finding::new(
        RULE.name,
        Severity::Critical,
        scope,
        &format!("tcp/{address}"),
        connection(census, seen, ""),
    )
    .seen(range)
    .about(PortRange::single(port).into())
    .concerning(About {
        address: Some(address.ip()),
        destination: Some(seen.peer),
        ..About::transport(Transport::Tcp)
    })
    .says(
        title,
        format!(
            "This happens when a client connects to {address} again and again while nobody listens \
             there: once it is given {port} as its own port, its SYN arrives at its own socket, \
             and TCP opens a connection. {now}, which gets EADDRINUSE, even with SO_REUSEADDR of \
             its own."
        ),
    )
    .advises(
        (!over).then(|| Step::now("stop the client that holds it; as root, ss -p shows its name")),
    )
    .advises(steps.iter().cloned())
    .advises([Step::elsewhere(
        "in the client: close a connection whose getsockname() and getpeername() are equal, and \
             try again",
    )])
}
