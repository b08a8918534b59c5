//! Patterns of keys: glob(7) as glob(3) of glibc has it in the C locale.

use crate::parse::sysctl_conf::is_pattern;

/// How many patterns the braces of one may stand for.
const BRACES_MAX: usize = 64;

/// The path under which a pattern finds `way`: parts without a wildcard stay as they are written. A
/// slash after the last part wants a folder, but glob(3) sees to that only where this part is a
/// pattern itself.
pub(super) fn found(pattern: &[u8], way: &str) -> Option<Vec<u8>> {
    let slashes = pattern.iter().rev().take_while(|byte| **byte == b'/').count();
    let pattern = &pattern[..pattern.len() - slashes];
    let last = pattern.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    if slashes > 0 && (is_pattern(last) || last.contains(&b'\\')) {
        return None;
    }
    walked(pattern, way, part_matches)
}

/// Goes the way of `path` as the kernel does, and comes to the end of `way` or nowhere: each part
/// `is` the next name.
pub(super) fn walked(path: &[u8], way: &str, is: impl Fn(&[u8], &[u8]) -> bool) -> Option<Vec<u8>> {
    let way: Vec<&[u8]> = way.split('/').map(str::as_bytes).collect();
    let (mut at, mut walked) = (0_usize, Vec::new());
    for part in path.split(|byte| *byte == b'/') {
        // The last one is a file.
        let below = at < way.len();
        match part {
            b"" | b"." if below => walked.push(part),
            b".." if below => {
                at = at.checked_sub(1)?;
                walked.push(part);
            }
            _ => {
                let name = way.get(at).filter(|name| is(part, name))?;
                walked.push(name);
                at += 1;
            }
        }
    }
    (at == way.len()).then(|| walked.join(&b'/'))
}

/// Whether a part ends in a backslash: what glob(3) makes of that depends on what stands around it.
pub(super) fn is_odd(pattern: &[u8]) -> bool {
    is_pattern(pattern) && pattern.split(|byte| *byte == b'/').any(|part| part.ends_with(b"\\"))
}

/// Whether a path may lead out of /proc/sys, from where others lead back: ".." does above its top,
/// and a wildcard after a dot finds "..".
pub(super) fn leads_out(path: &[u8]) -> bool {
    let mut depth = 0_usize;
    path.split(|byte| *byte == b'/').any(|part| {
        let dotted = part.starts_with(b".") || part.starts_with(b"\\.");
        match part {
            b"" | b"." => false,
            b".." if depth == 0 => true,
            b".." => {
                depth -= 1;
                false
            }
            _ => {
                depth += 1;
                dotted && is_pattern(part)
            }
        }
    })
}

/// The patterns that braces stand for (GLOB_BRACE of glob(3)), in their order; `None` where they
/// are too many.
pub(super) fn braced(pattern: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut open = vec![pattern.to_vec()];
    let mut done = Vec::new();
    while let Some(pattern) = open.pop() {
        if open.len() + done.len() > BRACES_MAX {
            return None;
        }
        match first_braces(&pattern) {
            None => done.push(pattern),
            Some((before, inside, after)) => {
                let whole = |part: &&[u8]| [before, part, after].concat();
                let parts: Vec<&[u8]> = inside;
                open.extend(parts.iter().rev().map(whole));
            }
        }
    }
    Some(done)
}

type Braces<'a> = (&'a [u8], Vec<&'a [u8]>, &'a [u8]);

/// What stands before the first pair of braces, its parts, and what stands after it.
fn first_braces(pattern: &[u8]) -> Option<Braces<'_>> {
    let start = pattern.iter().position(|byte| *byte == b'{')?;
    let (mut depth, mut from, mut parts) = (0_usize, start + 1, Vec::new());
    for (at, byte) in pattern.iter().enumerate().skip(start) {
        match byte {
            b'{' => depth += 1,
            b',' if depth == 1 => {
                parts.push(&pattern[from..at]);
                from = at + 1;
            }
            b'}' => {
                depth -= 1;
                if depth == 0 {
                    parts.push(&pattern[from..at]);
                    return Some((&pattern[..start], parts, &pattern[at + 1..]));
                }
            }
            _ => {}
        }
    }
    None
}

/// fnmatch(3) of one part, without going back further than the last star: each star may take as
/// little as it can.
fn part_matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star = None;
    loop {
        if pattern.get(p) == Some(&b'*') {
            star = Some((p, t));
            p += 1;
            continue;
        }
        if p == pattern.len() && t == text.len() {
            return true;
        }
        if let Some(next) = text.get(t).and_then(|byte| one_matches(&pattern[p..], *byte)) {
            (p, t) = (p + next, t + 1);
            continue;
        }
        match star {
            Some((at, taken)) if taken < text.len() => {
                star = Some((at, taken + 1));
                (p, t) = (at + 1, taken + 1);
            }
            _ => return false,
        }
    }
}

/// How much of the pattern's start matches this byte.
fn one_matches(pattern: &[u8], byte: u8) -> Option<usize> {
    let (first, rest) = pattern.split_first()?;
    match first {
        b'?' => Some(1),
        b'\\' if !rest.is_empty() => (rest[0] == byte).then_some(2),
        b'[' => match set(rest, byte) {
            Some((inside, length)) => inside.then_some(length + 1),
            None => (byte == b'[').then_some(1),
        },
        literal => (*literal == byte).then_some(1),
    }
}

/// Whether the byte is in the set, and how long the set is with its closing bracket; `None` where
/// none closes it.
fn set(pattern: &[u8], byte: u8) -> Option<(bool, usize)> {
    let not = matches!(pattern.first(), Some(b'!' | b'^'));
    let start = usize::from(not);
    let (mut at, mut inside) = (start, false);
    loop {
        let first = *pattern.get(at)?;
        if first == b']' && at > start {
            return Some((inside != not, at + 1));
        }
        if pattern[at..].starts_with(b"[:") {
            let length = pattern[at + 2..].windows(2).position(|end| end == b":]")?;
            inside |= in_class(&pattern[at + 2..at + 2 + length], byte);
            at += length + 4;
            continue;
        }
        let (low, next) = element(pattern, at)?;
        at = next;
        let ranges = pattern.get(at) == Some(&b'-') && pattern.get(at + 1) != Some(&b']');
        if ranges {
            let (high, next) = element(pattern, at + 1)?;
            at = next;
            inside |= low <= byte && byte <= high;
        } else {
            inside |= low == byte;
        }
    }
}

fn element(pattern: &[u8], at: usize) -> Option<(u8, usize)> {
    match *pattern.get(at)? {
        b'\\' => Some((*pattern.get(at + 1)?, at + 2)),
        byte => Some((byte, at + 1)),
    }
}

fn in_class(name: &[u8], byte: u8) -> bool {
    match name {
        b"alpha" => byte.is_ascii_alphabetic(),
        b"digit" => byte.is_ascii_digit(),
        b"alnum" => byte.is_ascii_alphanumeric(),
        b"lower" => byte.is_ascii_lowercase(),
        b"upper" => byte.is_ascii_uppercase(),
        b"punct" => byte.is_ascii_punctuation(),
        b"graph" | b"print" => byte.is_ascii_graphic(),
        b"xdigit" => byte.is_ascii_hexdigit(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_match_as_glob_does() {
        let name = "net/ipv4/ip_local_port_range";
        for pattern in [
            "net/ipv4/ip_local_port_*",
            "net/*/ip_local_port_range",
            "*/ipv4/*range",
            "net/ipv4/*_*_*_*",
            "net/ipv4/ip_local_port_rang?",
            "net/ipv4/ip_local_port_rang[a-f]",
            "net/ipv4/ip_local_port_rang[!a-d]",
            "net/ipv4/ip_local_port_rang[^a-d]",
            "net/ipv4/ip_local_port_rang[[:alpha:]]",
            "net/ipv4/ip_local_port_\\range*",
            "net/ipv4/ip_local_port_rang[]e]",
            "net/ipv4/**range",
        ] {
            assert!(found(pattern.as_bytes(), name).is_some(), "{pattern}");
        }
        for pattern in [
            "net*ip_local_port_range",
            "net/ipv4/*",
            "net/ipv4/ip_local_port_rang[e",
            "net/ipv4/ip_local_port_rang[a-d]",
            "net/ipv4/IP_*",
            "net/ipv4/?",
            "net/ipv4/ip_local_port_range/*",
            "*",
        ] {
            let all = pattern == "net/ipv4/*";
            assert_eq!(found(pattern.as_bytes(), name).is_some(), all, "{pattern}");
        }
    }

    #[test]
    fn braces_stand_for_several_patterns() {
        let braced = |pattern: &str| {
            let patterns = braced(pattern.as_bytes())?;
            let text = |bytes| String::from_utf8(bytes).expect("ASCII");
            Some(patterns.into_iter().map(text).collect::<Vec<_>>())
        };
        assert_eq!(braced("a{b,c{d,}}e").expect("few"), ["abe", "acde", "ace"]);
        assert_eq!(braced("a{b").expect("none"), ["a{b"]);
        assert_eq!(braced("a").expect("none"), ["a"]);
        assert_eq!(braced(&"{a,b}".repeat(40)), None);
    }
}
