//! The findings and the tally.

use crate::render::blocks::{Told, tell_one};
use crate::render::page::{BOLD, DIM, PLAIN, Page};
use crate::render::view::figures;
use crate::render::view::findings::{alike, places};
use crate::render::view::verdict::count_rules;
use crate::text::counted;
use crate::wire::v1::{Document, Finding, Verdict};

/// How many findings of one rule are told in full.
const TOLD: usize = 5;
/// How many findings that are accepted are told.
const WAIVED: usize = 20;

/// Tells the findings that nobody accepted, most severe first; of many from one rule the first few,
/// and how many more.
pub(super) fn tell_all(page: &mut Page, document: &Document) {
    let mut already = Told::new();
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
