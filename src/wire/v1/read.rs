//! A saved report, read again.

mod beside;
mod bounds;
mod facts;
mod judged;
#[cfg(test)]
mod tests;
mod version;

pub use judged::{Claims, FindingClaim, RuleClaim};

use serde::Deserialize;

use super::{Document, Scope, Summary};

/// The longest time of RFC 3339, id of a namespace, and path that a kernel takes, in bytes: formats
/// repeat these.
const TIME: usize = 40;
const ID: usize = 255;
const PATH: usize = 4096;

/// What is known of a text that has another form than version 1.
#[derive(Deserialize)]
struct Version {
    schema_version: String,
}

/// The report that a text holds. What a later version 1 adds is passed over.
///
/// Fails, in one line, where the text is no report of version 1, holds more than an audit writes,
/// or tells what no audit does: a report that contradicts itself says of no host that it complies.
pub fn read(text: &[u8]) -> Result<Document, String> {
    let no_report = |error: String| format!("it is not a report: {error}");
    // What PowerShell's > writes.
    if text.starts_with(b"\xff\xfe") || text.starts_with(b"\xfe\xff") {
        return Err(
            "it is UTF-16; save it as UTF-8, or let ephaudit write it with --output".to_owned()
        );
    }
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    bounds::check(text).map_err(no_report)?;
    let document: Result<Document, String> = parse(text);
    let other = |version: &str| {
        format!("it is a report of version {version}, and this ephaudit reads version 1")
    };
    let mut document = match document {
        Ok(document) if !is_version_1(&document.schema_version) => {
            return Err(other(&document.schema_version));
        }
        Ok(document) => document,
        // What another version writes may have another form.
        Err(error) => {
            let version: Version = parse(text).map_err(no_report)?;
            let is_ours = is_version_1(&version.schema_version);
            return Err(if is_ours { no_report(error) } else { other(&version.schema_version) });
        }
    };
    if document.schema_version == "1.0" {
        document.scopes.iter_mut().for_each(Scope::count_what_is_listed);
    }
    consistent(&document).map_err(no_report)?;
    let own = Summary::of(&document);
    let summary = document.summary.get_or_insert_with(|| own.clone());
    if document.tool.version == env!("CARGO_PKG_VERSION") && *summary != own {
        return Err(no_report("its summary is not that of its facts".to_owned()));
    }
    Ok(document)
}

/// Fails, in one line, where a report is larger than `read` takes one.
pub fn bounded(report: &[u8]) -> Result<(), String> {
    bounds::check(report)
}

fn is_version_1(version: &str) -> bool {
    version.split('.').next() == Some("1")
}

fn parse<'a, T: Deserialize<'a>>(text: &'a [u8]) -> Result<T, String> {
    serde_json::from_slice(text).map_err(|error| {
        if error.is_eof() { "it is cut off at its end".to_owned() } else { error.to_string() }
    })
}

fn consistent(document: &Document) -> Result<(), String> {
    if document.tool.name != env!("CARGO_PKG_NAME") {
        return Err(format!("{:?} wrote it", document.tool.name));
    }
    let at = &document.collected_at;
    if at.len() > TIME || humantime::parse_rfc3339(at).is_err() {
        return Err(format!("{:?} is not an RFC 3339 time", document.collected_at));
    }
    let file = document.policy.as_ref().and_then(|policy| policy.file.as_ref());
    if file.is_some_and(|file| file.len() > PATH) {
        return Err("the name of its policy is longer than any path".to_owned());
    }
    if document.scopes.iter().any(|scope| scope.id.len() > ID) {
        return Err(format!("the id of a namespace is longer than {ID} bytes"));
    }
    facts::check(document)?;
    judged::places(document)?;
    judged::check(document)?;
    version::check(document)
}
