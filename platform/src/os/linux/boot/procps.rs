//! `sysctl --system` of procps: every line is written in its turn; patterns only where no line
//! names the key itself.

use std::collections::HashMap;

use super::files::Files;
use super::glob;
use super::kernel::Key;
use super::line_log::{LineLog, ODD, Placed, excluded};
use crate::boot::Rejection;
use crate::parse::sysctl_conf::{Grammar, is_pattern, path};

/// What a refused value must be shorter than to be given up at once: a longer one procps cuts at
/// its commas.
const GIVEN_UP: usize = 4092;

struct Setting<'a> {
    path: Vec<u8>,
    from: Placed<'a>,
}

pub(super) fn apply(files: &Files<'_>, log: &mut LineLog) {
    let settings: Vec<Setting<'_>> = files
        .lines()
        .filter(|from| from.line.value.is_some() || from.line.dash)
        .map(|from| Setting { path: path(from.line.key, Grammar::Procps), from })
        .collect();
    let mut own: HashMap<&[u8], &Setting<'_>> = HashMap::new();
    for setting in &settings {
        own.entry(&setting.path).or_insert(setting);
    }
    for setting in &settings {
        let Some(value) = setting.from.line.value else { continue };
        let place = setting.from.place();
        if glob::is_odd(&setting.path) || glob::leads_out(&setting.path) {
            log.doubt_all(ODD);
            continue;
        }
        if !is_pattern(&setting.path) {
            if let Some(key) = opened(&setting.path) {
                write(log, key, value, &setting.from);
            }
            continue;
        }
        for key in Key::ALL {
            let Some(found) = glob::found(&setting.path, &key.path()) else { continue };
            // What a pattern finds is compared as text with the other paths.
            match own.get(found.as_slice()) {
                Some(own) => log.reject(key, value, place, excluded(&own.from)),
                None => write(log, key, value, &setting.from),
            }
        }
    }
}

fn write(lines: &mut LineLog, key: Key, value: &[u8], from: &Placed<'_>) {
    let text = [value, b"\n"].concat();
    let long = text.len() >= GIVEN_UP && text.contains(&b',');
    let before = lines.key(key).rejected().len();
    lines.write_once(key, value, &text, from.place());
    let refused = lines.key(key).rejected().get(before);
    if long && refused.is_some_and(|line| line.rejection != Rejection::Cut) {
        let detail = "procps tries pieces of a long value that the kernel refuses";
        match key {
            // Either decides what may be written to the other.
            Key::PortRange | Key::UnprivilegedStart => lines.doubt_all(detail),
            _ => lines.doubt(key, detail),
        }
    }
}

/// The key that this path below /proc/sys leads to.
fn opened(path: &[u8]) -> Option<Key> {
    let same = |part: &[u8], name: &[u8]| part == name;
    Key::ALL.into_iter().find(|key| glob::walked(path, &key.path(), same).is_some())
}
