//! Many reports together, in each format.

mod csv;
mod diff;
mod html;
mod markdown;
mod metrics;
mod table;

pub use diff::render as render_diff;

use std::io::{self, Write};

use clap::ValueEnum;

use super::{Look, json};
use crate::text::{counted, grouped};
use crate::wire::v1::{Fleet, FleetHost, Statuses};

/// The formats of a roll-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FleetFormat {
    /// For people
    Table,
    /// For programs: `ephaudit schema fleet`
    Json,
    /// One host a line, for databases, and as the old run of the next `fleet diff`
    Hosts,
    /// One host a row, for spreadsheets
    Csv,
    /// One page for a browser, nothing fetched and nothing run
    Html,
    /// For tickets, wikis and pull requests
    Markdown,
    /// For the textfile collector of Prometheus' node_exporter
    Prometheus,
    /// The same as OpenMetrics 1.0
    Openmetrics,
}

impl FleetFormat {
    /// Whether another user's program is to read the file.
    pub const fn is_for_others(self) -> bool {
        matches!(self, Self::Prometheus | Self::Openmetrics)
    }
}

/// Writes it; `hosts` are those that `hosts` and `csv` list.
pub fn write(
    fleet: &Fleet,
    hosts: &mut dyn Iterator<Item = FleetHost>,
    format: FleetFormat,
    look: Look,
    top: usize,
    to: &mut dyn Write,
) -> io::Result<()> {
    let whole = match format {
        FleetFormat::Json => return json::write(fleet, to),
        FleetFormat::Hosts => {
            for host in hosts {
                json::write_line(&host, to)?;
            }
            return Ok(());
        }
        FleetFormat::Csv => return csv::write(hosts, look, to),
        FleetFormat::Table => table::render(fleet, look, top),
        FleetFormat::Html => html::render(fleet, top),
        FleetFormat::Markdown => markdown::render(fleet, top),
        FleetFormat::Prometheus => metrics::render(fleet, false),
        FleetFormat::Openmetrics => metrics::render(fleet, true),
    };
    to.write_all(&whole)
}

/// `28,232`, however many.
fn number(count: u64) -> String {
    u32::try_from(count).map_or_else(|_| count.to_string(), grouped)
}

/// `1 host`, `28,232 hosts`.
fn several(count: u64, noun: &str) -> String {
    u32::try_from(count).map_or_else(|_| format!("{count} {noun}s"), |count| counted(count, noun))
}

/// `40.9 %` of a million.
fn share(per_million: u64) -> String {
    format!("{}.{} %", per_million / 10_000, per_million / 1000 % 10)
}

/// `3,117 findings, 20 undetermined`, without what no host has.
fn statuses(status: &Statuses) -> String {
    let all = status.all().into_iter().filter(|(_, count)| *count > 0);
    let words: Vec<String> = all.map(|(name, count)| format!("{} {name}", number(count))).collect();
    if words.is_empty() { "none".to_owned() } else { words.join(", ") }
}

/// What was read, in a sentence.
fn input(fleet: &Fleet) -> String {
    let input = &fleet.input;
    format!(
        "{} in {}, {} bytes; {} superseded, {} rejected, {}",
        several(input.lines, "line"),
        several(input.files, "file"),
        number(input.bytes),
        number(input.superseded),
        number(input.rejected.count),
        several(input.absences, "absence")
    )
}

/// Which hosts are there, in a sentence.
fn coverage(fleet: &Fleet) -> String {
    let coverage = &fleet.coverage;
    let stale = format!("{} stale", number(coverage.stale.count));
    match coverage.expected {
        Some(expected) => format!(
            "{} of {} ({}): {} missing, {} not expected, {stale}",
            number(coverage.received),
            number(expected),
            share((coverage.received * 1_000_000).checked_div(expected).unwrap_or_default()),
            number(coverage.missing.count),
            number(coverage.unexpected.count)
        ),
        None => format!("no inventory says which hosts there should be; {stale}"),
    }
}

/// What is set but for the system, which has a column of its own.
fn settings(settings: &str) -> &str {
    settings.split_once("; ").map_or(settings, |(_, rest)| rest)
}
