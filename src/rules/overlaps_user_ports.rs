//! User (registered) Ports in the pool.

use ephaudit_platform::ports::{PortClass, PortSet};
use ephaudit_platform::snapshot::Scope;

use crate::policy::{Policy, Profile};
use crate::remedy::{can_reserve, targets};
use crate::report::{Cure, Finding, Severity, Step, Verdict};
use crate::rule::{Check, Facts, Rule, View, each_pool, in_class};
use crate::text::{counted, grouped, spans};

pub static RULE: Rule = Rule {
    name: "overlaps-user-ports",
    summary: "the kernel may hand out registered ports (User Ports, 1024-49151) as ephemeral ports",
    severity: |_| Severity::Medium,
    needs: &[],
    page: include_str!("overlaps-user-ports.md"),
    check: Check::Facts(check),
};

/// How many service names the message gives.
const NAMES: usize = 6;

fn check(facts: &Facts<'_>, policy: &Policy) -> Verdict {
    each_pool(facts, |judgement, scope, view| {
        let users = in_class(&view.ports, PortClass::User);
        let overlap = users.difference(&policy.allowed_ports());
        if overlap.is_empty() {
            return match policy.profile {
                Profile::Rfc6056 if !users.is_empty() => {
                    judgement.found(wanted(scope, view, &users));
                }
                _ => judgement.pass(),
            };
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
            view.of_pool(&RULE, view.severity(policy, &facts.snapshot.host), scope)
            .about(overlap.clone())
            .says(
                format!(
                    "{}automatic allocation can take {} ({})",
                    view.label(),
                    counted(overlap.count(), "User Port"),
                    spans(&overlap)
                ),
                format!(
                    "{} assigned there{among}. An outgoing connection may hold such a port just \
                     when its service starts, and the service then fails with EADDRINUSE.",
                    match services {
                        0 => "No service name is".to_owned(),
                        1 => "1 service name is".to_owned(),
                        more => format!("{} service names are", grouped(more)),
                    }
                ),
            )
            .cured_by(Cure::Range(targets(policy, view.vendor_default())))
            .advises([Step::now(if can_reserve(facts.snapshot.host.os) {
                "keeping the range, reserve at least the ports that your services use"
            } else {
                "keeping the range, give your services ports outside of it: this system reserves none"
            })]),
        );
    })
}

/// Two recommendations contradict each other: whoever follows the one is told of the other.
fn wanted(scope: &Scope, view: &View<'_>, users: &PortSet) -> Finding {
    view.of_pool(&RULE, Severity::Info, scope).about(users.clone()).says(
        format!(
            "{}automatic allocation can take {}, which RFC 6056 wants and RFC 6335 does not",
            view.label(),
            counted(users.count(), "User Port")
        ),
        "RFC 6056 section 3.2 would draw from as many ports as there are, 1024-65535, less those \
         that services use: the more there are, the harder one is guessed. RFC 6335 section 6 \
         keeps 1024-49151 for services that are assigned there. The profile rfc6056 goes by the \
         first; reserve what your services use, or go by the profile iana.",
    )
}
