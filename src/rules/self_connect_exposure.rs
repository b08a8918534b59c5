//! Ports of local services that a client may be given while it waits for the service.

use std::net::SocketAddr;

use ephaudit_platform::ports::{PortRange, PortSet};
use ephaudit_platform::snapshot::{Census, Destination, Pool, Reason, Scope, Transport, Why};

use crate::policy::Policy;
use crate::policy::services::Declared;
use crate::remedy;
use crate::report::{About, Cure, Evidence, Finding, Severity, Step, Verdict};
use crate::rule::usage::{census, is_of_linux, knows_listeners, range_evidence, read_from, ss_to};
use crate::rule::{
    Check, Facts, Judgement, Need, Rule, ScopeFacts, declared, each_scope, parity_gap, pool_gaps,
};
use crate::text::{counted, grouped};

pub static RULE: Rule = Rule {
    name: "self-connect-exposure",
    summary: "a local service is gone, and a client that waits for it may be given its port and connect to itself",
    severity: |_| Severity::Medium,
    needs: &[Need::Listeners, Need::Sockets],
    page: include_str!("self-connect-exposure.md"),
    check: Check::Facts(check),
};

/// One connection may be of two programs that met on any ports; several to one port are to a
/// service.
const CONNECTIONS: u32 = 2;

fn check(facts: &Facts<'_>, policy: &Policy) -> Verdict {
    each_scope(facts, |judgement, scope| {
        declared_and_gone(judgement, scope, policy);
        if !is_of_linux(judgement, facts, scope) {
            return;
        }
        let Some(census) = census(judgement, scope) else { return };
        pool_gaps(judgement, scope);
        // Without the listeners nobody knows which service is gone.
        if !knows_listeners(judgement, scope, Transport::Tcp) {
            return;
        }
        let Some(pool) = scope.pool_of(Transport::Tcp) else { return };
        let gone = census.destinations.iter().filter_map(|row| service_gone(scope, pool, row));
        // Some of its connections may wait at its own end, and others at the clients'.
        let mut gone: Vec<Gone> = gone.chain(left_behind(scope, pool, census)).collect();
        gone.sort_by_key(|service| (service.at, std::cmp::Reverse(service.clients)));
        gone.dedup_by_key(|service| service.at);
        let low = pool.bounds.range().first();
        let (mut exposed, others): (Vec<Gone>, Vec<Gone>) =
            gone.into_iter().partition(|service| service.at.port() % 2 == low % 2);
        match pool.range.tcp_by_parity {
            // connect() gives these away only when the others are used up.
            Some(true) => {}
            Some(false) => exposed.extend(others),
            None if others.is_empty() => {}
            None => parity_gap(judgement, scope),
        }
        let listed = census.destinations.iter().filter(|row| row.peer.is_some()).count();
        if census.uncounted > 0 || listed >= Census::LISTED {
            let why = Why::new(Reason::Truncated, "there were too many destinations to list each");
            judgement.gap(scope, "local services that are gone", &why);
        } else {
            judgement.pass();
        }
        let ports: PortSet = exposed.iter().map(|gone| PortRange::single(gone.at.port())).collect();
        for gone in exposed {
            let name = policy.registry.service(Transport::Tcp, gone.at.port());
            let evidence = [gone.evidence(census), range_evidence(pool)];
            judgement.found(gone.finding(scope, name, evidence, &ports));
        }
    })
}

/// Services that the policy declares, in the pool and with nobody listening.
fn declared_and_gone(judgement: &mut Judgement, scope: &ScopeFacts<'_>, policy: &Policy) {
    let of_tcp = |service: &&Declared| service.transports.contains(&Transport::Tcp);
    if !scope.current || !policy.services.iter().any(|service| of_tcp(&service)) {
        return;
    }
    let Some(pool) = scope.pool_of(Transport::Tcp) else {
        return pool_gaps(judgement, scope);
    };
    let items = scope.listeners.items.iter().filter(|item| item.transport == Transport::Tcp);
    let served: PortSet = items.map(|item| PortRange::single(item.port)).collect();
    let free = pool.ports.difference(&served);
    let low = pool.bounds.range().first();
    for service in policy.services.iter().filter(of_tcp) {
        let gone = PortSet::from(service.ports).intersection(&free);
        let exposed = match pool.range.tcp_by_parity {
            Some(false) => gone.clone(),
            by_parity => {
                if by_parity.is_none() && !gone.is_empty() {
                    parity_gap(judgement, scope);
                }
                gone.iter().filter(|port| port % 2 == low % 2).map(PortRange::single).collect()
            }
        };
        if exposed.is_empty() || !knows_listeners(judgement, scope, Transport::Tcp) {
            continue;
        }
        let subject = format!("declared/{}/{}", service.name, service.ports);
        let evidence = [declared::evidence(service)];
        judgement.found(
            Finding::new(RULE.name, Severity::Low, scope, &subject, range_evidence(pool))
                .with_evidence(evidence)
                .says(
                    format!(
                        "{} of {}: no listener, and among the first that clients are given",
                        counted(exposed.count(), "tcp port"),
                        service.name
                    ),
                    "A local client that keeps trying to connect to such a port may be given that \
                     very port and be connected to itself: it reads back what it writes, and the \
                     service can't start. This does not apply where NAT forwards the port, as for \
                     a NodePort reached at another address.",
                )
                .cured_by(Cure::Reserve(scope.at_risk.clone()))
                .advises([Step::elsewhere(remedy::MOVE)])
                .about(exposed)
                .concerning(About {
                    service: Some(service.name.clone()),
                    ..About::transport(Transport::Tcp)
                }),
        );
    }
}

/// A service that clients are connected to, or were a moment ago, and that listens no more.
struct Gone {
    at: SocketAddr,
    /// How many local ports are connected to it.
    clients: u32,
}

/// Only a connection from the very address that it goes to can end at itself, and a port that
/// somebody holds by bind() is given to nobody.
fn service_gone(scope: &Scope, pool: &Pool<'_>, row: &Destination) -> Option<Gone> {
    let at = row.peer.filter(|_| row.transport == Transport::Tcp)?;
    let bound = &scope.usage.known()?.bound;
    let gone = row.source.to_canonical() == at.ip().to_canonical()
        && row.ports_used >= CONNECTIONS
        && pool.ports.contains(at.port())
        && !bound.contains(at.port());
    gone.then_some(Gone { at, clients: row.ports_used })
}

/// Services that closed their connections first: TIME_WAIT is at their end then, and the clients'
/// ends are gone.
fn left_behind<'a>(
    scope: &'a Scope,
    pool: &'a Pool<'_>,
    census: &'a Census,
) -> impl Iterator<Item = Gone> + 'a {
    let bound = scope.usage.known().map(|usage| &usage.bound);
    census
        .left_behind
        .iter()
        .filter(move |(at, _)| {
            pool.ports.contains(at.port()) && bound.is_some_and(|bound| !bound.contains(at.port()))
        })
        .map(|&(at, clients)| Gone { at, clients })
}

impl Gone {
    fn evidence(&self, census: &Census) -> Evidence {
        Evidence {
            what: "ports in use",
            value: format!("{} from {} to {}", grouped(self.clients), self.at.ip(), self.at),
            source: read_from(census, Transport::Tcp),
            line: None,
            command: ss_to(self.at.ip(), self.at),
        }
    }

    fn finding(
        &self,
        scope: &Scope,
        name: Option<&str>,
        [first, more]: [Evidence; 2],
        ports: &PortSet,
    ) -> Finding {
        let (at, port) = (self.at, self.at.port());
        let severity = if name.is_some() { Severity::Medium } else { Severity::Low };
        let about = About {
            address: Some(at.ip()),
            service: name.map(str::to_owned),
            ..About::transport(Transport::Tcp)
        };
        let name = name.map_or_else(String::new, |name| format!(" ({name})"));
        Finding::new(RULE.name, severity, scope, &format!("tcp/{at}"), first)
            .with_evidence([more])
            .about(PortRange::single(port).into())
            .concerning(about)
            .says(
                format!("tcp port {port}{name} has local clients and no listener"),
                format!(
                    "{} of this address are connected to {at}, or were up to a minute ago. A \
                     client that keeps trying to connect is sooner or later given {port} as its \
                     own port, once the service's last socket is closed, and is then connected to \
                     itself: it reads back what it writes, and the service can't start. This does \
                     not apply where NAT forwards the port, as for a container.",
                    counted(self.clients, "port"),
                ),
            )
            .advises([Step::now("start the service, or stop its clients")])
            .cured_by(Cure::Reserve(ports.clone()))
            .advises([Step::elsewhere(remedy::MOVE)])
    }
}
