//! Two odd or two even bounds.

use crate::policy::Policy;
use crate::report::{Finding, Severity, Verdict};
use crate::rule::{Check, Facts, Rule, by_parity, each_range};
use crate::text::parity;

pub static RULE: Rule = Rule {
    name: "same-parity-bounds",
    summary: "both bounds of the range are even, or both odd",
    severity: |_| Severity::Info,
    needs: &[],
    page: include_str!("same-parity-bounds.md"),
    check: Check::Facts(check),
};

fn check(facts: &Facts<'_>, _policy: &Policy) -> Verdict {
    each_range(facts, |judgement, scope, view| {
        if !by_parity(judgement, scope, view) {
            return;
        }
        let (low, high) = (view.bounds.range().first(), view.bounds.range().last());
        if low % 2 != high % 2 {
            return judgement.pass();
        }
        let three = if view.bounds.range().count() == 3 {
            " With three ports TCP never gets to the last one."
        } else {
            ""
        };
        judgement.found(
            Finding::new(RULE.name, Severity::Info, scope,
&view.subject("range"), view.evidence()).says(
                format!("both bounds of {} are {}", view.bounds.range(), parity(low)),
                format!(
                    "Harmless: a search for a free TCP port covers one port fewer than a range of \
                     three or more has, and the kernel logs once that it prefers bounds of \
                     different parity.{three}"
                ),
            ),
        );
    })
}
