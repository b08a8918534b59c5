//! GitLab's code quality report (docs.gitlab.com, "Code Quality", "Code Quality report format"): an
//! array of issues.
//!
//! An issue that is in the report of one branch and not in that of the other is new, or fixed: what
//! was not answered is an issue too, and so is what was not asked.

use std::io::{self, Write};

use serde::{Serialize, Serializer};

use super::json;
use super::view::cases::{Places, cases, host, line};
use super::view::location::{fingerprints, location};
use crate::text::{digest, printable};
use crate::wire::v1::{Document, Severity};

/// The severities of GitLab.
const BLOCKER: &str = "blocker";
const CRITICAL: &str = "critical";
const MAJOR: &str = "major";
const MINOR: &str = "minor";
const INFO: &str = "info";

#[derive(Serialize)]
struct Issue {
    description: String,
    check_name: String,
    fingerprint: String,
    severity: &'static str,
    location: IssueLocation,
}

#[derive(Serialize)]
struct IssueLocation {
    path: String,
    lines: IssueLines,
}

#[derive(Serialize)]
struct IssueLines {
    begin: u32,
}

/// The issues of all reports.
pub fn write(documents: &[Document], to: &mut dyn Write) -> io::Result<()> {
    json::write(&Issues(documents), to)
}

/// Made one after the other, as they are written.
struct Issues<'a>(&'a [Document]);

impl Serialize for Issues<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.0.iter().flat_map(|document| found(document).chain(untold(document))))
    }
}

fn found(document: &Document) -> impl Iterator<Item = Issue> + '_ {
    let places = Places::of(document);
    document.findings.iter().zip(fingerprints(document)).map(move |(finding, hash)| {
        let scope = match document.scopes.len() {
            0 | 1 => String::new(),
            _ => format!(", {}", places.name(&finding.scope)),
        };
        let (severity, waived) = match &finding.waived {
            Some(reason) => (INFO, format!("waived ({reason}): ")),
            None => (severity(finding.severity), String::new()),
        };
        let words = format!("{}{scope}: {waived}{}", host(document), finding.title);
        issue(document, &finding.rule, &words, severity, location(finding), &hash)
    })
}

/// What could not be told, and what nobody asked.
fn untold(document: &Document) -> impl Iterator<Item = Issue> + '_ {
    cases(document).into_iter().filter_map(|case| {
        let (severity, why) = match case.not_asked() {
            Some(why) => (INFO, format!("{} was not asked: {why}", case.rule)),
            None if case.unread.is_empty() => return None,
            None => {
                let why = line(&case.unread);
                (MAJOR, format!("{} could not be determined: {why}", case.rule))
            }
        };
        let words = format!("{}: {why}", host(document));
        let hash = format!("{}:{}:untold", case.rule, case.scope);
        Some(issue(document, case.rule, &words, severity, ("", 1), &hash))
    })
}

fn issue(
    document: &Document,
    rule: &str,
    words: &str,
    severity: &'static str,
    (path, line): (&str, u32),
    hash: &str,
) -> Issue {
    let path = path.trim_start_matches(['.', '/']);
    Issue {
        description: printable(words).into_owned(),
        check_name: printable(rule).into_owned(),
        // One file holds many hosts, and the same finding of two is two.
        fingerprint: digest(&format!("{}\n{hash}", host(document))),
        severity,
        location: IssueLocation {
            path: if path.is_empty() { "host".to_owned() } else { printable(path).into_owned() },
            lines: IssueLines { begin: line },
        },
    }
}

const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => BLOCKER,
        Severity::High => CRITICAL,
        Severity::Medium => MAJOR,
        Severity::Low => MINOR,
        Severity::Info => INFO,
    }
}
