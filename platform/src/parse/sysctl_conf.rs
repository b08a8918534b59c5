//! sysctl.conf(5) and sysctl.d(5): the lines of a file as each loader takes them apart, and the
//! path below /proc/sys that it makes of a key. Held against systemd 252 and procps 4.0.2 by the
//! tests.

/// Whose grammar it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Grammar {
    /// systemd-sysctl: a carriage return and NUL end a line too; blanks are space, tab and the ends
    /// of lines.
    Systemd,
    /// procps: NUL ends what is looked at of a line; blanks are those of isspace(3).
    Procps,
}

/// A line that is neither blank nor a comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SysctlLine<'a> {
    /// Its number, by the newlines before it.
    pub(crate) number: u32,
    /// The text before `=`, or all of it, without the blanks around it and the `-` before it.
    pub(crate) key: &'a [u8],
    /// Whether a `-` stands before the key: without a value it keeps patterns off the key.
    pub(crate) dash: bool,
    /// The text after the first `=`, without the blanks around it.
    pub(crate) value: Option<&'a [u8]>,
}

/// The lines of a file.
pub(crate) fn lines(bytes: &[u8], grammar: Grammar) -> impl Iterator<Item = SysctlLine<'_>> {
    let (ends, most): (&[u8], usize) = match grammar {
        Grammar::Systemd => (b"\r\0", usize::MAX),
        Grammar::Procps => (b"\0", 1),
    };
    (1..).zip(bytes.split(|byte| *byte == b'\n')).flat_map(move |(number, text)| {
        text.split(|byte| ends.contains(byte))
            .take(most)
            .filter_map(move |text| line(text, number, grammar))
    })
}

fn line(text: &[u8], number: u32, grammar: Grammar) -> Option<SysctlLine<'_>> {
    let text = start_stripped(end_stripped(text, grammar), grammar);
    if matches!(text.first(), None | Some(b'#' | b';')) {
        return None;
    }
    let dash = text.starts_with(b"-");
    let text = &text[usize::from(dash)..];
    let mut halves = text.splitn(2, |byte| *byte == b'=');
    let key = end_stripped(halves.next().unwrap_or_default(), grammar);
    let key = match grammar {
        Grammar::Systemd => start_stripped(key, grammar),
        // The blank of "- key" becomes a part of the path.
        Grammar::Procps => key,
    };
    let value = halves.next().map(|value| start_stripped(value, grammar));
    Some(SysctlLine { number, key, dash, value })
}

const fn blank(byte: u8, grammar: Grammar) -> bool {
    match grammar {
        Grammar::Systemd => matches!(byte, b' ' | b'\t' | b'\n' | b'\r'),
        Grammar::Procps => matches!(byte, b' ' | b'\t'..=b'\r'),
    }
}

fn start_stripped(text: &[u8], grammar: Grammar) -> &[u8] {
    let blanks = text.iter().take_while(|byte| blank(**byte, grammar)).count();
    &text[blanks..]
}

fn end_stripped(text: &[u8], grammar: Grammar) -> &[u8] {
    let blanks = text.iter().rev().take_while(|byte| blank(**byte, grammar)).count();
    &text[..text.len() - blanks]
}

/// The path that a loader makes of a key, as it writes it after `/proc/sys/`.
///
/// The first separator decides (sysctl.d(5)): after a slash all stays as it is, after a dot dots
/// and slashes are exchanged. systemd then takes empty parts and single dots out; procps takes one
/// more `-` off.
pub(crate) fn path(key: &[u8], grammar: Grammar) -> Vec<u8> {
    let key = match grammar {
        Grammar::Systemd => key,
        Grammar::Procps => key.strip_prefix(b"-").unwrap_or(key),
    };
    let first = key.iter().find(|byte| matches!(byte, b'.' | b'/'));
    let exchanged = |byte: &u8| match (first, byte) {
        (Some(b'.'), b'.') => b'/',
        (Some(b'.'), b'/') => b'.',
        _ => *byte,
    };
    let path: Vec<u8> = key.iter().map(exchanged).collect();
    match grammar {
        Grammar::Systemd => parts(&path).collect::<Vec<_>>().join(&b'/'),
        Grammar::Procps => path,
    }
}

/// The parts of a path that name something.
pub(crate) fn parts(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    path.split(|byte| *byte == b'/').filter(|part| !part.is_empty() && *part != b".")
}

/// Whether a key is a pattern of glob(7).
pub(crate) fn is_pattern(key: &[u8]) -> bool {
    key.iter().any(|byte| b"*?[".contains(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str, grammar: Grammar) -> Vec<String> {
        let shown = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let words = |line: SysctlLine<'_>| {
            let dash = if line.dash { "-" } else { "" };
            let value = line.value.map_or("none".to_owned(), |value| format!("{:?}", shown(value)));
            format!("{} {dash}{} {value}", line.number, shown(line.key))
        };
        lines(text.as_bytes(), grammar).map(words).collect()
    }

    #[test]
    fn both_loaders_read_plain_lines_alike() {
        let text = "# a = 1\n ; b = 2\n\n\tc\t=\t1\t2 \r\n-d=3\n-e\nf\ng==1=2\nh=\ni=j";
        let lines = [
            "4 c \"1\\t2\"",
            "5 -d \"3\"",
            "6 -e none",
            "7 f none",
            "8 g \"=1=2\"",
            "9 h \"\"",
            "10 i \"j\"",
        ];
        assert_eq!(words(text, Grammar::Systemd), lines);
        assert_eq!(words(text, Grammar::Procps), lines);
    }

    #[test]
    fn they_differ_in_blanks_and_in_what_ends_a_line() {
        let text = "a=1\rb=2\0c=3\n\u{b}d=4\u{c}\n- e=5";
        assert_eq!(
            words(text, Grammar::Systemd),
            ["1 a \"1\"", "1 b \"2\"", "1 c \"3\"", "2 \u{b}d \"4\\u{c}\"", "3 -e \"5\""]
        );
        assert_eq!(words(text, Grammar::Procps), ["1 a \"1\\rb=2\"", "2 d \"4\"", "3 - e \"5\""]);
    }

    #[test]
    fn the_first_separator_decides() {
        let both = |key: &str| {
            [Grammar::Systemd, Grammar::Procps]
                .map(|grammar| String::from_utf8(path(key.as_bytes(), grammar)).expect("ASCII"))
        };
        assert_eq!(both("net.ipv4.conf.eth0/1.x"), ["net/ipv4/conf/eth0.1/x"; 2]);
        assert_eq!(both("net/ipv4/conf/eth0.1/x"), ["net/ipv4/conf/eth0.1/x"; 2]);
        assert_eq!(both("net.ipv4/x"), ["net/ipv4.x"; 2]);
        assert_eq!(both("/net//ipv4/./x/"), ["net/ipv4/x", "/net//ipv4/./x/"]);
        assert_eq!(both("-net.x"), ["-net/x", "net/x"]);
        assert_eq!(both("net"), ["net"; 2]);
    }
}
