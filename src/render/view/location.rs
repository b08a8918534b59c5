//! Where a finding is in files, and what tells it from others, for readers of code.

use std::collections::HashMap;

use crate::wire::v1::{Document, Evidence, Finding};

/// The line that sets the value, where there is one; else the file that holds it, or whatever shows
/// it. A line that is not known is the first.
pub fn location(finding: &Finding) -> (&str, u32) {
    let persisted = finding.evidence.iter().find(|evidence| evidence.line.is_some());
    let file = || finding.evidence.iter().find(|evidence| evidence.source.kind == "file");
    let evidence = persisted.or_else(file).or(finding.evidence.first());
    let (path, line) = evidence.map_or(("", None), split);
    (path, line.filter(|line| *line > 0).unwrap_or(1))
}

/// A path and its line; captured text is FILE:LINE.
fn split(evidence: &Evidence) -> (&str, Option<u32>) {
    let location = &*evidence.source.location;
    if matches!(&*evidence.source.kind, "capture" | "asked") {
        if let Some((path, line)) = location.rsplit_once(':') {
            if let Ok(line) = line.parse() {
                return (path, Some(line));
            }
        }
    }
    (location, evidence.line)
}

/// For each finding its fingerprint, and how many there were of it so far: no two are the same.
pub fn fingerprints(document: &Document) -> impl Iterator<Item = String> + '_ {
    let mut alike: HashMap<&str, usize> = HashMap::new();
    document.findings.iter().map(move |finding| {
        let hash = if finding.fingerprint.trim().is_empty() {
            &*finding.rule
        } else {
            &*finding.fingerprint
        };
        let count = alike.entry(hash).and_modify(|count| *count += 1).or_insert(1);
        format!("{hash}:{count}")
    })
}
