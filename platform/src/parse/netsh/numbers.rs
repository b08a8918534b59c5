//! The numbers of netsh's tables, behind a label or two in a row.

use super::Excluded;
use crate::ports::PortRange;

pub(super) enum NetshRow {
    Ports(Excluded),
    Damaged(&'static str),
    /// It does not begin like a number.
    None,
}

/// `^\d{1,5}\s+\d{1,5}(\s*\*)?$`, and what somebody noted behind it.
pub(super) fn row(text: &[u8]) -> NetshRow {
    if !begins_like_a_number(text) {
        return NetshRow::None;
    }
    let (first, rest) = digits(text);
    let blank = rest.len();
    let rest = rest.trim_ascii_start();
    let (last, mark) = digits(rest);
    let (mark, star) = match mark.trim_ascii_start().strip_prefix(b"*") {
        Some(rest) => (rest, true),
        None => (mark, false),
    };
    if !(mark.is_empty() || is_note(mark) || is_remark(mark)) {
        return NetshRow::Damaged("expected two port numbers");
    }
    if blank == rest.len() || first.is_empty() || last.is_empty() {
        return NetshRow::Damaged("expected two port numbers");
    }
    let port = |digits| number(digits).and_then(|number| u16::try_from(number).ok());
    let (Some(first), Some(last)) = (port(first), port(last)) else {
        return NetshRow::Damaged("a number that is not a port");
    };
    match PortRange::new(first, last) {
        Some(range) => NetshRow::Ports(Excluded { range, administered: star }),
        None => NetshRow::Damaged("the last port is below the first"),
    }
}

pub(super) enum NetshValue {
    Number(u32),
    /// Something that begins like a number, but is none.
    Damaged,
    /// No colon, or words behind it.
    None,
}

/// The colons that end a label: ASCII, and U+FF1A in UTF-8, in code pages 936 and 949, in 932 and
/// in 950.
pub(super) const COLONS: [&[u8]; 5] =
    [b":", b"\xef\xbc\x9a", b"\xa3\xba", b"\x81\x46", b"\xa1\x47"];

/// The label of a line and what stands behind its last colon.
pub(super) fn labelled(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let around = |colon: &&[u8]| {
        let at = text.windows(colon.len()).rposition(|window| window == *colon)?;
        Some((at + colon.len(), at))
    };
    let (end, start) = COLONS.iter().filter_map(around).max()?;
    Some((text[..start].trim_ascii_end(), text[end..].trim_ascii_start()))
}

/// The number behind the last colon of a line.
pub(super) fn value(text: &[u8]) -> NetshValue {
    let Some((_, value)) = labelled(text) else { return NetshValue::None };
    match digits(value) {
        _ if !begins_like_a_number(value) => NetshValue::None,
        (digits, rest) if rest.is_empty() || is_note(rest) => {
            number(digits).map_or(NetshValue::Damaged, NetshValue::Number)
        }
        _ => NetshValue::Damaged,
    }
}

/// What people set behind a value: an arrow, a comment, a remark in brackets.
const NOTES: [&[u8]; 8] =
    [b"<", b"->", b"-->", b"#", b"//", b"(", "\u{2190}".as_bytes(), "\u{2192}".as_bytes()];

fn is_note(rest: &[u8]) -> bool {
    let note = rest.trim_ascii_start();
    note.len() < rest.len() && NOTES.iter().any(|mark| note.starts_with(mark))
}

/// Words behind a row, and no number.
fn is_remark(rest: &[u8]) -> bool {
    let words = rest.trim_ascii_start();
    words.len() < rest.len()
        && words.first().is_some_and(u8::is_ascii_alphabetic)
        && !words.iter().any(u8::is_ascii_digit)
}

fn begins_like_a_number(text: &[u8]) -> bool {
    let unsigned = text.strip_prefix(b"-").or_else(|| text.strip_prefix(b"+")).unwrap_or(text);
    unsigned.first().is_some_and(u8::is_ascii_digit)
}

/// The digits that `text` begins with, and the rest.
fn digits(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    text.split_at(end)
}

/// A number as Windows prints it: decimal digits only, without a leading zero.
pub(in crate::parse) fn number(digits: &[u8]) -> Option<u32> {
    let plain = digits.iter().all(u8::is_ascii_digit)
        && (digits.len() == 1 || digits.first() != Some(&b'0'));
    std::str::from_utf8(digits).ok().filter(|_| plain)?.parse().ok()
}
