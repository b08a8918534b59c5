//! The contract itself.

use std::io::{self, Write};
use std::str;

use serde::Serialize;
use serde_json::Value;

use crate::text::is_unsafe;
use crate::wire::v1::{Document, Explanation, Probed, Rules};

/// The kinds of document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// Of an audit, and of `show`
    Report,
    /// Of `explain PORT`
    Explanation,
    /// Of `probe`
    Probe,
    /// Of `rules`, and of `explain RULE`
    Rules,
}

/// A document, indented, with a newline at its end.
pub fn render(document: &impl Serialize) -> Vec<u8> {
    bytes(document)
}

/// The JSON Schema (2020-12) of a kind of document, made from the structs themselves.
pub fn schema(kind: Kind) -> Vec<u8> {
    let mut schema = match kind {
        Kind::Report => schemars::schema_for!(Document),
        Kind::Explanation => schemars::schema_for!(Explanation),
        Kind::Probe => schemars::schema_for!(Probed),
        Kind::Rules => schemars::schema_for!(Rules),
    }
    .to_value();
    require_every_key(&mut schema);
    bytes(&schema)
}

/// Every key is always there, `null` where there is nothing to say: serde leaves none out, and the schema holds it to
/// that.
fn require_every_key(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            if let Some(Value::Object(properties)) = object.get("properties") {
                let keys = properties.keys().cloned().map(Value::String).collect();
                object.insert("required".to_owned(), Value::Array(keys));
            }
            object.values_mut().for_each(require_every_key);
        }
        Value::Array(items) => items.iter_mut().for_each(require_every_key),
        _ => {}
    }
}

/// A value on one line, with a newline at its end.
pub fn compact(value: &impl Serialize) -> Vec<u8> {
    let mut text = Harmless(Vec::new());
    // Only a map with keys that are no strings, or a failing Serialize, could fail here; neither exists in wire.
    let _ = serde_json::to_writer(&mut text, value);
    text.0.push(b'\n');
    text.0
}

fn bytes(value: &impl Serialize) -> Vec<u8> {
    let mut text = Harmless(Vec::new());
    // As above.
    let _ = serde_json::to_writer_pretty(&mut text, value);
    text.0.push(b'\n');
    text.0
}

/// JSON may hold DEL, C1 controls and bidirectional marks as they are, and a terminal obeys them: here they are
/// written as `\u009b`, which means the same to a program. Outside of strings JSON has no such character.
struct Harmless(Vec<u8>);

impl Write for Harmless {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        if piece.iter().all(|byte| matches!(byte, b'\n' | b' '..=b'~')) {
            self.0.extend_from_slice(piece);
            return Ok(piece.len());
        }
        // serde_json writes whole pieces of a str.
        for c in str::from_utf8(piece).map_err(io::Error::other)?.chars() {
            if is_unsafe(c) && c != '\n' {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    write!(self.0, "\\u{unit:04x}")?;
                }
            } else {
                self.0.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            }
        }
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn harmful_characters_are_escaped_and_mean_the_same() {
        let name = "a\u{9b}31m\u{202e}b\u{7f}\u{1b}\n\"";
        let text = String::from_utf8(bytes(&[name])).expect("UTF-8");
        assert!(!text.chars().any(|c| is_unsafe(c) && c != '\n'), "{text}");
        let back: Vec<String> = serde_json::from_str(&text).expect("JSON");
        assert_eq!(back, [name]);
    }
}
