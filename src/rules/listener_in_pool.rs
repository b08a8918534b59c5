//! Services whose port automatic allocation may hand to somebody else.

use std::net::SocketAddr;

use ephaudit_platform::ports::{PortRange, PortSet};
use ephaudit_platform::snapshot::{Listener, Owner, Pool, Scope, Transport};

use crate::advice;
use crate::policy::Policy;
use crate::report::{About, Evidence, Finding, Gap, Severity, Step, Verdict};
use crate::rule::at_risk::{assigned, concerns, exposed};
use crate::rule::usage::range_evidence;
use crate::rule::{Check, Facts, Need, Rule, ScopeFacts, each_scope, pool_gaps};
use crate::text::{counted, grouped, parity, run_by, spans};

pub static RULE: Rule = Rule {
    name: "listener-in-pool",
    summary: "a service listens on a port that an outgoing connection can take while it is down",
    severity: |_| Severity::Medium,
    needs: &[Need::Listeners, Need::Owners],
    page: include_str!("listener-in-pool.md"),
    check: Check::Facts(check),
};

/// How many listeners are told one by one; the others are told together.
const TOLD_MAX: u32 = 256;
/// The same in a namespace that is not the reader's own.
const TOLD_OF_OTHERS: u32 = 32;

const fn told_max(scope: &Scope) -> u32 {
    if scope.current { TOLD_MAX } else { TOLD_OF_OTHERS }
}

/// The listeners that a finding of this rule names, by their index.
pub fn told_by_themselves(policy: &Policy, scope: &Scope) -> Vec<usize> {
    let mut indices = exposed(policy, scope, &ephaudit_platform::pools(scope));
    indices.truncate(told_max(scope) as usize);
    indices
}

fn check(facts: &Facts<'_>, policy: &Policy) -> Verdict {
    each_scope(facts, |judgement, scope| {
        pool_gaps(judgement, scope);
        judgement.gaps(scope.listeners.unread.iter().map(|unread| Gap::of(scope, unread)));
        judgement.pass();
        let exposed: Vec<&Listener> =
            scope.exposed.iter().filter_map(|&index| scope.listeners.items.get(index)).collect();
        let steps = advice::reserve(facts.snapshot, scope, &scope.at_risk);
        let (told, others) = exposed.split_at(exposed.len().min(told_max(scope) as usize));
        // Sorted by transport and port, so the addresses of one port stand together.
        for same_port in told.chunk_by(|a, b| (a.transport, a.port) == (b.transport, b.port)) {
            if let Some(finding) = finding(policy, scope, same_port, &steps) {
                judgement.found(finding);
            }
        }
        for others in others.chunk_by(|a, b| a.transport == b.transport) {
            if let Some(finding) = together(policy, scope, others, &steps) {
                judgement.found(finding);
            }
        }
    })
}

/// One finding for listeners of one transport that are too many to tell one by one.
fn together(
    policy: &Policy,
    scope: &ScopeFacts<'_>,
    others: &[&Listener],
    steps: &[Step],
) -> Option<Finding> {
    let Listener { transport, source, .. } = others.first()?;
    let ports: PortSet = others.iter().map(|item| PortRange::single(item.port)).collect();
    let is_assigned = others.iter().any(|item| assigned(policy, item).is_some());
    let severity = if is_assigned { Severity::Medium } else { Severity::Low };
    let pool = pool_of(policy, scope, others.first()?)?;
    let evidence = Evidence {
        what: "listeners",
        value: spans(&ports),
        source: source.clone(),
        line: None,
        command: format!("ss -H{}lnp", if *transport == Transport::Udp { "u" } else { "t" }),
    };
    let subject = format!("{transport}/others");
    let count = u32::try_from(others.len()).unwrap_or(u32::MAX);
    Some(
        Finding::new(RULE.name, severity, scope, &subject, range_evidence(pool))
            .seen([evidence])
            .about(ports)
            .concerning(About::transport(*transport))
            .says(
                format!(
                    "{} of {transport} inside the pool and not reserved",
                    counted(count, "more listener")
                ),
                format!(
                    "The first {} have findings of their own; the same advice applies to these.",
                    grouped(told_max(scope))
                ),
            )
            .advises(steps.iter().cloned()),
    )
}

/// The first pool that has the listener's port.
fn pool_of<'a>(
    policy: &Policy,
    scope: &'a ScopeFacts<'_>,
    listener: &Listener,
) -> Option<&'a Pool<'a>> {
    scope.pools.iter().find(|pool| concerns(policy, pool, listener))
}

fn finding(
    policy: &Policy,
    scope: &ScopeFacts<'_>,
    same_port: &[&Listener],
    steps: &[Step],
) -> Option<Finding> {
    let listener = same_port.first()?;
    let (transport, port) = (listener.transport, listener.port);
    let (severity, name, assignment) = match assigned(policy, listener) {
        Some(name) => (Severity::Medium, format!(" ({name})"), ""),
        None => (
            Severity::Low,
            String::new(),
            "IANA has not assigned it: its service may have asked for any port. ",
        ),
    };
    let pool = pool_of(policy, scope, listener)?;
    let evidence = same_port.iter().map(|item| Evidence {
        what: "listener",
        value: listening(item),
        source: item.source.clone(),
        line: None,
        command: format!(
            "ss -H{}lnp 'sport = :{port}'",
            if transport == Transport::Udp { "u" } else { "t" }
        ),
    });
    Some(
        Finding::new(
            RULE.name,
            severity,
            scope,
            &format!("{transport}/{port}"),
            range_evidence(pool),
        )
        .seen(evidence)
        .about(PortRange::single(port).into())
        .concerning(about(policy, same_port, listener))
        .says(
            format!(
                "{transport} port {port}{name} has a listener inside the pool and is not reserved"
            ),
            format!("{assignment}{}", danger(same_port, pool)),
        )
        .advises(steps.iter().cloned()),
    )
}

/// The first that is seen to hold the port; the address where all have the same.
fn about(policy: &Policy, same_port: &[&Listener], first: &Listener) -> About {
    let one_address = same_port.iter().all(|item| item.address == first.address);
    let seen = same_port.iter().find(|item| matches!(item.owner, Owner::Known { .. }));
    let about = About {
        address: one_address.then_some(first.address),
        service: assigned(policy, first).map(str::to_owned),
        ..About::transport(first.transport)
    };
    seen.map_or(about.clone(), |item| about.held_by(&item.owner))
}

fn listening(item: &Listener) -> String {
    let address = SocketAddr::new(item.address, item.port);
    let shared = match item.inodes.len() {
        0 | 1 => String::new(),
        sockets => format!(", one of {sockets} sockets that share it"),
    };
    match &item.owner {
        Owner::Known { pid, command, unit, container } => {
            let command = command.as_ref().map_or_else(String::new, |name| format!(" {name}"));
            let run_by = run_by(unit.as_deref(), container.as_deref());
            format!("{address}{command} (pid {pid}{run_by}{shared})")
        }
        Owner::NotAsked | Owner::Unseen(_) => address.to_string(),
    }
}

/// Who can take the port: `__inet_hash_connect` and `inet_csk_find_open_port`, net/ipv4, Linux
/// 6.1–6.18. A socket on another local address does not stand in the way, so a listener on loopback
/// has only loopback to fear.
fn danger(same_port: &[&Listener], pool: &Pool<'_>) -> String {
    let Some(listener) = same_port.first() else { return String::new() };
    let local = same_port.iter().all(|item| item.address.to_canonical().is_loopback());
    match listener.transport {
        Transport::Tcp => {
            let taker = if local {
                "a connection between local processes"
            } else {
                "an outgoing connection"
            };
            format!(
                "While its service is down {taker} can take the port, and SO_REUSEADDR on the \
                 service alone does not help.{}",
                if pool.range.tcp_by_parity == Some(true) {
                    turn(listener.port, pool.bounds.range().first())
                } else {
                    String::new()
                }
            )
        }
        Transport::Udp => "While its service is down any client can be given the port; \
                           SO_REUSEADDR helps only where both sockets set it. UDP prefers no \
                           parity."
            .to_owned(),
    }
}

/// Which parity goes first.
fn turn(port: u16, low: u16) -> String {
    let first = parity(low);
    if port % 2 == low % 2 {
        format!(
            " connect() takes {first} ports first (the parity of the low bound), so this port is \
             among the first to be taken."
        )
    } else {
        format!(
            " connect() takes {first} ports first (the parity of the low bound), and bind() to \
             port 0 {} ones: so bind() is the first to take this port.",
            parity(port)
        )
    }
}
