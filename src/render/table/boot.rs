//! What the settings will be after a reboot, beside what they are.

use super::{place, unread};
use crate::render::page::{BOLD, PLAIN, Page};
use crate::text::{setting, setting_value};
use crate::wire::v1::{BootEntry, BootSource, Running, Scope, State};

/// How many lines are told of a kind; JSON has all.
const TOLD: usize = 20;

/// Tells each setting, the lines that the winners beat, those that never apply, and who else may set them.
pub(in crate::render) fn tell(page: &mut Page, scope: &Scope) {
    page.gap();
    values(page, scope);
    for running in &scope.running {
        chain(page, scope, &running.key);
    }
    rejected(page, scope);
    for suspect in &scope.suspects {
        page.gap();
        let line = format!("{}, by {}", suspect.what, place(&suspect.source));
        page.prose((PLAIN, "suspect   "), (PLAIN, &line), 10);
    }
}

/// The entries of a key, one a loader.
pub(in crate::render) fn entries<'a>(
    scope: &'a Scope,
    key: &'a str,
) -> impl Iterator<Item = &'a BootEntry> {
    scope.boot.iter().filter(move |entry| entry.key == key)
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

fn values(page: &mut Page, scope: &Scope) {
    let mut rows = vec![["SETTING", "RUNNING", "AT BOOT", "FROM"].map(str::to_owned).to_vec()];
    for running in &scope.running {
        let now = match &running.value {
            Some(value) => setting_value(value),
            None => unread(running.state, running.reason),
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
    page.table(rows);
}

fn then(entry: &BootEntry, running: &Running) -> (String, String) {
    let from = entry.source.as_ref().map_or_else(|| "no file".to_owned(), at);
    match (entry.state, &entry.value, running.default.as_deref()) {
        (State::Known, Some(value), _) => (setting_value(value), from),
        (State::Absent, _, Some(default)) => {
            (setting_value(default), "no file: the default".to_owned())
        }
        (State::Absent, _, None) => ("the default".to_owned(), from),
        (state, ..) => (unread(state, entry.reason), String::new()),
    }
}

/// The lines that the winner beat.
fn chain(page: &mut Page, scope: &Scope, key: &str) {
    for (entry, loader) in merged(scope, key) {
        let Some(source) = entry.source.as_ref().filter(|_| !entry.overridden.is_empty()) else {
            continue;
        };
        let by = loader.map(|loader| format!(", by {loader}")).unwrap_or_default();
        page.gap();
        page.prose((BOLD, ""), (BOLD, &format!("{}: {} beats{by}", setting(key), at(source))), 2);
        // The last one beaten first: it would win if the winner went.
        for line in entry.overridden.iter().rev().take(TOLD) {
            let line = format!("{} at {}", setting_value(&line.value), at(&line.source));
            page.prose((PLAIN, "  "), (PLAIN, &line), 4);
        }
        more(page, entry.overridden.len());
    }
}

fn rejected(page: &mut Page, scope: &Scope) {
    let mut lines: Vec<(String, Vec<&str>)> = Vec::new();
    for entry in &scope.boot {
        for line in &entry.rejected {
            let value = setting_value(&line.value);
            let told = format!(
                "{} = {value} at {} ({}): {}",
                setting(&entry.key),
                at(&line.source),
                line.reason,
                line.detail
            );
            match lines.iter_mut().find(|(known, _)| *known == told) {
                Some((_, loaders)) => loaders.push(&entry.loader),
                None => lines.push((told, vec![&entry.loader])),
            }
        }
    }
    if lines.is_empty() {
        return;
    }
    let mut loaders: Vec<&str> = scope.boot.iter().map(|entry| &*entry.loader).collect();
    loaders.sort_unstable();
    loaders.dedup();
    page.gap();
    page.prose((PLAIN, ""), (BOLD, "NEVER APPLIES AS IT STANDS"), 2);
    for (line, by) in lines.iter().take(TOLD) {
        let by = match &by[..] {
            [only] if loaders.len() > 1 => format!("by {only}: "),
            _ => String::new(),
        };
        page.prose((PLAIN, "  "), (PLAIN, &format!("{by}{line}")), 4);
    }
    more(page, lines.len());
}

fn more(page: &mut Page, lines: usize) {
    if lines > TOLD {
        let more = format!("and {} more; --format json has them all", lines - TOLD);
        page.prose((PLAIN, "  "), (PLAIN, &more), 4);
    }
}

fn at(source: &BootSource) -> String {
    match source.line {
        Some(line) => format!("{}:{line}", source.location),
        None => source.location.clone(),
    }
}
