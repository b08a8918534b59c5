//! The lines that somebody wrote for one of the keys and that set nothing: in files that are not
//! read, or spelled wrong.

use super::files::Files;
use super::glob;
use super::kernel::Key;
use super::line_log::LineLog;
use crate::boot::Rejection;
use crate::parse::sysctl_conf::{self, Grammar, SysctlLine, is_pattern, parts, path};

const MARK: &[u8] = b"\xef\xbb\xbf";

pub(super) fn reject(files: &Files<'_>, log: &mut LineLog) {
    for (source, text, reason) in &files.passed {
        for line in sysctl_conf::lines(text, files.grammar) {
            let Some(value) = line.value else { continue };
            for key in named(line.key, files.grammar) {
                log.reject(key, value, (source, Some(line.number)), reason.clone());
            }
        }
    }
    for from in files.lines() {
        if let Some((key, rejection)) = meant(&from.line, files.grammar) {
            let value = from.line.value.unwrap_or_default();
            let detail = (rejection, detail(rejection).to_owned());
            log.reject(key, value, from.place(), detail);
        }
    }
}

/// The keys that a line of a file sets, were the file read.
fn named(key: &[u8], grammar: Grammar) -> Vec<Key> {
    let path = parts(&path(key, grammar)).collect::<Vec<_>>().join(&b'/');
    let names = |key: &Key| {
        let name = key.path();
        name.as_bytes() == path || is_pattern(&path) && glob::found(&path, &name).is_some()
    };
    Key::ALL.into_iter().filter(names).collect()
}

/// The key that a line is meant for and does not name.
fn meant(line: &SysctlLine<'_>, grammar: Grammar) -> Option<(Key, Rejection)> {
    if line.value.is_none() {
        // "-key" keeps patterns off.
        let word = line.key.split(|byte| b" \t:".contains(byte)).next().unwrap_or_default();
        let key = named(word, grammar).first().copied().filter(|_| !line.dash && !is_pattern(word));
        return key.map(|key| (key, Rejection::NoAssignment));
    }
    if is_pattern(line.key) || Key::at(&path(line.key, grammar)).is_some() {
        return None;
    }
    let marked = line.key.strip_prefix(MARK);
    let word = marked.unwrap_or(line.key).trim_ascii();
    let bare: Vec<u8> = word.iter().copied().filter(|byte| !b"\"'".contains(byte)).collect();
    let lower = bare.to_ascii_lowercase();
    let separated: Vec<u8> =
        lower.iter().map(|byte| if *byte == b'.' { b'/' } else { *byte }).collect();
    let named: Vec<&[u8]> = parts(&separated).collect();
    let below = named.strip_prefix(&[&b"proc"[..], b"sys"]);
    let key = Key::at(&below.unwrap_or(&named).join(&b'/'))?;
    let rejection = if marked.is_some() {
        Rejection::ByteOrderMark
    } else if bare.len() < word.len() {
        Rejection::QuotedKey
    } else if lower != bare {
        Rejection::Case
    } else if below.is_some() {
        Rejection::FullPath
    } else if spelled_so(line.key, grammar) {
        return None;
    } else if bare.contains(&b'.') && bare.contains(&b'/') {
        Rejection::MixedSeparators
    } else {
        Rejection::Spelling
    };
    Some((key, rejection))
}

/// Whether the loader follows the key all the same, such as `net//ipv4/…` in procps.
fn spelled_so(key: &[u8], grammar: Grammar) -> bool {
    let path = path(key, grammar);
    grammar == Grammar::Procps
        && !path.ends_with(b"/")
        && Key::at(&parts(&path).collect::<Vec<_>>().join(&b'/')).is_some()
}

const fn detail(rejection: Rejection) -> &'static str {
    match rejection {
        Rejection::ByteOrderMark => {
            "a byte order mark is part of the key; save the file without it"
        }
        Rejection::QuotedKey => "the quotes are part of the key",
        Rejection::Case => "keys are in lower case",
        Rejection::FullPath => "a key begins below /proc/sys",
        Rejection::MixedSeparators => {
            "after a dot a slash stands for a dot, and the other way round"
        }
        Rejection::NoAssignment => "there is no = in the line",
        _ => "this loader looks for another name",
    }
}
