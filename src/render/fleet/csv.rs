//! One host a row (RFC 4180); new columns are added behind the last.

use std::io::{self, Write};

use ::csv::{QuoteStyle, Terminator, WriterBuilder};

use super::super::Look;
use super::super::csv::{cell, failed};
use crate::wire::v1::{FleetHost, Status};

const HEADER: [&str; 20] = [
    "name",
    "id",
    "group",
    "os",
    "os_version",
    "kernel",
    "collected_at",
    "age_s",
    "status",
    "shape",
    "settings",
    "odd",
    "findings",
    "failed",
    "waived",
    "unknown",
    "at_risk",
    "measure",
    "tool",
    "source",
];

/// The hosts, each cell quoted and guarded as that of a report.
pub fn write(
    hosts: &mut dyn Iterator<Item = FleetHost>,
    look: Look,
    to: &mut dyn Write,
) -> io::Result<()> {
    let mut table = WriterBuilder::new()
        .terminator(Terminator::CRLF)
        .quote_style(QuoteStyle::Always)
        .from_writer(to);
    table.write_record(HEADER).map_err(failed)?;
    for host in hosts {
        let counts = &host.findings;
        let open = [counts.critical, counts.high, counts.medium, counts.low, counts.info];
        let cells: [String; HEADER.len()] = [
            host.name.unwrap_or_default(),
            host.id.unwrap_or_default(),
            host.group.unwrap_or_default(),
            host.os,
            host.os_version.unwrap_or_default(),
            host.kernel.unwrap_or_default(),
            host.collected_at,
            host.age_s.to_string(),
            host.status.map_or("unjudged", Status::name).to_owned(),
            host.shape,
            host.settings,
            host.odd.to_string(),
            open.iter().sum::<u32>().to_string(),
            host.failed.join(" "),
            host.waived.join(" "),
            host.unknown.join(" "),
            host.at_risk.join(", "),
            host.measure,
            host.tool,
            host.source,
        ];
        table.write_record(cells.iter().map(|text| cell(text, look.csv_raw))).map_err(failed)?;
    }
    table.flush()
}
