//! User (registered) Ports in the pool.

use ephaudit_platform::ports::PortClass;
use ephaudit_platform::snapshot::Snapshot;

use crate::advice;
use crate::policy::Policy;
use crate::report::{Severity, Verdict};
use crate::rule::{Rule, each_pool, in_class};
use crate::text::{counted, grouped, spans};

pub static RULE: Rule = Rule {
    name: "overlaps-user-ports",
    summary: "automatic allocation can take User Ports (1024-49151), where services are registered",
    severity: |_| Severity::Medium,
    page: include_str!("overlaps-user-ports.md"),
    check,
};

/// How many service names the message gives.
const NAMES: usize = 6;

fn check(snapshot: &Snapshot, policy: &Policy) -> Verdict {
    each_pool(snapshot, |judgement, scope, view| {
        let overlap = in_class(&view.ports, PortClass::User);
        if overlap.is_empty() {
            return judgement.pass();
        }
        let registry = &policy.registry;
        let services = u32::try_from(registry.services_in(&overlap).count()).unwrap_or(u32::MAX);
        let names: Vec<String> = registry
            .best_known(&overlap, NAMES)
            .into_iter()
            .map(|(name, port)| format!("{name} {port}"))
            .collect();
        let among = if names.is_empty() {
            String::new()
        } else {
            format!(", among them {}", names.join(", "))
        };
        judgement.found(
            view.of_pool(&RULE, view.severity(policy, &snapshot.host), scope)
            .says(
                format!(
                    "{}automatic allocation can take {} ({})",
                    view.label(),
                    counted(overlap.count(), "User Port"),
                    spans(&overlap)
                ),
                format!(
                    "{} assigned there{among}. An outgoing connection may hold such a port just when its service \
                     starts, and the service then fails with EADDRINUSE.",
                    match services {
                        0 => "No service name is".to_owned(),
                        1 => "1 service name is".to_owned(),
                        more => format!("{} service names are", grouped(more)),
                    }
                ),
            )
            .advises(advice::move_range(snapshot, scope, view.wanted(policy)))
            .advises(["keeping the range, reserve at least the ports that your services use".to_owned()]),
        );
    })
}
