//! Ports of declared services that somebody else's socket holds now.

use std::collections::{BTreeMap, HashMap};

use ephaudit_platform::ports::{PortRange, PortSet};
use ephaudit_platform::snapshot::{
    Connection, Family, Held, Listener, Owner, Reason, Scope, Source, Transport, Why,
};

use crate::policy::Policy;
use crate::policy::services::Declared;
use crate::remedy;
use crate::report::{About, Evidence, Finding, Gap, Severity, Step, Verdict};
use crate::rule::usage::knows_listeners;
use crate::rule::{Check, Facts, Judgement, Need, Rule, ScopeFacts, declared, each_scope};
use crate::rules::listener_in_pool::words;
use crate::text::{counted, run_by, spans};

pub static RULE: Rule = Rule {
    name: "squatted-port",
    summary: "a socket that does not listen occupies a declared service's port",
    severity: |_| Severity::High,
    needs: &[Need::Listeners, Need::Holders],
    page: include_str!("squatted-port.md"),
    check: Check::Facts(check),
};

/// `TCP_TIME_WAIT`, include/net/tcp_states.h.
const TIME_WAIT: u8 = 6;
/// How many sockets of a port a finding shows.
const SHOWN: usize = 5;
/// How many ports have findings of their own.
const TOLD: usize = 100;

fn check(facts: &Facts<'_>, policy: &Policy) -> Verdict {
    if policy.services.is_empty() {
        return declared::none();
    }
    each_scope(facts, |judgement, scope| {
        if !scope.current {
            return judgement.skip(declared::ELSEWHERE);
        }
        for held in &facts.snapshot.held {
            judge(judgement, scope, policy, held);
        }
        for service in policy.services.iter().filter(|service| service.owner.is_some()) {
            judge_owners(judgement, scope, service);
        }
    })
}

/// Whether those that listen on the ports of a service are who the policy expects there.
fn judge_owners(judgement: &mut Judgement, scope: &ScopeFacts<'_>, service: &Declared) {
    for &transport in &service.transports {
        if !knows_listeners(judgement, scope, transport) {
            continue;
        }
        judgement.pass();
        let of = |item: &&Listener| service.has(item.transport, item.port);
        let here = scope.listeners.items.iter().filter(|item| item.transport == transport);
        let mut others: BTreeMap<u16, Vec<&Listener>> = BTreeMap::new();
        for item in here.filter(of) {
            match (service.expects(&item.owner), &item.owner) {
                (Some(true), _) => {}
                (Some(false), _) => others.entry(item.port).or_default().push(item),
                (None, owner) => {
                    let not_asked =
                        || Why::new(Reason::NotCaptured, "its process was not looked for");
                    let why = if let Owner::Unseen(why) = owner { why } else { &not_asked() };
                    let address = std::net::SocketAddr::new(item.address, item.port);
                    judgement.gap(scope, format!("owner of {transport} {address}"), why);
                }
            }
        }
        for (port, items) in others.iter().take(TOLD) {
            judgement.found(other_holder(scope, service, *port, items));
        }
    }
}

/// Somebody else listens on a port of the service.
fn other_holder(scope: &Scope, service: &Declared, port: u16, items: &[&Listener]) -> Finding {
    let transport = items.first().map_or(Transport::Tcp, |item| item.transport);
    let subject = format!("{transport}/{port}/listener");
    let expected = service.owner.as_deref().unwrap_or_default();
    let about = About { service: Some(service.name.clone()), ..About::transport(transport) };
    let held_by = items.first().map_or(about.clone(), |item| about.held_by(&item.owner));
    Finding::new(RULE.name, Severity::High, scope, &subject, declared::evidence(service))
        .with_evidence(items.iter().take(SHOWN).map(|item| words::evidence(item)))
        .about(PortRange::single(port).into())
        .concerning(held_by)
        .says(
            format!(
                "{transport} port {port} of {} has a listener that is not {expected}",
                service.name
            ),
            format!(
                "The policy expects {expected} there. A service that binds the same address gets \
                 EADDRINUSE, and what is meant for it reaches another program."
            ),
        )
        .advises([
            Step::now("stop the process that holds it, or correct the owner in the policy"),
            Step::now("see what a service would meet there")
                .by(format!("ephaudit explain {port}/{transport}")),
        ])
}

fn judge(judgement: &mut Judgement, scope: &ScopeFacts<'_>, policy: &Policy, held: &Held) {
    if !known(judgement, scope, policy, held) {
        return;
    }
    judgement.pass();
    let mut listeners: HashMap<u16, Vec<&Listener>> = HashMap::new();
    for item in scope.listeners.items.iter().filter(|item| item.transport == held.transport) {
        listeners.entry(item.port).or_default().push(item);
    }
    let accepted = |ends: &Connection| {
        let here = listeners.get(&ends.local.port()).into_iter().flatten();
        here.into_iter().any(|listener| may_have_accepted(listener, ends))
    };
    let mut by_port: BTreeMap<u16, Vec<&(Connection, Owner)>> = BTreeMap::new();
    for item in held.items.iter().filter(|(ends, _)| !accepted(ends)) {
        by_port.entry(item.0.local.port()).or_default().push(item);
    }
    for (port, sockets) in by_port.iter().take(TOLD) {
        let of = |service: &&Declared| {
            service.transports.contains(&held.transport) && service.ports.contains(*port)
        };
        if let Some(service) = policy.services.iter().find(of) {
            judgement.found(finding(scope, service, held, *port, sockets));
        }
    }
    let mut others = by_port.iter().skip(TOLD).map(|(port, sockets)| (*port, sockets)).peekable();
    if let Some(first) = others.peek().and_then(|(_, sockets)| sockets.first().copied()) {
        let ports: PortSet = others.map(|(port, _)| PortRange::single(port)).collect();
        judgement.found(together(scope, held, first, ports));
    }
}

/// Whether a connection's own address is one that the listener serves.
fn may_have_accepted(listener: &Listener, ends: &Connection) -> bool {
    let (own, served) = (ends.local.ip().to_canonical(), listener.address.to_canonical());
    let family = if own.is_ipv4() { Family::Ipv4 } else { Family::Ipv6 };
    own == served || served.is_unspecified() && listener.families.contains(&family)
}

/// One finding for ports that are too many to tell one by one.
fn together(scope: &Scope, held: &Held, first: &(Connection, Owner), ports: PortSet) -> Finding {
    let subject = format!("{}/others", held.transport);
    let count = counted(ports.count(), &format!("more {} port", held.transport));
    Finding::new(RULE.name, Severity::High, scope, &subject, evidence_of(held, first))
        .says(
            format!(
                "{count} of declared services are held by sockets that do not listen: {}",
                spans(&ports)
            ),
            format!(
                "The first {TOLD} have findings of their own; the same advice applies to these."
            ),
        )
        .about(ports)
        .concerning(About::transport(held.transport))
}

/// Whether the sockets of these ports are known, as far as they matter. A capture does not hold
/// them; that matters where the ports can be given away.
fn known(judgement: &mut Judgement, scope: &ScopeFacts<'_>, policy: &Policy, held: &Held) -> bool {
    let mut whole = true;
    let ports = policy.declared_ports(held.transport);
    let in_pool = |transport: Transport| {
        let mut of = scope.pools.iter().filter(|pool| pool.transport == transport);
        of.any(|pool| !pool.ports.intersection(&ports).is_empty())
    };
    for unread in &held.unread {
        match unread.why.reason {
            Reason::NotCaptured | Reason::Unsupported if !in_pool(held.transport) => {
                judgement.skip(unread.why.detail.clone());
            }
            _ => judgement.gaps([Gap::of(scope, unread)]),
        }
        whole = false;
    }
    whole && (held.items.is_empty() || knows_listeners(judgement, scope, held.transport))
}

fn finding(
    scope: &ScopeFacts<'_>,
    service: &Declared,
    held: &Held,
    port: u16,
    sockets: &[&(Connection, Owner)],
) -> Finding {
    let transport = held.transport;
    let evidence_of = sockets.iter().take(SHOWN).map(|socket| evidence_of(held, socket));
    // What no process has open only the kernel still ends.
    let closed = |ends: &Connection| ends.state == TIME_WAIT || ends.inode == 0;
    let waits = transport == Transport::Tcp && sockets.iter().all(|(ends, _)| closed(ends));
    let (severity, how, step) = if waits {
        (
            Severity::Medium,
            "It is closed, and the kernel keeps the port for about a minute: until then a service \
             that binds it gets EADDRINUSE, even with SO_REUSEADDR unless that socket had set it \
             too.",
            "start the service again in a minute",
        )
    } else {
        (
            Severity::High,
            "A service that binds its address now gets EADDRINUSE, even with SO_REUSEADDR unless \
             that socket had set it too, as a socket that the service itself accepted earlier has.",
            "stop the process that holds it",
        )
    };
    let subject = format!("{transport}/{port}");
    Finding::new(RULE.name, severity, scope, &subject, declared::evidence(service))
        .with_evidence(evidence_of)
        .about(PortRange::single(port).into())
        .concerning(about(service, transport, sockets))
        .says(
            format!(
                "{transport} port {port} of {} is held by a socket that does not listen",
                service.name
            ),
            format!(
                "{} {} the port. {how}",
                counted(u32::try_from(sockets.len()).unwrap_or(u32::MAX), "socket"),
                if sockets.len() == 1 { "has" } else { "have" }
            ),
        )
        .advises(ended(step, waits, sockets))
        .advises([again(scope, transport, port)])
        .advises([Step::now("see what a service would meet there")
            .by(format!("ephaudit explain {port}/{transport}"))])
}

/// What ends the holders, as far as they are seen.
fn ended(otherwise: &str, waits: bool, sockets: &[&(Connection, Owner)]) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for step in sockets.iter().filter(|_| !waits).filter_map(|(_, owner)| remedy::end(owner)) {
        if steps.len() < SHOWN && !steps.contains(&step) {
            steps.push(step);
        }
    }
    if steps.is_empty() {
        steps.push(Step::now(otherwise));
    }
    steps
}

/// What keeps the port from being taken again: it is automatic allocation that a reservation stops,
/// and never a bind() to a number.
fn again(scope: &ScopeFacts<'_>, transport: Transport, port: u16) -> Step {
    if scope.pool_of(transport).is_some_and(|pool| pool.ports.contains(port)) {
        return Step::now(
            "then keep the port out of automatic allocation, as declared-service-in-pool advises",
        );
    }
    Step::elsewhere(
        "no reservation keeps a program from binding this number: start the service first, or give \
         the program another port (RPC clients: /etc/bindresvport.blacklist, the mount option \
         noresvport)",
    )
}

/// The process is the first that is seen to hold the port; the ends where one socket has it.
fn about(service: &Declared, transport: Transport, sockets: &[&(Connection, Owner)]) -> About {
    let one = if let [(ends, _)] = sockets { Some(ends) } else { None };
    let about = About {
        address: one.map(|ends| ends.local.ip()),
        destination: one.map(|ends| ends.peer).filter(|peer| peer.port() != 0),
        service: Some(service.name.clone()),
        ..About::transport(transport)
    };
    let evidence_of = sockets.iter().find(|(_, owner)| matches!(owner, Owner::Known { .. }));
    evidence_of.map_or(about.clone(), |(_, owner)| about.held_by(owner))
}

fn evidence_of(held: &Held, (ends, owner): &(Connection, Owner)) -> Evidence {
    let letter = if held.transport == Transport::Udp { "u" } else { "t" };
    Evidence {
        what: "socket",
        value: holder_words(held.transport, ends, owner),
        line: None,
        source: held.sources.first().cloned().unwrap_or(Source::Command("ss -Hanp".into())),
        command: format!("ss -H{letter}anp 'sport = :{}'", ends.local.port()),
    }
}

fn holder_words(transport: Transport, ends: &Connection, owner: &Owner) -> String {
    let state = match (transport, ends.state) {
        (Transport::Udp, _) => String::new(),
        (Transport::Tcp, 7) => ": bound".to_owned(),
        (Transport::Tcp, _) => format!(": {}", ends.state_name()),
    };
    let peer = if ends.peer.port() == 0 { String::new() } else { format!(" to {}", ends.peer) };
    let owner = match owner {
        Owner::Known { pid, command, unit, container } => {
            let name = command.as_deref().unwrap_or_default();
            format!(" {name} (pid {pid}{})", run_by(unit.as_deref(), container.as_deref()))
        }
        Owner::NotAsked | Owner::Kernel | Owner::Unseen(_) => String::new(),
    };
    format!("{}{peer}{state}{owner}", ends.local)
}
