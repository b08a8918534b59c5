//! The output of sysctl(8) of every OS that has one, and of AIX's `no -a`, whole or in part.
//!
//! It is evidence that somebody captured, perhaps with prompts, messages and other commands around
//! it: a line that is not of the form is passed over, and the caller looks up names in what is
//! left. The text is the capture decoded lossily; U+FFFD and NUL are in no name, and in no number.

use super::typed::{BLANKS, COMMAND_MAX, echoed};

/// A line, without its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PrintedLine<'a> {
    /// Its number, from 1.
    pub number: usize,
    /// The text without LF or CR LF.
    pub text: &'a str,
    /// Whether this is all of it, and a line end follows. Without one the text may have been cut
    /// here, in the middle of a number.
    pub whole: bool,
}

/// One value as it was printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PrintedValue<'a> {
    /// The number of the line, from 1.
    pub line: usize,
    /// The name, such as `net.inet.ip.portrange.first`.
    pub name: &'a str,
    /// What stands behind the separator, without the blanks at both ends; those inside are kept,
    /// tabs too. An empty value is a value: it is how an empty bitmap prints.
    pub value: &'a str,
    /// How the two are parted.
    pub separator: Separator,
    /// See [`PrintedLine::whole`].
    pub whole: bool,
    /// Whether the command line above asked for the form of sysctl.conf(5) (`-e`).
    pub as_in_a_file: bool,
    /// Whether it stands in a file of settings that a command shows: no program read it in the
    /// kernel.
    pub of_a_file: bool,
}

/// What stands between a name and its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Separator {
    /// `name: value`, FreeBSD, DragonFly and macOS.
    Colon,
    /// `name=value`, OpenBSD; also `sysctl -e` of the others, which prints what sysctl.conf(5)
    /// takes.
    Equals,
    /// `name = value`, NetBSD, Linux and AIX's `no`.
    SpacedEquals,
}

/// A name that sysctl(8) gave no value for, and said so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RefusedName<'a> {
    /// The number of the line, from 1.
    pub line: usize,
    /// The name as it was printed, after `/proc/sys/` where that stood before it.
    pub name: &'a str,
    /// What was said.
    pub why: NoValue,
}

/// Why there is no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoValue {
    /// `permission denied on key 'x'` (procps), `Operation not permitted` (BSD).
    Denied,
    /// `unknown oid 'x'` (FreeBSD, macOS), `... level name y in x is invalid` (OpenBSD, NetBSD),
    /// `"x" is an unknown key` and `cannot stat /proc/sys/x: No such file or directory` (procps,
    /// BusyBox).
    NoSuchName,
    /// `setting key "x": Invalid argument` (procps): a write of it, of which nothing shows what it
    /// left.
    Write,
    /// Anything else, such as a read error or a message in another language.
    Other,
}

/// Longer than any line of a system, in bytes: OpenBSD's list of all ports has 382,105. The rest of
/// a line is dropped.
pub(crate) const LINE_MAX: usize = 512 * 1024;

/// Longer than any name, in bytes.
const NAME_MAX: usize = 256;

/// The lines of a text; a byte order mark at its head is no part of the first.
pub(crate) fn lines(text: &str) -> impl Iterator<Item = PrintedLine<'_>> + Clone {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    text.split_inclusive('\n').zip(1..).map(|(raw, number)| {
        let ended = raw.strip_suffix('\n');
        let text = ended.unwrap_or(raw);
        let text = text.strip_suffix('\r').unwrap_or(text);
        let kept = (0..=text.len().min(LINE_MAX)).rev().find(|at| text.is_char_boundary(*at));
        let kept = &text[..kept.unwrap_or_default()];
        PrintedLine { number, text: kept, whole: ended.is_some() && kept.len() == text.len() }
    })
}

/// Every value in the order of the text; a name that is printed twice comes twice.
///
/// The echo of a write, `name: 1023 -> 0`, is no value: it says what somebody asked for, and
/// FreeBSD, DragonFly and macOS clamp that silently. Nor is a description, which `sysctl -d`
/// prints.
pub(crate) fn entries(text: &str) -> impl Iterator<Item = PrintedValue<'_>> {
    let (mut described, mut as_in_a_file, mut of_a_file) = (false, false, false);
    lines(text).filter_map(move |line| {
        of_a_file = shows_file(line.text).unwrap_or(of_a_file);
        if let Some(arguments) = echoed(line.text, "sysctl") {
            let options: Vec<&str> = arguments
                .take_while(|word| *word != "|")
                .filter(|word| word.starts_with('-') && !word.starts_with("--"))
                .collect();
            let has = |letter| options.iter().any(|word| word.contains(letter));
            (described, as_in_a_file) = (has('d'), has('e'));
            return None;
        }
        let entry = entry(line).filter(|_| !described)?;
        (!is_echo(entry.value)).then_some(PrintedValue { as_in_a_file, of_a_file, ..entry })
    })
}

/// Each write whose echo is in the text.
pub(crate) fn written(text: &str) -> impl Iterator<Item = PrintedValue<'_>> {
    lines(text).filter_map(entry).filter(|entry| is_echo(entry.value))
}

fn entry(line: PrintedLine<'_>) -> Option<PrintedValue<'_>> {
    let text = without_number(line.text.trim_matches(BLANKS));
    let (name, rest) = text.split_at(text.find(|c| !in_name(c))?);
    let (separator, value) = if let Some(value) = rest.strip_prefix(':') {
        (Separator::Colon, value)
    } else if let Some(value) = rest.strip_prefix('=') {
        (Separator::Equals, value)
    } else {
        (Separator::SpacedEquals, rest.trim_start_matches(BLANKS).strip_prefix('=')?)
    };
    let parted = separator == Separator::Equals || value.is_empty() || value.starts_with(BLANKS);
    let complaint = separator == Separator::Colon && COMPLAINERS.contains(&name);
    let (value, noted) = without_note(value.trim_start_matches(BLANKS));
    let named = (1..=NAME_MAX).contains(&name.len());
    let wanted = named && parted && !complaint;
    let whole = line.whole || noted;
    let (line, as_in_a_file, of_a_file) = (line.number, false, false);
    wanted.then_some(PrintedValue { line, name, value, separator, whole, as_in_a_file, of_a_file })
}

/// A line without the number that `grep -n` sets before it.
fn without_number(text: &str) -> &str {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let rest = text[digits..].strip_prefix(':').filter(|_| digits > 0);
    rest.filter(|rest| rest.starts_with(|c: char| c.is_ascii_alphabetic())).unwrap_or(text)
}

/// Programs that show files, or write them from what follows.
const SHOWERS: [&str; 13] = [
    "cat", "grep", "egrep", "head", "tail", "less", "more", "vi", "vim", "nano", "sed", "awk",
    "tee",
];
/// What the comments of such files name in their first lines, and what these say there: a quoted
/// text has them without their mark.
const NAMED_IN_HEADS: [&str; 2] = ["sysctl.conf", "sysctl.d"];
const HEADS: [&str; 2] = ["sysctl configuration", "sysctl settings are defined"];

/// Whether what follows a line is of a file of settings, where the line tells.
fn shows_file(line: &str) -> Option<bool> {
    if let Some(path) = line.strip_prefix("==> ").and_then(|rest| rest.strip_suffix(" <==")) {
        return Some(!path.starts_with("/proc/"));
    }
    let prose = |word: &str| {
        let plain = word.chars().all(|c| c.is_ascii_alphabetic() || matches!(c, ',' | ';'));
        plain && !word.is_empty()
    };
    // In a file it may be a comment: `# sysctl -p to apply`.
    let words = echoed(line, "sysctl").map(|words| words.take_while(|word| *word != "|"));
    if words.is_some_and(|mut words| !words.any(prose)) {
        return Some(false);
    }
    let is_file = |word: &str| {
        (word.contains("/etc/") || word.contains("sysctl.d") || word.contains(".conf"))
            && !word.contains("/proc/")
    };
    let may_be = line.len() <= COMMAND_MAX && is_file(line);
    let shown = |tool: &str| echoed(line, tool).is_some_and(|mut words| words.any(is_file));
    let named = NAMED_IN_HEADS.iter().any(|name| line.contains(name));
    let heads =
        HEADS.iter().any(|head| line.contains(head)) || named && line.starts_with(['#', ';']);
    if heads || may_be && SHOWERS.iter().any(|tool| shown(tool)) {
        return Some(true);
    }
    // Another command with a prompt that is no comment's.
    let prompt = line.len() <= COMMAND_MAX && line.contains('@');
    let ends = |word: &str| word.ends_with(['#', '$', '%', '>']);
    (prompt && line.split(BLANKS).take(4).any(ends)).then_some(false)
}

/// `OLD -> NEW` and nothing else; an empty list is nothing.
fn is_echo(value: &str) -> bool {
    let list = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || byte == b',');
    value.split_once("->").is_some_and(|(old, new)| {
        let parted = old.is_empty() || old.ends_with(BLANKS);
        parted && list(old.trim_matches(BLANKS)) && list(new.trim_matches(BLANKS))
    })
}

/// What people note behind numbers.
const NOTES: [&str; 8] = ["->", "<-", "#", "//", "(", ";", "\u{2190}", "\u{2192}"];

/// The value without what somebody noted behind it, and whether there was a note: it ends numbers.
fn without_note(value: &str) -> (&str, bool) {
    let of_numbers = |(at, byte): (usize, u8)| {
        let next = value.as_bytes().get(at + 1).copied().unwrap_or_default();
        byte.is_ascii_digit()
            || matches!(byte, b' ' | b'\t' | b',')
            || (byte == b'-' && next.is_ascii_digit())
    };
    let end = value.bytes().enumerate().position(|at| !of_numbers(at)).unwrap_or(value.len());
    let number = value[..end].trim_end_matches(BLANKS);
    let rest = &value[number.len()..];
    let note = rest.trim_start_matches(BLANKS);
    let noted = !number.is_empty() && note.len() < rest.len() && !is_echo(value);
    if noted && NOTES.iter().any(|mark| note.starts_with(mark)) {
        (number, true)
    } else {
        (value, false)
    }
}

fn in_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '/')
}

/// What a line of standard error begins with; procps 3.2 wrote `error: `, AIX writes `no: `.
const COMPLAINERS: [&str; 3] = ["sysctl", "error", "no"];

/// Every name that sysctl(8) refused, in the order of the text.
///
/// A name that is neither here nor in [`entries`] says nothing: procps' `sysctl -a` passes over a
/// file whose mode lets nobody read it (seen with 4.0.2), and its standard error is often not
/// captured.
pub(crate) fn refused(text: &str) -> impl Iterator<Item = RefusedName<'_>> {
    lines(text).filter_map(|line| {
        let (who, message) = line.text.trim_matches(BLANKS).split_once(": ")?;
        let message = COMPLAINERS.contains(&who).then_some(message)?;
        // The last name-like word: OpenBSD prints the wrong part before the whole name.
        let name = message.split(BLANKS).rev().find_map(named)?;
        Some(RefusedName { line: line.number, name, why: refusal(message) })
    })
}

fn named(word: &str) -> Option<&str> {
    let bare = word.trim_matches(|c: char| !in_name(c) || c == '.');
    let name = bare.strip_prefix("/proc/sys/").unwrap_or(bare);
    let inner = name.contains(['.', '/']) && !name.starts_with('/') && name.chars().all(in_name);
    (inner && name.len() <= NAME_MAX).then_some(name)
}

fn refusal(message: &str) -> NoValue {
    let message = message.to_ascii_lowercase();
    let says = |any: &[&str]| any.iter().any(|words| message.contains(words));
    if message.starts_with("setting key ") {
        NoValue::Write
    } else if says(&["permission denied", "operation not permitted"]) {
        NoValue::Denied
    } else if says(&["unknown oid", "unknown key", "is invalid", "no such file or directory"]) {
        NoValue::NoSuchName
    } else {
        NoValue::Other
    }
}

#[cfg(test)]
pub(crate) mod tests;
