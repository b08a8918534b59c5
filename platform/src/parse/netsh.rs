//! The output of `netsh interface ipv4|ipv6 show dynamicport` and `show excludedportrange`, in
//! whatever language and code page Windows wrote it.
//!
//! Every word is translated, so none counts: a table is known by its rule of dashes and by the
//! shape of the lines below it. What does count is ASCII in all code pages that netsh writes (437,
//! 850, 866, 932, 936, 949, 950, 65001): digits, `-`, `*`, CR and LF. Of the words only `tcp` and
//! `udp` are read, which no translation of the titles touches, and the command line where a prompt
//! echoed it.
//!
//! A table is taken whole or not at all. Where a title or a command line names the transport and
//! the table below is damaged, that is an error; the same shapes without a transport are what other
//! commands print (`netsh interface ipv4 show udpstats`, two columns of Format-Table) and are
//! passed over.

use std::borrow::Cow;

use crate::ports::PortRange;
use crate::snapshot::{Family, Transport};

/// One host has 4 dynamic ranges and 4 exclusion lists in 2 stores; a text with more than this is
/// no evidence.
const SECTIONS_MAX: usize = 1024;

/// Exclusions are disjoint, so that there cannot be more of them than ports.
const ROWS_MAX: usize = 65_536;

/// The rows of all exclusion lists of a text.
const ALL_ROWS_MAX: usize = 8 * ROWS_MAX;

/// What netsh keeps a setting in: `store=` of the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Store {
    /// In force now.
    Active,
    /// In force after the next boot.
    Persistent,
}

/// One row of an exclusion list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Excluded {
    /// The ports; unlike `dynamicport`, netsh prints their first and their LAST number.
    pub(crate) range: PortRange,
    /// Marked `*`: added with netsh or by its API, not reserved by a running service.
    pub(crate) administered: bool,
}

/// What one command printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Table {
    /// `show dynamicport`: 1 <= start, 1 <= count, start + count - 1 <= 65535.
    DynamicPort {
        /// The first port.
        start: u32,
        /// HOW MANY ports, not the last one.
        count: u32,
    },
    /// `show excludedportrange`, in the order of the text; an empty list is a known one.
    ExcludedPorts(Vec<Excluded>),
}

/// A table and what the text says about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Section {
    /// The 1-based line of its title, or of its rule of dashes where there is no title.
    pub(crate) line: usize,
    /// From the title, else from the echoed command line; `None` where neither says it.
    pub(crate) transport: Option<Transport>,
    /// From the echoed command line only: no title names the family.
    pub(crate) family: Option<Family>,
    /// From the echoed command line only.
    pub(crate) store: Option<Store>,
    /// The numbers.
    pub(crate) table: Table,
}

/// Where a table is damaged, and how.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub(crate) struct NetshError {
    /// The 1-based line.
    pub(crate) line: usize,
    /// What is wrong with it.
    pub(crate) what: &'static str,
}

const CUT: &str = "the text ends inside the table";

/// Every table of the text. Text without a table gives none: a caller that asked for one has then
/// read nothing.
pub(crate) fn sections(bytes: &[u8]) -> Result<Vec<Section>, NetshError> {
    let text = decoded(bytes);
    let mut lines = Lines::new(&text);
    let mut sections = Vec::new();
    let mut rows = 0;
    let mut above = Above::default();
    while let Some(line) = lines.next() {
        let Some(depth @ (1 | 2)) = runs_of_dashes(line.text) else {
            above.push(line);
            continue;
        };
        let heading = above.heading(depth, line)?;
        let read =
            if depth == 1 { dynamic_port(&mut lines) } else { excluded_ports(&mut lines, line) };
        match read {
            Ok(Some((table, by_itself))) if by_itself || heading.transport.is_some() => {
                if let Table::ExcludedPorts(list) = &table {
                    rows += list.len();
                }
                if sections.len() == SECTIONS_MAX || rows > ALL_ROWS_MAX {
                    return Err(NetshError { line: line.number, what: "too many tables" });
                }
                let Heading { line, transport, family, store } = heading;
                sections.push(Section { line, transport, family, store, table });
                above = Above::default();
            }
            Err(damage) if heading.transport.is_some() => return Err(damage),
            _ => above.push(line),
        }
    }
    Ok(sections)
}

/// A table, and whether its shape alone tells it from those of other commands.
type Read = Result<Option<(Table, bool)>, NetshError>;

/// The two lines `label : number` below a single run of dashes; on success `lines` stands behind
/// them.
///
/// Port 0 asks for any port and an empty range gives none, so neither can be a setting that works:
/// both are refused, as is a range that ends beyond port 65535. Microsoft documents start >= 1025
/// and count >= 255, but hosts with start 1024 exist; anything else is taken as printed.
fn dynamic_port(lines: &mut Lines) -> Read {
    let mut ahead = lines.clone();
    let (first, second) = (ahead.next(), ahead.next());
    let value_of = |line: &Option<Line>| line.map_or(Value::None, |line| value(line.text));
    // Statistics go on with a third such line; a dynamic range never does.
    if !matches!(value_of(&ahead.clone().next()), Value::None) {
        return Ok(None);
    }
    let damage = |line: Option<Line>, what| {
        let line = line.or(first).map_or(lines.number, |line| line.number);
        Err(NetshError { line, what })
    };
    let (start, count) = match (value_of(&first), value_of(&second)) {
        (Value::None, Value::None) => return Ok(None),
        (Value::Number(start), Value::Number(count)) => (start, count),
        (Value::Number(_), Value::None) if second.is_none_or(|line| !line.ended) => {
            return damage(second, CUT);
        }
        (Value::Number(_), _) => return damage(second, "expected a label, a colon and a number"),
        _ => return damage(first, "expected a label, a colon and a number"),
    };
    if !second.is_some_and(|line| line.ended) {
        return damage(second, "the text ends in this line, so that its number may be cut");
    }
    if start == 0 {
        return damage(first, "a dynamic range cannot start at port 0");
    }
    if count == 0 {
        return damage(second, "a dynamic range of no ports");
    }
    if u64::from(start) + u64::from(count) - 1 > u64::from(u16::MAX) {
        return damage(second, "the dynamic range ends beyond port 65535");
    }
    *lines = ahead;
    Ok(Some((Table::DynamicPort { start, count }, true)))
}

/// The rows below two runs of dashes; `lines` moves behind what was read, whether it was a table or
/// not.
///
/// The list is whole where a line that is no row ends it. Rows stand in one block, netsh writes a
/// blank line behind it and then a footer that begins with `*` in all languages. An empty list
/// needs that footer: a rule with nothing below it may just as well be a cut text.
fn excluded_ports(lines: &mut Lines, rule: Line) -> Read {
    let mut rows = Vec::new();
    let mut last = rule;
    let mut in_block = true;
    loop {
        let mut ahead = lines.clone();
        let Some(line) = ahead.next() else {
            // Blanks that no line end follows may be the indent of the next row.
            let whole = !rows.is_empty() && !in_block && last.ended;
            let damage = NetshError { line: last.number, what: CUT };
            return if whole { Ok(Some((Table::ExcludedPorts(rows), false))) } else { Err(damage) };
        };
        let damage = |what| Err(NetshError { line: line.number, what });
        if line.text.is_empty() {
            in_block = false;
        } else if line.text.starts_with(b"*") {
            return Ok(Some((Table::ExcludedPorts(rows), true)));
        } else {
            match row(line.text) {
                Row::None if in_block || rows.is_empty() => {
                    return damage("expected two port numbers or the end of the list");
                }
                Row::None => return Ok(Some((Table::ExcludedPorts(rows), false))),
                Row::Damaged(what) => return damage(what),
                Row::Ports(_) if !in_block => {
                    return damage("a row after the blank line that ends the list");
                }
                Row::Ports(_) if !line.ended => {
                    return damage("the text ends in this line, so that its number may be cut");
                }
                Row::Ports(_) if rows.len() == ROWS_MAX => return damage("more rows than ports"),
                Row::Ports(excluded) => rows.push(excluded),
            }
        }
        last = line;
        *lines = ahead;
    }
}

enum Row {
    Ports(Excluded),
    Damaged(&'static str),
    /// It does not begin like a number.
    None,
}

/// `^\d{1,5}\s+\d{1,5}(\s*\*)?$`
fn row(text: &[u8]) -> Row {
    if !begins_like_a_number(text) {
        return Row::None;
    }
    let (first, rest) = digits(text);
    let blank = rest.len();
    let rest = rest.trim_ascii_start();
    let (last, mark) = digits(rest);
    let administered = match mark.trim_ascii_start() {
        b"" => false,
        b"*" => true,
        _ => return Row::Damaged("expected two port numbers"),
    };
    if blank == rest.len() || first.is_empty() || last.is_empty() {
        return Row::Damaged("expected two port numbers");
    }
    let port = |digits| number(digits).and_then(|number| u16::try_from(number).ok());
    let (Some(first), Some(last)) = (port(first), port(last)) else {
        return Row::Damaged("a number that is not a port");
    };
    match PortRange::new(first, last) {
        Some(range) => Row::Ports(Excluded { range, administered }),
        None => Row::Damaged("the last port is below the first"),
    }
}

enum Value {
    Number(u32),
    /// Something that begins like a number, but is none.
    Damaged,
    /// No colon, or words behind it.
    None,
}

/// The colons that end a label: ASCII, and U+FF1A in UTF-8, in code pages 936 and 949, in 932 and
/// in 950.
const COLONS: [&[u8]; 5] = [b":", b"\xef\xbc\x9a", b"\xa3\xba", b"\x81\x46", b"\xa1\x47"];

/// The number behind the last colon of a line.
fn value(text: &[u8]) -> Value {
    let end_of = |colon: &&[u8]| {
        let at = text.windows(colon.len()).rposition(|window| window == *colon)?;
        Some(at + colon.len())
    };
    let Some(end) = COLONS.iter().filter_map(end_of).max() else {
        return Value::None;
    };
    let value = text[end..].trim_ascii_start();
    match digits(value) {
        _ if !begins_like_a_number(value) => Value::None,
        (digits, b"") => number(digits).map_or(Value::Damaged, Value::Number),
        _ => Value::Damaged,
    }
}

fn begins_like_a_number(text: &[u8]) -> bool {
    let unsigned = text.strip_prefix(b"-").or_else(|| text.strip_prefix(b"+")).unwrap_or(text);
    unsigned.first().is_some_and(u8::is_ascii_digit)
}

/// The digits that `text` begins with, and the rest.
fn digits(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    text.split_at(end)
}

/// A number as Windows prints it: decimal digits only, without a leading zero.
pub(super) fn number(digits: &[u8]) -> Option<u32> {
    let plain = digits.iter().all(u8::is_ascii_digit)
        && (digits.len() == 1 || digits.first() != Some(&b'0'));
    std::str::from_utf8(digits).ok().filter(|_| plain)?.parse().ok()
}

/// How many runs of three or more dashes the line consists of, with blanks between them; `None` for
/// any other line.
fn runs_of_dashes(text: &[u8]) -> Option<usize> {
    let mut runs = text.split(|byte| matches!(byte, b' ' | b'\t')).filter(|run| !run.is_empty());
    let rule = |run: &[u8]| run.len() >= 3 && run.iter().all(|byte| *byte == b'-');
    runs.try_fold(0, |count, run| rule(run).then_some(count + 1)).filter(|count| *count > 0)
}

/// What stands above a rule of dashes, back to the last table or command line.
#[derive(Default)]
struct Above<'a> {
    command: Option<Command>,
    /// How many lines that are not blank.
    lines: usize,
    /// The last two of them, the latest first.
    latest: [Option<Line<'a>>; 2],
}

struct Heading {
    line: usize,
    transport: Option<Transport>,
    family: Option<Family>,
    store: Option<Store>,
}

impl<'a> Above<'a> {
    fn push(&mut self, line: Line<'a>) {
        if line.text.is_empty() {
            return;
        }
        if let Some(command) = Command::echoed(line.text) {
            *self = Self { command: Some(command), ..Self::default() };
        } else {
            self.lines = self.lines.saturating_add(1);
            self.latest = [Some(line), self.latest[0]];
        }
    }

    /// The title stands `depth` lines above `rule`: the heads of the two columns come between.
    ///
    /// An echoed command line belongs to the table only where nothing else stands between them.
    /// Otherwise it is that of a command that failed, with its error text.
    fn heading(&self, depth: usize, rule: Line) -> Result<Heading, NetshError> {
        let title = self.latest.get(depth - 1).copied().flatten();
        let named = title.and_then(|title| only(words(title.text).filter_map(transport)));
        let line = title.or(self.latest[0]).unwrap_or(rule).number;
        let command = self.command.as_ref().filter(|_| self.lines <= depth);
        let asked = command.and_then(|command| command.transport);
        if named.is_some() && asked.is_some() && named != asked {
            return Err(NetshError { line, what: "the title and the command line above disagree" });
        }
        Ok(Heading {
            line,
            transport: named.or(asked),
            family: command.and_then(|command| command.family),
            store: command.and_then(|command| command.store),
        })
    }
}

/// A command line that a prompt echoed: `C:\>netsh int ipv6 show dynamicport tcp`, or in netsh's
/// own shell `netsh interface ipv4>show excludedportrange udp store=persistent`.
struct Command {
    transport: Option<Transport>,
    family: Option<Family>,
    store: Option<Store>,
}

impl Command {
    /// Where a line says two things, as one with two commands does, it says neither.
    fn echoed(text: &[u8]) -> Option<Self> {
        let mut arguments = words(text);
        arguments.find(|word| word.eq_ignore_ascii_case(b"netsh"))?;
        let family = |word: &[u8]| match word.to_ascii_lowercase().as_slice() {
            b"ipv4" => Some(Family::Ipv4),
            b"ipv6" => Some(Family::Ipv6),
            _ => None,
        };
        let store = |word: &[u8]| match word.to_ascii_lowercase().as_slice() {
            b"active" => Some(Store::Active),
            b"persistent" => Some(Store::Persistent),
            _ => None,
        };
        Some(Self {
            transport: only(arguments.clone().filter_map(transport)),
            family: only(arguments.clone().filter_map(family)),
            store: only(arguments.filter_map(store)),
        })
    }
}

fn transport(word: &[u8]) -> Option<Transport> {
    let is = |transport: &Transport| word.eq_ignore_ascii_case(transport.name().as_bytes());
    Transport::ALL.iter().copied().find(is)
}

/// ASCII words. The letters among the trail bytes of the East Asian code pages can hide a word that
/// no blank or quotation mark sets off, but cannot make one of three letters.
fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> + Clone {
    text.split(|byte| !byte.is_ascii_alphanumeric()).filter(|word| !word.is_empty())
}

/// What all items say, if they agree.
fn only<T: PartialEq>(mut items: impl Iterator<Item = T>) -> Option<T> {
    let first = items.next()?;
    items.all(|item| item == first).then_some(first)
}

/// One line, without its end and the blanks around it.
#[derive(Clone, Copy)]
pub(super) struct Line<'a> {
    /// 1-based.
    pub(super) number: usize,
    pub(super) text: &'a [u8],
    /// Whether a line feed ended it: if not, the text may have been cut here.
    pub(super) ended: bool,
}

/// Lines end with LF; CR, CR LF and the CR CR LF of a doubled conversion are trimmed away as blanks
/// are.
#[derive(Clone)]
pub(super) struct Lines<'a> {
    rest: &'a [u8],
    number: usize,
}

impl<'a> Lines<'a> {
    pub(super) const fn new(text: &'a [u8]) -> Self {
        Self { rest: text, number: 0 }
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = Line<'a>;

    fn next(&mut self) -> Option<Line<'a>> {
        if self.rest.is_empty() {
            return None;
        }
        let feed = self.rest.iter().position(|byte| *byte == b'\n');
        let (line, rest) = self.rest.split_at(feed.map_or(self.rest.len(), |feed| feed + 1));
        self.rest = rest;
        self.number += 1;
        Some(Line { number: self.number, text: line.trim_ascii(), ended: feed.is_some() })
    }
}

/// The text without its byte order mark, out of the UTF-16 that Windows PowerShell's `>` writes if
/// need be.
pub(crate) fn decoded(bytes: &[u8]) -> Cow<'_, [u8]> {
    let utf16 = |units: &[u8], unit: fn([u8; 2]) -> u16| {
        // A half unit at the end is dropped: the line is then one without an end.
        let pairs = units.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
        // Two bytes become three at most.
        let mut text = String::with_capacity(units.len() / 2 * 3);
        text.extend(
            char::decode_utf16(pairs).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)),
        );
        Cow::Owned(text.into_bytes())
    };
    match bytes {
        [0xff, 0xfe, units @ ..] => utf16(units, u16::from_le_bytes),
        [0xfe, 0xff, units @ ..] => utf16(units, u16::from_be_bytes),
        text => Cow::Borrowed(text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text)),
    }
}

#[cfg(test)]
pub(super) mod tests;
