//! sysctl.conf(5) of the BSDs: the plain lines `KEY=VALUE`, which every release of a system reads
//! alike. Whatever else names a key is not followed.

/// The longest line that is followed: fgets(3) of FreeBSD's sysctl(8) takes 1,023 bytes at a time.
const LINE_MAX: usize = 1000;

/// A line that says something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ConfLine<'a> {
    /// Its number, by the newlines before it.
    pub(crate) number: u32,
    /// All of it but the blanks around it.
    pub(crate) text: &'a [u8],
    /// Key and value; `None` where it is not plain.
    pub(crate) set: Option<(&'a [u8], &'a [u8])>,
}

/// The lines of a file; `blanks` may stand around key and value, and the last may have no newline.
pub(crate) fn lines(bytes: &[u8], blanks: bool) -> Vec<ConfLine<'_>> {
    let mut lines = Vec::new();
    let mut goes_on = false;
    for (number, raw) in (1..).zip(bytes.split_inclusive(|byte| *byte == b'\n')) {
        let text = raw.strip_suffix(b"\n").unwrap_or(raw);
        let followed = text.len() <= LINE_MAX && (blanks || text.len() < raw.len()) && !goes_on;
        goes_on = text.ends_with(b"\\");
        let text = before_comment(text);
        if !text.trim_ascii().is_empty() || !followed {
            let set = plain(text, blanks).filter(|_| followed);
            lines.push(ConfLine { number, text: text.trim_ascii(), set });
        }
    }
    lines
}

/// A `#` begins a comment at the start of a line and behind a blank.
fn before_comment(text: &[u8]) -> &[u8] {
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let mut hashes = (0..text.len()).filter(|at| text[*at] == b'#');
    let comment = hashes.find(|at| text[..*at].last().is_none_or(blank));
    &text[..comment.unwrap_or(text.len())]
}

fn plain(text: &[u8], blanks: bool) -> Option<(&[u8], &[u8])> {
    let odd = |byte: &u8| {
        let control = byte.is_ascii_control() && *byte != b'\t';
        matches!(byte, b'"' | b'\'' | b'\\' | b':' | b'#') || control
    };
    if text.iter().any(odd) {
        return None;
    }
    let text = if blanks { text } else { text.trim_ascii_end() };
    let mut halves = text.splitn(3, |byte| *byte == b'=');
    let (key, value) = (halves.next()?, halves.next()?);
    let (key, value) = if blanks { (key.trim_ascii(), value.trim_ascii()) } else { (key, value) };
    let one_word = |word: &[u8]| !word.iter().any(u8::is_ascii_whitespace);
    (halves.next().is_none() && one_word(key) && one_word(value)).then_some((key, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, blanks: bool) -> Vec<String> {
        let shown = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let line = |ConfLine { number, set, .. }: ConfLine<'_>| match set {
            Some((key, value)) => format!("{number} {}|{}", shown(key), shown(value)),
            None => format!("{number} not plain"),
        };
        lines(text.as_bytes(), blanks).into_iter().map(line).collect()
    }

    #[test]
    fn plain_lines_are_read_and_others_are_named() {
        let text =
            "# a=1\n\na.b=2\nc=3 # c\nd=\n e = 5\nf=6\\\ng=7\nh=\"8\"\ni==9\nj\nk=1 l=2\nm=3";
        let strict = ["3 a.b|2", "4 c|3", "5 d|", "6 not plain", "7 not plain", "8 not plain"];
        let rest = ["9 not plain", "10 not plain", "11 not plain", "12 not plain", "13 not plain"];
        assert_eq!(shown(text, false), [&strict[..], &rest].concat());
        let with_blanks = shown(text, true);
        assert_eq!((&*with_blanks[3], &*with_blanks[10]), ("6 e|5", "13 m|3"));
        assert_eq!(shown("a=1\r\nb=1#2\n", false), ["1 not plain", "2 not plain"]);
        assert_eq!(shown(&format!("#{}\n", "x".repeat(LINE_MAX)), true), ["1 not plain"]);
    }
}
