//! What was found, one cause a line: what says the same of several scopes is one, and so are the
//! rules that judge the same range.

use std::collections::HashMap;

use super::figures;
use crate::wire::v1::{Document, Evidence, Finding, Severity};

/// The rules that judge where the range lies: a range outside of the Dynamic Ports is among the
/// User Ports. The first of them has the better title.
const OF_THE_RANGE: [&str; 2] = ["outside-dynamic-ports", "overlaps-user-ports"];

/// One cause.
pub struct Cause<'a> {
    /// What tells it, and what else the cause is found by.
    pub findings: Vec<&'a Finding>,
    /// The same in each scope where it was found; the first is that of `findings`.
    pub alike: Vec<&'a Finding>,
}

impl<'a> Cause<'a> {
    /// What tells it.
    pub fn first(&self) -> &'a Finding {
        self.alike[0]
    }

    /// Where it was found.
    pub fn scopes(&self) -> impl Iterator<Item = &'a str> {
        self.alike.iter().map(|finding| &*finding.scope)
    }

    fn is_beside(&self, other: &Self) -> bool {
        let [first, second] = OF_THE_RANGE;
        self.first().rule == first
            && other.first().rule == second
            && self.first().severity == other.first().severity
            && self.scopes().eq(other.scopes())
    }
}

/// The causes that nobody accepted: the most severe first, and of equals what is observed here
/// before what may happen, and the range last, which most hosts never chose.
pub fn causes(document: &Document) -> Vec<Cause<'_>> {
    let mut causes: Vec<Cause<'_>> = Vec::new();
    let mut places = HashMap::new();
    for finding in document.unwaived() {
        let key = (&finding.rule, &finding.title, &finding.message, finding.severity);
        let at = *places.entry(key).or_insert(causes.len());
        if at == causes.len() {
            causes.push(Cause { findings: vec![finding], alike: Vec::new() });
        }
        causes[at].alike.push(finding);
    }
    let mut at = 0;
    while at < causes.len() {
        let beside = causes.iter().position(|other| causes[at].is_beside(other));
        if let Some(beside) = beside {
            let second = causes.remove(beside);
            at -= usize::from(beside < at);
            causes[at].findings.push(second.first());
        }
        at += 1;
    }
    causes.sort_by_key(|cause| {
        let first = cause.first();
        (first.severity, !is_observed(first), OF_THE_RANGE.contains(&&*first.rule))
    });
    causes
}

/// Whether a socket shows it.
fn is_observed(finding: &Finding) -> bool {
    let of_sockets = |evidence: &Evidence| {
        let source = &evidence.source;
        source.kind == "netlink" || source.location.contains("/net")
    };
    let subject = &finding.subject;
    subject.destination.is_some()
        || subject.pid.is_some()
        || finding.evidence.iter().any(of_sockets)
}

/// "2 high, 1 medium, 1 waived".
pub fn counts(document: &Document, causes: &[Cause<'_>]) -> String {
    let of = |level| causes.iter().filter(|cause| cause.first().severity == level).count();
    let parts = Severity::ALL.into_iter().map(|level| (of(level), level.name()));
    let parts = parts.chain([(figures::waived(document), "waived")]);
    let parts: Vec<String> = parts
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    parts.join(", ")
}
