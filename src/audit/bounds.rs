//! What is found or missed too often in one scope is told together: whoever may open sockets
//! decides how often.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use ephaudit_platform::snapshot::{Scope, Snapshot};

use crate::report::{Finding, Gap};
use crate::rule::Rule;
use crate::text::counted;

/// How many findings of a rule, or gaps, are told one by one in the reader's own scope.
const OWN: usize = 300;
/// The same in each of the others, of which there may be thousands.
const OTHERS: usize = 40;

const fn most(scope: &Scope) -> usize {
    if scope.current { OWN } else { OTHERS }
}

/// The gravest stay as they are.
pub(super) fn findings(snapshot: &Snapshot, rule: &Rule, findings: &mut Vec<Finding>) {
    if findings.len() <= OTHERS {
        return;
    }
    let mut of_scopes: BTreeMap<String, Vec<Finding>> = BTreeMap::new();
    for finding in findings.drain(..) {
        of_scopes.entry(finding.scope.clone()).or_default().push(finding);
    }
    // Every finding is of a scope of the snapshot.
    for scope in &snapshot.scopes {
        let Some(mut own) = of_scopes.remove(&scope.id) else { continue };
        if own.len() > most(scope) {
            own.sort_by_key(|finding| Reverse(finding.severity));
            let others = own.split_off(most(scope));
            own.extend(Finding::together(rule.name, scope, others));
        }
        findings.append(&mut own);
    }
    findings.extend(of_scopes.into_values().flatten());
}

/// The first stay as they are.
pub(super) fn gaps(scope: &Scope, mut gaps: Vec<Gap>) -> Vec<Gap> {
    if gaps.len() > most(scope) {
        let others = gaps.split_off(most(scope));
        let count = u32::try_from(others.len()).unwrap_or(u32::MAX);
        gaps.extend(others.into_iter().next().map(|first| Gap {
            detail: format!("told together; the first of them is {}: {}", first.what, first.detail),
            what: counted(count, "more fact"),
            ..first
        }));
    }
    gaps
}

#[cfg(test)]
mod tests {
    use ephaudit_platform::ports::{PortRange, PortSet};
    use ephaudit_platform::snapshot::Source;
    use ephaudit_platform::{Host, Needs, ask};

    use super::*;
    use crate::report::{Evidence, Severity};
    use crate::rules::RULES;

    #[test]
    fn the_most_severe_are_kept_and_none_is_lost() {
        let refused = |_: ask::Question<'_>| {
            let refusal = ask::Refusal::NotFound("nothing is here".to_owned());
            ask::Answer::new(Source::File("x".into()), Err(refusal))
        };
        let os = ephaudit_platform::snapshot::Os::Linux;
        let snapshot = Host::answering(os, &refused).read(&Needs::default());
        let (scope, rule) = (&snapshot.scopes[0], RULES[0]);
        let found = |number: u16| {
            let severity = match number {
                900 => Severity::Critical,
                800 => Severity::High,
                _ => Severity::Low,
            };
            let evidence = Evidence::new("port", number.to_string(), &Source::File("x".into()));
            Finding::new(rule.name, severity, scope, &number.to_string(), evidence)
                .says(format!("port {number}"), "")
                .about(PortRange::single(number).into())
        };
        let mut few: Vec<Finding> = (1..=300).map(found).collect();
        findings(&snapshot, rule, &mut few);
        assert_eq!(few.len(), OWN);
        let mut many: Vec<Finding> = (1..=1000).map(found).collect();
        findings(&snapshot, rule, &mut many);
        assert_eq!(many.len(), OWN + 1);
        assert_eq!((many[0].severity, many[1].severity), (Severity::Critical, Severity::High));
        assert_eq!(many[OWN].title, "700 more findings, told together: port 299");
        let covered: u32 = many.iter().map(|finding| finding.ports.count()).sum();
        assert_eq!(covered, 1000);
        let portless = (1..=1000).map(|number| {
            let mut one = found(number);
            one.ports = PortSet::new();
            one
        });
        let together = Finding::together(rule.name, scope, portless.collect()).expect("one");
        assert_eq!(together.severity, Severity::Critical);
        assert!(together.ports.is_empty(), "a waiver for ports does not cover it");
    }
}
