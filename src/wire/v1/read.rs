//! A saved report, read again.

use std::fmt::Display;

use serde::Deserialize;

use super::{Document, Pool, Span};

/// All ports there are, 0 included.
const PORTS: u32 = 65_536;

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
    let version: Version = serde_json::from_slice(text).map_err(|error| no_report(&error))?;
    if version.schema_version.split('.').next() != Some("1") {
        return Err(format!(
            "it is a report of version {}, and this ephaudit reads version 1",
            version.schema_version
        ));
    }
    let document: Document = serde_json::from_slice(text).map_err(|error| no_report(&error))?;
    document.scopes.iter().try_for_each(|scope| {
        let reserved = scope.reserved.iter().flat_map(|list| &list.spans);
        let defaults = scope.ranges.iter().filter_map(|range| range.vendor_default.as_ref());
        reserved.chain(defaults).copied().try_for_each(forward)?;
        scope.pools.iter().try_for_each(possible)
    })?;
    Ok(document)
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
