//! One page for a browser, in the style of a report's.

use maud::{Markup, html};

use super::super::html::{section, standalone, table};
use super::{coverage, input, number, settings, several, share, statuses};
use crate::wire::v1::Fleet;

/// How many shapes the bar has; the others share its end.
const BARS: usize = 12;

/// The roll-up as a page of its own.
pub fn render(fleet: &Fleet, top: usize) -> Vec<u8> {
    let status = &fleet.hosts.status;
    let class = match () {
        () if status.findings > 0 => "found",
        () if status.undetermined + status.unjudged > 0 || fleet.hosts.count == 0 => "undetermined",
        () => "compliant",
    };
    let hosts = several(fleet.hosts.count, "host");
    standalone(&html! {
        title { "Fleet of " (hosts) ", ephaudit" }
        body class=(class) {
            header { h1 { (hosts) } p { (statuses(status)) } p { (input(fleet)) } p { (coverage(fleet)) } }
            main {
                (section("What is set", &shapes(fleet, top)))
                @for (title, rows, all) in lists(fleet, top) {
                    @if all > 0 {
                        @let shown = rows.len().saturating_sub(1) as u64;
                        (section(title, &table(title, rows, usize::try_from(all - shown.min(all)).unwrap_or(usize::MAX))))
                    }
                }
            }
            footer { p { (fleet.tool.name) " " (fleet.tool.version) ", fleet version " (fleet.schema_version) } }
        }
    })
}

fn shapes(fleet: &Fleet, top: usize) -> Markup {
    let mut rows = vec![row(&["Shape", "Hosts", "Share", "System", "Settings", "Status"])];
    rows.extend(fleet.shapes.iter().take(top).map(|shape| {
        let set = settings(&shape.settings).to_owned();
        let (hosts, of) = (number(shape.hosts), share(shape.per_million));
        vec![shape.shape.clone(), hosts, of, shape.os.clone(), set, statuses(&shape.status)]
    }));
    html! {
        figure {
            (bar(fleet))
            figcaption { "Each part of the bar is a shape, as wide as its share of the hosts." }
        }
        (table("Shapes", rows, fleet.shapes.len().saturating_sub(top)))
    }
}

/// The shapes side by side, the most common first.
fn bar(fleet: &Fleet) -> Markup {
    let mut left = 0;
    let parts: Vec<(u64, u64, String)> = fleet
        .shapes
        .iter()
        .take(BARS)
        .map(|shape| {
            let begin = left;
            left += shape.per_million;
            (begin, shape.per_million, format!("{}: {}", shape.shape, share(shape.per_million)))
        })
        .collect();
    html! {
        svg viewBox="0 0 1000000 40000" role="img" aria-label="Shapes by their share of the hosts" width="100%" {
            rect width="1000000" height="40000" fill="var(--faint)" {}
            @for (at, (begin, width, name)) in parts.iter().enumerate() {
                rect x=(begin) width=(width) height="40000" fill=(if at % 2 == 0 { "var(--blue)" } else { "var(--grey)" }) {
                    title { (name) }
                }
            }
        }
    }
}

fn row(cells: &[&str]) -> Vec<String> {
    cells.iter().map(|cell| (*cell).to_owned()).collect()
}

/// The other lists: their titles, rows behind a heading, and how many rows there are.
fn lists(fleet: &Fleet, top: usize) -> [(&'static str, Vec<Vec<String>>, u64); 5] {
    let mut odd = vec![row(&["Host", "Shape", "Among", "Differs in"])];
    odd.extend(fleet.odd.items.iter().take(top).map(|host| {
        vec![host.name.clone(), host.shape.clone(), host.group.clone(), host.differs.join("; ")]
    }));
    let mut findings = vec![row(&["Rule", "Severity", "Waived", "Hosts", "Findings"])];
    findings.extend(fleet.findings.iter().take(top).map(|found| {
        let waived = if found.waived { "yes" } else { "no" };
        let counts = [number(found.hosts), number(found.findings)];
        [row(&[&found.rule, found.severity.name(), waived]), counts.to_vec()].concat()
    }));
    let mut risks = vec![row(&["Port", "Service", "Hosts"])];
    risks.extend(fleet.at_risk.iter().take(top).map(|risk| {
        let place = format!("{}/{}", risk.transport.name(), risk.port);
        vec![place, risk.name.clone().unwrap_or_default(), number(risk.hosts)]
    }));
    let mut missing = vec![row(&["Host", "Why"])];
    missing.extend(
        fleet
            .coverage
            .missing
            .items
            .iter()
            .take(top)
            .map(|host| vec![host.name.clone(), host.why.clone().unwrap_or_default()]),
    );
    let mut rejected = vec![row(&["Reason", "Where", "Why"])];
    rejected.extend(fleet.input.rejected.items.iter().take(top).map(|rejected| {
        let place = format!("{}:{}", rejected.file, rejected.line);
        vec![rejected.reason.clone().into_owned(), place, rejected.detail.clone()]
    }));
    [
        ("Odd hosts", odd, fleet.odd.hosts),
        ("Findings", findings, fleet.findings.len() as u64),
        ("Services at risk", risks, fleet.at_risk.len() as u64),
        ("Missing hosts", missing, fleet.coverage.missing.count),
        ("Rejected rows", rejected, fleet.input.rejected.count),
    ]
}
