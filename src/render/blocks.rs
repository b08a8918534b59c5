//! Blocks of text that several screens share.

use std::collections::HashSet;

use anstyle::Style;

use super::page::{BOLD, CYAN, DIM, PLAIN, Page, RED, YELLOW};
use super::view::boot::{chains, rejected, suspects, value_rows};
use super::view::facts::{place, system};
use super::view::findings::gap_lines;
use crate::wire::v1::{Finding, Gap, Host, Scope, Severity};

/// The host, and when it was read in which scopes.
pub fn where_and_when(page: &mut Page, host: &Host, at: &str, scopes: &str) {
    page.prose((PLAIN, "host      "), (PLAIN, &system(host)), 10);
    page.prose((PLAIN, "read      "), (PLAIN, &format!("{at} in {scopes}")), 10);
}

/// How many gaps are told.
const GAPS: usize = 20;

/// The evidence and the steps told before, each with its command.
pub type Printed<'a> = HashSet<(&'a str, &'a str)>;

/// Tells a finding without a word about its rule. `already` holds the evidence and the steps told
/// before: nothing is told twice.
pub fn write_one<'a>(
    page: &mut Page,
    finding: &'a Finding,
    places: &str,
    already: &mut Printed<'a>,
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

/// Tells what could not be seen.
pub fn write_gaps<'a>(page: &mut Page, gaps: impl IntoIterator<Item = &'a Gap>) {
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

/// How a severity is coloured.
pub const fn colour(severity: Severity) -> Style {
    match severity {
        Severity::Critical | Severity::High => RED,
        Severity::Medium => YELLOW,
        Severity::Low => CYAN,
        Severity::Info => DIM,
    }
}

/// How many lines are told of a kind; JSON has all.
const LINES: usize = 20;

/// Tells each setting, the lines that the winners beat, those that never apply, and who else may
/// set them.
pub fn boot(page: &mut Page, scope: &Scope) {
    page.gap();
    page.table(value_rows(scope));
    for (winner, beaten) in chains(scope) {
        page.gap();
        page.prose((BOLD, ""), (BOLD, &winner), 2);
        list(page, &beaten);
    }
    let rejected = rejected(scope);
    if !rejected.is_empty() {
        page.gap();
        page.prose((PLAIN, ""), (BOLD, "NEVER APPLIES AS IT STANDS"), 2);
        list(page, &rejected);
    }
    for suspect in suspects(scope) {
        page.gap();
        page.prose((PLAIN, "suspect   "), (PLAIN, &suspect), 10);
    }
}

fn list(page: &mut Page, lines: &[String]) {
    for line in lines.iter().take(LINES) {
        page.prose((PLAIN, "  "), (PLAIN, line), 4);
    }
    if lines.len() > LINES {
        let more = format!("and {} more; --format json lists them all", lines.len() - LINES);
        page.prose((PLAIN, "  "), (PLAIN, &more), 4);
    }
}
