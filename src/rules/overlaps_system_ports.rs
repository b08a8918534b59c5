//! System Ports in the pool.

use ephaudit_platform::ports::PortClass;

use crate::policy::Policy;
use crate::remedy::targets;
use crate::report::{Cure, Severity, Verdict};
use crate::rule::{Check, Facts, Rule, each_pool, in_class};
use crate::text::{counted, spans};

pub static RULE: Rule = Rule {
    name: "overlaps-system-ports",
    summary: "the kernel may hand out System Ports (0-1023) as ephemeral ports",
    severity: |_| Severity::High,
    needs: &[],
    page: include_str!("overlaps-system-ports.md"),
    check: Check::Facts(check),
};

fn check(facts: &Facts<'_>, policy: &Policy) -> Verdict {
    each_pool(facts, |judgement, scope, view| {
        let overlap = in_class(&view.ports, PortClass::System);
        if overlap.is_empty() {
            return judgement.pass();
        }
        let services = policy.registry.services_in(&overlap).count();
        judgement.found(
            view.of_pool(&RULE, Severity::High, scope)
            .about(overlap.clone())
            .says(
                format!(
                    "{}automatic allocation can take {}",
                    view.label(),
                    counted(overlap.count(), "System Port")
                ),
                format!(
                    "The pool holds {}, where {services} service names are assigned. Any process \
                     can then send from a port that others trust as privileged, and hold the port \
                     of a system service that starts later.",
                    spans(&overlap)
                ),
            )
            .cured_by(Cure::Range(targets(policy, view.vendor_default()))),
        );
    })
}
