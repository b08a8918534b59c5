//! `Format-Table`, and `Export-Csv` or `ConvertTo-Csv`.

use super::object::{Field, Object};
use super::{FoundObject, PowershellError};
use crate::parse::lines::{Line, Lines};

/// The objects of every table whose heads name a port range.
pub(super) fn objects(text: &[u8]) -> Vec<FoundObject> {
    let mut found = Vec::new();
    let mut lines = Lines::new(text);
    while let Some(line) = lines.next() {
        let heads = Heads::of(line, lines.clone().next());
        let Some(heads) = heads else { continue };
        if matches!(heads, Heads::Columns(_)) {
            lines.next();
        }
        loop {
            let mut ahead = lines.clone();
            let Some(row) = ahead.next().filter(|row| !row.text.is_empty()) else { break };
            if row.text.starts_with(b"PS ") {
                break;
            }
            lines = ahead;
            match heads.object(row) {
                Ok(Some(template)) => found.push(object(row, Ok(template))),
                Ok(None) => {}
                Err(what) => {
                    let error = PowershellError::Line { line: row.number, what };
                    found.push(object(row, Err(error)));
                }
            }
        }
    }
    found
}

fn object(row: Line<'_>, template: Result<super::Template, PowershellError>) -> FoundObject {
    FoundObject { line: row.number, command: 0, transport: None, template }
}

/// How the cells of a row are found.
enum Heads<'a> {
    /// By the columns of the rule below the heads: the name of each, and where it begins and ends.
    Columns(Vec<(&'a [u8], usize, usize)>),
    /// By this byte between them.
    Separated(u8, Vec<&'a [u8]>),
}

/// The longest line of a table, in bytes; all properties with their values take a tenth.
const ROW_MAX: usize = 16 * 1024;

impl<'a> Heads<'a> {
    fn of(line: Line<'a>, below: Option<Line<'a>>) -> Option<Self> {
        if line.raw.len().max(below.map_or(0, |below| below.raw.len())) > ROW_MAX {
            return None;
        }
        let wanted = |names: &[&[u8]]| {
            ["DynamicPortRangeStartPort", "DynamicPortRangeNumberOfPorts"].iter().all(|property| {
                names.iter().any(|name| name.eq_ignore_ascii_case(property.as_bytes()))
            })
        };
        for separator in [b',', b';', b'\t'] {
            let names: Vec<&[u8]> = cells(line.text, separator);
            if names.len() > 1 && wanted(&names) {
                return Some(Self::Separated(separator, names));
            }
        }
        let names: Vec<(usize, &[u8])> = words(line.raw);
        let rule: Vec<(usize, &[u8])> = words(below?.raw);
        let dashes = rule.iter().all(|(_, word)| word.iter().all(|byte| *byte == b'-'));
        let bare: Vec<&[u8]> = names.iter().map(|(_, name)| *name).collect();
        let table = dashes && rule.len() == names.len() && wanted(&bare);
        let columns = names
            .iter()
            .zip(&rule)
            .map(|((_, name), (start, word))| (*name, *start, *start + word.len().max(name.len())));
        table.then(|| Self::Columns(columns.collect()))
    }

    fn object(&self, row: Line<'_>) -> Result<Option<super::Template>, &'static str> {
        if row.raw.len() > ROW_MAX {
            return Err("a row longer than 16 KiB");
        }
        let mut object = Object::default();
        object.cut = !row.ended;
        match self {
            Self::Separated(separator, names) => {
                let values = cells(row.text, *separator);
                if values.len() != names.len() {
                    return Err("expected as many values as there are heads");
                }
                for (name, value) in names.iter().zip(values) {
                    object.set(name, || Some(Field::Text(value)))?;
                }
            }
            Self::Columns(columns) => {
                let mut words = words(row.raw);
                for (name, start, end) in columns {
                    let within =
                        |(at, word): &(usize, &[u8])| *at < *end && at + word.len() > *start;
                    let mut mine = words.iter().filter(|word| within(word));
                    let value = mine.next().map_or(&b""[..], |(_, word)| word);
                    if mine.next().is_some() {
                        return Err("two words in one column");
                    }
                    object.set(name, || Some(Field::Text(value)))?;
                    words.retain(|word| !within(word));
                }
                if !words.is_empty() {
                    return Err("a word below no head");
                }
            }
        }
        object.finish()
    }
}

/// The words of a line and where each begins.
fn words(line: &[u8]) -> Vec<(usize, &[u8])> {
    let mut at = 0;
    let words = line.split(u8::is_ascii_whitespace).map(|word| {
        let start = at;
        at += word.len() + 1;
        (start, word)
    });
    words.filter(|(_, word)| !word.is_empty()).collect()
}

/// The cells of a line, without their quotes.
fn cells(line: &[u8], separator: u8) -> Vec<&[u8]> {
    let cell = |cell| {
        let cell: &[u8] = <[u8]>::trim_ascii(cell);
        cell.strip_prefix(b"\"").and_then(|cell| cell.strip_suffix(b"\"")).unwrap_or(cell)
    };
    line.split(|byte| *byte == separator).map(cell).collect()
}
