//! The contract itself.

use std::fmt::Write;

use serde::Serialize;
use serde_json::Value;

use crate::text::is_unsafe;
use crate::wire::v1::Document;

/// The document, indented, with a newline at its end.
pub fn render(document: &Document) -> Vec<u8> {
    bytes(document)
}

/// The JSON Schema (2020-12) of the document, made from the structs themselves.
pub fn schema() -> Vec<u8> {
    let mut schema = schemars::schema_for!(Document).to_value();
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

fn bytes(value: &impl Serialize) -> Vec<u8> {
    // Only a map with keys that are no strings, or a failing Serialize, could fail here; neither exists in wire.
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    escape(text).into_bytes()
}

/// JSON may hold DEL, C1 controls and bidirectional marks as they are, and a terminal obeys them: here they are
/// written as `\u009b`, which means the same to a program. Outside of strings JSON has no such character.
fn escape(text: String) -> String {
    let harmful = |c: char| is_unsafe(c) && c != '\n';
    if !text.chars().any(harmful) {
        return text;
    }
    let mut safe = String::with_capacity(text.len() + 64);
    for c in text.chars() {
        if harmful(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a String cannot fail.
                let _ = write!(safe, "\\u{unit:04x}");
            }
        } else {
            safe.push(c);
        }
    }
    safe
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
