//! `ipadm show-prop`, the protocol properties of illumos and Solaris 11.
//!
//! The table comes from ofmt.c of libinetutil: a header that is printed again every so many rows, `--` for what is
//! not set, `?` for what could not be read, and no cell left blank. A value wider than its column pushes the rest of
//! the row to the right, so the words of a row go by their order; a list may go on in the next row, whose other cells
//! are blank, and there they go by the columns of the header. Solaris 11 prints names with hyphens, illumos with
//! underscores.
//!
//! The parsable form (`-c -o FIELD,...`) has no header: it is read only after the echo of the command line that says
//! which field, property and protocol a line is of. Tables without protocol or property, and those of interfaces and
//! addresses, are not read.

use super::sysctl_text::{echoed, lines};

/// One property of one protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    /// The number of the (first) line, from 1.
    pub line: usize,
    /// The protocol: `tcp`, `udp`, `sctp`, ...
    pub proto: String,
    /// The property, with underscores.
    pub property: String,
    /// The value that is in force.
    pub current: Cell,
    /// The value that a reboot will bring back.
    pub persistent: Cell,
    /// The value of an untouched system.
    pub default: Cell,
    /// Whether the cells above were read to their end; if not, the text ends with the row and may have been cut in
    /// the middle of a number.
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
enum Form {
    Nothing,
    /// Under a header: the columns, and whether the row above may go on.
    Table {
        columns: Columns,
        open: bool,
    },
    /// After the echo of a parsable command: its lines so far.
    Parsable {
        command: Command,
        found: Vec<(usize, Vec<String>, bool)>,
    },
}

/// Each column and the character at which its word begins in the header.
type Columns = Vec<(usize, Column)>;

/// Every property whose protocol and name are certain, in the order of the text.
pub(crate) fn rows(text: &str) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    let mut form = Form::Nothing;
    for line in lines(text) {
        let words = words(line.text);
        let next = header(&words).or_else(|| echoed(line.text, "ipadm").map(Form::after));
        if let Some(next) = next {
            rows.extend(form.finish());
            form = next;
            continue;
        }
        match &mut form {
            Form::Nothing => {}
            Form::Table { columns, open } if goes_on(columns, &words) => {
                if let Some(row) = rows.last_mut().filter(|_| *open) {
                    row.append(columns, &words);
                    row.whole &= line.whole || !ends_in_value(columns);
                }
            }
            Form::Table { columns, open } => {
                let row = Row::under(columns, &words, line.number, line.whole);
                *open = row.is_some();
                rows.extend(row);
            }
            Form::Parsable { command, found } => {
                if let Some(values) = command.split(line.text) {
                    found.push((line.number, values, line.whole));
                } else {
                    rows.extend(form.finish());
                    form = Form::Nothing;
                }
            }
        }
    }
    rows.extend(form.finish());
    rows
}

impl Form {
    /// What follows the echo of a command.
    fn after<'a>(arguments: impl Iterator<Item = &'a str>) -> Self {
        let command = Command::new(arguments);
        command.map_or(Self::Nothing, |command| Self::Parsable { command, found: Vec::new() })
    }

    /// What can only be told at the end of an answer.
    fn finish(self) -> Vec<Row> {
        match self {
            Self::Parsable { command, found } => command.rows(found),
            Self::Nothing | Self::Table { .. } => Vec::new(),
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
fn header(words: &[(usize, &str)]) -> Option<Form> {
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
    Some(columns.map_or(Form::Nothing, |columns| Form::Table { columns, open: false }))
}

/// Whether a row has nothing in the first column, which holds no list in any table: it carries on the row above.
fn goes_on(columns: &Columns, words: &[(usize, &str)]) -> bool {
    words.first().zip(columns.get(1)).is_some_and(|(word, second)| word.0 >= second.0)
}

/// Whether a row that is cut at its end is cut in one of the values.
fn ends_in_value(columns: &Columns) -> bool {
    !columns.last().is_some_and(|(_, column)| matches!(column, Column::Perm | Column::Possible))
}

impl Row {
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
            current: Cell::NotShown,
            persistent: Cell::NotShown,
            default: Cell::NotShown,
            whole,
        };
        for (column, text) in cells {
            match column {
                Column::Proto => row.proto = text,
                Column::Property => row.property = text.replace('-', "_"),
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

    /// Adds the rest of each list (ofmt.c breaks them after a comma).
    fn append(&mut self, columns: &Columns, words: &[(usize, &str)]) {
        for (at, word) in words {
            let column = columns.iter().rev().find(|(start, _)| start <= at);
            let cell = column.and_then(|(_, column)| self.cell(*column));
            if let Some(Cell::Value(text)) =
                cell.filter(|cell| cell.value().is_some_and(|v| v.ends_with(',')))
            {
                text.push_str(word);
            }
        }
    }
}

/// `ipadm show-prop -c -o FIELD,... [-p PROPERTY,...] [PROTOCOL]`.
struct Command {
    fields: Vec<Column>,
    properties: Vec<String>,
    proto: Option<String>,
}

impl Command {
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

    /// The fields of a line, unescaped, or `None` if it is not one of the answer. Fields are parted by colons, with
    /// a backslash before a colon or backslash inside; a lone field is printed as it is (`ofmt_print_field`).
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

    /// The rows of an answer. Where the lines do not name their property they stand in the order of `-p`, and there
    /// must be one for each.
    fn rows(self, found: Vec<(usize, Vec<String>, bool)>) -> Vec<Row> {
        let named = self.fields.contains(&Column::Property);
        if !named && found.len() != self.properties.len() {
            return Vec::new();
        }
        let row = |(i, (line, values, ended)): (usize, (usize, Vec<String>, bool))| {
            let told = [
                self.proto.clone().map(|proto| (Column::Proto, proto)),
                self.properties.get(i).cloned().map(|property| (Column::Property, property)),
            ];
            let printed = self.fields.iter().copied().zip(values);
            Row::new(line, ended, told.into_iter().flatten().chain(printed)).named()
        };
        found.into_iter().enumerate().filter_map(row).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::sysctl_text::tests::{damaged, host};
    use super::*;

    fn read(text: &str) -> Vec<String> {
        let show = |cell: &Cell| match cell {
            Cell::NotShown => "not shown".to_owned(),
            Cell::Unset => "unset".to_owned(),
            Cell::Value(text) => text.clone(),
        };
        let row = |r: &Row| {
            [r.line.to_string(), r.proto.clone(), r.property.clone()]
                .into_iter()
                .chain([&r.current, &r.persistent, &r.default].map(show))
                .collect::<Vec<_>>()
                .join(" ")
        };
        rows(text).iter().map(row).collect()
    }

    const HEADER: &str =
        "PROTO PROPERTY              PERM CURRENT      PERSISTENT   DEFAULT      POSSIBLE\n";

    #[test]
    fn names_have_hyphens_or_underscores() {
        assert_eq!(
            read(&host("solaris-11/ipadm.txt")),
            [
                "2 tcp smallest_anon_port 32768 unset 32768",
                "3 tcp largest_anon_port 65535 unset 65535",
            ]
        );
        assert_eq!(
            read(&host("illumos-default/ipadm.txt")),
            [
                "3 tcp smallest_anon_port 32768 unset 32768",
                "4 tcp largest_anon_port 65535 unset 65535",
                "7 udp smallest_anon_port 32768 unset 32768",
                "8 udp largest_anon_port 65535 unset 65535",
            ]
        );
        assert_eq!(
            read(&host("solaris-11-oracle/ipadm.txt")),
            [
                "3 tcp smallest_anon_port 9000 9000 32768",
                "4 tcp largest_anon_port 65500 65500 65535",
                "7 udp smallest_anon_port 9000 9000 32768",
                "8 udp largest_anon_port 65500 65500 65535",
            ]
        );
        assert!(rows(&host("solaris-11-oracle/ipadm.txt")).iter().all(|row| row.whole));
    }

    #[test]
    fn any_width_indentation_and_order_of_columns_will_do() {
        for text in [
            "PROTO PROPERTY           PERM CURRENT PERSISTENT DEFAULT POSSIBLE\r\ntcp   smallest_anon_port rw   9000        --     32768   1024-65500\r\n",
            "  PROTO PROPERTY PERM CURRENT PERSISTENT DEFAULT POSSIBLE\n  tcp smallest_anon_port rw 9000 -- 32768 1024-65500\n",
            "PROTO\tPROPERTY\tPERM\tCURRENT\tPERSISTENT\tDEFAULT\tPOSSIBLE\n\ntcp\tsmallest_anon_port\trw\t9000\t--\t32768\t1024-65500",
            "DEFAULT PERSISTENT PROPERTY           CURRENT PROTO\n32768   --         smallest-anon-port 9000    tcp\n",
        ] {
            let rows = read(text);
            assert_eq!(rows.len(), 1, "{text:?}");
            assert!(rows[0].ends_with(" tcp smallest_anon_port 9000 unset 32768"), "{rows:?}");
        }
        let wide = format!(
            "{HEADER}tcp   a_name_that_is_wider_than_its_column rw 9000       --           32768        --\n"
        );
        assert_eq!(read(&wide), ["2 tcp a_name_that_is_wider_than_its_column 9000 unset 32768"]);
    }

    #[test]
    fn a_list_goes_on_in_the_next_row() {
        let text = format!(
            "{HEADER}\
             tcp   extra_priv_ports      rw   2049,        --           2049,        1-65535\n\
             {:33}4045                       4045\n\
             tcp   smallest_anon_port    rw   32768        --           32768        1024-65535\n\
             {:33}1\n",
            "", ""
        );
        assert_eq!(
            read(&text),
            [
                "2 tcp extra_priv_ports 2049,4045 unset 2049,4045",
                "4 tcp smallest_anon_port 32768 unset 32768",
            ]
        );
    }

    #[test]
    fn a_header_that_is_repeated_is_no_row() {
        let row = "tcp   smallest_anon_port    rw   ?            --           32768        --\n";
        assert_eq!(
            read(&format!("{HEADER}{row}{HEADER}{row}")),
            ["2 tcp smallest_anon_port ? unset 32768", "4 tcp smallest_anon_port ? unset 32768",]
        );
    }

    #[test]
    fn the_parsable_form_is_read_only_if_it_names_what_it_is() {
        assert_eq!(
            read(&host("illumos-parsable/ipadm.txt")),
            [
                "2 tcp smallest_anon_port 32768 unset 32768",
                "3 tcp largest_anon_port 65535 unset 65535",
                "5 udp smallest_anon_port 9000 not shown not shown",
                "7 udp largest_anon_port 65500 not shown not shown",
            ]
        );
        assert_eq!(
            read(
                "$ ipadm show-prop -co current -p largest-anon-port,smallest-anon-port sctp\n65535\n32768\n$ exit\n"
            ),
            [
                "2 sctp largest_anon_port 65535 not shown not shown",
                "3 sctp smallest_anon_port 32768 not shown not shown",
            ]
        );
        assert_eq!(
            read("# ipadm show-prop -c -o property,current tcp\na:1\\:2\\\\\n"),
            ["2 tcp a 1:2\\ not shown not shown"]
        );
        for text in [
            "32768\n65535\n",
            "tcp:smallest_anon_port:32768\n",
            "# ipadm show-prop -c -o current -p smallest_anon_port\n32768\n",
            "# ipadm show-prop -c -o current tcp\n32768\n",
            "# ipadm show-prop -c -o current -p a,b tcp\n32768\n",
            "# ipadm show-prop -c -o current -p a tcp\n32768\n65535\n",
            "# ipadm show-prop -c -o current -p a ip\n32768\n",
            "# ipadm show-prop -c -o default -p a tcp\n32768\n",
            "# ipadm show-prop -o current -p a tcp\n32768\n",
            "# ipadm show-prop -c -o current -p a tcp | head\n32768\n",
            "# ipadm show-ifprop -c -o current -p a tcp\n32768\n",
            "# ipadm show-prop -c -o proto,property,current\ntcp:a\n",
        ] {
            assert_eq!(read(text), [""; 0], "{text:?}");
        }
    }

    #[test]
    fn other_tables_and_lines_are_passed_over() {
        for text in [
            "CURRENT\n32768\n",
            "PROPERTY           CURRENT\nsmallest_anon_port 32768\n",
            "IFNAME PROPERTY PROTO PERM CURRENT PERSISTENT DEFAULT POSSIBLE\nnet0 mtu ipv4 rw 1500 -- 1500 68-1500\n",
            "PROTO PROPERTY CURRENT CURRENT\ntcp a 1 2\n",
            "tcp   smallest_anon_port    rw   32768        --           32768        1024-65535\n",
        ] {
            assert_eq!(read(text), [""; 0], "{text:?}");
        }
        for row in [
            "ipadm: unknown property",
            "# ipadm show-prop -p a tcp and so on",
            "tcp   smallest_anon_port    rw   32768        --           32768",
            "tcp   smallest_anon_port    rw   32768        --           32768        1024-65535 1",
            "TCP   smallest_anon_port    rw   32768        --           32768        1024-65535",
            "tcp   32768                 rw   32768        --           32768        1024-65535",
            "tcp   smallest\0anon_port   rw   32768        --           32768        1024-65535",
        ] {
            assert_eq!(read(&format!("{HEADER}{row}\n")), [""; 0], "{row:?}");
        }
    }

    #[test]
    fn a_row_that_is_cut_in_a_value_is_marked() {
        let whole = |text: &str| rows(text).iter().map(|row| row.whole).collect::<Vec<_>>();
        let row = "tcp   smallest_anon_port    rw   32768        --           32768        1024-6";
        assert_eq!(whole(&format!("{HEADER}{row}")), [true], "the cut is behind the values");
        assert_eq!(whole("PROTO PROPERTY CURRENT\ntcp a 327"), [false]);
        assert_eq!(whole("PROTO PROPERTY CURRENT\ntcp a 32768\n"), [true]);
        assert_eq!(whole("# ipadm show-prop -c -o current -p a tcp\n327"), [false]);
    }

    #[test]
    fn damage_never_makes_a_value_that_is_not_in_the_text() {
        damaged(&["ipadm.txt"], |original, text| {
            let lines: Vec<&str> = text.split('\n').collect();
            let known: Vec<_> = original.into_iter().flat_map(rows).collect();
            for row in rows(text) {
                for cell in [&row.current, &row.persistent, &row.default] {
                    let printed = |value: &str| {
                        value.split_inclusive(',').all(|item| {
                            lines[row.line - 1..].iter().any(|line| line.contains(item))
                        })
                    };
                    assert!(cell.value().is_none_or(printed), "{row:?}");
                }
                assert!(original.is_none() || !row.whole || known.contains(&row), "{row:?}");
            }
        });
    }

    #[test]
    fn long_texts_take_linear_time() {
        let parsable = "# ipadm show-prop -c -o proto,property,current\n";
        for piece in ["a ", " ", ":", "\\", "tcp:a:1\n", "PROTO ", "\n", HEADER, parsable, "-c "] {
            let text = piece.repeat(50_000 / piece.len());
            assert!(rows(&format!("{HEADER}{text}")).is_empty());
            assert!(rows(&format!("{parsable}{text}")).len() <= 200_000);
        }
    }
}
