//! The contract itself.

use std::io::{self, Write};
use std::str;

use serde::Serialize;
use serde_json::Value;

use crate::text::is_unsafe;
use crate::wire::v1::{Document, Explanation, Fleet, FleetDiff, FleetHost, Planned, Probed, Rules};

/// The kinds of document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// Of an audit, and of `show`
    Report,
    /// Of `explain PORT`
    Explanation,
    /// Of `plan`
    Plan,
    /// Of `probe`
    Probe,
    /// Of `rules`, and of `explain RULE`
    Rules,
    /// Of `fleet`
    Fleet,
    /// Of `fleet diff`
    FleetDiff,
    /// Of `fleet --format hosts`: one line
    FleetHost,
}

/// A document, indented, with a newline at its end.
pub fn render(document: &impl Serialize) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Only a map with keys that are no strings, a failing Serialize or a failing Write could fail
    // here; none is there.
    let _ = write(document, &mut bytes);
    bytes
}

/// The same, written as it is made.
pub fn write(document: &impl Serialize, to: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(Harmless(&mut *to), document)?;
    to.write_all(b"\n")
}

/// A value on one line, with a newline at its end, written as it is made.
pub fn write_line(value: &impl Serialize, to: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer(Harmless(&mut *to), value)?;
    to.write_all(b"\n")
}

/// The JSON Schema (2020-12) of a kind of document, made from the structs themselves.
pub fn schema(kind: Kind) -> Vec<u8> {
    let (name, schema) = match kind {
        Kind::Report => ("report", schemars::schema_for!(Document)),
        Kind::Explanation => ("explanation", schemars::schema_for!(Explanation)),
        Kind::Plan => ("plan", schemars::schema_for!(Planned)),
        Kind::Probe => ("probe", schemars::schema_for!(Probed)),
        Kind::Rules => ("rules", schemars::schema_for!(Rules)),
        Kind::Fleet => ("fleet", schemars::schema_for!(Fleet)),
        Kind::FleetDiff => ("fleet-diff", schemars::schema_for!(FleetDiff)),
        Kind::FleetHost => ("fleet-host", schemars::schema_for!(FleetHost)),
    };
    let mut schema = schema.to_value();
    require_every_key(&mut schema);
    // A name, and no address: nothing is to be fetched. It stays with the major version.
    schema["$id"] = format!("urn:ephaudit:schema:{name}:1").into();
    schema["title"] = format!("ephaudit {name}, version 1").into();
    render(&schema)
}

/// Every key is always there, `null` where there is nothing to say: serde leaves none out, and the
/// schema holds it to that.
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

/// JSON may hold DEL, C1 controls and bidirectional marks as they are, and a terminal obeys them:
/// here they are written as `\u009b`, which means the same to a program. Outside of strings JSON
/// has no such character.
struct Harmless<'a>(&'a mut dyn Write);

impl Write for Harmless<'_> {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        if piece.iter().all(|byte| matches!(byte, b'\n' | b' '..=b'~')) {
            return self.0.write_all(piece).map(|()| piece.len());
        }
        // serde_json writes whole pieces of a str.
        for c in str::from_utf8(piece).map_err(io::Error::other)?.chars() {
            if is_unsafe(c) && c != '\n' {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    write!(self.0, "\\u{unit:04x}")?;
                }
            } else {
                self.0.write_all(c.encode_utf8(&mut [0; 4]).as_bytes())?;
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
        let text = String::from_utf8(render(&[name])).expect("UTF-8");
        assert!(!text.chars().any(|c| is_unsafe(c) && c != '\n'), "{text}");
        let back: Vec<String> = serde_json::from_str(&text).expect("JSON");
        assert_eq!(back, [name]);
    }
}
