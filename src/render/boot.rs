//! What the settings will be after a reboot.

use super::Look;
use super::page::{BOLD, DIM, GREEN, PLAIN, Page, YELLOW};
use super::table::{called, findings, place, unread, where_and_when};
use crate::text::{counted, setting, setting_value};
use crate::wire::v1::{BootEntry, BootSource, Document, Gap, Reason, Running, Scope, State};

/// How many lines are told of a kind; JSON has all.
const TOLD: usize = 20;

/// The document's boot values, as a page.
pub fn render(document: &Document, look: Look) -> Vec<u8> {
    let mut page = Page::new(look);
    let host = document.host.name.as_deref().unwrap_or("this host");
    let own = document.scopes.iter().find(|scope| scope.current);
    let (style, line) = match own {
        Some(scope) if scope.boot_reason.is_none() => headline(scope),
        Some(scope) => (YELLOW, scope.boot_reason.unwrap_or_default().to_owned()),
        None => (YELLOW, "nothing was read".to_owned()),
    };
    page.prose((style, "BOOT  "), (style, &format!("{host}: {line}")), 2);
    page.gap();
    let scopes = own.map(|scope| called(&scope.id, &scope.names)).unwrap_or_default();
    where_and_when(&mut page, &document.host, &document.collected_at, &scopes);
    if let Some(scope) = own.filter(|scope| !scope.boot.is_empty()) {
        page.gap();
        values(&mut page, scope);
        for running in &scope.running {
            chain(&mut page, scope, running.key);
        }
        rejected(&mut page, scope);
    }
    for suspect in own.iter().flat_map(|scope| &scope.suspects) {
        page.gap();
        let line = format!("{}, by {}", suspect.what, place(&suspect.source));
        page.prose((PLAIN, "suspect   "), (PLAIN, &line), 10);
    }
    let about_boot = |gap: &Gap| {
        let unread_now = gap.what.starts_with("running value") && gap.why != Reason::NotCaptured;
        gap.what.starts_with("boot value") || unread_now
    };
    findings::tell_gaps(&mut page, document.gaps.iter().filter(|gap| about_boot(gap)));
    page.gap();
    page.prose((DIM, ""), (DIM, "the same with a verdict: ephaudit --boot"), 2);
    page.finish()
}

fn headline(scope: &Scope) -> (anstyle::Style, String) {
    let count = |wanted: Agreement| {
        let each = scope.running.iter().filter(|running| agreement(scope, running) == wanted);
        u32::try_from(each.count()).unwrap_or(u32::MAX)
    };
    let (other, unknown) = (count(Agreement::Differs), count(Agreement::Unknown));
    if scope.boot.is_empty() {
        return (YELLOW, "what the settings will be could not be told".to_owned());
    }
    if scope.running.iter().all(|running| running.value.is_none()) {
        return (YELLOW, "what the settings are now is not known".to_owned());
    }
    match (other, unknown) {
        (0, 0) => (GREEN, "a reboot changes no setting".to_owned()),
        (0, unknown) => (YELLOW, format!("{} could not be told", counted(unknown, "setting"))),
        (other, 0) => (YELLOW, format!("a reboot changes {}", counted(other, "setting"))),
        (other, unknown) => {
            let other = counted(other, "setting");
            (YELLOW, format!("a reboot changes {other}; {unknown} could not be told"))
        }
    }
}

/// How a setting goes with what it will be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Agreement {
    Same,
    Differs,
    Unknown,
}

fn agreement(scope: &Scope, running: &Running) -> Agreement {
    let Some(now) = &running.value else { return Agreement::Unknown };
    let mut known = true;
    for entry in entries(scope, running.key) {
        let then = entry.value.as_deref().or(running.default);
        match (entry.state, then) {
            (State::Unknown, _) => known = false,
            // A default that depends on the machine, with nobody to change it.
            (_, None) => {}
            (_, Some(then)) if then == now => {}
            (_, Some(_)) => return Agreement::Differs,
        }
    }
    if known { Agreement::Same } else { Agreement::Unknown }
}

fn entries<'a>(scope: &'a Scope, key: &'a str) -> impl Iterator<Item = &'a BootEntry> {
    scope.boot.iter().filter(move |entry| entry.key == key)
}

/// Entries that say the same are one, without the name of a loader.
fn merged<'a>(scope: &'a Scope, key: &'a str) -> Vec<(&'a BootEntry, Option<&'static str>)> {
    let all: Vec<&BootEntry> = entries(scope, key).collect();
    let where_of = |entry: &BootEntry| entry.source.as_ref().map(at);
    let alike = all.windows(2).all(|pair| match pair {
        [a, b] => a.state == b.state && a.value == b.value && where_of(a) == where_of(b),
        _ => true,
    });
    match all.first() {
        Some(first) if alike => vec![(*first, None)],
        _ => all.into_iter().map(|entry| (entry, Some(entry.loader))).collect(),
    }
}

fn values(page: &mut Page, scope: &Scope) {
    let mut rows = vec![["SETTING", "RUNNING", "AT BOOT", "FROM"].map(str::to_owned).to_vec()];
    for running in &scope.running {
        let now = match &running.value {
            Some(value) => setting_value(value),
            None => unread(running.state, running.reason),
        };
        let mut names = (setting(running.key).to_owned(), now);
        for (entry, loader) in merged(scope, running.key) {
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
    match (entry.state, &entry.value, running.default) {
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
    let mut lines: Vec<(String, Vec<&'static str>)> = Vec::new();
    for entry in &scope.boot {
        for line in &entry.rejected {
            let value = setting_value(&line.value);
            let told = format!(
                "{} = {value} at {} ({}): {}",
                setting(entry.key),
                at(&line.source),
                line.reason,
                line.detail
            );
            match lines.iter_mut().find(|(known, _)| *known == told) {
                Some((_, loaders)) => loaders.push(entry.loader),
                None => lines.push((told, vec![entry.loader])),
            }
        }
    }
    if lines.is_empty() {
        return;
    }
    let mut loaders: Vec<&str> = scope.boot.iter().map(|entry| entry.loader).collect();
    loaders.sort_unstable();
    loaders.dedup();
    page.gap();
    page.pieces([(BOLD, "NEVER APPLIES")]);
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
