//! Ports of declared services that automatic allocation may hand to somebody else.

use ephaudit_platform::ports::PortSet;
use ephaudit_platform::snapshot::{Snapshot, Transport};

use crate::advice;
use crate::policy::Policy;
use crate::policy::services::Declared;
use crate::report::{Severity, Verdict};
use crate::rule::{Check, Rule, declared, each_pool};
use crate::text::{counted, spans};

pub static RULE: Rule = Rule {
    name: "declared-service-in-pool",
    summary: "an outgoing connection can take a port of a service that the policy declares",
    severity: |_| Severity::Medium,
    page: include_str!("declared-service-in-pool.md"),
    check: Check::Facts(check),
};

fn check(snapshot: &Snapshot, policy: &Policy) -> Verdict {
    if policy.services.is_empty() {
        return declared::none();
    }
    each_pool(snapshot, |judgement, scope, view| {
        if !scope.current {
            return judgement.skip(declared::ELSEWHERE);
        }
        judgement.pass();
        let at_risk = |service: &&Declared| {
            let meets = service.transports.iter().any(|transport| view.is_of(*transport));
            meets && !overlap(service, &view.ports).is_empty()
        };
        let all: PortSet = policy.services.iter().filter(at_risk).map(|s| s.ports).collect();
        let all = all.intersection(&view.ports);
        let steps =
            if all.is_empty() { Vec::new() } else { advice::reserve(snapshot, scope, &all) };
        for service in policy.services.iter().filter(at_risk) {
            let ports = overlap(service, &view.ports);
            let over: Vec<&str> = Transport::ALL
                .iter()
                .filter(|transport| {
                    service.transports.contains(transport) && view.is_of(**transport)
                })
                .map(|transport| transport.name())
                .collect();
            let plural = if ports.count() == 1 { "" } else { "s" };
            let subject = format!("{}/{}", service.name, service.ports);
            judgement.found(
                view.finding(&RULE, Severity::Medium, scope, &subject)
                    .seen([declared::evidence(service)])
                    .about(ports.clone())
                    .says(
                        format!(
                            "{} port{plural} {} of {} can be given to outgoing connections",
                            over.join(" and "),
                            spans(&ports),
                            service.name
                        ),
                        format!(
                            "{} of the service's are in the pool and not reserved. What has no socket of its own while \
                             it waits, such as a NodePort, is in nobody's way: a client is given its port, and traffic \
                             for the service meets that client, or the service does not start.",
                            counted(ports.count(), "port"),
                        ),
                    )
                    .advises(steps.iter().cloned()),
            );
        }
    })
}

fn overlap(service: &Declared, pool: &PortSet) -> PortSet {
    PortSet::from(service.ports).intersection(pool)
}
