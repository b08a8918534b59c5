//! `ipadm show-prop`, the protocol properties of illumos and Solaris 11.
//!
//! The table comes from ofmt.c of libinetutil: a header that is printed again every so many rows,
//! `--` for what is not set, `?` for what could not be read, and no cell left blank. A value wider
//! than its column pushes the rest of the row to the right, so the words of a row go by their
//! order; a list may go on in the next row, whose other cells are blank, and there they go by the
//! columns of the header. Solaris 11 prints names with hyphens, illumos with underscores.
//!
//! The parsable form (`-c -o FIELD,...`) has no header: it is read only after the echo of the
//! command line that says which field, property and protocol a line is of. Tables without protocol
//! or property, and those of interfaces and addresses, are not read.

use super::sysctl_text::{LINE_MAX, PrintedLine, lines};
use super::typed::echoed;

/// One property of one protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IpadmRow {
    /// The number of the (first) line, from 1.
    pub line: usize,
    /// The protocol: `tcp`, `udp`, `sctp`, ...
    pub proto: String,
    /// The property, with underscores.
    pub property: String,
    /// Whether it was printed with hyphens.
    pub hyphens: bool,
    /// The value that is in force.
    pub current: Cell,
    /// The value that a reboot will bring back.
    pub persistent: Cell,
    /// The value of an untouched system.
    pub default: Cell,
    /// Whether the cells above were read to their end; if not, the text ends with the row and may
    /// have been cut in the middle of a number.
    pub whole: bool,
}

/// A cell of the table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum Cell {
    /// The table has no such column.
    #[default]
    NotShown,
    /// `--`: there is no value, as for a property that is not persistent.
    Unset,
    /// The text of the cell; `?` where ipadm could not read it.
    Value(String),
}

impl Cell {
    /// The text, if there is one.
    pub(crate) fn value(&self) -> Option<&str> {
        match self {
            Self::Value(text) => Some(text),
            Self::NotShown | Self::Unset => None,
        }
    }

    fn new(text: String) -> Self {
        if text.is_empty() || text == "--" { Self::Unset } else { Self::Value(text) }
    }
}

/// The columns of `modprop_fields` (usr/src/cmd/cmd-inet/usr.sbin/ipadm/ipadm.c).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Proto,
    Property,
    Perm,
    Current,
    Persistent,
    Default,
    Possible,
}

impl Column {
    const ALL: [(&'static str, Self); 7] = [
        ("PROTO", Self::Proto),
        ("PROPERTY", Self::Property),
        ("PERM", Self::Perm),
        ("CURRENT", Self::Current),
        ("PERSISTENT", Self::Persistent),
        ("DEFAULT", Self::Default),
        ("POSSIBLE", Self::Possible),
    ];

    fn of(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|(word, _)| word.eq_ignore_ascii_case(name))
            .map(|(_, column)| column)
    }
}

/// How the lines that follow are to be read.
enum IpadmForm {
    Nothing,
    /// Under a header: the columns, and the row above, which may go on.
    Table {
        columns: Columns,
        open: Option<IpadmRow>,
    },
    /// After the echo of a parsable command: its lines so far, where they do not say what they are
    /// of.
    Parsable {
        command: ShowProp,
        found: Vec<(usize, Vec<String>, bool)>,
    },
}

/// Each column and the character at which its word begins in the header.
type Columns = Vec<(usize, Column)>;

/// Every property whose protocol and name are certain, in the order of the text.
pub(crate) fn rows(text: &str) -> impl Iterator<Item = IpadmRow> {
    let mut form = IpadmForm::Nothing;
    // The end of the text ends the last row and the last answer.
    lines(text).map(Some).chain([None]).flat_map(move |line| match line {
        Some(line) => form.read(line),
        None => std::mem::replace(&mut form, IpadmForm::Nothing).finish(),
    })
}

impl IpadmForm {
    /// Takes a line, and gives the rows that are certain with it.
    fn read(&mut self, line: PrintedLine<'_>) -> Vec<IpadmRow> {
        let words = words(line.text);
        let next = header(&words).or_else(|| echoed(line.text, "ipadm").map(Self::after));
        if let Some(next) = next {
            return std::mem::replace(self, next).finish();
        }
        match self {
            Self::Nothing => Vec::new(),
            Self::Table { columns, open } if goes_on(columns, &words) => {
                if let Some(row) = open {
                    row.append(columns, &words);
                    row.whole &= line.whole || !ends_in_value(columns);
                }
                Vec::new()
            }
            Self::Table { columns, open } => {
                let row = IpadmRow::under(columns, &words, line.number, line.whole);
                std::mem::replace(open, row).into_iter().collect()
            }
            Self::Parsable { command, found } => {
                let Some(values) = command.split(line.text) else {
                    return std::mem::replace(self, Self::Nothing).finish();
                };
                if command.fields.contains(&Column::Property) {
                    return command.row(0, line.number, values, line.whole).into_iter().collect();
                }
                // One too many is enough to know that they are not the answer.
                if found.len() <= command.properties.len() {
                    found.push((line.number, values, line.whole));
                }
                Vec::new()
            }
        }
    }

    /// What follows the echo of a command.
    fn after<'a>(arguments: impl Iterator<Item = &'a str>) -> Self {
        let command = ShowProp::new(arguments);
        command.map_or(Self::Nothing, |command| Self::Parsable { command, found: Vec::new() })
    }

    /// What can only be told at the end of an answer.
    fn finish(self) -> Vec<IpadmRow> {
        match self {
            Self::Parsable { command, found } => command.rows(found),
            Self::Table { open, .. } => open.into_iter().collect(),
            Self::Nothing => Vec::new(),
        }
    }
}

/// More words than any table has columns.
const MANY: usize = 16;

/// The words of a line and the character at which each begins, `MANY` at most.
fn words(line: &str) -> Vec<(usize, &str)> {
    let mut at = 0;
    let words = line.split([' ', '\t']).map(|word| {
        let start = at;
        at += word.chars().count() + 1;
        (start, word)
    });
    words.filter(|(_, word)| !word.is_empty()).take(MANY).collect()
}

/// What follows the words if they are a header.
fn header(words: &[(usize, &str)]) -> Option<IpadmForm> {
    let of_others = |word: &str| matches!(word, "IFNAME" | "ADDROBJ");
    let names = |word: &str| of_others(word) || Column::ALL.iter().any(|(name, _)| *name == word);
    if words.is_empty() || !words.iter().all(|(_, word)| names(word)) {
        return None;
    }
    let columns: Option<Columns> =
        words.iter().map(|(at, word)| Column::of(word).map(|column| (*at, column))).collect();
    let once =
        |columns: &Columns, wanted| columns.iter().filter(|(_, c)| *c == wanted).count() == 1;
    let needed = [Column::Proto, Column::Property, Column::Current];
    let columns = columns.filter(|columns| needed.into_iter().all(|wanted| once(columns, wanted)));
    Some(columns.map_or(IpadmForm::Nothing, |columns| IpadmForm::Table { columns, open: None }))
}

/// Whether a row has nothing in the first column, which holds no list in any table: it carries on
/// the row above.
fn goes_on(columns: &Columns, words: &[(usize, &str)]) -> bool {
    words.first().zip(columns.get(1)).is_some_and(|(word, second)| word.0 >= second.0)
}

/// Whether a row that is cut at its end is cut in one of the values.
fn ends_in_value(columns: &Columns) -> bool {
    !columns.last().is_some_and(|(_, column)| matches!(column, Column::Perm | Column::Possible))
}

impl IpadmRow {
    /// A row with one word for each column, or `None`.
    fn under(columns: &Columns, words: &[(usize, &str)], line: usize, ended: bool) -> Option<Self> {
        let cells =
            columns.iter().zip(words).map(|((_, column), (_, word))| (*column, (*word).to_owned()));
        let complete = columns.len() == words.len();
        let row = complete.then(|| Self::new(line, ended || !ends_in_value(columns), cells))?;
        row.named()
    }

    fn new(line: usize, whole: bool, cells: impl Iterator<Item = (Column, String)>) -> Self {
        let mut row = Self {
            line,
            proto: String::new(),
            property: String::new(),
            hyphens: false,
            current: Cell::NotShown,
            persistent: Cell::NotShown,
            default: Cell::NotShown,
            whole,
        };
        for (column, text) in cells {
            match column {
                Column::Proto => row.proto = text,
                Column::Property => {
                    row.hyphens = text.contains("-port");
                    row.property = text.replace('-', "_");
                }
                Column::Current | Column::Persistent | Column::Default => {
                    row.cell(column).into_iter().for_each(|cell| *cell = Cell::new(text.clone()));
                }
                Column::Perm | Column::Possible => {}
            }
        }
        row
    }

    fn cell(&mut self, column: Column) -> Option<&mut Cell> {
        match column {
            Column::Current => Some(&mut self.current),
            Column::Persistent => Some(&mut self.persistent),
            Column::Default => Some(&mut self.default),
            Column::Proto | Column::Property | Column::Perm | Column::Possible => None,
        }
    }

    /// The row, if its protocol and property are names and not a prompt or a sentence.
    fn named(self) -> Option<Self> {
        let proto = !self.proto.is_empty()
            && self.proto.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        let property = self.property.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        (proto && property && self.property.contains(|c: char| c.is_ascii_alphabetic()))
            .then_some(self)
    }

    /// Adds the rest of each list (ofmt.c breaks them after a comma); of one that is too long, no
    /// more.
    fn append(&mut self, columns: &Columns, words: &[(usize, &str)]) {
        for (at, word) in words {
            let column = columns.iter().rev().find(|(start, _)| start <= at);
            let cell = column.and_then(|(_, column)| self.cell(*column));
            match cell {
                Some(Cell::Value(text)) if text.len() > LINE_MAX => self.whole = false,
                Some(Cell::Value(text)) if text.ends_with(',') => text.push_str(word),
                _ => {}
            }
        }
    }
}

/// `ipadm show-prop -c -o FIELD,... [-p PROPERTY,...] [PROTOCOL]`.
struct ShowProp {
    fields: Vec<Column>,
    properties: Vec<String>,
    proto: Option<String>,
}

impl ShowProp {
    /// The command, if its answer is parsable and says or is told what each line is of.
    fn new<'a>(mut arguments: impl Iterator<Item = &'a str>) -> Option<Self> {
        let mut command = Self { fields: Vec::new(), properties: Vec::new(), proto: None };
        let mut parsable = false;
        if arguments.next() != Some("show-prop") {
            return None;
        }
        while let Some(argument) = arguments.next() {
            match argument {
                "-c" => parsable = true,
                "-o" | "-co" => {
                    parsable |= argument == "-co";
                    let fields = arguments.next()?.split(',').take(MANY);
                    command.fields = fields.map(Column::of).collect::<Option<_>>()?;
                }
                "-p" => {
                    let names = arguments.next()?.split(',').take(MANY);
                    command.properties = names.map(|name| name.replace('-', "_")).collect();
                }
                // Other options and shell syntax are not followed.
                name if command.proto.is_none()
                    && name.bytes().all(|b| b.is_ascii_alphanumeric()) =>
                {
                    command.proto = Some(name.to_owned());
                }
                _ => return None,
            }
        }
        let has = |column| command.fields.contains(&column);
        // `ip` stands for ipv4 and ipv6, which makes two lines a property.
        let proto =
            has(Column::Proto) || command.proto.as_deref().is_some_and(|proto| proto != "ip");
        let property = has(Column::Property) || !command.properties.is_empty();
        (parsable && proto && property && has(Column::Current)).then_some(command)
    }

    /// The fields of a line, unescaped, or `None` if it is not one of the answer. Fields are parted
    /// by colons, with a backslash before a colon or backslash inside; a lone field is printed as
    /// it is (`ofmt_print_field`).
    fn split(&self, line: &str) -> Option<Vec<String>> {
        let mut fields = vec![String::new()];
        let mut chars = line.chars();
        while let Some(c) = chars.next() {
            match c {
                ':' if self.fields.len() > 1 && fields.len() < MANY => fields.push(String::new()),
                '\\' if self.fields.len() > 1 => fields.last_mut()?.extend(chars.next()),
                'a'..='z' | 'A'..='Z' | '0'..='9' | '_' | '-' | ',' | '.' | '?' => {
                    fields.last_mut()?.push(c);
                }
                _ => return None,
            }
        }
        (!line.is_empty() && fields.len() == self.fields.len()).then_some(fields)
    }

    /// The rows of an answer whose lines do not name their property: they stand in the order of
    /// `-p`, and there must be one for each.
    fn rows(self, found: Vec<(usize, Vec<String>, bool)>) -> Vec<IpadmRow> {
        if found.len() != self.properties.len() {
            return Vec::new();
        }
        let row = |(i, (line, values, ended))| self.row(i, line, values, ended);
        found.into_iter().enumerate().filter_map(row).collect()
    }

    /// The row of a line; of the property `i` of `-p` where it names none.
    fn row(&self, i: usize, line: usize, values: Vec<String>, ended: bool) -> Option<IpadmRow> {
        let rows = [
            self.proto.clone().map(|proto| (Column::Proto, proto)),
            self.properties.get(i).cloned().map(|property| (Column::Property, property)),
        ];
        let printed = self.fields.iter().copied().zip(values);
        IpadmRow::new(line, ended, rows.into_iter().flatten().chain(printed)).named()
    }
}

#[cfg(test)]
mod tests;
