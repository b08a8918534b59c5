//! Reservations that do nothing.

use ephaudit_platform::ports::PortSet;
use ephaudit_platform::snapshot::{Reading, Snapshot};

use crate::policy::Policy;
use crate::report::{Finding, Severity, Verdict};
use crate::rule::{Rule, each_range, range_evidence, reserved_evidence};
use crate::text::{counted, spans};

pub static RULE: Rule = Rule {
    name: "reserved-outside-range",
    summary: "reserved ports lie outside the ephemeral range, where reserving does nothing",
    severity: |_| Severity::Info,
    page: include_str!("reserved-outside-range.md"),
    check,
};

fn check(snapshot: &Snapshot, _policy: &Policy) -> Verdict {
    each_range(snapshot, |judgement, scope, range, bounds| {
        let ports = PortSet::from(bounds.range());
        for reserved in &scope.reserved {
            let set = match &reserved.ports {
                Reading::Known { value, .. } => value,
                Reading::Absent { .. } => {
                    judgement.skip("this kernel has no reserved ports");
                    continue;
                }
                Reading::Unknown { why, .. } => {
                    judgement.gap(scope, "reserved ports", why);
                    continue;
                }
            };
            let outside = set.difference(&ports);
            if outside.is_empty() {
                judgement.pass();
                continue;
            }
            judgement.found(
                Finding::new(
                    RULE.name,
                    Severity::Info,
                    scope,
                    "reserved",
                    range_evidence(range, bounds),
                )
                .seen(reserved_evidence(scope))
                .says(
                    format!("{} outside the range: {}", are_reserved(outside.count()), spans(&outside)),
                    "Harmless: automatic allocation never comes near them. They protect if the range is widened; \
                     otherwise the list may be older than the range.",
                ),
            );
        }
    })
}

fn are_reserved(ports: u32) -> String {
    format!("{} {} reserved", counted(ports, "port"), if ports == 1 { "is" } else { "are" })
}
