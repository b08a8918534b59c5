//! The range against RFC 6335 section 6 and its Dynamic Ports, or where the policy allows it.

use ephaudit_platform::ports::PortSet;
use ephaudit_platform::snapshot::{Environment, Os};

use crate::policy::Policy;
use crate::remedy::targets;
use crate::report::{Cure, Severity, Verdict};
use crate::rule::{Check, Facts, Rule, each_range, reserved_evidence};
use crate::text::{counted, grouped, spans};

pub static RULE: Rule = Rule {
    name: "outside-dynamic-ports",
    summary: "the ephemeral range is not within the Dynamic Ports 49152-65535 or the policy's \
              allowed ranges",
    severity: |_| Severity::Medium,
    needs: &[],
    page: include_str!("outside-dynamic-ports.md"),
    check: Check::Facts(check),
};

fn check(facts: &Facts<'_>, policy: &Policy) -> Verdict {
    each_range(facts, |judgement, scope, view| {
        let ports = view.bounds.range();
        if policy.allows(ports) {
            return judgement.pass();
        }
        let allowed = policy.nearest(ports);
        let outside = PortSet::from(ports).difference(&allowed.into());
        let pools = view.pools(scope);
        let held_off = !pools.is_empty()
            && pools.iter().all(|pool| pool.ports.difference(&allowed.into()).is_empty());
        let mut severity = view.severity(policy, &facts.snapshot.host);
        let mut message = format!(
            "{} of its {} lie outside: {}.",
            grouped(outside.count()),
            counted(ports.count(), "port"),
            spans(&outside)
        );
        let wsl = facts.snapshot.host.environment == Some(Environment::Wsl);
        message.push_str(match view.is_default() {
            Some(true) => " This is the operating system's default; nobody changed it.",
            Some(false) if wsl => " WSL may have set it, to mirror the Windows host.",
            Some(false) => " It is not the operating system's default: it was changed.",
            None => "",
        });
        if held_off {
            severity = severity.min(Severity::Low);
            message.push_str(" Reservations keep automatic allocation off all of these");
            message.push_str(if facts.snapshot.host.os == Os::Linux {
                "; RDMA and tunnels (VXLAN, GENEVE) ignore reservations."
            } else {
                "."
            });
        }
        judgement.found(
            view.finding(&RULE, severity, scope, "range")
                .with_evidence(reserved_evidence(scope).filter(|_| held_off))
                .says(
                    format!(
                        "{}the ephemeral range {ports} is not within {}",
                        view.label(),
                        policy.intervals(),
                    ),
                    message,
                )
                .cured_by(Cure::Range(targets(policy, view.vendor_default()))),
        );
    })
}
