//! A saved report, read again.

use std::collections::HashSet;
use std::fmt::Display;

use serde::Deserialize;

use super::{Document, Pool, Rule, Span, Status, Verdict};

/// All ports there are, 0 included.
const PORTS: u32 = 65_536;

/// More rules than any version will have.
const RULES: usize = 1000;

/// What must be known of a text before the rest of it is believed.
#[derive(Deserialize)]
struct Version {
    schema_version: String,
}

/// The report that a text holds. What a later version 1 adds is passed over.
///
/// Fails, in one line, where the text is no report of version 1 or tells the impossible.
pub fn read(text: &[u8]) -> Result<Document, String> {
    let no_report = |error: &dyn Display| format!("it is no report: {error}");
    // What PowerShell's > writes.
    if text.starts_with(b"\xff\xfe") || text.starts_with(b"\xfe\xff") {
        return Err(
            "it is UTF-16; save it as UTF-8, or let ephaudit write it with --output".to_owned()
        );
    }
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let version: Version = serde_json::from_slice(text).map_err(|error| no_report(&error))?;
    if version.schema_version.split('.').next() != Some("1") {
        return Err(format!(
            "it is a report of version {}, and this ephaudit reads version 1",
            version.schema_version
        ));
    }
    let document: Document = serde_json::from_slice(text).map_err(|error| no_report(&error))?;
    consistent(&document).map_err(|why| format!("it is no report: {why}"))?;
    document.scopes.iter().try_for_each(|scope| {
        let reserved = scope.reserved.iter().flat_map(|list| &list.spans);
        let defaults = scope.ranges.iter().filter_map(|range| range.vendor_default.as_ref());
        reserved.chain(defaults).copied().try_for_each(forward)?;
        scope.pools.iter().try_for_each(possible)
    })?;
    Ok(document)
}

/// A report that contradicts itself was not written by an audit, and nobody is to be told of it that a host complies.
fn consistent(document: &Document) -> Result<(), String> {
    if humantime::parse_rfc3339(&document.collected_at).is_err() {
        return Err(format!("{:?} is no time of RFC 3339", document.collected_at));
    }
    let rules = document.rules.iter().map(|rule| &*rule.rule);
    let found = document.findings.iter().map(|finding| &*finding.rule);
    let names: HashSet<&str> = rules.chain(found).collect();
    if names.len() > RULES {
        return Err(format!("it names {} rules", names.len()));
    }
    match (document.status, implied(document)) {
        (Some(said), implied) if said != implied => Err(format!(
            "it is called {}, and its rules and findings make it {}",
            said.name(),
            implied.name()
        )),
        _ => Ok(()),
    }
}

/// The status that the rules and findings of a report come to.
fn implied(document: &Document) -> Status {
    let answers =
        |rule: &Rule| matches!(rule.verdict, Verdict::Pass | Verdict::Fail | Verdict::Waived);
    let unanswered = |rule: &Rule| rule.verdict == Verdict::Unknown;
    if document.findings.iter().any(|finding| document.counts(finding)) {
        Status::Findings
    } else if document.rules.iter().any(unanswered)
        || document.gaps.iter().any(|gap| gap.rule.is_some())
        || !document.rules.iter().any(answers)
    {
        Status::Undetermined
    } else {
        Status::Compliant
    }
}

fn forward(span: Span) -> Result<(), String> {
    if span.first <= span.last {
        return Ok(());
    }
    Err(format!("it is no report: the ports {}-{} run backwards", span.first, span.last))
}

fn possible(pool: &Pool) -> Result<(), String> {
    pool.spans.iter().copied().try_for_each(forward)?;
    let counts =
        [pool.ports, pool.held_back, pool.system_ports, pool.user_ports, pool.dynamic_ports];
    match counts.into_iter().find(|count| *count > PORTS) {
        Some(count) => Err(format!("it is no report: a pool of {count} ports")),
        None => Ok(()),
    }
}
