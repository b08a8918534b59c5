//! What people and tools set around the output of a program: quotation marks of mail, fences and
//! cells of Markdown, a prompt before each line, JSON of Ansible. It is taken off, and a line keeps
//! its number.

use std::borrow::Cow;

use crate::parse::decode::decoded;
use crate::parse::sysctl_text::echoed;

/// The text as its program printed it.
pub(crate) fn unwrapped(bytes: &[u8]) -> Cow<'_, [u8]> {
    let text = decoded(bytes);
    let text = match results(&text) {
        Some(results) => Cow::Owned(results),
        None => text,
    };
    if is_wrapped(&text) { Cow::Owned(unquoted(&text)) } else { text }
}

/// Marks that end what is set before each line of a block.
const MARKS: &[u8] = b">|#$%`";

fn is_wrapped(text: &[u8]) -> bool {
    text.iter().any(|byte| MARKS.contains(byte))
}

/// The longest that is set before a line, in bytes.
const PREFIX_MAX: usize = 64;
/// How often one is set before another, as in mails that quote mails.
const DEPTH_MAX: usize = 4;

/// A line and its end.
struct RawLine<'a> {
    text: &'a [u8],
    end: &'a [u8],
}

/// Each block of lines without what all of them begin with.
fn unquoted(text: &[u8]) -> Vec<u8> {
    let lines = text.split_inclusive(|byte| *byte == b'\n').map(|line| {
        let text = line.trim_ascii_end();
        RawLine { text: out_of_backticks(text), end: &line[text.len()..] }
    });
    let mut lines: Vec<RawLine<'_>> = lines.collect();
    for _ in 0..DEPTH_MAX {
        if !without_prefixes(&mut lines) {
            break;
        }
    }
    lines.into_iter().flat_map(|line| [line.text, line.end]).flatten().copied().collect()
}

/// A line of code in Markdown, or the end of one. A fence says nothing, and is left.
fn out_of_backticks(text: &[u8]) -> &[u8] {
    let inner = text.strip_suffix(b"`").unwrap_or(text);
    let inner = inner.strip_prefix(b"`").unwrap_or(inner);
    if inner.contains(&b'`') { text } else { inner }
}

/// Takes one prefix off each block of two lines or more that begin alike; whether any did.
fn without_prefixes(lines: &mut [RawLine<'_>]) -> bool {
    let mut changed = false;
    let mut start = 0;
    while start < lines.len() {
        let Some(prefix) = prefix(lines[start].text) else {
            start += 1;
            continue;
        };
        let alike = lines[start..].iter().take_while(|line| begins(line.text, prefix)).count();
        let block = &mut lines[start..start + alike];
        let kept = block.iter().filter(|line| line.text.len() > prefix.len()).count();
        if kept >= 2 && !(prefix.ends_with(b"#") && is_commented_out(block, prefix.len())) {
            for line in block {
                line.text = &line.text[prefix.len()..];
            }
            changed = true;
        }
        start += alike;
    }
    changed
}

/// Up to and with the first mark of a line, where a blank or nothing follows it.
fn prefix(line: &[u8]) -> Option<&[u8]> {
    let end = line.iter().take(PREFIX_MAX).position(|byte| MARKS.contains(byte))? + 1;
    (begins(line, &line[..end]) && !line[..end].contains(&b'=')).then(|| &line[..end])
}

fn begins(line: &[u8], prefix: &[u8]) -> bool {
    let rest = line.strip_prefix(prefix).map(<[u8]>::first);
    matches!(rest, Some(None | Some(b' ' | b'\t')))
}

/// Whether a block behind `#` is a file whose settings are commented out, and no output that
/// somebody set into a comment: `name=value` without a command line above.
fn is_commented_out(block: &[RawLine<'_>], prefix: usize) -> bool {
    let texts = || block.iter().map(|line| String::from_utf8_lossy(&line.text[prefix..]));
    let runs = |text: &str| TOOLS.iter().any(|tool| echoed(text, tool).is_some());
    let sets = |text: &str| {
        text.split_once('=').is_some_and(|(name, _)| !name.trim().contains([' ', '\t']))
    };
    let first = texts().position(|text| sets(&text));
    first.is_some_and(|first| !texts().take(first).any(|text| runs(&text)))
}

/// The programs whose command lines show that what follows is output.
const TOOLS: [&str; 3] = ["sysctl", "no", "ipadm"];

/// More results than the tasks of one host have.
const RESULTS_MAX: usize = 1024;

/// What the tasks of Ansible printed: `stdout`, or `stdout_lines` where that is all, behind the
/// command that printed it, as far as the text tells.
fn results(text: &[u8]) -> Option<Vec<u8>> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> String {
        String::from_utf8(unwrapped(text.as_bytes()).into_owned()).expect("UTF-8")
    }

    #[test]
    fn a_block_loses_what_all_its_lines_begin_with() {
        let text = "$ sysctl net.inet\nnet.inet.ip.portfirst=1024\n\nnet.inet.ip.portlast=49151\n";
        for prefix in ["> ", "| ", "# ", ">", "> > ", "me@host:~$ ", "PS C:\\> "] {
            let quoted: String = text
                .lines()
                .map(|line| format!("{prefix}{line}").trim_end().to_owned() + "\n")
                .collect();
            let plain: Vec<String> =
                of(&quoted).lines().map(|line| line.trim().to_owned()).collect();
            let wanted: Vec<&str> = text.lines().collect();
            if prefix == ">" {
                assert_eq!(of(&quoted), quoted, "without a blank it may be a part of the text");
            } else {
                assert_eq!(plain, wanted, "{prefix:?}");
            }
        }
    }

    #[test]
    fn a_prompt_and_a_comment_stay() {
        for text in [
            "# ndd /dev/tcp tcp_smallest_anon_port\n1024\n# ndd /dev/udp udp_smallest_anon_port\n1024\n",
            "# net.inet.ip.portfirst=1024\n# net.inet.ip.portlast=2048\n",
            "> one line\nand another\n",
            "plain\n",
        ] {
            assert_eq!(of(text), text);
        }
    }

    #[test]
    fn a_line_of_code_loses_its_backticks() {
        assert_eq!(of("`a: 1\nb: 2`\n```\nsay `x` now\n"), "a: 1\nb: 2\n```\nsay `x` now\n");
    }

    #[test]
    fn results_of_ansible_are_their_output_at_its_line() {
        let text = "ok: [h] => {\n  \"cmd\": \"netsh x\",\n  \"stdout\": \"a: 1\\r\\nb: 2\",\n  \"stdout_lines\": [\"a: 1\", \"b: 2\"]\n}\n";
        assert_eq!(of(text), "\n> netsh x\na: 1\r\nb: 2\n");
        let lines = "{\"p.stdout_lines\": [\"a: 1\", \"b: 2\"]}";
        assert_eq!(of(lines), "a: 1\nb: 2\n");
        let cut = "{\"stdout\": \"a: 1";
        assert_eq!(of(cut), cut, "what is cut is no result");
    }
}
