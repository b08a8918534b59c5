//! Comma-separated values (RFC 4180): one finding a row, and one for each rule that could not tell
//! or was not asked.

use std::io::{self, Write};

use csv::{QuoteStyle, Terminator, Writer, WriterBuilder};

use super::Look;
use super::view::cases::{Places, cases, host, line, status};
use crate::text::printable;
use crate::wire::v1::{Document, Evidence, Finding, Verdict};

/// The columns; new ones are added behind the last.
const HEADER: [&str; 17] = [
    "host",
    "os",
    "collected_at",
    "profile",
    "status",
    "scope",
    "scope_name",
    "rule",
    "severity",
    "verdict",
    "title",
    "message",
    "waived",
    "evidence",
    "remediation",
    "fingerprint",
    "location",
];

/// What differs from row to row.
#[derive(Default)]
struct CsvRow<'a> {
    scope: &'a str,
    rule: &'a str,
    severity: &'static str,
    verdict: &'static str,
    title: &'a str,
    message: String,
    waived: &'a str,
    evidence: String,
    remediation: String,
    fingerprint: &'a str,
    location: String,
}

/// The findings of each report, most severe first, then what could not be told and what nobody
/// asked, under one header.
///
/// Every cell is quoted, and none holds a character that moves the cursor or the text. One that a
/// spreadsheet would take for a formula gets a `'` in front, unless the look is raw.
pub fn write(documents: &[Document], look: Look, to: &mut dyn Write) -> io::Result<()> {
    let mut table = WriterBuilder::new()
        .terminator(Terminator::CRLF)
        .quote_style(QuoteStyle::Always)
        .from_writer(to);
    table.write_record(HEADER).map_err(failed)?;
    documents.iter().try_for_each(|document| rows(document, look, &mut table))?;
    table.flush()
}

fn rows(document: &Document, look: Look, table: &mut Writer<&mut dyn Write>) -> io::Result<()> {
    let places = Places::of(document);
    let host = document.host.name.as_ref().map(|_| host(document)).unwrap_or_default();
    let mut write = |row: &CsvRow<'_>| {
        let cells: [&str; HEADER.len()] = [
            &host,
            &document.host.os,
            &document.collected_at,
            &document.profile,
            status(document),
            row.scope,
            places.name(row.scope),
            row.rule,
            row.severity,
            row.verdict,
            row.title,
            &row.message,
            row.waived,
            &row.evidence,
            &row.remediation,
            row.fingerprint,
            &row.location,
        ];
        table.write_record(cells.map(|text| cell(text, look.csv_raw))).map_err(failed)
    };
    document.findings.iter().try_for_each(|finding| write(&found(finding)))?;
    for case in cases(document) {
        let (verdict, title, message) = match case.not_asked() {
            Some(why) => (Verdict::NotAsked, "not asked", why),
            None if case.unread.is_empty() => continue,
            None => (Verdict::Unknown, "could not be determined", line(&case.unread)),
        };
        write(&CsvRow {
            scope: case.scope,
            rule: case.rule,
            severity: case.severity.name(),
            verdict: verdict.name(),
            title,
            message,
            ..CsvRow::default()
        })?;
    }
    Ok(())
}

/// The error of the writer itself, whose kind tells a reader that has gone.
pub(super) fn failed(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

fn found(finding: &Finding) -> CsvRow<'_> {
    let evidence: Vec<String> = finding
        .evidence
        .iter()
        .map(|evidence| format!("{}: {}", evidence.what, evidence.value))
        .collect();
    let locations: Vec<String> = finding.evidence.iter().map(location).collect();
    CsvRow {
        scope: &finding.scope,
        rule: &finding.rule,
        severity: finding.severity.name(),
        verdict: if finding.waived.is_some() { Verdict::Waived } else { Verdict::Fail }.name(),
        title: &finding.title,
        message: finding.message.clone(),
        waived: finding.waived.as_deref().unwrap_or_default(),
        evidence: evidence.join("; "),
        remediation: finding.remediation.join("; "),
        fingerprint: &finding.fingerprint,
        location: locations.join("; "),
    }
}

fn location(evidence: &Evidence) -> String {
    match evidence.line {
        Some(line) => format!("{}:{line}", evidence.source.location),
        None => evidence.source.location.clone(),
    }
}

/// A text as a cell. What begins like this a spreadsheet runs; a tab or carriage return in front of
/// it is written as an escape.
pub(super) fn cell(text: &str, raw: bool) -> String {
    let text = printable(text);
    if !raw
        && text.trim_start_matches(' ').starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠'])
    {
        return format!("'{text}");
    }
    text.into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula_or_obeyed_by_a_terminal() {
        for formula in ["=1+1", "+1", "-1", "@SUM(1)", "＝1"] {
            assert_eq!(cell(formula, false), format!("'{formula}"));
            assert_eq!(cell(formula, true), formula);
        }
        assert_eq!(cell("\t=1", false), "\\u{9}=1");
        assert_eq!(cell("\r\n=1\u{1b}", true), "\\u{d}\\u{a}=1\\u{1b}");
        assert_eq!(cell("a-b", false), "a-b");
    }
}
