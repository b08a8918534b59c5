//! Texts of Windows as bytes in which ASCII is ASCII: out of UTF-16, with or without its mark, also
//! where one program appended it to the OEM text of another (`netsh … >> f` in Windows PowerShell,
//! behind `netsh … > f` in cmd).

use std::borrow::Cow;

/// The text without its byte order mark. What is no UTF-16 stays as it is, whatever its code page.
pub(crate) fn decoded(bytes: &[u8]) -> Cow<'_, [u8]> {
    match bytes {
        [0xff, 0xfe, units @ ..] => Cow::Owned(utf16(units, u16::from_le_bytes)),
        [0xfe, 0xff, units @ ..] => Cow::Owned(utf16(units, u16::from_be_bytes)),
        text => {
            let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
            if text.contains(&0) { Cow::Owned(by_lines(text)) } else { Cow::Borrowed(text) }
        }
    }
}

fn utf16(units: &[u8], unit: fn([u8; 2]) -> u16) -> Vec<u8> {
    // A half unit at the end is dropped: the line is then one without an end.
    let pairs = units.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
    // Two bytes become three at most.
    let mut text = String::with_capacity(units.len() / 2 * 3);
    let chars = char::decode_utf16(pairs)
        .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
        .map(|unit| if unit == '\0' { char::REPLACEMENT_CHARACTER } else { unit });
    text.extend(chars.filter(|unit| *unit != '\u{feff}'));
    text.into_bytes()
}

/// Decodes the lines that are UTF-16, and leaves the others.
fn by_lines(mut rest: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(rest.len());
    while !rest.is_empty() {
        let (line, wide) = wide_line(rest).map_or_else(
            || {
                let end = rest.iter().position(|byte| *byte == b'\n');
                (&rest[..end.map_or(rest.len(), |end| end + 1)], None)
            },
            |(line, unit)| (line, Some(unit)),
        );
        match wide {
            Some(unit) => text.extend(utf16(line, unit)),
            None => text.extend_from_slice(line),
        }
        rest = &rest[line.len()..];
    }
    text
}

type Unit = fn([u8; 2]) -> u16;

/// The most units that are looked at in one piece; a longer line is decoded piece by piece.
const UNITS_MAX: usize = 256;

/// The first line, where it is UTF-16: the units that are ASCII have their zeros at the same side,
/// and few units would be two letters of another text.
fn wide_line(rest: &[u8]) -> Option<(&[u8], Unit)> {
    [u16::from_le_bytes as Unit, u16::from_be_bytes].into_iter().find_map(|unit| {
        let plain = |byte: u8| matches!(byte, b' '..=b'~' | b'\r' | b'\n' | b'\t');
        let (mut ascii, mut narrow, mut count) = (0_usize, 0_usize, 0_usize);
        for pair in rest.chunks_exact(2).take(UNITS_MAX) {
            let [high, low] = unit([pair[0], pair[1]]).to_be_bytes();
            count += 1;
            ascii += usize::from(high == 0 && plain(low));
            narrow += usize::from(plain(high) && plain(low));
            if low == 0 || (narrow > 8 && 2 * narrow > count) {
                return None;
            }
            if (high, low) == (0, b'\n') {
                break;
            }
        }
        (ascii > 0 && 2 * narrow <= count).then(|| (&rest[..2 * count], unit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wide(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    }

    #[test]
    fn utf16_is_understood_with_and_without_its_mark_and_behind_other_text() {
        let text = "\r\nプロトコル udp の動的ポートの範囲\r\nStart Port : 49152\r\n\r\n";
        for bytes in [u16::to_le_bytes, u16::to_be_bytes] {
            assert_eq!(decoded(&wide(text, bytes)), text.as_bytes());
            assert_eq!(decoded(&wide(&format!("\u{feff}{text}"), bytes)), text.as_bytes());
            let oem = b"Port de d\x82marrage : 1024\r\n";
            let both = [oem.as_slice(), &wide(text, bytes), oem].concat();
            assert_eq!(decoded(&both), [oem.as_slice(), text.as_bytes(), oem].concat());
        }
    }

    #[test]
    fn other_text_stays_as_it_is() {
        for text in [&b"a: 1\r\nb: 2\r\n"[..], b"a: 1\0\n b: 2\n", b"\0", b"\0\0\0\n", b"\x82\n"] {
            assert_eq!(decoded(text), text, "{text:?}");
        }
    }
}
