//! What people and tools set around the output of a program: quotation marks of mail, fences and
//! cells of Markdown, a prompt or the time before each line, results of Ansible. It is taken off, and
//! a line keeps its number.

mod ansible;

use std::borrow::Cow;

use crate::parse::console;
use crate::parse::decode::decoded;
use crate::parse::typed::echoed;

/// The text as its program printed it.
pub(crate) fn unwrapped(bytes: &[u8]) -> Cow<'_, [u8]> {
    let text = decoded(bytes);
    let text = match ansible::results(&text) {
        Some(results) => Cow::Owned(results),
        None => text,
    };
    let text = without_escapes(with_plain_blanks(text));
    if is_wrapped(&text) { Cow::Owned(unquoted(&text)) } else { text }
}

const ESCAPE: u8 = 0x1b;

/// The text without what colours it or names the window on a terminal (ECMA-48): control sequences,
/// commands to the system, and single characters.
fn without_escapes(text: Cow<'_, [u8]>) -> Cow<'_, [u8]> {
    if !text.contains(&ESCAPE) {
        return text;
    }
    let mut plain = Vec::with_capacity(text.len());
    let mut rest: &[u8] = &text;
    while let Some((byte, behind)) = rest.split_first() {
        rest = behind;
        if *byte != ESCAPE {
            plain.push(*byte);
            continue;
        }
        let length = match behind {
            [b'[', parameters @ ..] => {
                let is_one = |byte: &u8| matches!(byte, b' '..=b'?');
                2 + parameters.iter().take_while(|byte| is_one(byte)).count()
            }
            [b']', command @ ..] => {
                let end = command.iter().position(|byte| matches!(*byte, 0x07 | ESCAPE | b'\n'));
                match end.map(|end| (end, command[end])) {
                    Some((end, 0x07)) => 2 + end,
                    Some((end, ESCAPE)) => 3 + end,
                    Some((end, _)) => 1 + end,
                    None => behind.len(),
                }
            }
            [b'(' | b')', ..] => 2,
            _ => 1,
        };
        // A line keeps its number, whatever is wrong with it.
        let skipped = &behind[..length.min(behind.len())];
        let kept = skipped.iter().position(|byte| *byte == b'\n').unwrap_or(skipped.len());
        rest = &behind[kept..];
    }
    Cow::Owned(plain)
}

/// Blanks that web pages and chats keep from breaking lines.
const NO_BREAK: &[u8] = "\u{a0}".as_bytes();

fn with_plain_blanks(text: Cow<'_, [u8]>) -> Cow<'_, [u8]> {
    if !text.windows(NO_BREAK.len()).any(|bytes| bytes == NO_BREAK) {
        return text;
    }
    let mut plain = Vec::with_capacity(text.len());
    let mut rest: &[u8] = &text;
    while let Some(byte) = rest.first() {
        if let Some(behind) = rest.strip_prefix(NO_BREAK) {
            plain.push(b' ');
            rest = behind;
        } else {
            plain.push(*byte);
            rest = &rest[1..];
        }
    }
    Cow::Owned(plain)
}

/// Marks that end what is set before each line of a block.
const MARKS: &[u8] = b">|#$%`";

fn is_wrapped(text: &[u8]) -> bool {
    text.iter().any(|byte| MARKS.contains(byte))
        || text.split(|byte| *byte == b'\n').any(|line| stamped(line).is_some())
}

/// The longest time that is set before a line, in bytes.
const STAMP_MAX: usize = 40;
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
    ansible::yaml(&mut lines);
    without_stamps(&mut lines);
    for _ in 0..DEPTH_MAX {
        if !without_prefixes(&mut lines) {
            break;
        }
    }
    lines.into_iter().flat_map(|line| [line.text, line.end]).flatten().copied().collect()
}

/// Takes the time off each block of two lines or more that begin with one, as logs have them.
fn without_stamps(lines: &mut [RawLine<'_>]) {
    let begins_so = |line: &RawLine<'_>| stamped(line.text).is_some();
    for block in lines.chunk_by_mut(|one, other| begins_so(one) == begins_so(other)) {
        if let [_, _, ..] = block {
            for line in block {
                line.text = &line.text[stamped(line.text).unwrap_or_default()..];
            }
        }
    }
}

/// How long what a log sets before a line is: a time, or what syslog(3) and journald write.
fn stamped(line: &[u8]) -> Option<usize> {
    const BEGINNING_MAX: usize = 256;
    let of_log = || {
        let valid = line[..line.len().min(BEGINNING_MAX)].utf8_chunks().next()?.valid();
        console::logged(valid).map(|(_, length)| length)
    };
    stamp(line).or_else(of_log)
}

/// How long the time is that a line begins with, and the blank behind it: `2024-06-11T10:45:12.12Z `,
/// `[10:45:12] `, `2024-06-11 10:45:12,123 `, and `#12 1.234 ` of a build.
fn stamp(line: &[u8]) -> Option<usize> {
    let begin = usize::from(line.first() == Some(&b'['));
    if !line.get(begin).is_some_and(|byte| byte.is_ascii_digit() || *byte == b'#') {
        return None;
    }
    let in_time = |byte: &u8| byte.is_ascii_digit() || b"-:.,TZ+# ".contains(byte);
    let end = line.iter().skip(begin).take(STAMP_MAX).position(|byte| !in_time(byte));
    let end = end.map_or(line.len().min(STAMP_MAX), |end| end + begin);
    let end = if line.get(end) == Some(&b']') { end + 1 } else { end };
    // The text itself may begin with a number.
    let time = &line[..end];
    let blank =
        |from: usize| time[from..].iter().position(|byte| *byte == b' ').map(|at| from + at);
    let word_end = |from: usize| blank(from).unwrap_or(end);
    let first = word_end(0);
    let second = word_end((first + 1).min(end));
    let is_clock = |word: &[u8]| {
        word.windows(8).any(|clock| {
            clock.iter().zip(b"00:00:00").all(|(byte, form)| match form {
                b':' => byte == form,
                _ => byte.is_ascii_digit(),
            })
        })
    };
    let behind = |at: usize| (at + 1).min(line.len());
    if is_clock(&line[..first]) {
        return Some(behind(first));
    }
    let word = &line[(first + 1).min(second)..second];
    let step = line.starts_with(b"#") && word.contains(&b'.') && !word.contains(&b':');
    (is_clock(word) || step).then(|| behind(second))
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
    fn a_log_loses_its_times() {
        for stamps in [
            ["2024-06-11T10:45:12.1234567Z", "2024-06-11T10:45:13.0000001Z"],
            ["2024-06-11 10:45:12,123", "2024-06-11 10:45:12,124"],
            ["[10:45:12]", "[10:45:13]"],
            ["[2024-06-11T10:45:12.123Z]", "[2024-06-11T10:45:12.124Z]"],
            ["#12 0.431", "#12 10.020"],
        ] {
            let [first, second] = stamps;
            let text = format!("{first} a: 1\n{second} 49152 65535\n{second}\n");
            assert_eq!(of(&text), "a: 1\n49152 65535\n\n", "{text}");
        }
        for text in [
            "10:45:12 alone\nb\n",
            "49152  65535\n50000  50059\n",
            "::1   50000 ::  0 Listen\n::1   50001 ::  0 Listen\n",
            "20:10:5::1\n20:10:5::2\n",
            "# 1.2 x\n",
        ] {
            assert_eq!(of(text), text);
        }
    }

    #[test]
    fn a_log_loses_host_and_program() {
        let text =
            "Nov 28 01:02:03 web1 audit[812]: a = 1\nNov  8 01:02:03 web1 audit[812]: b = 2\n";
        assert_eq!(of(text), "a = 1\nb = 2\n");
        for text in ["Nov 28 is the day\nNov 29 is not\n", "November: 1\nMay: 2\n"] {
            assert_eq!(of(text), text);
        }
    }

    #[test]
    fn what_a_terminal_takes_for_itself_is_no_text() {
        for (text, wanted) in [
            ("a\u{1b}[01;31m\u{1b}[Kb\u{1b}[m = 1\n", "ab = 1\n"),
            ("\u{1b}]0;root@web1:~\u{7}root@web1:~# sysctl a\n", "root@web1:~# sysctl a\n"),
            ("\u{1b}]0;x\u{1b}\\a\u{1b}(B\u{1b}=b\n", "ab\n"),
            ("\u{1b}]0;never ended\na = 1\n", "\na = 1\n"),
            ("a\u{1b}[3\nb\u{1b}", "a\nb"),
        ] {
            assert_eq!(of(text), wanted, "{text:?}");
        }
    }

    #[test]
    fn blanks_of_web_pages_are_blanks() {
        assert_eq!(of("a\u{a0}: 1\u{a0}\u{a0}2\n"), "a : 1  2\n");
    }

    #[test]
    fn results_in_yaml_are_their_output_at_its_line() {
        let text = "ok: [h] => changed=true \n  cmd: netsh x\n  rc: 0\n  stdout: |-\n  \n    a: 1\n    b: 2\n  stdout_lines:\n  - 'a: 1'\n\nrest: 1\n";
        assert_eq!(
            of(text),
            "ok: [h] => changed=true \nnetsh x\n\n\n  \na: 1\nb: 2\n\n\n\nrest: 1\n"
        );
        let text = "ok: [h] => \n  p.stdout_lines:\n  - ''\n  - 'a: 1'\n  - b\n  changed: false\n";
        assert_eq!(of(text), "ok: [h] => \n\n\na: 1\nb\n\n");
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
