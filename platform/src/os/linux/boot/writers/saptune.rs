//! saptune: the `[sysctl]` sections of the notes that /etc/sysconfig/saptune names, each with what
//! the administrator overrides (saptune(8), saptune-note(5)).

use super::{assign, name};
use crate::os::linux::boot::line_log::LineLog;
use crate::parse::ini;
use crate::persisted::Persisted;

const CONF: &str = "/etc/sysconfig/saptune";

/// What tells of it.
pub(in crate::os::linux::boot) const FILES: [&str; 1] = [CONF];

/// The folders of the notes as they are applied, and of what replaces single values.
const FOLDERS: [&str; 2] = ["/var/lib/saptune/working/notes", "/etc/saptune/override"];
/// How many notes are followed.
const MOST: usize = 64;

/// The notes in the order in which they are applied.
fn notes(persisted: &Persisted) -> Vec<String> {
    let text = persisted.text(CONF).unwrap_or_default();
    let listed = |key| ini::shell_value(text, key).filter(|list| !list.trim_ascii().is_empty());
    let list = listed("NOTE_APPLY_ORDER").or_else(|| listed("TUNE_FOR_NOTES"));
    let names = list.unwrap_or_default().split(u8::is_ascii_whitespace).filter_map(name);
    names.take(MOST).collect()
}

/// Whether it applies anything.
pub(in crate::os::linux::boot) fn is_used(persisted: &Persisted) -> bool {
    let text = persisted.text(CONF).unwrap_or_default();
    ["NOTE_APPLY_ORDER", "TUNE_FOR_NOTES", "TUNE_FOR_SOLUTIONS"]
        .iter()
        .any(|key| ini::shell_value(text, key).is_some_and(|list| !list.trim_ascii().is_empty()))
}

pub(in crate::os::linux::boot) fn more(persisted: &Persisted) -> Vec<String> {
    let paths = |note: String| FOLDERS.map(|folder| format!("{folder}/{note}"));
    notes(persisted).into_iter().flat_map(paths).collect()
}

pub(super) fn write(persisted: &Persisted, log: &mut LineLog) {
    for note in notes(persisted) {
        for folder in FOLDERS {
            let Some(file) = persisted.file(&format!("{folder}/{note}")) else { continue };
            let all = ini::assignments(file.text().unwrap_or_default());
            // An empty value leaves the setting alone.
            for found in all.filter(|a| a.section == b"sysctl" && !a.value.is_empty()) {
                assign(log, file, found.line, found.key, found.value);
            }
        }
    }
}
