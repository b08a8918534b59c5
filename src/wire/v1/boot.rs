//! What the settings will be after a reboot: its structs, and how they are filled.

use ephaudit_platform::boot as facts;
use ephaudit_platform::snapshot::Scope;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::words::{self, raw, reason, state};
use super::{Source, State, Word, closed};

/// What one loader of persisted settings leaves in one key.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct BootEntry {
    /// The key, with dots.
    pub key: Word,
    /// Who applies it: "systemd-sysctl" at boot, "procps" is `sysctl --system`.
    #[schemars(extend("enum" = closed::loaders()))]
    pub loader: Word,
    /// "absent" where no line takes effect and the kernel's default stays.
    pub state: State,
    /// What reading the key gives after the loader has run, without the newline.
    pub value: Option<String>,
    /// The line that wrote last; null where none did.
    pub source: Option<BootSource>,
    /// The lines that it replaced, in the order of their reading.
    pub overridden: Vec<BootLine>,
    /// The lines that never apply, in the order of their reading.
    pub rejected: Vec<BootRejected>,
    /// Why it is not known.
    #[schemars(extend("enum" = closed::or_null(closed::reasons())))]
    pub reason: Option<Word>,
}

/// Where a line is.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct BootSource {
    /// The kind of place.
    #[schemars(extend("enum" = closed::sources()))]
    pub kind: Word,
    /// The path of the file.
    pub location: String,
    /// The line, counted from 1; null where it has none.
    pub line: Option<u32>,
}

/// A line.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct BootLine {
    /// As it is there; its beginning where it is long.
    pub value: String,
    /// Where.
    pub source: BootSource,
}

/// A line that never applies.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct BootRejected {
    /// As it is there; its beginning where it is long.
    pub value: String,
    /// Where.
    pub source: BootSource,
    /// Why, as a word.
    #[schemars(extend("enum" = closed::rejections()))]
    pub reason: Word,
    /// The same for people.
    pub detail: String,
}

/// One of these keys as it is now.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Running {
    /// The key, with dots.
    pub key: Word,
    /// Whether it is known.
    pub state: State,
    /// What reading it gives, without the newline.
    pub value: Option<String>,
    /// The kernel's default; null where that depends on the machine.
    pub default: Option<Word>,
    /// The beginning of a text that made no sense, else null.
    pub raw: Option<String>,
    /// Where it was read.
    pub source: Source,
    /// Why it is not known.
    #[schemars(extend("enum" = closed::or_null(closed::reasons())))]
    pub reason: Option<Word>,
}

/// What may set a value that no file sets.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Suspect {
    /// What it is.
    pub what: String,
    /// Where it was read.
    pub source: Source,
}

/// Why a scope has no boot values; `None` where they were read.
pub(super) fn unasked(scope: &Scope) -> Option<&'static str> {
    match scope.boot {
        facts::Facts::NotAsked => Some("not checked; use --boot"),
        facts::Facts::OutOfReach(why) => Some(why),
        facts::Facts::Read(_) => None,
    }
}

pub(super) fn entries(scope: &Scope) -> Vec<BootEntry> {
    scope.boot.read().map_or_else(Vec::new, |boot| boot.entries.iter().map(entry).collect())
}

pub(super) fn running(scope: &Scope) -> Vec<Running> {
    scope.boot.read().map_or_else(Vec::new, |boot| boot.running.iter().map(now).collect())
}

pub(super) fn suspects(scope: &Scope) -> Vec<Suspect> {
    let suspects = scope.boot.read().into_iter().flat_map(|boot| &boot.suspects);
    suspects
        .map(|suspect| Suspect {
            what: suspect.what.clone(),
            source: words::source(&suspect.source),
        })
        .collect()
}

fn entry(entry: &facts::Entry) -> BootEntry {
    let (state, value, winner, why) = match &entry.state {
        facts::State::Known { value, origin } => {
            (State::Known, Some(value.clone()), Some(source(origin)), None)
        }
        facts::State::Absent => (State::Absent, None, None, None),
        facts::State::Unknown(unread) => {
            (State::Unknown, None, None, Some(reason(unread.why.reason)))
        }
    };
    let overridden = entry.overridden.iter();
    let rejected = entry.rejected.iter();
    BootEntry {
        key: entry.key.into(),
        loader: entry.loader.name().into(),
        state,
        value,
        source: winner,
        overridden: overridden
            .map(|line| BootLine { value: line.value.clone(), source: source(&line.origin) })
            .collect(),
        rejected: rejected
            .map(|line| BootRejected {
                value: line.value.clone(),
                source: source(&line.origin),
                reason: line.rejection.name().into(),
                detail: line.detail.clone(),
            })
            .collect(),
        reason: why,
    }
}

fn source(origin: &facts::Origin) -> BootSource {
    let Source { kind, location } = words::source(&origin.source);
    BootSource { kind, location, line: origin.line }
}

fn now(running: &facts::Running) -> Running {
    let value = &running.value;
    Running {
        key: running.key.into(),
        state: state(value),
        value: value.known().cloned(),
        default: running.default.map(Into::into),
        raw: raw(value),
        source: words::source(value.source()),
        reason: value.why().map(|why| reason(why.reason)),
    }
}
