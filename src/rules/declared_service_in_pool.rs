//! Ports of declared services that automatic allocation may hand to somebody else.

use ephaudit_platform::ports::PortSet;
use ephaudit_platform::snapshot::Transport;

use crate::policy::Policy;
use crate::policy::services::Declared;
use crate::remedy;
use crate::report::{About, Cure, Severity, Step, Verdict};
use crate::rule::{Check, Facts, Rule, declared, each_pool};
use crate::text::{counted, spans};

pub static RULE: Rule = Rule {
    name: "declared-service-in-pool",
    summary: "an outgoing connection can take a port of a service that the policy declares",
    severity: |_| Severity::Medium,
    needs: &[],
    page: include_str!("declared-service-in-pool.md"),
    check: Check::Facts(check),
};

fn check(facts: &Facts<'_>, policy: &Policy) -> Verdict {
    if policy.services.is_empty() {
        return declared::none();
    }
    each_pool(facts, |judgement, scope, view| {
        if !scope.current {
            return judgement.skip(declared::ELSEWHERE);
        }
        judgement.pass();
        let in_pool = |service: &&Declared| {
            let meets = service.transports.iter().any(|transport| view.is_of(*transport));
            meets && !overlap(service, &view.ports).is_empty()
        };
        for service in policy.services.iter().filter(in_pool) {
            let ports = overlap(service, &view.ports);
            let concerned = Transport::ALL.iter().copied().filter(|transport| {
                service.transports.contains(transport) && view.is_of(*transport)
            });
            let over: Vec<Transport> = concerned.collect();
            let one = if let [one] = over[..] { Some(one) } else { None };
            let over: Vec<&str> = over.iter().map(|transport| transport.name()).collect();
            let plural = if ports.count() == 1 { "" } else { "s" };
            let subject = format!("{}/{}", service.name, service.ports);
            judgement.found(
                view.finding(&RULE, Severity::Medium, scope, &subject)
                    .with_evidence([declared::evidence(service)])
                    .about(ports.clone())
                    .concerning(About {
                        transport: one,
                        service: Some(service.name.clone()),
                        ..About::default()
                    })
                    .says(
                        format!(
                            "{} port{plural} {} of {} can be given to outgoing connections",
                            over.join(" and "),
                            spans(&ports),
                            service.name
                        ),
                        format!(
                            "{} in the pool and not reserved. A service without a socket of its \
                             own, such as a NodePort, does not keep its ports from being handed \
                             out: when a client is given one, traffic for the service meets that \
                             client, or the service does not start.",
                            are(ports.count()),
                        ),
                    )
                    .cured_by(Cure::Reserve(scope.at_risk.clone()))
                    .advises([Step::elsewhere(remedy::MOVE)]),
            );
        }
    })
}

fn are(ports: u32) -> String {
    format!("{} {}", counted(ports, "port"), if ports == 1 { "is" } else { "are" })
}

fn overlap(service: &Declared, pool: &PortSet) -> PortSet {
    PortSet::from(service.ports).intersection(pool)
}
