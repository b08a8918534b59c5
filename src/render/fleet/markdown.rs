//! For tickets, wikis and pull requests.

use std::fmt::Write;

use super::super::markdown::cell;
use super::{coverage, input, number, settings, several, share, statuses};
use crate::wire::v1::Fleet;

/// The roll-up as a page.
pub fn render(fleet: &Fleet, top: usize) -> Vec<u8> {
    let mut text = String::new();
    let status = statuses(&fleet.hosts.status);
    // Writing to a String does not fail.
    let _ = write!(
        text,
        "# Fleet\n\n**{}**: {status}\n\n- read: {}\n- coverage: {}\n",
        several(fleet.hosts.count, "host"),
        input(fleet),
        coverage(fleet)
    );
    let rows = fleet.shapes.iter().take(top).map(|row| {
        let set = cell(settings(&row.settings));
        let status = statuses(&row.status);
        [row.shape.clone(), number(row.hosts), share(row.per_million), cell(&row.os), set, status]
    });
    table(&mut text, "Shapes", ["shape", "hosts", "share", "system", "settings", "status"], rows);
    let rows = fleet
        .odd
        .items
        .iter()
        .take(top)
        .map(|host| [cell(&host.name), host.shape.clone(), cell(&host.differs.join("; "))]);
    table(&mut text, "Odd hosts", ["host", "shape", "differs in"], rows);
    let rows = fleet.findings.iter().take(top).map(|row| {
        let waived = if row.waived { "yes" } else { "" };
        let severity = row.severity.name().to_owned();
        [cell(&row.rule), severity, waived.to_owned(), number(row.hosts), number(row.findings)]
    });
    table(&mut text, "Findings", ["rule", "severity", "waived", "hosts", "findings"], rows);
    let rows = fleet.at_risk.iter().take(top).map(|row| {
        let place = format!("{}/{}", row.transport.name(), row.port);
        [place, cell(row.name.as_deref().unwrap_or_default()), number(row.hosts)]
    });
    table(&mut text, "Services at risk", ["port", "service", "hosts"], rows);
    let rows = fleet.undetermined.rules.iter().take(top).map(|row| {
        let why = row.why.iter().map(|why| format!("{} {}", why.name, number(why.count)));
        [cell(&row.rule), number(row.hosts), cell(&why.collect::<Vec<_>>().join(", "))]
    });
    table(&mut text, "Undetermined", ["rule", "hosts", "why"], rows);
    let rows = fleet.input.rejected.items.iter().take(top).map(|row| {
        let place = cell(&format!("{}:{}", row.file, row.line));
        [row.reason.clone().into_owned(), place, cell(&row.detail)]
    });
    table(&mut text, "Rejected", ["reason", "where", "why"], rows);
    text.into_bytes()
}

fn table<const N: usize>(
    text: &mut String,
    title: &str,
    head: [&str; N],
    rows: impl Iterator<Item = [String; N]>,
) {
    let mut rows = rows.peekable();
    if rows.peek().is_none() {
        return;
    }
    // Writing to a String does not fail.
    let _ = write!(text, "\n## {title}\n\n| {} |\n|{}\n", head.join(" | "), "---|".repeat(N));
    for row in rows {
        let _ = writeln!(text, "| {} |", row.join(" | "));
    }
}
