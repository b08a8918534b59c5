//! Units of systemd that run sysctl(8) themselves, without a shell, and are started at boot.

use super::assign;
use crate::os::linux::boot::further::{STARTED, UNITS};
use crate::os::linux::boot::line_log::LineLog;
use crate::parse::ini::{self, Assignment, unquoted};
use crate::persisted::{File, Persisted};

/// The units that are started, by the name in the folder of a target, in the order of their names:
/// without After= and Before= they run together.
fn started(persisted: &Persisted) -> Vec<&File> {
    let named = |file: &&File| {
        let (folder, name) = file.path.rsplit_once('/').unwrap_or_default();
        STARTED.contains(&folder) && name.ends_with(".service")
    };
    let mut all: Vec<&File> = Vec::new();
    for link in persisted.files.iter().filter(named) {
        let name = link.path.rsplit('/').next().unwrap_or_default();
        let of = |folder: &&str| persisted.file(&format!("{folder}/{name}"));
        let unit = UNITS.iter().find_map(|folder| of(folder).filter(|file| file.text().is_some()));
        let unit = unit.unwrap_or(link);
        if !all.iter().any(|known| known.path == unit.path) {
            all.push(unit);
        }
    }
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}

/// What a unit writes for certain: that of a condition, or of more than one word before the
/// program, is a suspect.
pub(super) fn write(persisted: &Persisted, log: &mut LineLog) {
    for unit in started(persisted) {
        let all: Vec<Assignment<'_>> = ini::assignments(unit.text().unwrap_or_default()).collect();
        let conditional = |found: &Assignment<'_>| {
            found.key.starts_with(b"Condition") || found.key.starts_with(b"Assert")
        };
        if all.iter().any(conditional) {
            continue;
        }
        for found in all.iter().filter(|found| is_exec(found.key)) {
            for (key, value) in written(found.value) {
                assign(log, unit, found.line, key, value);
            }
        }
    }
}

/// What runs at the start.
fn is_exec(key: &[u8]) -> bool {
    matches!(key, b"ExecStart" | b"ExecStartPre" | b"ExecStartPost")
}

/// The keys and values of a line that runs sysctl(8): "-w" needs none, and "-" before the program
/// lets it fail.
fn written(line: &[u8]) -> Vec<(&[u8], &[u8])> {
    let mut words = words(line).into_iter();
    let program = words.next().unwrap_or_default();
    let program = program.strip_prefix(b"-").unwrap_or(program);
    if program.rsplit(|byte| *byte == b'/').next() != Some(b"sysctl") {
        return Vec::new();
    }
    words.filter(|word| !word.starts_with(b"-")).filter_map(assignment).collect()
}

/// `KEY=VALUE`, with quotes around the whole or the value.
fn assignment(word: &[u8]) -> Option<(&[u8], &[u8])> {
    let word = unquoted(word);
    let at = word.iter().position(|byte| *byte == b'=')?;
    Some((&word[..at], unquoted(&word[at + 1..])))
}

/// The words of a command line; quotes keep blanks.
fn words(line: &[u8]) -> Vec<&[u8]> {
    let mut quote = None;
    let parts = line.split(move |byte| {
        match (quote, *byte) {
            (None, b'"' | b'\'') => quote = Some(*byte),
            (Some(open), byte) if open == byte => quote = None,
            _ => {}
        }
        quote.is_none() && byte.is_ascii_whitespace()
    });
    parts.filter(|word| !word.is_empty()).collect()
}
