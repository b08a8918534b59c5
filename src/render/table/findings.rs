//! The findings, and every rule's answer.

use crate::render::blocks::{Printed, write_one};
use crate::render::page::{BOLD, DIM, PLAIN, Page};
use crate::render::view::findings::{alike, places};
use crate::text::counted;
use crate::wire::v1::{Document, Finding, Gap, Rule, Verdict};

/// How many findings of one rule are told in full.
const TOLD: usize = 5;
/// How many findings that are accepted are told.
const WAIVED: usize = 20;

/// Tells the findings that nobody accepted, most severe first; of many from one rule the first few,
/// and how many more.
pub(super) fn write_all(page: &mut Page, document: &Document) {
    let mut already = Printed::new();
    let mut groups: Vec<(&str, usize, usize)> = Vec::new();
    let counting = alike(document).into_iter().filter(|(finding, _)| finding.waived.is_none());
    for (finding, scopes) in counting {
        let at = groups.iter().position(|(rule, ..)| *rule == finding.rule).unwrap_or(groups.len());
        if at == groups.len() {
            groups.push((&finding.rule, 0, 0));
        }
        groups[at].1 += 1;
        if groups[at].1 <= TOLD {
            page.gap();
            write_finding(page, finding, &places(document, &scopes), &mut already);
        } else {
            groups[at].2 += scopes.len();
        }
    }
    for (rule, _, more) in groups.into_iter().filter(|(.., more)| *more > 0) {
        let more = u32::try_from(more).unwrap_or(u32::MAX);
        let line = format!(
            "and {} of {rule}; --format json lists them all",
            counted(more, "more finding")
        );
        page.gap();
        page.prose((PLAIN, ""), (PLAIN, &line), 2);
    }
}

fn write_finding<'a>(
    page: &mut Page,
    finding: &'a Finding,
    places: &str,
    already: &mut Printed<'a>,
) {
    write_one(page, finding, places, already);
    if already.insert((&finding.rule, "")) {
        page.prose((DIM, "  more  "), (DIM, &format!("ephaudit explain {}", finding.rule)), 8);
    }
}

/// Tells what was found and is accepted, a line each.
pub(super) fn write_waived(page: &mut Page, document: &Document) {
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

/// Every rule's answer, and why there is none; what could not be read has its reasons above.
pub(super) fn verdicts(page: &mut Page, document: &Document) {
    let head = ["RULE", "ANSWER", "WHY"].map(str::to_owned).to_vec();
    let rows = document.rules.iter().map(|rule| {
        let unread = unread(document, rule);
        let why = unread.as_deref().or(rule.reason.as_deref()).unwrap_or_default();
        let option = match rule.asks.as_deref() {
            Some(asks) if !why.contains(asks) => format!(" ({asks})"),
            _ => String::new(),
        };
        vec![rule.rule.to_string(), rule.verdict.name().to_owned(), format!("{why}{option}")]
    });
    page.table(std::iter::once(head).chain(rows));
}

/// What a rule without an answer needs and could not be read, by its names.
fn unread(document: &Document, rule: &Rule) -> Option<String> {
    let mut names: Vec<&str> = Vec::new();
    let unknown = rule.verdict == Verdict::Unknown;
    let of_rule = |gap: &&Gap| unknown && gap.rule.as_deref() == Some(&*rule.rule);
    for gap in document.gaps.iter().filter(of_rule) {
        if !names.contains(&&*gap.what) {
            names.push(&gap.what);
        }
    }
    let more = names.len().saturating_sub(UNREAD);
    names.truncate(UNREAD);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    (!names.is_empty()).then(|| format!("not read: {}{more}", names.join(", ")))
}

/// How many things are named that a rule needs and could not be read.
const UNREAD: usize = 3;
