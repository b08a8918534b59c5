//! What rules about the persisted settings have in common.

use ephaudit_platform::boot::{Boot, Entry, Facts, Loader, Origin, Running, State};
use ephaudit_platform::snapshot::{Scope, Source};

use super::{Facts as Judged, Judgement, ScopeFacts, each_scope};
use crate::report::{Evidence, Gap, Severity, Verdict};
use crate::text::{setting, setting_value};

/// Judges what the persisted settings give, where they were read; what could not be told is a gap.
pub fn each_boot(
    facts: &Judged<'_>,
    mut judge: impl FnMut(&mut Judgement, &ScopeFacts<'_>, &Boot),
) -> Verdict {
    each_scope(facts, |judgement, scope| match &scope.boot {
        Facts::NotAsked => {
            judgement.not_asked("--boot", "not checked; use --boot");
        }
        Facts::OutOfReach(why) => judgement.skip(*why),
        Facts::Read(boot) => {
            judgement.gaps.extend(gaps(scope));
            judgement.pass();
            judge(judgement, scope, boot);
        }
    })
}

/// What could not be told of a scope's values after a reboot.
pub fn gaps(scope: &Scope) -> Vec<Gap> {
    let boot = scope.boot.read();
    let gaps = boot.map_or_else(Vec::new, Boot::gaps);
    gaps.into_iter().map(|unread| Gap::of(scope, unread)).collect()
}

/// Which of the same keys could not be read as they are now.
pub fn unread_now(scope: &Scope) -> Vec<Gap> {
    let running = scope.boot.read().into_iter().flat_map(|boot| &boot.running);
    running
        .filter_map(|now| {
            Some(Gap::new(scope, format!("running value of {}", now.key), now.value.why()?))
        })
        .collect()
}

/// How much a key matters: those that decide which ports are handed out and who may bind, or those
/// of closing connections.
pub fn weight(key: &str) -> Severity {
    if key.contains(".tcp_") { Severity::Low } else { Severity::Medium }
}

/// The keys of the entries, each with its entries and its value now.
pub fn each_key(boot: &Boot) -> impl Iterator<Item = (&Running, Vec<&Entry>)> {
    let entries = |key| boot.entries.iter().filter(move |entry| entry.key == key).collect();
    boot.running.iter().map(move |running| (running, entries(running.key)))
}

/// Those of a key's entries that tell what stays after a boot: that of the program which writes last,
/// or those of the loaders.
pub fn lasting<'a>(entries: &[&'a Entry]) -> Vec<&'a Entry> {
    let after = entries.iter().rfind(|entry| entry.loader.comes_after());
    after.map_or_else(|| entries.to_vec(), |entry| vec![*entry])
}

/// What a key is after the loader has run; `None` where that is not known.
pub fn outcome<'a>(entry: &'a Entry, running: &Running) -> Option<&'a str> {
    match &entry.state {
        State::Known { value, .. } => Some(value),
        State::Absent => running.default,
        State::Unknown(_) => None,
    }
}

/// The line that decides, as evidence.
pub fn winner(entry: &Entry) -> Option<Evidence> {
    match &entry.state {
        State::Known { value, origin } => Some(line(
            "boot value",
            &format!("{} by {}", setting_value(value), who(entry.loader)),
            origin,
        )),
        State::Absent | State::Unknown(_) => None,
    }
}

/// A line as evidence.
fn line(what: &'static str, value: &str, origin: &Origin) -> Evidence {
    let (source, line) = (origin.source.clone(), origin.line);
    let value = match line {
        Some(line) => format!("{value} (line {line})"),
        None => value.to_owned(),
    };
    Evidence { what, value, source, line, command: origin.command() }
}

/// The value now, as evidence.
pub fn now(running: &Running) -> Option<Evidence> {
    let value = running.value.known()?;
    let source: &Source = running.value.source();
    Some(Evidence::new("running value", setting_value(value), source))
}

/// A loader as people call it.
pub fn who(loader: Loader) -> &'static str {
    match loader {
        Loader::Procps => "sysctl --system",
        Loader::Openrc => "OpenRC",
        Loader::Ufw => "UFW",
        Loader::Unit => "a unit of systemd",
        _ => loader.name(),
    }
}

/// Lines that name a key, as evidence: the first few.
pub fn lines<'a>(key: &str, lines: impl Iterator<Item = (&'a str, &'a Origin)>) -> Vec<Evidence> {
    const SHOWN: usize = 10;
    let mut kept: Vec<Evidence> = Vec::new();
    for line in lines.map(|(value, origin)| setting_line(key, value, origin)) {
        let same = |known: &Evidence| known.value == line.value && known.source == line.source;
        if kept.len() < SHOWN && !kept.iter().any(same) {
            kept.push(line);
        }
    }
    kept
}

/// A line that names a key, as evidence.
pub fn setting_line(key: &str, value: &str, origin: &Origin) -> Evidence {
    line("setting", &format!("{} = {}", setting(key), setting_value(value)), origin)
}
