//! The verdict in words.

use super::causes::{Cause, counts};
use super::figures::{critical_unasked, gravest_unasked};
use crate::text::{counted, grouped, shortened};
use crate::wire::v1::{Document, Severity, Status, Verdict};

/// The verdict in a word, and what it rests on.
pub fn verdict(document: &Document) -> (&'static str, String) {
    let host = document.host.name.as_deref().unwrap_or("this host");
    let unknown = count_rules(document, Verdict::Unknown);
    let (word, rest) = match document.status {
        None => ("FACTS", format!("about {host}, not judged")),
        Some(Status::Compliant) if document.findings.is_empty() => {
            ("COMPLIANT", format!("{host}: no findings"))
        }
        Some(Status::Compliant) => {
            let found = severities(document);
            let policy = document.policy.as_ref();
            let none = match policy.and_then(|policy| policy.fail_on) {
                Some(least) => format!("none at or above {}", least.name()),
                None => "none of which fails".to_owned(),
            };
            ("COMPLIANT", format!("{host}: {found}, {none}"))
        }
        Some(Status::Findings) => ("FINDINGS", format!("{host}: {}", severities(document))),
        Some(Status::Undetermined) => (
            "UNDETERMINED",
            match unknown {
                0 => format!("{host}: no rule was answered"),
                unknown => format!("{host}: {} could not be answered", counted(unknown, "rule")),
            },
        ),
    };
    (word, rest + &unlooked(document) + &turned_off(document))
}

/// The verdict in a word.
pub const fn word(status: Option<Status>) -> &'static str {
    match status {
        None => "FACTS",
        Some(Status::Compliant) => "COMPLIANT",
        Some(Status::Findings) => "FINDINGS",
        Some(Status::Undetermined) => "UNDETERMINED",
    }
}

/// What the verdict of a short screen rests on: the checks by their answers, or the findings.
pub fn summary(document: &Document, causes: &[Cause<'_>]) -> String {
    let host = document.host.name.as_deref().unwrap_or("this host");
    let count = |verdict| count_rules(document, verdict);
    let (passed, unknown) = (count(Verdict::Pass), count(Verdict::Unknown));
    let unasked = match count(Verdict::NotAsked) {
        0 => String::new(),
        unasked => format!(", {unasked} not asked"),
    };
    let places = match document.scopes.len() {
        0 | 1 => String::new(),
        all => format!(" in {} namespaces", grouped(u32::try_from(all).unwrap_or(u32::MAX))),
    };
    let found = counts(document, causes);
    let rest = match document.status {
        Some(Status::Undetermined) if passed == 0 && unknown == 0 => {
            "no rule was answered".to_owned()
        }
        Some(Status::Undetermined) => {
            let found = if found.is_empty() { found } else { format!(", {found} found") };
            let checks = counted(unknown.saturating_add(passed), "check");
            format!("{unknown} of {checks} have no answer, {passed} passed{found}")
        }
        Some(Status::Findings) => {
            let unknown = match unknown {
                0 => String::new(),
                unknown => format!(", {} without an answer", counted(unknown, "check")),
            };
            format!("{found}{places}{unknown}")
        }
        _ => {
            let found = if found.is_empty() { found } else { format!(", {found}") };
            format!("{} passed{unasked}{found}", counted(passed, "check"))
        }
    };
    format!("{host}: {rest}{}{}", unlooked(document), turned_off(document))
}

/// What the policy left out of the audit; nothing where it left out nothing.
pub fn turned_off(document: &Document) -> String {
    match document.policy.as_ref().map_or(0, |policy| policy.off.len()) {
        0 => String::new(),
        off => {
            let off = u32::try_from(off).unwrap_or(u32::MAX);
            format!("; {} turned off by the policy", counted(off, "rule"))
        }
    }
}

/// By what it was judged.
pub fn measure(document: &Document) -> String {
    let Some(policy) = &document.policy else { return format!("profile {}", document.profile) };
    let file =
        policy.file.as_ref().map_or_else(String::new, |file| format!(" and the policy {file}"));
    let least = policy.fail_on.map_or("nothing", Severity::name);
    match least {
        // What holds where nobody says otherwise needs no word.
        "medium" => format!("profile {}{file}", document.profile),
        least => format!("profile {}{file}, failing on {least}", document.profile),
    }
}

/// What a host was not looked at for, though it is critical: the counters prove that no pool is
/// near exhaustion, and no more.
pub fn unlooked(document: &Document) -> String {
    let option = critical_unasked(document).find_map(|rule| rule.asks.as_deref());
    let option = option.map_or_else(String::new, |option| format!(" ({})", shortened(option, 24)));
    gravest_unasked(document)
        .map_or_else(String::new, |names| format!("; {names} not asked{option}"))
}

/// How many findings there are of each severity, and how many are waived.
pub fn severities(document: &Document) -> String {
    let parts: Vec<String> = Severity::ALL
        .into_iter()
        .filter_map(|level| {
            let count = document.unwaived().filter(|f| f.severity == level).count();
            (count > 0).then(|| format!("{count} {}", level.name()))
        })
        .collect();
    let waived = document.findings.len() - document.unwaived().count();
    let parts = parts.into_iter().chain((waived > 0).then(|| format!("{waived} waived")));
    parts.collect::<Vec<_>>().join(", ")
}

/// How many rules have that verdict.
pub fn count_rules(document: &Document, verdict: Verdict) -> u32 {
    let count = document.rules.iter().filter(|rule| rule.verdict == verdict).count();
    u32::try_from(count).unwrap_or(u32::MAX)
}
