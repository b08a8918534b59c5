//! What the settings will be after a reboot, as rows and lines.

use ephaudit_platform::boot::Loader;

use super::facts::place;
use super::rows::unread;
use crate::text::{setting, setting_value};
use crate::wire::v1::{BootEntry, BootLine, BootSource, Running, Scope, State, Suspect};

/// Who else may set them.
pub fn suspects(scope: &Scope) -> Vec<String> {
    let line = |suspect: &Suspect| format!("{}, by {}", suspect.what, place(&suspect.source));
    scope.suspects.iter().map(line).collect()
}

/// The entries of a key, one a loader.
pub fn entries<'a>(scope: &'a Scope, key: &'a str) -> impl Iterator<Item = &'a BootEntry> {
    scope.boot.iter().filter(move |entry| entry.key == key)
}

/// Those that tell what stays after a boot: that of the program which writes after the loader, or
/// those of the loaders.
pub fn lasting<'a>(scope: &'a Scope, key: &'a str) -> Vec<&'a BootEntry> {
    let comes_after = |entry: &&BootEntry| {
        let mut all = Loader::ALL.iter().filter(|loader| loader.comes_after());
        all.any(|loader| loader.name() == entry.loader)
    };
    let all: Vec<&BootEntry> = entries(scope, key).collect();
    all.iter().rfind(|entry| comes_after(entry)).map_or_else(|| all.clone(), |last| vec![*last])
}

/// Entries that say the same are one, without the name of a loader.
fn merged<'a>(scope: &'a Scope, key: &'a str) -> Vec<(&'a BootEntry, Option<&'a str>)> {
    let all: Vec<&BootEntry> = entries(scope, key).collect();
    let where_of = |entry: &BootEntry| entry.source.as_ref().map(at);
    let alike = all.windows(2).all(|pair| match pair {
        [a, b] => a.state == b.state && a.value == b.value && where_of(a) == where_of(b),
        _ => true,
    });
    match all.first() {
        Some(first) if alike => vec![(*first, None)],
        _ => all.into_iter().map(|entry| (entry, Some(&*entry.loader))).collect(),
    }
}

/// Each setting now and at boot, behind a heading.
pub fn value_rows(scope: &Scope) -> Vec<Vec<String>> {
    let mut rows = vec![["SETTING", "RUNNING", "AT BOOT", "FROM"].map(str::to_owned).to_vec()];
    for running in &scope.running {
        let now = match &running.value {
            Some(value) => setting_value(value),
            None => unread(running.state, running.reason.as_deref()),
        };
        let mut names = (setting(&running.key).to_owned(), now);
        for (entry, loader) in merged(scope, &running.key) {
            let (setting, now) = std::mem::take(&mut names);
            let (then, from) = then(entry, running);
            let from = match loader {
                Some(loader) => format!("{from}, by {loader}"),
                None => from,
            };
            rows.push(vec![setting, now, then, from]);
        }
    }
    rows
}

fn then(entry: &BootEntry, running: &Running) -> (String, String) {
    let from = entry.source.as_ref().map_or_else(|| "no file".to_owned(), at);
    match (entry.state, &entry.value, running.default.as_deref()) {
        (State::Known, Some(value), _) => (setting_value(value), from),
        (State::Absent, _, Some(default)) => {
            (setting_value(default), "no file: the default".to_owned())
        }
        (State::Absent, _, None) => ("the default".to_owned(), from),
        (state, ..) => (unread(state, entry.reason.as_deref()), String::new()),
    }
}

/// The winners, each with the lines that it beat.
pub fn chains(scope: &Scope) -> Vec<(String, Vec<String>)> {
    let mut chains = Vec::new();
    for running in &scope.running {
        for (entry, loader) in merged(scope, &running.key) {
            let Some(source) = entry.source.as_ref().filter(|_| !entry.overridden.is_empty())
            else {
                continue;
            };
            let by = loader.map(|loader| format!(", by {loader}")).unwrap_or_default();
            let winner = format!("{}: {} beats{by}", setting(&running.key), at(source));
            // The last one beaten first: it would win if the winner went.
            let beaten = entry.overridden.iter().rev();
            let line =
                |line: &BootLine| format!("{} at {}", setting_value(&line.value), at(&line.source));
            chains.push((winner, beaten.map(line).collect()));
        }
    }
    chains
}

/// The lines that never apply as they stand.
pub fn rejected(scope: &Scope) -> Vec<String> {
    let mut lines: Vec<(String, Vec<&str>)> = Vec::new();
    for entry in &scope.boot {
        for line in &entry.rejected {
            let value = setting_value(&line.value);
            // Without an assignment the value is the whole line.
            let key = match &*line.reason {
                "no-assignment" => String::new(),
                _ => format!("{} = ", setting(&entry.key)),
            };
            let place = at(&line.source);
            let words = format!("{key}{value} at {place} ({}): {}", line.reason, line.detail);
            match lines.iter_mut().find(|(known, _)| *known == words) {
                Some((_, loaders)) => loaders.push(&entry.loader),
                None => lines.push((words, vec![&entry.loader])),
            }
        }
    }
    let mut loaders: Vec<&str> = scope.boot.iter().map(|entry| &*entry.loader).collect();
    loaders.sort_unstable();
    loaders.dedup();
    let with_loader = |(line, by): (String, Vec<&str>)| match &by[..] {
        [only] if loaders.len() > 1 => format!("by {only}: {line}"),
        _ => line,
    };
    lines.into_iter().map(with_loader).collect()
}

fn at(source: &BootSource) -> String {
    match source.line {
        Some(line) => format!("{}:{line}", source.location),
        None => source.location.clone(),
    }
}
