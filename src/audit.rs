//! The one door: facts and measure in, report out.

use ephaudit_platform::snapshot::{Owner, Scope, Snapshot};

use crate::policy::Policy;
use crate::report::{Gap, Status, Verdict};
use crate::rule::{self, Rule};
use crate::rules::{self, RULES};

/// A rule and its answer.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The rule.
    pub rule: &'static Rule,
    /// Its answer.
    pub verdict: Verdict,
}

/// What the audit says.
#[derive(Debug, Clone)]
pub struct Report {
    /// The one word.
    pub status: Status,
    /// Every rule in the order of the list, with its answer.
    pub outcomes: Vec<Outcome>,
    /// Gaps that no verdict hangs on.
    pub gaps: Vec<Gap>,
}

/// Judges the facts by every rule.
pub fn audit(snapshot: &Snapshot, policy: &Policy) -> Report {
    let outcomes: Vec<Outcome> = RULES
        .iter()
        .map(|rule| Outcome { rule, verdict: (rule.check)(snapshot, policy) })
        .collect();
    Report { status: status(&outcomes, policy), outcomes, gaps: side_gaps(snapshot) }
}

/// The listeners that findings would name, by their index: only their processes are worth a search.
pub fn named_listeners(policy: &Policy, scope: &Scope) -> Vec<usize> {
    rules::listener_in_pool::told_by_themselves(policy, scope)
}

fn status(outcomes: &[Outcome], policy: &Policy) -> Status {
    let reaches = |verdict: &Verdict| {
        verdict.findings().iter().any(|f| policy.fail_on.is_some_and(|least| f.severity >= least))
    };
    if outcomes.iter().any(|outcome| reaches(&outcome.verdict)) {
        Status::Findings
    } else if outcomes.iter().any(|outcome| !outcome.verdict.gaps().is_empty()) {
        Status::Undetermined
    } else {
        Status::Compliant
    }
}

/// What could not be seen without changing any verdict.
fn side_gaps(snapshot: &Snapshot) -> Vec<Gap> {
    let mut gaps = Vec::new();
    for scope in &snapshot.scopes {
        for (what, why) in &scope.notes {
            gaps.push(Gap::new(scope, what.clone(), why));
        }
        gaps.extend(scope.time_wait.why().map(|why| Gap::new(scope, "TIME_WAIT", why)));
        for item in &scope.listeners.items {
            if let Owner::Unseen(why) = &item.owner {
                let address = std::net::SocketAddr::new(item.address, item.port);
                gaps.push(Gap::new(scope, format!("owner of {} {address}", item.transport), why));
            }
        }
    }
    gaps
}

/// Every fact that could not be read, for a reader that asks for no verdict.
pub fn unread_facts(snapshot: &Snapshot) -> Vec<Gap> {
    let mut gaps = Vec::new();
    for scope in &snapshot.scopes {
        let ranges = scope.ranges.iter().map(|range| ("ephemeral range", range.bounds.why()));
        let reserved = scope.reserved.iter().map(|list| ("reserved ports", list.ports.why()));
        let start = [("unprivileged port start", scope.unprivileged_start.why())];
        for (what, why) in ranges.chain(reserved).chain(start) {
            gaps.extend(why.map(|why| Gap::new(scope, what, why)));
        }
        for (what, why) in &scope.listeners.unread {
            gaps.push(Gap::new(scope, what.clone(), why));
        }
        gaps.extend(rule::boot::gaps(scope));
        gaps.extend(rule::boot::unread_now(scope));
    }
    gaps.extend(rule::unread_scopes(snapshot));
    gaps.extend(side_gaps(snapshot));
    gaps
}
