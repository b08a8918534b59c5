//! What a host's rules answer, out of the text that hosts with the same answers share.

use std::collections::{BTreeMap, BTreeSet};

use crate::wire::v1::Severity;

/// What many hosts answer alike.
#[derive(Debug, Default)]
pub struct Answers {
    /// Each rule's verdict.
    pub verdicts: BTreeMap<String, String>,
    /// Findings by rule, severity, and whether they are accepted.
    pub(super) found: BTreeMap<(Severity, String, bool), u64>,
    /// Rules that lack something, and the kind of reason.
    pub(super) gaps: BTreeSet<(String, String)>,
}

impl Answers {
    pub(super) fn of(text: &str) -> Self {
        let mut answers = Self::default();
        for line in text.lines() {
            let words: Vec<&str> = line.split(' ').collect();
            match &words[..] {
                ["V", rule, verdict] => {
                    answers.verdicts.insert((*rule).to_owned(), (*verdict).to_owned());
                }
                ["F", rule, severity, waived, count] => {
                    let severity = Severity::ALL.into_iter().find(|s| s.name() == *severity);
                    let Some(severity) = severity else { continue };
                    let key = (severity, (*rule).to_owned(), *waived == "waived");
                    *answers.found.entry(key).or_default() += count.parse().unwrap_or(0);
                }
                ["G", rule, why] => {
                    answers.gaps.insert(((*rule).to_owned(), (*why).to_owned()));
                }
                _ => {}
            }
        }
        answers
    }

    /// The rules with that verdict.
    pub fn with<'a>(&'a self, verdict: &'a str) -> impl Iterator<Item = &'a String> {
        self.verdicts.iter().filter(move |(_, is)| *is == verdict).map(|(rule, _)| rule)
    }
}
