//! What the tasks of Ansible printed, out of the results that it shows: JSON, or YAML where its
//! callback is that.

use super::RawLine;

/// More results than the tasks of one host have.
const RESULTS_MAX: usize = 1024;

/// What the tasks of Ansible printed: `stdout`, or `stdout_lines` where that is all, behind the
/// command that printed it, as far as the text tells.
pub(super) fn results(text: &[u8]) -> Option<Vec<u8>> {
    let mut kept: Vec<u8> = Vec::new();
    let (mut printed, mut lines, mut kept_lines) = (None, 1, 1);
    let mut from = 0;
    for _ in 0..RESULTS_MAX {
        let Some((key, at)) = next_key(text, from) else { break };
        lines += line_ends(&text[from..at]);
        from = at;
        let value = serde_json::Deserializer::from_slice(&text[at..]).into_iter::<Printed>().next();
        let Some(Ok(Printed::Text(value))) = value.map(|read| read.map(Printed::joined)) else {
            continue;
        };
        let missing = lines.saturating_sub(kept_lines);
        kept.resize(kept.len() + missing, b'\n');
        kept_lines += missing;
        let before = kept.len();
        match key {
            ResultKey::Command => kept.extend_from_slice(format!("> {value}\n").as_bytes()),
            ResultKey::Lines if printed.as_deref() == Some(value.trim_end()) => {}
            ResultKey::Text | ResultKey::Lines => {
                kept.extend_from_slice(value.as_bytes());
                kept.push(b'\n');
                printed = Some(value.replace("\r\n", "\n").trim_end().to_owned());
            }
        }
        kept_lines += line_ends(&kept[before..]);
    }
    printed.map(|_| kept)
}

fn line_ends(text: &[u8]) -> usize {
    text.split(|byte| *byte == b'\n').count() - 1
}

/// A value of JSON that is text, or texts.
#[derive(serde::Deserialize)]
#[serde(untagged)]
enum Printed {
    Text(String),
    Texts(Vec<String>),
    Other(serde::de::IgnoredAny),
}

impl Printed {
    fn joined(self) -> Self {
        match self {
            Self::Texts(lines) => Self::Text(lines.join("\n")),
            other => other,
        }
    }
}

#[derive(Clone, Copy)]
enum ResultKey {
    Command,
    Text,
    Lines,
}

/// The next key that matters, and where its value begins.
fn next_key(text: &[u8], from: usize) -> Option<(ResultKey, usize)> {
    let keys = [
        (&b"cmd\""[..], ResultKey::Command),
        (b"stdout\"", ResultKey::Text),
        (b"stdout_lines\"", ResultKey::Lines),
    ];
    (from..text.len()).find_map(|at| {
        keys.iter().find_map(|(name, key)| {
            let rest = text[at..].strip_prefix(*name)?;
            let value = rest.trim_ascii_start().strip_prefix(b":")?;
            let opens =
                matches!(at.checked_sub(1).and_then(|before| text.get(before)), Some(b'"' | b'.'));
            opens.then(|| (*key, text.len() - value.len()))
        })
    })
}

/// The same where results are YAML: their lines in their places.
pub(super) fn yaml(lines: &mut [RawLine<'_>]) {
    let mut at = None;
    for line in lines {
        let text = line.text.trim_ascii_start();
        let indent = line.text.len() - text.len();
        if is_task(line.text) {
            at = Some(YamlResult::default());
        } else if let Some(result) = at.as_mut().filter(|_| indent > 0 || text.is_empty()) {
            line.text = result.printed(text, indent);
        } else {
            at = None;
        }
    }
}

/// `changed: [win1] => changed=true`, and nothing of JSON.
fn is_task(line: &[u8]) -> bool {
    let states = [&b"ok: ["[..], b"changed: [", b"fatal: ["];
    states.iter().any(|state| line.starts_with(state))
        && line.windows(2).any(|arrow| arrow == b"=>")
        && !line.contains(&b'{')
}

/// A result while its lines are read.
#[derive(Default)]
struct YamlResult {
    /// How far its keys stand in.
    indent: Option<usize>,
    /// What the key above holds.
    holds: YamlValue,
    /// Whether the output was told.
    printed: bool,
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum YamlValue {
    #[default]
    Nothing,
    /// Lines of text.
    Block,
    /// One text an item.
    Items,
}

impl YamlResult {
    /// What a line of the result holds of the output.
    fn printed<'a>(&mut self, text: &'a [u8], indent: usize) -> &'a [u8] {
        let keys = *self.indent.get_or_insert(indent);
        let is_item = text.starts_with(b"- ") || text == b"-";
        if text.is_empty() || indent > keys || (is_item && self.holds == YamlValue::Items) {
            return match self.holds {
                YamlValue::Nothing => b"",
                YamlValue::Block => text,
                YamlValue::Items => unquoted(text.strip_prefix(b"-").unwrap_or(text).trim_ascii()),
            };
        }
        self.holds = YamlValue::Nothing;
        let end = text.iter().position(|byte| *byte == b':').unwrap_or(text.len());
        let (key, value) = (&text[..end], text[end..].trim_ascii_start());
        let value = value.strip_prefix(b":").unwrap_or(value).trim_ascii();
        if key == b"cmd" {
            return value;
        }
        let name = key.rsplit(|byte| *byte == b'.').next().unwrap_or(key);
        self.holds = match (name, value.first()) {
            (b"stdout", Some(b'|')) => YamlValue::Block,
            (b"stdout_lines" | b"msg", None) if !self.printed => YamlValue::Items,
            _ => YamlValue::Nothing,
        };
        self.printed |= self.holds != YamlValue::Nothing;
        b""
    }
}

fn unquoted(text: &[u8]) -> &[u8] {
    let between = |quote: &[u8]| text.strip_prefix(quote)?.strip_suffix(quote);
    between(b"'").or_else(|| between(b"\"")).unwrap_or(text)
}
