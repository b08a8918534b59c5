//! The summary on one line, for places with little room: a registry of facts, the last line of a
//! script's output.

use super::json;
use super::view::figures::critical_unasked;
use crate::text::shortened;
use crate::wire::v1::{Document, SCHEMA_VERSION, ShortHost, Summary, SummaryLine};

/// The most bytes that the line takes, its end included.
const MOST: usize = 2000;

/// How many critical rules are named, and how much of each.
const NAMES: usize = 24;

/// How many items of a list, and characters of a text, are left in turn until the line is short
/// enough.
const CUTS: [(usize, usize); 6] = [(64, 800), (16, 400), (8, 200), (4, 100), (1, 60), (0, 40)];

/// The line.
pub fn render(document: &Document) -> Vec<u8> {
    let whole = line(document, usize::MAX, usize::MAX);
    if whole.len() <= MOST {
        return whole;
    }
    let cut = CUTS.iter().map(|(items, letters)| line(document, *items, *letters));
    // The last is short whatever the host says.
    cut.filter(|line| line.len() <= MOST).chain([line(document, 0, 8)]).next().unwrap_or_default()
}

fn line(document: &Document, items: usize, letters: usize) -> Vec<u8> {
    let mut summary = document.summary.clone().unwrap_or_else(|| Summary::of(document));
    let Summary { settings, failed, waived, unknown, at_risk, .. } = &mut summary;
    *settings = shortened(settings, letters);
    for list in [failed, waived, unknown, at_risk] {
        let more = list.len().saturating_sub(items);
        list.truncate(items);
        for item in list.iter_mut() {
            *item = shortened(item, letters);
        }
        if more > 0 {
            list.push(format!("+{more}"));
        }
    }
    let run = document.run.as_deref().map(|run| shortened(run, letters));
    let line = SummaryLine {
        schema_version: SCHEMA_VERSION,
        kind: "summary".into(),
        host: ShortHost {
            name: document.host.name.as_deref().map(|name| shortened(name, letters)),
            id: document.host.id.as_deref(),
            os: &document.host.os,
        },
        collected_at: &document.collected_at,
        run: run.as_deref(),
        profile: &document.profile,
        status: document.status,
        critical_not_asked: critical_unasked(document)
            .take(NAMES)
            .map(|rule| shortened(&rule.rule, NAMES))
            .collect(),
        summary,
    };
    let mut bytes = Vec::new();
    // A Vec takes everything.
    let _ = json::write_line(&line, &mut bytes);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::v1;

    #[test]
    fn the_line_is_short_whatever_the_host_says() {
        let text = include_bytes!("../../fixtures/reports/hostile.json");
        let mut document = v1::read(text).expect("a report");
        document.host.name = Some("\u{202e}".repeat(255));
        document.run = Some("r".repeat(128));
        let summary = document.summary.as_mut().expect("a summary");
        summary.at_risk = vec!["tcp/1 \u{9b}".repeat(9); 2000];
        summary.settings = "reserved 1, 2, 3, ".repeat(4000);
        let line = render(&document);
        assert!(line.len() <= MOST, "{} bytes", line.len());
        let line: serde_json::Value = serde_json::from_slice(&line).expect("JSON");
        let last = line["summary"]["at_risk"].as_array().and_then(|list| list.last());
        assert!(last.and_then(|last| last.as_str()).is_some_and(|last| last.starts_with('+')));
    }
}
