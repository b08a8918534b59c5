//! Network namespaces that nobody looked into.

use crate::policy::Policy;
use crate::report::{Severity, Verdict};
use crate::rule::{Check, Facts, Need, Rule, one_namespace, unread_scopes};

pub static RULE: Rule = Rule {
    name: "namespace-unread",
    summary: "with --all-netns: not every network namespace could be found and read",
    // It never finds: what was not read is a gap.
    severity: |_| Severity::Info,
    needs: &[Need::Namespaces],
    page: include_str!("namespace-unread.md"),
    check: Check::Facts(check),
};

fn check(facts: &Facts<'_>, _policy: &Policy) -> Verdict {
    if facts.snapshot.unread_scopes.is_none() {
        return one_namespace(facts.snapshot);
    }
    match unread_scopes(facts.snapshot) {
        gaps if gaps.is_empty() => Verdict::Pass,
        gaps => Verdict::Unknown(gaps),
    }
}
