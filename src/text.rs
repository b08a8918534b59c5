//! Small pieces of wording that rules and renderers share.

use ephaudit_platform::ports::PortSet;
use sha2::{Digest, Sha256};

/// How many spans a sentence lists before it counts the rest.
const SPANS_SHOWN: usize = 12;

/// `28232` as `28,232`.
pub fn grouped(number: u32) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 port`, `28,232 ports`.
pub fn counted(number: u32, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", grouped(number))
}

/// The part of a whole in percent, rounded down; nothing of nothing.
pub fn percent(part: u32, whole: u32) -> u32 {
    let percent = (u64::from(part) * 100).checked_div(whole.into()).unwrap_or_default();
    u32::try_from(percent).unwrap_or(u32::MAX)
}

/// `60 s`, `1,500 ms`.
pub fn seconds(milliseconds: u32) -> String {
    if milliseconds % 1000 == 0 {
        format!("{} s", grouped(milliseconds / 1000))
    } else {
        format!("{} ms", grouped(milliseconds))
    }
}

/// The spans of a set, the first dozen of them.
pub fn spans(ports: &PortSet) -> String {
    spans_of(ports, 0)
}

/// The same of a set with so many spans more than are known here.
pub fn spans_of(ports: &PortSet, unknown: usize) -> String {
    let shown: Vec<String> =
        ports.spans().iter().take(SPANS_SHOWN).map(ToString::to_string).collect();
    let text = if shown.is_empty() { "none".to_owned() } else { shown.join(", ") };
    match ports.spans().len().saturating_sub(SPANS_SHOWN) + unknown {
        0 => text,
        more => format!("{text} and {more} more"),
    }
}

/// A setting by the name that people know it by.
pub fn setting(key: &str) -> &str {
    key.strip_prefix("net.ipv4.").unwrap_or(key)
}

/// A setting's value in a sentence: its beginning, where it is long.
pub fn setting_value(value: &str) -> String {
    const SHOWN: usize = 64;
    if value.is_empty() {
        return "empty".to_owned();
    }
    shortened(&value.replace('\t', " "), SHOWN)
}

/// The beginning of a text, and a sign that there is more of it.
pub fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most).and_then(|(end, _)| text.get(..end)) {
        Some(beginning) => format!("{beginning}…"),
        None => text.to_owned(),
    }
}

/// The beginning of a text of several words, whole words where that leaves most of it, and a sign
/// that there is more.
pub fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let beginning: String = text.chars().take(most.saturating_sub(4)).collect();
    match beginning.rfind(' ').filter(|end| *end > beginning.len() / 2) {
        Some(end) => format!("{} …", beginning[..end].trim_end_matches([',', ':', ';'])),
        None => format!("{beginning}…"),
    }
}

/// The name that was perhaps meant by one that there is not.
pub fn nearest<'a>(wrong: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let wrong = wrong.to_lowercase();
    let distance = |name: &str| strsim::damerau_levenshtein(&wrong, name);
    known
        .map(|name| (distance(name), name))
        .min()
        .filter(|(distance, name)| *distance <= name.len().max(wrong.len()) / 3)
        .map(|(_, name)| name)
}

/// "even" or "odd".
pub const fn parity(port: u16) -> &'static str {
    if port % 2 == 0 { "even" } else { "odd" }
}

/// What runs a process, as more words about it: `, web.service`, `, container 3a1f0c5b9d7e`;
/// nothing where none is told.
pub fn run_by(unit: Option<&str>, container: Option<&str>) -> String {
    let unit = unit.map(|unit| format!(", {unit}"));
    // As many digits of an id as the container managers print themselves.
    let container = container.map(|name| match name.len() {
        64 => format!(", container {}", name.get(..12).unwrap_or(name)),
        _ => format!(", container {name}"),
    });
    [unit, container].into_iter().flatten().collect()
}

/// The first 16 hexadecimal digits of a text's SHA-256.
pub fn digest(text: &str) -> String {
    let digest = Sha256::digest(text);
    let beginning = digest.iter().take(8).fold(0_u64, |word, byte| (word << 8) | u64::from(*byte));
    format!("{beginning:016x}")
}

/// Text from outside made safe for a terminal: control characters and those that reorder text are
/// written as `\u{1b}`, so that no name can draw, move or hide anything.
pub fn printable(text: &str) -> std::borrow::Cow<'_, str> {
    if !text.chars().any(is_unsafe) {
        return text.into();
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_unsafe(c) {
            safe.extend(c.escape_unicode());
        } else {
            safe.push(c);
        }
    }
    safe.into()
}

/// C0, DEL and C1 controls, line and paragraph separators, and the bidirectional formatting
/// characters.
pub fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_and_spans() {
        assert_eq!([0, 999, 1000, 65536].map(grouped), ["0", "999", "1,000", "65,536"]);
        assert_eq!((counted(1, "port"), counted(2, "port")), ("1 port".into(), "2 ports".into()));
        assert_eq!([60_000, 1500].map(seconds), ["60 s", "1,500 ms"]);
        assert_eq!((percent(1, 3), percent(u32::MAX, u32::MAX), percent(1, 0)), (33, 100, 0));
        let many: PortSet = "1,3,5,7,9,11,13,15,17,19,21,23,25,27".parse().expect("ports");
        assert!(spans(&many).ends_with("23 and 2 more"), "{}", spans(&many));
        assert_eq!(spans(&PortSet::new()), "none");
    }

    #[test]
    fn nothing_that_moves_the_cursor_or_the_text_gets_through() {
        let hostile = "a\u{1b}[31mb\r\n\t\u{9b}2J\u{202e}c\u{7f}\u{200b}é漢";
        let safe = printable(hostile);
        assert!(!safe.chars().any(is_unsafe), "{safe}");
        assert!(safe.contains("\\u{1b}[31m") && safe.ends_with("é漢"), "{safe}");
        assert_eq!(printable("java"), "java");
    }
}
