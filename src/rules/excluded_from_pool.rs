//! Blocks that running services take out of the dynamic range of Windows.

use ephaudit_platform::ports::PortSet;
use ephaudit_platform::snapshot::{Os, Reading, ReservedKind};

use crate::policy::Policy;
use crate::report::{Evidence, Finding, Severity, Step, Verdict};
use crate::rule::{Check, Facts, Rule, each_range};
use crate::text::{counted, spans};

pub static RULE: Rule = Rule {
    name: "excluded-from-pool",
    summary: "services hold blocks of the dynamic range, where bind() fails although nothing listens",
    severity: |_| Severity::Medium,
    needs: &[],
    page: include_str!("excluded-from-pool.md"),
    check: Check::Facts(check),
};

/// More than one port in this many makes it matter more.
const MANY: u32 = 4;

fn check(facts: &Facts<'_>, _policy: &Policy) -> Verdict {
    if facts.snapshot.host.os != Os::Windows {
        return Verdict::NotApplicable("only Windows has excluded port ranges".to_owned());
    }
    each_range(facts, |judgement, scope, view| {
        let range = PortSet::from(view.bounds.range());
        let lists = scope.reserved.iter().filter(|list| list.kind == ReservedKind::Excluded);
        let mut taken = PortSet::new();
        let mut evidence = Vec::new();
        for list in lists.filter(|list| view.concerns(list)) {
            match &list.ports {
                Reading::Known { value, source } => {
                    let inside = value.intersection(&range);
                    if !inside.is_empty() {
                        evidence.push(Evidence::new("excluded ports", spans(&inside), source));
                        taken = taken.union(&inside);
                    }
                }
                Reading::Absent { .. } => {}
                Reading::Unknown { why, .. } => judgement.gap(scope, "excluded port ranges", why),
            }
        }
        if taken.is_empty() {
            return judgement.pass();
        }
        let much = taken.count() > range.count() / MANY;
        judgement.found(
            Finding::new(
                RULE.name,
                if much { Severity::Medium } else { Severity::Low },
                scope,
                &view.subject("excluded"),
                view.evidence(),
            )
            .seen(evidence)
            .says(
                format!(
                    "{}services hold {} of the dynamic range",
                    view.label(),
                    counted(taken.count(), "port")
                ),
                format!(
                    "{}. bind() there fails with WSAEACCES (10013) although nothing listens; the \
                     blocks of WinNAT and Hyper-V are elsewhere after every boot.",
                    spans(&taken)
                ),
            )
            .advises([
                Step::now("see them").by("netsh int ipv4 show excludedportrange protocol=tcp"),
                Step::now(
                    "protect a service's port that none of them covers yet (otherwise run `net \
                     stop winnat` first)",
                )
                .by("netsh int ipv4 add excludedportrange protocol=tcp startport=PORT \
                     numberofports=1"),
            ]),
        );
    })
}
