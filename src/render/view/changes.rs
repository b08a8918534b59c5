//! What became of a host between two reports of it.

use std::collections::HashSet;

use crate::wire::v1::{Document, Finding, Verdict};

/// What was found since, what is no longer found, and which rules have lost or got an answer, the
/// gravest first.
pub fn changes(before: &Document, now: &Document) -> Vec<String> {
    let known = |document: &Document| -> HashSet<(String, bool)> {
        document.findings.iter().map(key).collect()
    };
    let (old, new) = (known(before), known(now));
    let found = now.findings.iter().filter(|finding| !old.contains(&key(finding)));
    let gone = before.findings.iter().filter(|finding| !new.contains(&key(finding)));
    let verdict = |document: &Document, name: &str| {
        document.rules.iter().find(|rule| rule.rule == name).map(|rule| rule.verdict)
    };
    let answers = now.rules.iter().filter_map(|rule| {
        let was = verdict(before, &rule.rule)?;
        match (was == Verdict::Unknown, rule.verdict == Verdict::Unknown) {
            (false, true) => Some(format!("? {}", rule.rule)),
            (true, false) => Some(format!("{} answered", rule.rule)),
            _ => None,
        }
    });
    let word = |sign: &str, finding: &Finding| {
        format!("{sign}{} {}", finding.severity.name().to_uppercase(), finding.title)
    };
    let found: Vec<String> = found.map(|finding| word("+", finding)).collect();
    let gone: Vec<String> = gone.map(|finding| word("-", finding)).collect();
    found.into_iter().chain(answers).chain(gone).collect()
}

/// What tells a finding from others; a waiver makes it another.
fn key(finding: &Finding) -> (String, bool) {
    (finding.fingerprint.clone(), finding.waived.is_some())
}
