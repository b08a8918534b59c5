//! The findings, the gaps and the tally.

use std::collections::{HashMap, HashSet};

use anstyle::Style;

use super::{count_rules, others, place};
use crate::render::figures;
use crate::render::page::{BOLD, CYAN, DIM, PLAIN, Page, RED, YELLOW};
use crate::text::counted;
use crate::wire::v1::{Document, Finding, Gap, Severity, Verdict};

/// How many findings of one rule are told in full.
const TOLD: usize = 5;
/// How many namespaces of a finding are named.
const PLACES: usize = 12;
/// How many gaps are told.
const GAPS: usize = 20;
/// How many things are named that could not be seen for one reason.
const THINGS: usize = 100;
/// How many findings that are accepted are told.
const WAIVED: usize = 20;

/// Tells the findings that nobody accepted, most severe first; of many from one rule the first few,
/// and how many more.
pub(super) fn tell_all(page: &mut Page, document: &Document) {
    let mut already = HashSet::new();
    let mut told: Vec<(&str, usize, usize)> = Vec::new();
    let counting = alike(document).into_iter().filter(|(finding, _)| finding.waived.is_none());
    for (finding, scopes) in counting {
        let at = told.iter().position(|(rule, ..)| *rule == finding.rule).unwrap_or(told.len());
        if at == told.len() {
            told.push((&finding.rule, 0, 0));
        }
        told[at].1 += 1;
        if told[at].1 <= TOLD {
            page.gap();
            tell(page, finding, &places(document, &scopes), &mut already);
        } else {
            told[at].2 += scopes.len();
        }
    }
    for (rule, _, more) in told.into_iter().filter(|(.., more)| *more > 0) {
        let more = u32::try_from(more).unwrap_or(u32::MAX);
        let line = format!(
            "and {} of {rule}; --format json lists them all",
            counted(more, "more finding")
        );
        page.gap();
        page.prose((PLAIN, ""), (PLAIN, &line), 2);
    }
}

/// The findings that say the same as one, that one and the scopes of all.
pub(in crate::render) fn alike(document: &Document) -> Vec<(&Finding, Vec<&str>)> {
    let mut groups: Vec<(&Finding, Vec<&str>)> = Vec::new();
    let mut places = HashMap::new();
    for finding in &document.findings {
        let said =
            (&finding.rule, &finding.title, &finding.message, finding.severity, &finding.waived);
        let at = *places.entry(said).or_insert(groups.len());
        if at == groups.len() {
            groups.push((finding, Vec::new()));
        }
        groups[at].1.push(&finding.scope);
    }
    groups
}

/// Where it was found, by the best names; nothing where only one place was looked at.
pub(in crate::render) fn places(document: &Document, scopes: &[&str]) -> String {
    if document.scopes.len() < 2 {
        return String::new();
    }
    let names = scopes.iter().take(PLACES).map(|id| {
        let scope = document.scopes.iter().find(|scope| scope.id == *id);
        let own = scope.is_some_and(|scope| scope.current);
        let label = scope.map_or_else(|| (*id).to_owned(), others::label);
        if own { format!("{label} (here)") } else { label }
    });
    let names = names.collect::<Vec<_>>().join(", ");
    match scopes.len().saturating_sub(PLACES) {
        0 => names,
        more => format!("{names} and {more} more"),
    }
}

/// The evidence and the steps told before, each with its command.
pub(in crate::render) type Told<'a> = HashSet<(&'a str, &'a str)>;

/// Tells a finding without a word about its rule. `already` holds the evidence and the steps told
/// before: nothing is told twice.
pub(in crate::render) fn tell_one<'a>(
    page: &mut Page,
    finding: &'a Finding,
    places: &str,
    already: &mut Told<'a>,
) {
    let mut is_new = |text: &'a str, command: &'a str| already.insert((text, command));
    let (style, level) = (colour(finding.severity), finding.severity.name().to_uppercase());
    page.prose((style, &format!("{level}  ")), (PLAIN, &finding.rule), 2);
    page.prose((PLAIN, ""), (BOLD, &finding.title), 0);
    page.prose((PLAIN, "  "), (PLAIN, &finding.message), 2);
    if !places.is_empty() {
        page.prose((PLAIN, "  in    "), (PLAIN, places), 8);
    }
    for evidence in &finding.evidence {
        let new_command = !evidence.command.is_empty() && is_new("", &evidence.command);
        if is_new(&evidence.value, "") || new_command {
            let line =
                format!("{} {}, from {}", evidence.what, evidence.value, place(&evidence.source));
            page.prose((PLAIN, "  seen  "), (PLAIN, &line), 8);
        }
        if new_command {
            page.command(8, &evidence.command);
        }
    }
    for (text, command) in finding.to_do() {
        if is_new(text, command.unwrap_or_default()) {
            page.step(text, command);
        }
    }
}

fn tell<'a>(page: &mut Page, finding: &'a Finding, places: &str, already: &mut Told<'a>) {
    tell_one(page, finding, places, already);
    if already.insert((&finding.rule, "")) {
        page.prose((DIM, "  more  "), (DIM, &format!("ephaudit explain {}", finding.rule)), 8);
    }
}

/// Tells what was found and is accepted, a line each.
pub(super) fn tell_waived(page: &mut Page, document: &Document) {
    let waived: Vec<(&Finding, &str)> = alike(document)
        .into_iter()
        .filter_map(|(finding, _)| Some((finding, finding.waived.as_deref()?)))
        .collect();
    if waived.is_empty() {
        return;
    }
    page.gap();
    page.pieces([(BOLD, "WAIVED")]);
    for (finding, why) in waived.iter().take(WAIVED) {
        let line = format!("{}, {}: {}", finding.rule, finding.severity.name(), finding.title);
        page.prose((PLAIN, "  "), (PLAIN, &line), 4);
        page.prose((PLAIN, "    "), (DIM, why), 4);
    }
    if waived.len() > WAIVED {
        let more = format!("and {} more; --format json lists them all", waived.len() - WAIVED);
        page.prose((PLAIN, "  "), (PLAIN, &more), 4);
    }
}

/// What could not be seen, each thing once, and together what could not for one reason.
pub(in crate::render) fn by_reason<'a>(
    gaps: impl IntoIterator<Item = &'a Gap>,
) -> Vec<(&'a Gap, Vec<&'a str>)> {
    let mut told = HashSet::new();
    let mut reasons: Vec<(&'a Gap, Vec<&'a str>)> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for gap in gaps.into_iter().filter(|gap| told.insert((&gap.what, &gap.detail))) {
        let at = *places.entry(&gap.detail).or_insert(reasons.len());
        if at == reasons.len() {
            reasons.push((gap, Vec::new()));
        }
        reasons[at].1.push(&gap.what);
    }
    reasons
}

/// The same in words, a line each.
pub(in crate::render) fn gap_lines<'a>(gaps: impl IntoIterator<Item = &'a Gap>) -> Vec<String> {
    by_reason(gaps)
        .iter()
        .map(|(gap, what)| format!("{} ({}): {}", what_of(what), gap.why, gap.detail))
        .collect()
}

/// The things that could not be seen for one reason.
pub(in crate::render) fn what_of(things: &[&str]) -> String {
    let named = things.iter().take(THINGS).copied().collect::<Vec<_>>().join(", ");
    match things.len().saturating_sub(THINGS) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

/// Tells what could not be seen.
pub(in crate::render) fn tell_gaps<'a>(page: &mut Page, gaps: impl IntoIterator<Item = &'a Gap>) {
    let lines = gap_lines(gaps);
    if lines.is_empty() {
        return;
    }
    page.gap();
    page.pieces([(YELLOW, "NOT READ")]);
    for line in lines.iter().take(GAPS) {
        page.prose((PLAIN, "  "), (PLAIN, line), 4);
    }
    if lines.len() > GAPS {
        let more = format!("and {} more; --format json lists them all", lines.len() - GAPS);
        page.prose((PLAIN, "  "), (PLAIN, &more), 4);
    }
}

/// Counts the verdicts.
pub(super) fn tally(page: &mut Page, document: &Document) {
    let parts: Vec<String> = [
        (Verdict::Pass, "passed"),
        (Verdict::Fail, "failed"),
        (Verdict::Waived, "waived"),
        (Verdict::Unknown, "unknown"),
        (Verdict::NotApplicable, "not applicable"),
    ]
    .into_iter()
    .filter_map(|(verdict, word)| {
        let count = count_rules(document, verdict);
        (count > 0).then(|| format!("{count} {word}"))
    })
    .chain(figures::not_asked(document))
    .collect();
    page.prose(
        (DIM, ""),
        (DIM, &format!("rules: {}; all of them: ephaudit rules", parts.join(", "))),
        2,
    );
}

const fn colour(severity: Severity) -> Style {
    match severity {
        Severity::Critical | Severity::High => RED,
        Severity::Medium => YELLOW,
        Severity::Low => CYAN,
        Severity::Info => DIM,
    }
}
