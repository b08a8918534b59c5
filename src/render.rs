//! Renderers: pure functions from the document to bytes, one file a format.

#[cfg(any(test, fuzzing))]
pub mod agreement;
mod blocks;
mod boot;
mod checkmk;
mod codequality;
mod csv;
mod explanation;
mod fleet;
mod github;
mod html;
mod json;
mod junit;
mod markdown;
mod nagios;
mod ndjson;
mod ocsf;
mod openmetrics;
pub mod page;
mod plan;
mod probe;
mod prometheus;
mod rule_page;
mod rules;
mod sarif;
mod status;
mod strip;
mod summary;
mod table;
mod view;

pub use fleet::{FleetFormat, render_diff as render_fleet_diff, write as write_fleet};
pub use json::{Kind, schema};

use std::io::{self, Write};
use std::slice::from_ref;

use clap::ValueEnum;

use crate::wire::v1::{Absence, Document, Explanation, Planned, Probed, Rules};

/// The formats of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Table,
    /// For programs: the report's contract
    Json,
    /// The same on one line
    Ndjson,
    /// One finding a row, for spreadsheets and databases
    Csv,
    /// Test results: one rule and scope a test case
    Junit,
    /// For code scanning: the findings at the files and lines that cause them
    Sarif,
    /// For SIEMs: one Compliance Finding a line
    Ocsf,
    /// One word
    Status,
    /// One page for a browser, nothing fetched and nothing run
    Html,
    /// For the textfile collector of Prometheus' node_exporter
    Prometheus,
    /// The same as `OpenMetrics` 1.0
    // --help would print the backticks.
    #[value(help = "The same as OpenMetrics 1.0")]
    Openmetrics,
    /// A plugin's output and exit code, for Nagios, Icinga and their like
    Nagios,
    /// The line of a local check of Checkmk; the exit code is 0
    Checkmk,
    /// For tickets, wikis and pull requests
    Markdown,
    /// What matters in one line of 2,000 bytes at most
    Summary,
    /// Annotations of a workflow of GitHub Actions
    Github,
    /// GitLab's code quality report
    Codequality,
}

impl Format {
    /// Whether another user's program is to read the file.
    pub const fn is_for_others(self) -> bool {
        matches!(self, Self::Prometheus | Self::Openmetrics)
    }

    /// Whether one file takes the reports of many hosts, each with its name.
    pub const fn holds_many(self) -> bool {
        matches!(
            self,
            Self::Ndjson
                | Self::Csv
                | Self::Ocsf
                | Self::Summary
                | Self::Github
                | Self::Codequality
        )
    }

    /// The exit code where the format's own protocol says it.
    pub fn exit_code(self, document: &Document) -> Option<u8> {
        match self {
            Self::Nagios => Some(nagios::state(document).code()),
            Self::Checkmk => Some(0),
            _ => None,
        }
    }

    /// What goes to standard output where there is no report, and the exit code, where the format's
    /// own protocol says it.
    pub fn complaint(self, why: &str) -> Option<(Vec<u8>, u8)> {
        match self {
            Self::Nagios => Some((nagios::complaint(why), nagios::PluginState::Unknown.code())),
            Self::Checkmk => Some((checkmk::complaint(why), 0)),
            _ => None,
        }
    }
}

/// The formats of what is no report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Screen {
    /// For people
    Table,
    /// For programs
    Json,
}

/// The formats of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PlanFormat {
    /// For people
    Table,
    /// For programs
    Json,
    /// For tickets, wikis and pull requests
    Markdown,
}

/// How many lines a terminal has at least.
pub const SCREEN: usize = 24;

/// How much a screen tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Detail {
    /// One screen.
    #[default]
    Brief,
    /// Everything that was read and judged.
    Full,
}

/// How a page may look.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// Columns.
    pub width: usize,
    /// Whether to colour.
    pub color: bool,
    /// Whether to keep to ASCII.
    pub ascii: bool,
    /// Whether cells of CSV that a spreadsheet would take for formulas stay as they are.
    pub csv_raw: bool,
    /// How much of it there is.
    pub detail: Detail,
    /// How many lines a screen may have.
    pub lines: usize,
    /// The exit code of the run, where the page is to name it.
    pub exit: Option<u8>,
}

impl Look {
    /// Text without colour.
    #[cfg(any(test, fuzzing))]
    pub const fn plain(width: usize) -> Self {
        let (detail, lines) = (Detail::Brief, SCREEN);
        Self { width, color: false, ascii: false, csv_raw: false, detail, lines, exit: None }
    }
}

/// What stands above a screen that is drawn again, and how to get there where the cursor can be
/// moved.
pub fn watched(before: Option<&Document>, now: &Document, clear: bool, look: Look) -> Vec<u8> {
    table::watched(before, now, clear, look)
}

/// The findings and gaps of a document that has only one rule's, as the table prints them.
#[cfg(test)]
pub fn render_rule(document: &Document, look: Look) -> Vec<u8> {
    table::render_rule(document, look)
}

/// Writes the documents one after the other, in a format that holds many where there are many.
///
/// Fails where `to` does.
pub fn write(
    documents: &[Document],
    format: Format,
    look: Look,
    to: &mut dyn Write,
) -> io::Result<()> {
    match format {
        Format::Csv => csv::write(documents, look, to),
        Format::Codequality => codequality::write(documents, to),
        _ => documents.iter().try_for_each(|document| write_one(document, format, look, to)),
    }
}

/// Writes the document in that format. Those that tell everything are written as they are made, the
/// others are short.
fn write_one(
    document: &Document,
    format: Format,
    look: Look,
    to: &mut dyn Write,
) -> io::Result<()> {
    let whole = match format {
        Format::Json => return json::write(document, to),
        Format::Ndjson => return ndjson::write(document, to),
        Format::Csv | Format::Codequality => return write(from_ref(document), format, look, to),
        Format::Github => return github::write(document, to),
        Format::Junit => return junit::write(document, to),
        Format::Sarif => return sarif::write(document, to),
        Format::Ocsf => return ocsf::write(document, to),
        Format::Table => table::render(document, look),
        Format::Status => status::render(document),
        Format::Html => html::render(document),
        Format::Prometheus => prometheus::render(document),
        Format::Openmetrics => openmetrics::render(document),
        Format::Nagios => nagios::render(document),
        Format::Checkmk => checkmk::render(document),
        Format::Markdown => markdown::render(document),
        Format::Summary => summary::render(document),
    };
    to.write_all(&whole)
}

/// Whether the documents take no more than so many bytes in that format.
pub fn fits(documents: &[Document], format: Format, look: Look, bytes: usize) -> bool {
    write(documents, format, look, &mut SizeLimit(bytes)).is_ok()
}

/// So many bytes, which are counted and not kept.
struct SizeLimit(usize);

impl Write for SizeLimit {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        self.0 = self.0.checked_sub(piece.len()).ok_or(io::ErrorKind::WriteZero)?;
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The document in that format, whole.
#[cfg(any(test, fuzzing))]
pub fn render(document: &Document, format: Format, look: Look) -> Vec<u8> {
    let mut bytes = Vec::new();
    // A Vec takes everything.
    let _ = write_one(document, format, look, &mut bytes);
    bytes
}

/// What the settings of the document will be after a reboot; as JSON, the document.
pub fn render_boot(document: &Document, format: Screen, look: Look) -> Vec<u8> {
    match format {
        Screen::Table => boot::render(document, look),
        Screen::Json => json::render(document),
    }
}

/// The explanation of a port in that format.
pub fn render_explanation(document: &Explanation, format: Screen, look: Look) -> Vec<u8> {
    match format {
        Screen::Table => explanation::render(document, look),
        Screen::Json => json::render(document),
    }
}

/// What a plan says in that format.
pub fn render_plan(document: &Planned, format: PlanFormat, look: Look) -> Vec<u8> {
    match format {
        PlanFormat::Table => plan::table::render(document, look),
        PlanFormat::Json => json::render(document),
        PlanFormat::Markdown => plan::markdown::render(document),
    }
}

/// What a probe says in that format.
pub fn render_probe(document: &Probed, format: Screen, look: Look) -> Vec<u8> {
    match format {
        Screen::Table => probe::render(document, look),
        Screen::Json => json::render(document),
    }
}

/// The absence on one line.
pub fn render_absence(absence: &Absence) -> Vec<u8> {
    let mut line = Vec::new();
    // A Vec takes everything.
    let _ = json::write_line(absence, &mut line);
    line
}

/// A rule's page, for a terminal.
pub fn render_page(markdown: &str, look: Look) -> Vec<u8> {
    rule_page::render(markdown, look)
}

/// The rules in that format.
pub fn render_rules(all: &Rules, format: Screen, look: Look) -> Vec<u8> {
    match format {
        Screen::Table => rules::render(all, look),
        Screen::Json => json::render(all),
    }
}
