//! Persisted values that a program of the system prints, out of the texts that somebody saved.

use crate::boot::{Boot, Entry, Loader, Origin, State};
use crate::snapshot::{Reason, Source, Why};
use crate::unread::Unread;

/// What the texts say of one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PersistedText {
    Is(String),
    /// Nothing is persistent.
    Unset,
    Unknown(Why),
}

/// What a text says of a key, where, and below how many commands.
type PrintedSetting = (PersistedText, Origin, usize);

/// What was found of each key, and where.
pub(super) struct Texts {
    keys: Vec<(&'static str, Option<PrintedSetting>)>,
}

impl Texts {
    pub(super) fn new(keys: impl IntoIterator<Item = &'static str>) -> Self {
        Self { keys: keys.into_iter().map(|key| (key, None)).collect() }
    }

    /// A key that two texts say different things of is not known, nor one of which one text does,
    /// unless a command stands between: then it is the later state. `line` stands below so many
    /// commands of its text.
    pub(super) fn add(
        &mut self,
        key: &str,
        value: PersistedText,
        place: &str,
        (line, commands): (usize, usize),
    ) {
        let Some((name, setting)) = self.keys.iter_mut().find(|(name, _)| *name == key) else {
            return;
        };
        let origin = Origin {
            source: Source::Capture(place.to_owned().into()),
            line: u32::try_from(line).ok(),
        };
        match setting {
            None => *setting = Some((value, origin, commands)),
            Some((known, ..)) if *known == value => {}
            Some((_, before, earlier)) if before.source == origin.source && *earlier < commands => {
                *setting = Some((value, origin, commands));
            }
            Some((known, before, _)) => {
                let detail =
                    format!("{} and {place} disagree about {name}", before.source.location());
                *known = PersistedText::Unknown(Why::new(Reason::Unparsable, detail));
            }
        }
    }

    /// What it comes to; `command` prints what the texts do not hold.
    pub(super) fn boot(self, loader: Loader, command: impl Fn(&str) -> String) -> Boot {
        let entry = |(key, setting): (&'static str, Option<PrintedSetting>)| {
            let state = match setting {
                Some((PersistedText::Is(value), origin, _)) => State::Known { value, origin },
                Some((PersistedText::Unset, ..)) => State::Absent,
                Some((PersistedText::Unknown(why), ..)) => State::Unknown(Unread::of_key(key, why)),
                None => {
                    let detail = format!("give what {} prints", command(key));
                    State::Unknown(Unread::of_key(key, Why::new(Reason::NotCaptured, detail)))
                }
            };
            Entry { key, loader, state, overridden: Vec::new(), rejected: Vec::new() }
        };
        Boot { entries: self.keys.into_iter().map(entry).collect(), ..Boot::default() }
    }
}
