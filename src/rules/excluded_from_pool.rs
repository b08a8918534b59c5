//! Blocks that running services take out of the dynamic range of Windows.

use ephaudit_platform::ports::PortSet;
use ephaudit_platform::snapshot::{Os, Reading, Reserved, ReservedKind};

use crate::policy::Policy;
use crate::remedy::exclusion;
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
        let mut steps = Vec::new();
        for list in lists.filter(|list| view.concerns(list)) {
            match &list.ports {
                Reading::Known { value, source } => {
                    let inside = value.intersection(&range);
                    if !inside.is_empty() {
                        evidence.push(Evidence::new("excluded ports", spans(&inside), source));
                        taken = taken.union(&inside);
                        steps.extend(of_list(list));
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
            .with_evidence(evidence)
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
            .advises(steps),
        );
    })
}

/// What shows the blocks of a list, and what keeps a port from them.
fn of_list(list: &Reserved) -> Vec<Step> {
    let of = |&family| list.transports.iter().map(move |&transport| (family, transport));
    let places = list.families.iter().flat_map(of);
    let step = |(family, transport)| {
        let add = exclusion::keep(family, transport, "PORT", 1);
        let words = "protect a service's port that no block covers yet (otherwise run `net stop \
                     winnat` first)";
        [Step::now("see them").by(exclusion::list(family, transport)), Step::now(words).by(add)]
    };
    places.flat_map(step).collect()
}
