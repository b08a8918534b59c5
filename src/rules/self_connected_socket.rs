//! TCP sockets that are connected to themselves.

use ephaudit_platform::ports::PortRange;
use ephaudit_platform::snapshot::{Census, Connection, Os, Scope, Snapshot, Transport};

use crate::policy::Policy;
use crate::remedy::end_connection;
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
        for socket in &census.self_connected {
            judgement.found(finding(facts.snapshot, scope, census, socket));
        }
    })
}

fn finding(
    snapshot: &Snapshot,
    scope: &ScopeFacts<'_>,
    census: &Census,
    socket: &Connection,
) -> Finding {
    let (address, port) = (socket.local, socket.local.port());
    let over = socket.state == TIME_WAIT;
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
        connection(census, socket, ""),
    )
    .with_evidence(range)
    .about(PortRange::single(port).into())
    .concerning(About {
        address: Some(address.ip()),
        destination: Some(socket.peer),
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
    .advises((!over).then(|| ends(snapshot, scope, socket)).into_iter().flatten())
    .advises([Step::elsewhere(
        "in the client: close a connection whose getsockname() and getpeername() are equal, and \
             try again",
    )])
}

/// What ends it. Neither a reservation nor another range does: both only hide it.
fn ends(snapshot: &Snapshot, scope: &Scope, socket: &Connection) -> Vec<Step> {
    if snapshot.host.os == Os::Linux {
        return end_connection(scope, socket.local, socket.peer);
    }
    vec![Step::now("stop the client that holds it")]
}
