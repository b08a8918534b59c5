//! What became of the lines of persisted settings that name a key.

use crate::boot::{Entry, Loader, Origin, Overridden, Rejected, Rejection, State};
use crate::reading::beginning;
use crate::snapshot::{Reason, Source, Why};
use crate::unread::Unread;

/// How many lines of a kind are kept of a key; a file of a thousand wrong lines says no more than
/// its first.
const KEPT: usize = 200;

/// Where a line stands, to be copied where it is kept.
pub(super) type LineRef<'a> = (&'a Source, Option<u32>);

fn line(value: &[u8], (source, line): LineRef<'_>) -> Overridden {
    let value = beginning(&String::from_utf8_lossy(value));
    Overridden { value, origin: Origin { source: source.clone(), line } }
}

/// What became of the lines of one key.
#[derive(Debug, Clone, Default)]
pub(super) struct OfKey {
    /// The line that wrote last.
    winner: Option<Overridden>,
    overridden: Vec<Overridden>,
    rejected: Vec<Rejected>,
    /// Why its value cannot be told.
    unsure: Option<Why>,
    /// Whether there were more lines than are kept.
    cut: bool,
}

impl OfKey {
    /// The lines that a loader comes upon, as they stand, whatever becomes of them.
    pub(super) fn written(&self) -> impl Iterator<Item = (&String, &Origin)> {
        let invalid = self.rejected.iter().filter(|line| line.rejection == Rejection::Invalid);
        let set = self.winner.iter().chain(&self.overridden);
        set.map(|line| (&line.value, &line.origin))
            .chain(invalid.map(|line| (&line.value, &line.origin)))
    }

    pub(super) fn rejected(&self) -> &[Rejected] {
        &self.rejected
    }

    /// A line that names the key never applies.
    pub(super) fn reject(
        &mut self,
        value: &[u8],
        place: LineRef<'_>,
        (rejection, detail): (Rejection, String),
    ) {
        let Overridden { value, origin } = line(value, place);
        let line = Rejected { value, origin, rejection, detail };
        if self.rejected.contains(&line) {
            return;
        }
        if self.rejected.len() < KEPT {
            self.rejected.push(line);
        } else {
            self.cut = true;
        }
    }

    /// A line is replaced by a later one.
    pub(super) fn overrule(&mut self, value: &[u8], place: LineRef<'_>) {
        self.push_overridden(line(value, place));
    }

    fn push_overridden(&mut self, line: Overridden) {
        if self.overridden.len() < KEPT {
            self.overridden.push(line);
        } else {
            self.cut = true;
        }
    }

    /// A line sets the value for certain.
    pub(super) fn won(&mut self, value: &[u8], place: LineRef<'_>) {
        self.unsure = None;
        if let Some(before) = self.winner.replace(line(value, place)) {
            self.push_overridden(before);
        }
    }

    /// The value cannot be told from here on, until a line sets it for certain.
    pub(super) fn doubt(&mut self, detail: impl Into<String>) {
        self.unsure = Some(Why::new(Reason::Unsupported, detail));
    }

    /// What is told of the key: `value` is what reading it gives, where a line decides, and
    /// `unknown` why nothing is.
    pub(super) fn entry(
        &self,
        key: &'static str,
        loader: Loader,
        unknown: Option<&Unread>,
        value: Option<String>,
    ) -> Entry {
        // A rule that looks at the lines must not pass by those that it does not see.
        let cut = || {
            Why::new(Reason::Truncated, format!("more than {KEPT} lines of one kind name {key}"))
        };
        let own = || self.unsure.clone().or_else(|| self.cut.then(cut));
        let unknown = unknown.cloned().or_else(|| own().map(|why| Unread::of_key(key, why)));
        let state = match (unknown, &self.winner, value) {
            (Some(unread), ..) => State::Unknown(unread),
            (None, Some(winner), Some(value)) => {
                State::Known { value, origin: winner.origin.clone() }
            }
            (None, ..) => State::Absent,
        };
        Entry {
            key,
            loader,
            state,
            overridden: self.overridden.clone(),
            rejected: self.rejected.clone(),
        }
    }
}
