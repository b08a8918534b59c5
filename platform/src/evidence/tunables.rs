//! What the evidence says of each tunable.

use std::collections::BTreeMap;

use super::recognise;
use crate::ask::{Outcome, Refusal};
use crate::parse::transcript::Epoch;
use crate::snapshot::{Reason, Why};
use crate::unread::{Subject, Unread};

/// The most tunables that are kept.
pub(super) const MAX_TUNABLES: usize = 4096;
/// The most bytes that are kept of their values; a list of all ports takes 382,105.
pub(super) const MAX_BYTES: usize = 4 * 1024 * 1024;
/// More notes than a text gives reason for.
const NOTES_MAX: usize = 64;

/// What the evidence says of one setting.
#[derive(Debug, Clone)]
pub(super) struct TunableText {
    /// FILE:LINE.
    pub(super) place: String,
    /// Where it stands among the commands of its text.
    pub(super) epoch: Epoch,
    pub(super) outcome: Outcome,
}

impl TunableText {
    /// Takes what is told of the same setting again: the same, a later state, or a contradiction. A
    /// note says so of a later state.
    pub(super) fn again(&mut self, name: &str, other: Self) -> Option<Unread> {
        if other.outcome == self.outcome {
            // It is shown still.
            if other.epoch.is_behind(self.epoch) {
                self.epoch = other.epoch;
            }
            return None;
        }
        if other.epoch.follows(self.epoch) {
            let detail = format!(
                "{name} is in {} and, after another command, in {}: the later holds",
                self.place, other.place
            );
            *self = other;
            return Some(Unread::new(
                Subject::Evidence(self.place.clone()),
                Why::new(Reason::NotCaptured, detail),
            ));
        }
        let detail =
            format!("{name} is in {} and in {} with different values", self.place, other.place);
        self.outcome = Err(Refusal::Failed(Why::new(Reason::Unparsable, detail)));
        None
    }

    /// What was told before a write holds no more.
    pub(super) fn outdate(&mut self, written: &Self) {
        if written.epoch.is_behind(self.epoch) {
            let detail = format!("it was set in {}, and is not shown after that", written.place);
            self.outcome = Err(Refusal::Failed(Why::new(Reason::NotCaptured, detail)));
            self.place.clone_from(&written.place);
        }
    }
}

/// What the evidence says of each tunable, by its name.
#[derive(Debug, Default)]
pub(super) struct Tunables {
    pub(super) settings: BTreeMap<String, TunableText>,
    pub(super) notes: Vec<Unread>,
    /// Where a line of a file of settings names a tunable.
    of_files: BTreeMap<String, String>,
    /// The bytes of their values.
    bytes: usize,
}

impl Tunables {
    /// Keeps what is about ports or the host; a name that stands twice with different values is
    /// neither, unless somebody looked again.
    pub(super) fn add(&mut self, name: &str, settings: TunableText) {
        if !recognise::is_wanted(name) || self.are_too_many() {
            return;
        }
        self.bytes += settings.outcome.as_ref().map_or(0, Vec::len);
        match self.settings.get_mut(name) {
            None => {
                self.settings.insert(name.to_owned(), settings);
            }
            Some(before) => {
                let note = before.again(name, settings);
                self.notes.extend(note);
                self.notes.truncate(NOTES_MAX);
            }
        }
    }

    /// A line that sets a tunable at boot, or that somebody wrote: it says nothing of now.
    pub(super) fn add_of_a_file(&mut self, name: &str, place: String) {
        if recognise::is_wanted(name) && self.of_files.len() < MAX_TUNABLES {
            self.of_files.entry(name.to_owned()).or_insert(place);
        }
    }

    /// Why such a line is no value.
    pub(super) fn of_a_file(&self, name: &str) -> Option<Why> {
        let place = self.of_files.get(name)?;
        let detail = format!(
            "{place} is a line of a file of settings, or a note, and nothing that was read in the \
             kernel: give what `sysctl {name}` prints"
        );
        Some(Why::new(Reason::NotCaptured, detail))
    }

    /// Something that was not read, and why.
    pub(super) fn note(&mut self, subject: Subject, why: Why) {
        self.notes.push(Unread::new(subject, why));
        self.notes.truncate(NOTES_MAX);
    }

    /// The same of what counts only where nothing else tells it.
    pub(super) fn add_unless_known(&mut self, name: &str, settings: TunableText) {
        if !self.settings.contains_key(name) {
            self.add(name, settings);
        }
    }

    /// A write of a tunable, whose outcome nothing shows: what was told before it holds no more.
    pub(super) fn outdate(&mut self, name: &str, written: &TunableText) {
        if let Some(settings) = self.settings.get_mut(name) {
            settings.outdate(written);
        }
    }

    pub(super) fn are_too_many(&self) -> bool {
        self.settings.len() > MAX_TUNABLES || self.bytes > MAX_BYTES
    }
}
