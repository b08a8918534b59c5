//! What was found and what could not be read, each thing once.

use std::collections::{HashMap, HashSet};

use super::scopes;
use crate::wire::v1::{Document, Finding, Gap};

/// How many namespaces of a finding are named.
const PLACES: usize = 12;

/// How many things are named that could not be seen for one reason.
const THINGS: usize = 100;

/// The findings that say the same as one, that one and the scopes of all.
pub fn alike(document: &Document) -> Vec<(&Finding, Vec<&str>)> {
    let mut groups: Vec<(&Finding, Vec<&str>)> = Vec::new();
    let mut places = HashMap::new();
    for finding in &document.findings {
        let words =
            (&finding.rule, &finding.title, &finding.message, finding.severity, &finding.waived);
        let at = *places.entry(words).or_insert(groups.len());
        if at == groups.len() {
            groups.push((finding, Vec::new()));
        }
        groups[at].1.push(&finding.scope);
    }
    groups
}

/// Where it was found, by the best names; nothing where only one place was looked at.
pub fn places(document: &Document, scopes: &[&str]) -> String {
    if document.scopes.len() < 2 {
        return String::new();
    }
    let names = scopes.iter().take(PLACES).map(|id| {
        let scope = document.scopes.iter().find(|scope| scope.id == *id);
        let own = scope.is_some_and(|scope| scope.current);
        let label = scope.map_or_else(|| (*id).to_owned(), scopes::label);
        if own { format!("{label} (here)") } else { label }
    });
    let names = names.collect::<Vec<_>>().join(", ");
    match scopes.len().saturating_sub(PLACES) {
        0 => names,
        more => format!("{names} and {more} more"),
    }
}

/// What could not be seen, each thing once, and together what could not for one reason.
pub fn by_reason<'a>(gaps: impl IntoIterator<Item = &'a Gap>) -> Vec<(&'a Gap, Vec<&'a str>)> {
    let mut printed = HashSet::new();
    let mut reasons: Vec<(&'a Gap, Vec<&'a str>)> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for gap in gaps.into_iter().filter(|gap| printed.insert((&gap.what, &gap.detail))) {
        let at = *places.entry(&gap.detail).or_insert(reasons.len());
        if at == reasons.len() {
            reasons.push((gap, Vec::new()));
        }
        reasons[at].1.push(&gap.what);
    }
    reasons
}

/// The same in words, a line each.
pub fn gap_lines<'a>(gaps: impl IntoIterator<Item = &'a Gap>) -> Vec<String> {
    by_reason(gaps)
        .iter()
        .map(|(gap, what)| format!("{} ({}): {}", what_of(what), gap.why, gap.detail))
        .collect()
}

/// The things that could not be seen for one reason.
pub fn what_of(things: &[&str]) -> String {
    let named = things.iter().take(THINGS).copied().collect::<Vec<_>>().join(", ");
    match things.len().saturating_sub(THINGS) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}
