//! GitHub Flavored Markdown, for tickets, wikis and pull requests:
//! <https://github.github.com/gfm/>.
//!
//! No text of the host becomes anything but text: not a link, an image, HTML, a row of a table, nor
//! the mention of a user or an issue.

use std::fmt::Write;

use super::view::facts::{called, fact_rows, place};
use super::view::figures;
use super::view::findings::{alike, gap_lines, places};
use super::view::verdict::{measure, verdict};
use crate::text::{grouped, printable, shortened};
use crate::wire::v1::{Document, Finding, Host, Registry, Verdict};

/// How many findings are told: a ticket of GitHub holds 65,536 characters.
const FINDINGS: usize = 40;
/// How many gaps are told.
const GAPS: usize = 20;
/// The most of one text that is told.
const TEXT: usize = 1000;

/// The document as a page.
pub fn render(document: &Document) -> Vec<u8> {
    let mut page = MarkdownText::default();
    let (word, rest) = verdict(document);
    page.line("# Ephemeral ports");
    page.line("");
    page.line(&format!("**{word}** {}", prose(&rest)));
    page.line("");
    about(&mut page, document);
    facts(&mut page, document);
    findings(&mut page, document);
    gaps(&mut page, document);
    page.finish()
}

/// A page in the making.
#[derive(Default)]
pub(super) struct MarkdownText(String);

impl MarkdownText {
    pub(super) fn finish(self) -> Vec<u8> {
        self.0.into_bytes()
    }

    pub(super) fn line(&mut self, text: &str) {
        // Writing to a String does not fail.
        let _ = writeln!(self.0, "{text}");
    }

    pub(super) fn row(&mut self, cells: &[String]) {
        self.line(&format!("| {} |", cells.join(" | ")));
    }

    pub(super) fn head(&mut self, cells: &[&str]) {
        self.row(&cells.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>());
        self.row(&vec!["---".to_owned(); cells.len()]);
    }
}

fn about(page: &mut MarkdownText, document: &Document) {
    let Host { name, os, os_version, kernel, arch, environment, .. } = &document.host;
    let Registry { edition, entries, .. } = &document.registry;
    let scopes = document.scopes.iter().filter(|scope| scope.current);
    let scopes: Vec<String> = scopes.map(|scope| called(&scope.id, &scope.names)).collect();
    let known =
        |value: &Option<String>| value.as_deref().map_or_else(|| "unknown".to_owned(), cell);
    page.head(&["Host", ""]);
    let mut row = |what: &str, value: String| page.row(&[what.to_owned(), value]);
    row("Name", known(name));
    row("System", format!("{} {}", cell(os), known(os_version)));
    row("Kernel", format!("{} {}", known(kernel), known(arch)));
    if environment.is_some() {
        row("Environment", known(environment));
    }
    row("Read", format!("{} in {}", cell(&document.collected_at), cell(&scopes.join(", "))));
    let others = document.scopes.len() - scopes.len();
    if others > 0 {
        row("Other namespaces", others.to_string());
    }
    if document.status.is_some() {
        row("Judged by", cell(&measure(document)));
    }
    if let Some(unasked) = figures::not_asked(document) {
        row("Rules", cell(&unasked));
    }
    row("IANA ports", format!("{} ({} entries)", cell(edition), grouped(*entries)));
    row("Written by", format!("{} {}", cell(&document.tool.name), cell(&document.tool.version)));
}

fn facts(page: &mut MarkdownText, document: &Document) {
    let Some(scope) = figures::own_scope(document) else { return };
    page.line("");
    page.head(&["Fact", "Value", "Source"]);
    for row in fact_rows(&document.host, scope).into_iter().skip(1) {
        page.row(&row.iter().map(|text| cell(text)).collect::<Vec<_>>());
    }
}

fn findings(page: &mut MarkdownText, document: &Document) {
    let groups = alike(document);
    if !groups.is_empty() {
        page.line("\n## Findings");
    }
    let more = groups.len().saturating_sub(FINDINGS);
    for (finding, scopes) in groups.into_iter().take(FINDINGS) {
        write_finding(page, finding, &places(document, &scopes));
    }
    if more > 0 {
        page.line(&format!("\n{more} more are in the JSON report."));
    }
}

fn write_finding(page: &mut MarkdownText, finding: &Finding, places: &str) {
    let level = match finding.waived {
        Some(_) => "WAIVED".to_owned(),
        None => finding.severity.name().to_uppercase(),
    };
    page.line(&format!("\n### {level} {}\n", code(&finding.rule)));
    page.line(&format!("**Found:** {}\n", prose(&finding.title)));
    page.line(&format!("**Meaning:** {}\n", prose(&finding.message)));
    if let Some(why) = &finding.waived {
        page.line(&format!("- waived, else {}: {}", finding.severity.name(), prose(why)));
    }
    if !places.is_empty() {
        page.line(&format!("- in {}", code(places)));
    }
    for evidence in &finding.evidence {
        let from = code(place(&evidence.source).as_str());
        page.line(&format!(
            "- seen: {} {}, from {from}",
            prose(&evidence.what),
            code(&evidence.value)
        ));
        fence(page, &evidence.command);
    }
    for (words, command) in finding.to_do() {
        let colon = if command.is_some() { ":" } else { "" };
        page.line(&format!("- do: {}{colon}", prose(words)));
        fence(page, command.unwrap_or_default());
    }
}

fn gaps(page: &mut MarkdownText, document: &Document) {
    let lines = gap_lines(&document.gaps);
    let unknown = document.rules.iter().filter(|rule| rule.verdict == Verdict::Unknown);
    let unknown: Vec<String> = unknown.map(|rule| code(&rule.rule)).collect();
    if lines.is_empty() && unknown.is_empty() {
        return;
    }
    page.line("\n## Not read\n");
    for line in lines.iter().take(GAPS) {
        page.line(&format!("- this: {}", prose(line)));
    }
    if lines.len() > GAPS {
        page.line(&format!("- {} more are in the JSON report", lines.len() - GAPS));
    }
    if !unknown.is_empty() {
        page.line(&format!("\nRules without an answer: {}", unknown.join(", ")));
    }
}

/// A command on lines of its own in a list.
pub(super) fn fence(page: &mut MarkdownText, command: &str) {
    if !command.is_empty() {
        let command = flat(command);
        let marks = "`".repeat((longest_run(&command) + 1).max(3));
        page.line(&format!("  {marks}sh\n  {command}\n  {marks}"));
    }
}

/// Outside text on one line.
fn flat(text: &str) -> String {
    let text = shortened(text, TEXT).replace("\r\n", " ").replace(['\n', '\r', '\t'], " ");
    printable(&text).into_owned()
}

/// Outside text in a code span, whose marks are longer than any that it holds.
pub(super) fn code(text: &str) -> String {
    let text = flat(text);
    if text.trim().is_empty() {
        return "(empty)".to_owned();
    }
    let marks = "`".repeat(longest_run(&text) + 1);
    // A space at each end is taken off again; without it a mark at an end would join those around.
    let pad = if marks.len() > 1 || text.starts_with(' ') { " " } else { "" };
    format!("{marks}{pad}{text}{pad}{marks}")
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or_default()
}

/// Outside text in a cell. How a backslash before an escaped bar is read differs from program to
/// program: there is no bar.
pub(super) fn cell(text: &str) -> String {
    code(&text.replace('|', "¦"))
}

/// Outside text as text. It never begins a line, so that only marks within a line need care.
pub(super) fn prose(text: &str) -> String {
    // Breaks what GitHub and GitLab make links of after everything else: @user, #1, !1, //, www.
    // and the like.
    const BREAK: &str = "&#8203;";
    let text = flat(text);
    let mut safe = String::with_capacity(text.len() + 16);
    for (at, c) in text.char_indices() {
        let before = at.checked_sub(3).and_then(|start| text.get(start..at));
        if c == '.' && before.is_some_and(|before| before.eq_ignore_ascii_case("www")) {
            safe.push_str(BREAK);
        }
        if matches!(
            c,
            '\\' | '`'
                | '*'
                | '_'
                | '{'
                | '}'
                | '['
                | ']'
                | '<'
                | '>'
                | '#'
                | '|'
                | '~'
                | '&'
                | '$'
                | '!'
        ) {
            safe.push('\\');
        }
        safe.push(c);
        let next = text.get(at + c.len_utf8()..).and_then(|rest| rest.chars().next());
        let begins = match c {
            '@' | '#' | '!' | '$' | '%' | '~' | '&' => {
                next.is_some_and(|next| !next.is_whitespace())
            }
            '/' => next == Some('/'),
            _ => false,
        };
        if begins {
            safe.push_str(BREAK);
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_span_outlasts_the_marks_in_it() {
        assert_eq!(code("java"), "`java`");
        assert_eq!(code("a`b``c"), "``` a`b``c ```");
        assert_eq!(code("`"), "`` ` ``");
        assert_eq!(code(" x "), "`  x  `");
        assert_eq!(code("\r\n\t"), "(empty)");
        assert_eq!(cell("a\\|b"), "`a\\¦b`");
    }

    #[test]
    fn text_stays_text() {
        assert_eq!(prose("# <b>\n|"), "\\# \\<b\\> \\|");
        assert_eq!(prose("16,384 of 28,232 (42 % fewer)."), "16,384 of 28,232 (42 % fewer).");
        for (text, hidden) in
            [("@root", "@root"), ("#12", "#12"), ("http://x", "//"), ("WWW.x.org", "WWW.")]
        {
            assert!(!prose(text).contains(hidden), "{}", prose(text));
        }
    }
}
