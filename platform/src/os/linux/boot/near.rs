//! The lines that somebody wrote for one of the keys and that set nothing: in files that are not
//! read, or spelled wrong.

use super::files::Files;
use super::glob;
use super::kernel::Key;
use super::line_log::LineLog;
use crate::boot::Rejection;
use crate::parse::sysctl_conf::{self, Grammar, SysctlLine, is_pattern, parts, path};
use crate::reading::beginning;

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
            // Without an assignment all of the line is told.
            let value = from.line.value.unwrap_or(from.line.key);
            let detail = (rejection, detail(rejection).to_owned());
            log.reject(key, value, from.place(), detail);
        } else if let Some((key, detail)) = similar(&from.line, files.grammar) {
            let value = from.line.value.unwrap_or_default();
            log.reject(key, value, from.place(), (Rejection::NoSuchKey, detail));
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

/// The key that a line is meant for, where it names one that the kernel has not.
fn similar(line: &SysctlLine<'_>, grammar: Grammar) -> Option<(Key, String)> {
    let (written, _) = (line.key, line.value?);
    if is_pattern(written) || Key::at(&path(written, grammar)).is_some() {
        return None;
    }
    let mut words = written.rsplit(|byte| b" \t".contains(byte)).filter(|word| !word.is_empty());
    let (word, before) = (words.next()?, words.next().is_some());
    let separated: Vec<u8> = word
        .iter()
        .map(|byte| if *byte == b'.' { b'/' } else { byte.to_ascii_lowercase() })
        .collect();
    let named: Vec<&[u8]> = parts(&separated).collect();
    let leaf = named.last()?;
    let key = Key::ALL.into_iter().find(|key| resembles(leaf, leaf_of(*key)))?;
    let shown = beginning(&String::from_utf8_lossy(written));
    let detail = if before && leaf_of(key).as_bytes() == *leaf {
        "all that stands before the = is the key: this is no line of a shell".to_owned()
    } else if named.contains(&&b"ipv6"[..]) {
        format!("{shown} does not exist; IPv6 uses {} too", key.name())
    } else {
        format!("{shown} does not exist; {} is meant, by its looks", key.name())
    };
    Some((key, detail))
}

fn leaf_of(key: Key) -> &'static str {
    key.name().rsplit('.').next().unwrap_or_default()
}

/// The least length of a name that is taken for a part of another.
const PART_MIN: usize = 10;

/// The same name in another folder, one or two letters off, or its end. The kernel has no name that
/// is so near to another.
fn resembles(written: &[u8], name: &str) -> bool {
    let name = name.as_bytes();
    let off = if name.starts_with(b"ip_") { 2 } else { 1 };
    written == name
        || distance(written, name, off) <= off
        || (written.len() >= PART_MIN && name.starts_with(b"ip_") && name.ends_with(written))
}

/// How many letters are added, missing or others (Levenshtein); `most` + 1 where there are more.
fn distance(one: &[u8], other: &[u8], most: usize) -> usize {
    if one.len().abs_diff(other.len()) > most {
        return most + 1;
    }
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, left) in one.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = at + 1;
        for (column, right) in other.iter().enumerate() {
            let changed = diagonal + usize::from(left != right);
            diagonal = row[column + 1];
            row[column + 1] = changed.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row.last().copied().unwrap_or_default().min(most + 1)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_near_to_a_key_is_meant_for_it() {
        let meant = |key: &str| {
            let line =
                SysctlLine { number: 1, key: key.as_bytes(), dash: false, value: Some(b"1") };
            similar(&line, Grammar::Systemd).map(|(key, _)| key.name())
        };
        let (range, list) = ("net.ipv4.ip_local_port_range", "net.ipv4.ip_local_reserved_ports");
        for (written, key) in [
            ("net.ipv6.ip_local_port_range", range),
            ("net/core/ip_local_port_range", range),
            ("ipv4.ip_local_port_range", range),
            ("net.ipv4.tcp.ip_local_port_range", range),
            ("net.ipv4.ip_local_port_ranges", range),
            ("net.ipv4.ip_local_ports_range", range),
            ("net.ipv4.ip_localport_range", range),
            ("net.ipv4.local_port_range", range),
            ("net.ipv4.port_range", range),
            ("sysctl -w net.ipv4.ip_local_port_range", range),
            ("export net.ipv4.ip_local_port_range", range),
            ("net.ipv4.ip_local_reserved_port", list),
            ("net.ipv4.ip_local_reserve_ports", list),
            ("net.ipv4.tcp_fin_timeouts", "net.ipv4.tcp_fin_timeout"),
        ] {
            assert_eq!(meant(written), Some(key), "{written}");
        }
        for other in [
            range,
            "net.ipv4.tcp_tw_recycle",
            "net.ipv4.tcp_tw_reuse_delay",
            "net.ipv4.ip_forward",
            "net.ipv4.tcp_max_orphans",
            "range",
            "net.ipv4.*range",
            "",
            "=",
        ] {
            assert_eq!(meant(other), None, "{other}");
        }
    }
}
