//! Who may bind System Ports.

use ephaudit_platform::ports::PortRange;
use ephaudit_platform::snapshot::{Environment, Os, Reading};

use crate::policy::Policy;
use crate::report::{Cure, Evidence, Finding, Severity, Step, Verdict};
use crate::rule::{Check, Facts, Rule, each_scope};

pub static RULE: Rule = Rule {
    name: "unprivileged-start-lowered",
    summary: "processes without privilege may bind System Ports",
    severity: |_| Severity::Medium,
    needs: &[],
    page: include_str!("unprivileged-start-lowered.md"),
    check: Check::Facts(check),
};

/// `PROT_SOCK`, the first port that never needed privilege.
const FIRST_UNPRIVILEGED: u16 = 1024;

fn check(facts: &Facts<'_>, _policy: &Policy) -> Verdict {
    each_scope(facts, |judgement, scope| match &scope.unprivileged_start {
        Reading::Known { value, .. } if *value >= FIRST_UNPRIVILEGED => judgement.pass(),
        Reading::Known { value, source } => {
            let contained = matches!(
                facts.snapshot.host.environment,
                Some(Environment::Container(_) | Environment::Gvisor)
            );
            let (severity, usual) = if contained {
                (
                    Severity::Low,
                    " Container runtimes set it to 0 on purpose in a namespace of the container's own.",
                )
            } else {
                (Severity::Medium, "")
            };
            // The other systems keep the range's first port at 1024 or above (RANGECHK in FreeBSD's
            // sys/netinet/in_pcb.c).
            let linux = facts.snapshot.host.os == Os::Linux;
            let range = match (*value).max(1) {
                first if linux => {
                    format!(", and the ephemeral range may be moved down to {first}")
                }
                _ => String::new(),
            };
            let instead = linux.then(|| {
                Step::elsewhere(
                    "grant CAP_NET_BIND_SERVICE to the one service that needs a low port instead",
                )
            });
            judgement.found(
                Finding::new(
                    RULE.name,
                    severity,
                    scope,
                    "unprivileged-start",
                    Evidence::new("unprivileged port start", value.to_string(), source),
                )
                .about(PortRange::between((*value).max(1), 1023).into())
                .says(
                    format!("ports from {value} on need no privilege to bind"),
                    format!(
                        "Any user's process can serve on, and send from, the System Ports {value}-1023{range}.{usual}",
                    ),
                )
                .advises(instead)
                .cured_by(Cure::UnprivilegedStart),
            );
        }
        Reading::Absent { .. } => {
            judgement.skip(match facts.snapshot.host.os {
                Os::Windows => "Windows asks for no privilege to bind a port",
                Os::MacOs => "macOS has no such setting: since 10.14 any user may bind any port of all addresses",
                _ => "this kernel always asks for privilege below 1024",
            });
        }
        Reading::Unknown { why, .. } => judgement.gap(scope, "unprivileged port start", why),
    })
}
