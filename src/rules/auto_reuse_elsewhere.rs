//! Outgoing TCP connections of Windows that draw from a range of their own.

use ephaudit_platform::ports::{PortClass, PortSet};
use ephaudit_platform::snapshot::{Os, Reading, Role};

use crate::policy::Policy;
use crate::report::{Evidence, Finding, Severity, Step, Verdict};
use crate::rule::{Check, Facts, Rule, each_scope};

pub static RULE: Rule = Rule {
    name: "auto-reuse-elsewhere",
    summary: "outgoing TCP connections draw from the auto-reuse range, not from the dynamic one",
    severity: |_| Severity::Medium,
    needs: &[],
    page: include_str!("auto-reuse-elsewhere.md"),
    check: Check::Facts(check),
};

fn check(facts: &Facts<'_>, _policy: &Policy) -> Verdict {
    each_scope(facts, |judgement, scope| {
        let mut ranges =
            scope.ranges.iter().filter(|range| range.role == Role::AutoReuse).peekable();
        match facts.snapshot.host.os {
            // There it is off.
            Os::Windows if ranges.peek().is_none() => judgement.pass(),
            _ if ranges.peek().is_none() => judgement.skip("this system has no auto-reuse range"),
            _ => {}
        }
        for range in ranges {
            match &range.bounds {
                Reading::Known { value, source } => {
                    let ports = PortSet::from(value.range());
                    let outside = ports.difference(&PortClass::Dynamic.range().into());
                    let severity =
                        if outside.is_empty() { Severity::Info } else { Severity::Medium };
                    judgement.found(
                        Finding::new(
                            RULE.name,
                            severity,
                            scope,
                            "auto-reuse",
                            Evidence::new("auto-reuse range", value.range().to_string(), source),
                        )
                        .says(
                            format!("outgoing tcp connections draw from {}", value.range()),
                            "connect() without bind() takes its port from this range, not from \
                             the dynamic one, so the dynamic range alone does not show which \
                             source ports this host uses.",
                        )
                        .advises([
                            Step::now("see it").by("Get-NetTCPSetting | Format-List *Port*")
                        ]),
                    );
                }
                Reading::Absent { .. } => judgement.pass(),
                Reading::Unknown { why, .. } => judgement.gap(scope, "auto-reuse range", why),
            }
        }
    })
}
