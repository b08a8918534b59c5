//! The output of `netsh interface ipv4|ipv6 show dynamicport` and `show excludedportrange`, in
//! whatever language and code page Windows wrote it.
//!
//! Every word is translated, so none counts: a table is known by its rule of dashes and by the
//! shape of the lines below it. What does count is ASCII in all code pages that netsh writes (437,
//! 850, 866, 932, 936, 949, 950, 65001): digits, `-`, `*`, CR and LF. Of the words only `tcp` and
//! `udp` are read, which no translation of the titles touches, and the command line where a prompt
//! echoed it.
//!
//! A table is what its shape and its place say together: two labelled numbers that can be a range,
//! or rows of two ports, below a title with `tcp` or `udp` or a command line that asked for it. The
//! same shapes elsewhere are what other commands print (`netsh interface ipv4 show udpstats`,
//! `netsh interface tcp show supplemental`, two columns of Format-Table) and are passed over. Where
//! the place says what a table is and the table is damaged, it is that table's damage and no
//! other's.

mod heading;
mod numbers;

use super::decode::decoded;
use super::lines::{Line, Lines};
use heading::{Above, EchoedCommand, Heading};
pub(in crate::parse) use numbers::number;
use numbers::{NetshRow, NetshValue, labelled, row, value};

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
    /// `show dynamicport`: 1 <= start, 255 <= count, start + count - 1 <= 65535.
    DynamicPort {
        /// The first port.
        start: u32,
        /// HOW MANY ports, not the last one.
        count: u32,
    },
    /// `show excludedportrange`, in the order of the text; an empty list is a known one.
    ExcludedPorts(Vec<Excluded>),
}

/// Which table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `show dynamicport`.
    DynamicPort,
    /// `show excludedportrange`.
    ExcludedPorts,
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
    /// Which table it is.
    pub(crate) kind: Kind,
    /// The numbers, or why they are not certain.
    pub(crate) table: Result<Table, Damage>,
    /// Why a list of exclusions may go on where its rows end.
    pub(crate) more: Option<Damage>,
}

/// Where a table is damaged, and how.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub(crate) struct Damage {
    /// The 1-based line.
    pub(crate) line: usize,
    /// What is wrong with it.
    pub(crate) what: &'static str,
}

const CUT: &str = "the text ends inside the table";
const LAST_CUT: &str = "the text ends in this line, so that its number may be cut";
const NO_ROW: &str = "expected two port numbers or the end of the list";

/// The least count that Windows takes (support article 929851).
const COUNT_MIN: u32 = 255;

/// Every table of the text. Text without a table gives none: a caller that asked for one has then
/// read nothing.
pub(crate) fn sections(bytes: &[u8]) -> Result<Vec<Section>, Damage> {
    let text = decoded(bytes);
    let mut lines = Lines::new(&text);
    let mut sections = Vec::new();
    let mut rows = 0;
    let mut above = Above::default();
    while let Some(line) = lines.next() {
        let Some(read) = table(&mut lines, line, &above) else {
            above.push(line);
            continue;
        };
        let Read { kind, heading, table, more } = read;
        if let Ok(Table::ExcludedPorts(list)) = &table {
            rows += list.len();
        }
        if sections.len() == SECTIONS_MAX || rows > ALL_ROWS_MAX {
            return Err(Damage { line: line.number, what: "too many tables" });
        }
        let Heading { line, transport, family, store, .. } = heading;
        sections.push(Section { line, transport, family, store, kind, table, more });
        above = Above::default();
    }
    Ok(sections)
}

struct Read {
    kind: Kind,
    heading: Heading,
    table: Result<Table, Damage>,
    more: Option<Damage>,
}

/// The table that begins with `line`, its rule of dashes or, where that is lost, its first row;
/// `lines` moves behind it.
fn table(lines: &mut Lines<'_>, line: Line<'_>, above: &Above<'_>) -> Option<Read> {
    let (kind, depth, ruled) = match runs_of_dashes(line.text) {
        Some(1) => (Kind::DynamicPort, 1, true),
        Some(2) => (Kind::ExcludedPorts, 2, true),
        None if matches!(value(line.text), NetshValue::Number(_)) => (Kind::DynamicPort, 1, false),
        None if matches!(row(line.text), NetshRow::Ports(_)) => (Kind::ExcludedPorts, 2, false),
        _ => return None,
    };
    let heading = match above.heading(kind, depth, line) {
        Ok(heading) => heading,
        Err(damage) if ruled => {
            let Damage { line, .. } = damage;
            let (transport, family, store) = (None, None, None);
            let heading = Heading { line, transport, family, store, asked: false };
            return Some(Read { kind, heading, table: Err(damage), more: None });
        }
        Err(_) => return None,
    };
    // Without its rule, a table needs more to be known by.
    let known = ruled || heading.asked || (kind == Kind::DynamicPort && above.ends_in_a_title());
    if !known {
        return None;
    }
    let mut ahead = lines.clone();
    let read = match kind {
        Kind::DynamicPort => dynamic_port(&mut ahead, line, ruled),
        Kind::ExcludedPorts => excluded_ports(&mut ahead, line, ruled),
    };
    let (table, more, by_itself) = match read {
        Ok(Some(Taken { table, more, by_itself })) => (Ok(table), more, by_itself),
        Ok(None) => return None,
        Err(damage) => (Err(damage), None, false),
    };
    if !by_itself && heading.transport.is_none() {
        return None;
    }
    if table.is_ok() {
        *lines = ahead;
    }
    Some(Read { kind, heading, table, more })
}

/// A table with its numbers.
struct Taken {
    table: Table,
    more: Option<Damage>,
    /// Whether its shape alone tells it from those of other commands.
    by_itself: bool,
}

type Take = Result<Option<Taken>, Damage>;

/// The two lines `label : number` below a single run of dashes, or the first of them and the next;
/// on success `lines` stands behind them.
///
/// Port 0 asks for any port and Windows takes no range of fewer than 255, so neither can be a
/// setting that works: both are refused, as is a range that ends beyond port 65535. Microsoft
/// documents start >= 1025, but hosts with start 1024 exist; anything else is taken as printed.
fn dynamic_port(lines: &mut Lines<'_>, start: Line<'_>, ruled: bool) -> Take {
    let first = if ruled { skipping_a_blank(lines) } else { Some(start) };
    let second = skipping_a_blank(lines);
    let value_of = |line: &Option<Line<'_>>| line.map_or(NetshValue::None, |line| value(line.text));
    // Statistics and other parameters go on with a third such line; a dynamic range never does.
    let third = lines.clone().next();
    if third.is_some_and(|line| labelled(line.text).is_some_and(|(label, _)| !label.is_empty()))
        && !third
            .is_some_and(|line| EchoedCommand::echoed(line.text).is_some() || is_prompt(line.text))
    {
        return Ok(None);
    }
    let damage = |line: Option<Line<'_>>, what| {
        let line = line.or(first).map_or(start.number, |line| line.number);
        Err(Damage { line, what })
    };
    let (from, count) = match (value_of(&first), value_of(&second)) {
        (NetshValue::None, NetshValue::None)
            if !first.is_some_and(|line| is_labelled(line.text)) =>
        {
            return Ok(None);
        }
        (NetshValue::Number(start), NetshValue::Number(count)) => (start, count),
        (NetshValue::Number(_), NetshValue::None) if second.is_none_or(|line| !line.ended) => {
            return if ruled { damage(second, CUT) } else { Ok(None) };
        }
        _ if !ruled => return Ok(None),
        (NetshValue::Number(_), _) => {
            return damage(second, "expected a label, a colon and a number");
        }
        _ => return damage(first, "expected a label, a colon and a number"),
    };
    let named = |line: Option<Line<'_>>| line.is_some_and(|line| !is_one_word(line.text));
    if !(ruled || named(first) && named(second)) {
        return Ok(None);
    }
    let end = u64::from(from) + u64::from(count) - 1;
    let may_go_on = u16::try_from(u64::from(from) + 10 * u64::from(count) - 1).is_ok();
    let wrong = if from == 0 {
        Some((first, "a dynamic range cannot start at port 0"))
    } else if !second.is_some_and(|line| line.ended) && may_go_on {
        Some((second, LAST_CUT))
    } else if count < COUNT_MIN {
        Some((second, "a dynamic range has 255 ports at least"))
    } else if end > u64::from(u16::MAX) {
        Some((second, "the dynamic range ends beyond port 65535"))
    } else {
        None
    };
    match wrong {
        None => {
            let table = Table::DynamicPort { start: from, count };
            Ok(Some(Taken { table, more: None, by_itself: ruled }))
        }
        Some((line, what)) if ruled => damage(line, what),
        Some(_) => Ok(None),
    }
}

/// The next line, past one that is blank.
fn skipping_a_blank<'a>(lines: &mut Lines<'a>) -> Option<Line<'a>> {
    let line = lines.next()?;
    if line.text.is_empty() { lines.next() } else { Some(line) }
}

fn is_labelled(text: &[u8]) -> bool {
    labelled(text).is_some_and(|(label, _)| !label.is_empty())
}

/// Whether the label is one word of ASCII, as the names of sysctl(8) and of properties are.
fn is_one_word(text: &[u8]) -> bool {
    labelled(text).is_none_or(|(label, _)| {
        label.is_ascii() && !label.iter().any(|byte| matches!(byte, b' ' | b'\t'))
    })
}

/// `C:\>`, `PS C:\Users\me>`.
fn is_prompt(text: &[u8]) -> bool {
    let path = text.strip_prefix(b"PS ").unwrap_or(text);
    matches!(path, [drive, b':', b'\\', ..] if drive.is_ascii_alphabetic()) && path.contains(&b'>')
}

/// The rows below two runs of dashes, or the first of them and those below it; `lines` moves behind
/// what was read.
///
/// The list is whole where a line that is no row ends it. Rows stand in one block, netsh writes a
/// blank line behind it and then a footer that begins with `*` in all languages. An empty list
/// needs that footer: a rule with nothing below it may just as well be a cut text. Of a list that
/// is not whole, the rows are certain that are.
fn excluded_ports(lines: &mut Lines<'_>, first: Line<'_>, ruled: bool) -> Take {
    let mut list = RowList::default();
    let mut above = first;
    if let (false, NetshRow::Ports(excluded)) = (ruled, row(first.text)) {
        list.rows.push(excluded);
    }
    loop {
        let mut ahead = lines.clone();
        let Some(line) = ahead.next() else {
            // Blanks that no line end follows may be the indent of the next row.
            let whole = list.ended && list.late.is_none() && above.ended;
            return list.taken((!whole).then_some(Damage { line: above.number, what: CUT }), false);
        };
        let damage = |what| Some(Damage { line: line.number, what });
        if line.text.is_empty() {
            list.ended |= !list.rows.is_empty();
        } else if line.text.starts_with(b"*") {
            *lines = ahead;
            list.late = None;
            return list.taken(None, true);
        } else {
            match row(line.text) {
                NetshRow::None if is_ellipsis(line.text) => {
                    list.doubt(damage("rows are left out here"));
                }
                NetshRow::None if list.ended => return list.taken(None, false),
                NetshRow::None if list.rows.is_empty() && list.more.is_none() => {
                    return damage(NO_ROW).map_or(Ok(None), Err);
                }
                NetshRow::None if EchoedCommand::echoed(line.text).is_some() => {
                    return list.taken(None, false);
                }
                NetshRow::None => return list.taken(damage(NO_ROW), false),
                NetshRow::Damaged(what) => list.doubt(damage(what)),
                NetshRow::Ports(_) if !line.ended => list.doubt(damage(LAST_CUT)),
                NetshRow::Ports(_) if list.rows.len() == ROWS_MAX => {
                    return Err(Damage { line: line.number, what: "more rows than ports" });
                }
                NetshRow::Ports(excluded) => list.push(excluded, line.number),
            }
        }
        above = line;
        *lines = ahead;
    }
}

/// The rows of a list so far.
#[derive(Default)]
struct RowList {
    rows: Vec<Excluded>,
    /// Whether a blank line ended the block of rows.
    ended: bool,
    /// The first row behind that line, and how many stand before it: only the footer shows that it
    /// is of the list too.
    late: Option<(usize, usize)>,
    more: Option<Damage>,
}

impl RowList {
    fn push(&mut self, excluded: Excluded, line: usize) {
        if self.ended {
            self.late.get_or_insert((line, self.rows.len()));
        }
        self.rows.push(excluded);
    }

    fn doubt(&mut self, damage: Option<Damage>) {
        self.more = self.more.take().or(damage);
    }

    fn taken(mut self, damage: Option<Damage>, by_itself: bool) -> Take {
        if let Some((line, before)) = self.late {
            let what = "a row after the blank line that ends the list";
            self.doubt(Some(Damage { line, what }));
            self.rows.truncate(before);
        }
        self.doubt(damage);
        match self.more {
            Some(damage) if self.rows.is_empty() => Err(damage),
            more => {
                let table = Table::ExcludedPorts(self.rows);
                Ok(Some(Taken { table, more, by_itself }))
            }
        }
    }
}

/// What stands for rows that somebody left out.
fn is_ellipsis(text: &[u8]) -> bool {
    text.starts_with(b"..") || text.starts_with("\u{2026}".as_bytes())
}

/// How many runs of three or more dashes the line consists of, with blanks between them; `None` for
/// any other line.
fn runs_of_dashes(text: &[u8]) -> Option<usize> {
    let mut runs = text.split(|byte| matches!(byte, b' ' | b'\t')).filter(|run| !run.is_empty());
    let rule = |run: &[u8]| run.len() >= 3 && run.iter().all(|byte| *byte == b'-');
    runs.try_fold(0, |count, run| rule(run).then_some(count + 1)).filter(|count| *count > 0)
}

#[cfg(test)]
pub(super) mod tests;
