//! Reservations that do nothing.

use ephaudit_platform::snapshot::{Reading, ReservedKind};

use crate::policy::Policy;
use crate::report::{Evidence, Finding, Severity, Verdict};
use crate::rule::{Check, Facts, Rule, each_range};
use crate::text::{counted, spans};

pub static RULE: Rule = Rule {
    name: "reserved-outside-range",
    summary: "reserved ports lie outside the ephemeral range, where reserving does nothing",
    severity: |_| Severity::Info,
    needs: &[],
    page: include_str!("reserved-outside-range.md"),
    check: Check::Facts(check),
};

fn check(facts: &Facts<'_>, _policy: &Policy) -> Verdict {
    each_range(facts, |judgement, scope, view| {
        let lists = scope.reserved.iter().filter(|list| list.kind == ReservedKind::Reserved);
        for list in lists.filter(|list| view.concerns(list)) {
            let set = match &list.ports {
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
            let outside = set.difference(&view.bounds.range().into());
            if outside.is_empty() {
                judgement.pass();
                continue;
            }
            let reserved = Evidence::new("reserved ports", spans(set), list.ports.source());
            // OpenBSD reserves for each transport, out of one range.
            let what = match list.transports {
                [only] => format!("reserved {only}"),
                _ => "reserved".to_owned(),
            };
            judgement.found(
                Finding::new(
                    RULE.name,
                    Severity::Info,
                    scope,
                    &view.subject(&what),
                    view.evidence(),
                )
                .with_evidence([reserved])
                .about(outside.clone())
                .says(
                    format!(
                        "{}{} outside the range: {}",
                        view.label(),
                        are_reserved(outside.count()),
                        spans(&outside)
                    ),
                    "Harmless: automatic allocation never uses them anyway. They help if the range \
                     is widened; otherwise the list may be older than the range.",
                ),
            );
        }
        if scope.reserved.is_empty() {
            judgement.skip("this system has no reserved ports");
        }
    })
}

fn are_reserved(ports: u32) -> String {
    format!("{} {} reserved", counted(ports, "port"), if ports == 1 { "is" } else { "are" })
}
