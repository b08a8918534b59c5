//! sysctl.conf(5) of the BSDs: the lines of a file as each system's boot takes them apart.
//!
//! FreeBSD: `parsefile` and `parse` of sbin/sysctl/sysctl.c (14). NetBSD: fparseln(3) and `parse`
//! of sbin/sysctl/sysctl.c. OpenBSD: `stripcom` and `sysctl_conf` of etc/rc (1.545), and `sysctl
//! -f`. DragonFly: etc/rc.d/sysctl.

/// Whose boot it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Grammar {
    FreeBsd,
    OpenBsd,
    NetBsd,
    DragonFly,
}

/// A line that says something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line<'a> {
    /// Its number, by the newlines before it.
    pub(crate) number: u32,
    /// All of it but the blanks around it.
    pub(crate) text: &'a [u8],
    pub(crate) says: Says<'a>,
}

/// What a line says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Says<'a> {
    /// The key is set.
    Set { key: &'a [u8], value: &'a [u8] },
    /// The key is shown, and nothing is set.
    Show { key: &'a [u8] },
    /// Not every release makes the same of it.
    Odd(&'static str),
}

/// BUFSIZ of FreeBSD without the NUL: what fgets(3) takes at a time.
const FREEBSD_LINE: usize = 1023;

/// The lines of a file.
pub(crate) fn lines(bytes: &[u8], grammar: Grammar) -> Vec<Line<'_>> {
    let mut lines = Vec::new();
    let mut goes_on = false;
    for (number, text) in (1..).zip(bytes.split_inclusive(|byte| *byte == b'\n')) {
        let (text, ended) = match text.strip_suffix(b"\n") {
            Some(text) => (text, true),
            None => (text, false),
        };
        let mut push = |text, says: Option<_>| {
            lines.extend(says.map(|says| Line { number, text, says }));
        };
        match grammar {
            Grammar::FreeBsd => {
                for part in text.chunks(FREEBSD_LINE) {
                    push(part.trim_ascii(), freebsd(part));
                }
            }
            Grammar::OpenBsd => push(text.trim_ascii(), openbsd(text, ended)),
            Grammar::DragonFly => push(text.trim_ascii(), dragonfly(text, ended)),
            Grammar::NetBsd => {
                let follows = std::mem::replace(&mut goes_on, ends_in_backslash(text));
                push(text.trim_ascii(), netbsd(text, goes_on || follows));
            }
        }
    }
    lines
}

/// A `#` ends the line unless a backslash stands before it; where a quotation mark does, the line
/// ends behind the next one. Either `=` or `:` parts key and value, and one pair of quotation marks
/// around the value is taken off.
fn freebsd(text: &[u8]) -> Option<Says<'_>> {
    let text = before(text, |byte| byte == 0);
    let text = without_comment(text).trim_ascii();
    let Some(at) = text.iter().position(|byte| matches!(byte, b'=' | b':')) else {
        return (!text.is_empty()).then_some(Says::Show { key: text });
    };
    let (key, value) = (text[..at].trim_ascii_end(), text[at + 1..].trim_ascii_start());
    let value = match value.split_first() {
        Some((mark @ (b'"' | b'\''), inner)) => inner.strip_suffix(&[*mark]).unwrap_or(inner),
        _ => value,
    };
    Some(Says::Set { key, value })
}

fn without_comment(line: &[u8]) -> &[u8] {
    let find = |mark: u8, from: usize| {
        let at = line.get(from..)?.iter().position(|byte| *byte == mark)?;
        Some(from + at)
    };
    let marks = [b'\'', b'"'].map(|mark| (mark, find(mark, 0)));
    let mut from = 0;
    while let Some(hash) = find(b'#', from) {
        let quoted =
            marks.iter().find_map(|(mark, at)| at.filter(|at| hash > *at).map(|at| (*mark, at)));
        if let Some((mark, at)) = quoted {
            return find(mark, at + 1).map_or(line, |end| &line[..=end]);
        }
        if hash == 0 || line[hash - 1] != b'\\' {
            return &line[..hash];
        }
        from = hash + 1;
    }
    line
}

/// /etc/rc takes each word of a line for a setting, `sysctl -f` the first alone, and only where no
/// blank stands before it.
fn openbsd(text: &[u8], ended: bool) -> Option<Says<'_>> {
    let blank = |byte: u8| matches!(byte, b' ' | b'\t');
    let text = before(text, |byte| byte == b'#');
    let mut words = text.split(|byte| blank(*byte)).filter(|word| !word.is_empty());
    let word = words.next()?;
    let odd = if text.contains(&b'\\') || text.contains(&0) {
        Some("/etc/rc removes backslashes")
    } else if !ended {
        Some("/etc/rc does not read a last line without a newline, and `sysctl -f` does")
    } else if text.first().copied().is_some_and(blank) {
        Some("`sysctl -f` skips a line that begins with a blank, and /etc/rc does not")
    } else if words.any(|word| word.contains(&b'=') && word.len() > 1 && !word.starts_with(b"=")) {
        Some("/etc/rc treats each word as a setting, `sysctl -f` only the first")
    } else {
        None
    };
    Some(odd.map_or_else(|| parted(word), Says::Odd))
}

/// The shell's `read`: the first word is the setting, the rest a comment.
fn dragonfly(text: &[u8], ended: bool) -> Option<Says<'_>> {
    let text = text.trim_ascii_start();
    let word = before(text, |byte| matches!(byte, b' ' | b'\t'));
    if word.is_empty() || word.starts_with(b"#") {
        return None;
    }
    let odd = if word.contains(&b'\\') || word.contains(&0) {
        Some("the shell removes backslashes")
    } else if !ended {
        Some("the shell does not read a last line without a newline")
    } else if word.splitn(3, |byte| *byte == b'=').count() > 2 {
        Some("there is more than one =")
    } else {
        None
    };
    Some(odd.map_or_else(|| parted(word), Says::Odd))
}

/// A `#` ends the line unless a backslash stands before it; blanks go off the value alone.
fn netbsd(text: &[u8], goes_on: bool) -> Option<Says<'_>> {
    let comment = (0..text.len()).find(|at| text[*at] == b'#' && !ends_in_backslash(&text[..*at]));
    let text = &text[..comment.unwrap_or(text.len())];
    if text.trim_ascii().is_empty() {
        return None;
    }
    if goes_on || text.contains(&0) {
        return Some(Says::Odd("lines that a backslash joins are not followed"));
    }
    Some(match parted(text) {
        // `key?=value`: no complaint where there is no such key.
        Says::Set { key, value } => {
            let key = key.strip_suffix(b"?").unwrap_or(key);
            if key.trim_ascii().len() < key.len() || key.contains(&b'/') {
                return Some(Says::Odd(
                    "blanks around the key, and slashes in it, are not followed",
                ));
            }
            Says::Set { key, value: value.trim_ascii_start() }
        }
        other => other,
    })
}

fn ends_in_backslash(text: &[u8]) -> bool {
    text.iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 1
}

fn parted(text: &[u8]) -> Says<'_> {
    match text.iter().position(|byte| *byte == b'=') {
        Some(at) => Says::Set { key: &text[..at], value: &text[at + 1..] },
        None => Says::Show { key: text },
    }
}

fn before(text: &[u8], ends: impl Fn(u8) -> bool) -> &[u8] {
    let end = text.iter().position(|byte| ends(*byte)).unwrap_or(text.len());
    &text[..end]
}

/// A number as a program reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Number {
    /// A C int holds it.
    Fits(i32),
    /// A C int does not.
    Beyond,
    /// It is none.
    None,
}

/// All of a text as strtol(3) reads it: with `base` 0 a leading `0x` is hexadecimal and a leading
/// zero octal.
pub(crate) fn number(text: &[u8], base: u32) -> Number {
    let text = text.trim_ascii_start();
    let (negative, digits) = match text.split_first() {
        Some((b'-', digits)) => (true, digits),
        Some((b'+', digits)) => (false, digits),
        _ => (false, text),
    };
    let (base, digits) = match digits {
        [b'0', b'x' | b'X', digits @ ..] if base == 0 => (16, digits),
        [b'0', _, ..] if base == 0 => (8, digits),
        _ if base == 0 => (10, digits),
        _ => (base, digits),
    };
    if digits.is_empty() {
        return Number::None;
    }
    let mut value: i64 = 0;
    for byte in digits {
        let Some(digit) = char::from(*byte).to_digit(base) else { return Number::None };
        // Once beyond an int it stays there.
        value = value.saturating_mul(base.into()).saturating_add(digit.into());
    }
    i32::try_from(if negative { -value } else { value }).map_or(Number::Beyond, Number::Fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str, grammar: Grammar) -> Vec<String> {
        let shown = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let told = |line: Line<'_>| {
            let says = match line.says {
                Says::Set { key, value } => format!("{}|{}", shown(key), shown(value)),
                Says::Show { key } => format!("{} shown", shown(key)),
                Says::Odd(_) => "odd".to_owned(),
            };
            format!("{} {says}", line.number)
        };
        lines(text.as_bytes(), grammar).into_iter().map(told).collect()
    }

    #[test]
    fn every_system_reads_plain_lines_alike() {
        for grammar in [Grammar::FreeBsd, Grammar::OpenBsd, Grammar::NetBsd, Grammar::DragonFly] {
            let lines = told("# a=1\n\nb.c=2\nd=\ne\n", grammar);
            assert_eq!(lines, ["3 b.c|2", "4 d|", "5 e shown"], "{grammar:?}");
        }
    }

    #[test]
    fn freebsd_takes_blanks_quotes_and_colons() {
        let text = " a = 1 # c\r\nb: 2\nc='3'\nd=\"4 # no\" # c\ne=5\\#6\nf=7#c\ng==8\nh=9";
        let lines =
            ["1 a|1", "2 b|2", "3 c|3", "4 d|4 # no", "5 e|5\\#6", "6 f|7", "7 g|=8", "8 h|9"];
        assert_eq!(told(text, Grammar::FreeBsd), lines);
        let long = format!("#{}a=1\n", "x".repeat(FREEBSD_LINE - 1));
        assert_eq!(told(&long, Grammar::FreeBsd), ["1 a|1"]);
    }

    #[test]
    fn openbsd_sets_by_the_word() {
        let text = "a = 1\nb= 2\nc=3 # c\nd=4#c\n e=5\nf=6 g=7\nh=8\\\ni=9\r\nj=10";
        let lines =
            ["1 a shown", "2 b|", "3 c|3", "4 d|4", "5 odd", "6 odd", "7 odd", "8 i|9\r", "9 odd"];
        assert_eq!(told(text, Grammar::OpenBsd), lines);
    }

    #[test]
    fn dragonfly_takes_the_first_word() {
        let text = " a=1 c\nb = 2\nc=3#4\nd=5=6\ne=\\7\nf=8";
        let lines = ["1 a|1", "2 b shown", "3 c|3#4", "4 odd", "5 odd", "6 odd"];
        assert_eq!(told(text, Grammar::DragonFly), lines);
    }

    #[test]
    fn netbsd_takes_blanks_off_the_value_alone() {
        let text = "a=  1\nb?=2\nc =3\n d=4\ne=5 # c\nf=6\\\n7\ng/h=8\ni=9\\#1\nj=10";
        let lines = [
            "1 a|1",
            "2 b|2",
            "3 odd",
            "4 odd",
            "5 e|5 ",
            "6 odd",
            "7 odd",
            "8 odd",
            "9 i|9\\#1",
            "10 j|10",
        ];
        assert_eq!(told(text, Grammar::NetBsd), lines);
    }

    #[test]
    fn numbers_are_read_as_c_does() {
        for (text, base, wanted) in [
            ("1024", 0, Number::Fits(1024)),
            ("02000", 0, Number::Fits(1024)),
            ("02000", 10, Number::Fits(2000)),
            ("0x400", 0, Number::Fits(1024)),
            ("0x400", 10, Number::None),
            (" +5", 0, Number::Fits(5)),
            ("-5", 0, Number::Fits(-5)),
            ("0", 0, Number::Fits(0)),
            ("2147483648", 0, Number::Beyond),
            ("99999999999999999999999", 0, Number::Beyond),
            ("", 0, Number::None),
            ("0x", 0, Number::None),
            ("08", 0, Number::None),
            ("1 2", 0, Number::None),
            ("--5", 0, Number::None),
        ] {
            assert_eq!(number(text.as_bytes(), base), wanted, "{text:?}");
        }
    }
}
