//! A page of text: everything that comes from outside passes through here and is made safe for a
//! terminal.

use anstyle::{AnsiColor, Style};
use tabled::builder::Builder;
use tabled::settings::object::{Columns, Rows};
use tabled::settings::peaker::Priority;
use tabled::settings::{Modify, Padding, Style as Borders, Width};

use super::Look;
use crate::text::{printable, shortened};

/// The longest paragraph and the longest cell of a table, in characters: what is longer nobody
/// reads, and to lay it out takes many times its length.
const PARAGRAPH: usize = 10_000;
const CELL: usize = 1000;

/// Bold.
pub const BOLD: Style = Style::new().bold();
/// Dimmed.
pub const DIM: Style = Style::new().dimmed();
/// Red and bold.
pub const RED: Style = AnsiColor::Red.on_default().bold();
/// Yellow and bold.
pub const YELLOW: Style = AnsiColor::Yellow.on_default().bold();
/// Green and bold.
pub const GREEN: Style = AnsiColor::Green.on_default().bold();
/// Cyan.
pub const CYAN: Style = AnsiColor::Cyan.on_default();
/// As it is.
pub const PLAIN: Style = Style::new();

/// A page in the making.
pub struct Page {
    look: Look,
    text: String,
}

impl Page {
    /// An empty page.
    pub fn new(look: Look) -> Self {
        Self { look, text: String::new() }
    }

    /// How it may look.
    pub const fn look(&self) -> Look {
        self.look
    }

    /// The finished page; in ASCII where that was asked.
    pub fn finish(self) -> Vec<u8> {
        if !self.look.ascii || self.text.is_ascii() {
            return self.text.into_bytes();
        }
        self.text.replace('…', "...").chars().map(ascii).collect::<String>().into_bytes()
    }

    /// An empty line.
    pub fn gap(&mut self) {
        self.text.push('\n');
    }

    /// One line of pieces, never wrapped: for pictures.
    pub fn pieces<'a>(&mut self, pieces: impl IntoIterator<Item = (Style, &'a str)>) {
        for (style, piece) in pieces {
            self.styled(style, piece);
        }
        self.text.push('\n');
    }

    /// How many lines there are.
    pub fn lines(&self) -> usize {
        self.text.lines().count()
    }

    /// A command to copy. Where it is wider than the page it goes on behind a `\`, so that it can be
    /// pasted; it never breaks inside a word or between quotes.
    pub fn command(&mut self, indent: usize, command: &str) {
        let indent = if indent * 3 > self.look.width { 0 } else { indent };
        let safe = printable(command);
        let lines = continued(&safe, self.look.width.saturating_sub(indent));
        for (at, line) in lines.iter().enumerate() {
            let more = if at + 1 < lines.len() { " \\" } else { "" };
            let indent = if at == 0 { indent } else { indent + 2 };
            let line = format!("{line}{more}");
            self.pieces([(PLAIN, " ".repeat(indent).as_str()), (CYAN, line.as_str())]);
        }
    }

    /// A thing to do. Its command stands on a line of its own.
    pub fn step(&mut self, text: &str, command: Option<&str>) {
        let lead = (PLAIN, "  do    ");
        match command {
            Some(command) => {
                self.prose(lead, (PLAIN, &format!("{text}:")), 8);
                self.command(8, command);
            }
            None => self.prose(lead, (PLAIN, text), 8),
        }
    }

    /// A lead and text behind it, wrapped to the width, with the lines after the first behind
    /// `indent` columns.
    pub fn prose(&mut self, lead: (Style, &str), body: (Style, &str), indent: usize) {
        let width = self.look.width;
        // In a very narrow terminal the indent gives way, but for what tells a paragraph from the
        // next.
        let narrow = indent * 3 > width;
        let rest = " ".repeat(if narrow { indent.min(2) } else { indent });
        let mut first = printable(lead.1).into_owned();
        if narrow && !first.is_empty() {
            first = format!("{} ", first.trim());
        }
        let options = textwrap::Options::new(width)
            .initial_indent(&first)
            .subsequent_indent(&rest)
            .word_splitter(textwrap::WordSplitter::NoHyphenation);
        let text = shortened(body.1, PARAGRAPH);
        let text = printable(&text);
        for (i, line) in textwrap::wrap(&text, options).iter().enumerate() {
            match line.strip_prefix(first.as_str()).filter(|_| i == 0) {
                Some(tail) => self.pieces([(lead.0, first.as_str()), (body.0, tail)]),
                None => self.pieces([(body.0, line.as_ref())]),
            }
        }
    }

    /// A paragraph wrapped to the width, with what stands between backticks in that style.
    pub fn marked(&mut self, text: &str, style: Style, indent: usize) {
        let rest = " ".repeat(indent);
        let options = textwrap::Options::new(self.look.width)
            .subsequent_indent(&rest)
            .word_splitter(textwrap::WordSplitter::NoHyphenation);
        let mut inside = false;
        for line in textwrap::wrap(text, options) {
            let mut pieces = Vec::new();
            for (at, piece) in line.split('`').enumerate() {
                inside ^= at > 0;
                pieces.push((if inside { style } else { PLAIN }, piece));
            }
            self.pieces(pieces);
        }
    }

    /// A table without borders that fits the width; its first row is the heading.
    pub fn table(&mut self, rows: impl IntoIterator<Item = Vec<String>>) {
        let mut cells: Vec<Vec<String>> = rows
            .into_iter()
            .map(|row| {
                row.iter().map(|cell| printable(&shortened(cell, CELL)).into_owned()).collect()
            })
            .collect();
        wrap_widest(&mut cells, self.look.width);
        let mut builder = Builder::default();
        for row in cells {
            builder.push_record(row);
        }
        let mut table = builder.build();
        table
            .with(Borders::empty())
            .with(Padding::new(0, 2, 0, 0))
            .with(Modify::new(Columns::last()).with(Padding::zero()))
            .with(Modify::new(Rows::first()).with(tabled::settings::Alignment::left()))
            .with(Width::wrap(self.look.width).priority(Priority::max(true)).keep_words(true));
        for (i, line) in table.to_string().lines().enumerate() {
            self.styled(if i == 0 { DIM } else { PLAIN }, line.trim_end());
            self.text.push('\n');
        }
    }

    fn styled(&mut self, style: Style, text: &str) {
        let safe = printable(text);
        if self.look.color && style != PLAIN {
            self.text.extend([
                &style.render().to_string(),
                safe.as_ref(),
                &style.render_reset().to_string(),
            ]);
        } else {
            self.text.push_str(&safe);
        }
    }
}

/// A command in lines that fit, each but the last with room for what continues it. Programs of
/// Windows know no such sign.
fn continued(command: &str, width: usize) -> Vec<String> {
    if command.chars().count() <= width || command.starts_with("netsh ") {
        return vec![command.to_owned()];
    }
    let mut words = vec![String::new()];
    let mut quote = None;
    for c in command.chars() {
        match (quote, c) {
            (None, ' ') => {
                words.push(String::new());
                continue;
            }
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), _) if open == c => quote = None,
            _ => {}
        }
        if let Some(word) = words.last_mut() {
            word.push(c);
        }
    }
    let mut lines: Vec<String> = Vec::new();
    for word in words {
        // The lines after the first are indented by two more.
        let room = width.saturating_sub(if lines.len() > 1 { 4 } else { 2 });
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= room => {
                line.push(' ');
                line.push_str(&word);
            }
            _ => lines.push(word),
        }
    }
    lines
}

/// Wraps the cells of the widest column between words, where that alone makes the table fit.
fn wrap_widest(rows: &mut [Vec<String>], width: usize) {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let wide = |row: &Vec<String>, column: usize| {
        row.get(column).map_or(0, |cell| textwrap::core::display_width(cell))
    };
    let widths: Vec<usize> = (0..columns)
        .map(|column| rows.iter().map(|row| wide(row, column)).max().unwrap_or_default())
        .collect();
    let total = widths.iter().sum::<usize>() + 2 * columns.saturating_sub(1);
    let Some((column, widest)) = widths.iter().copied().enumerate().max_by_key(|(_, width)| *width)
    else {
        return;
    };
    let room = width.saturating_sub(total - widest);
    if total > width && room >= 16 {
        for cell in rows.iter_mut().filter_map(|row| row.get_mut(column)) {
            *cell = textwrap::fill(
                cell,
                textwrap::Options::new(room).word_splitter(textwrap::WordSplitter::NoHyphenation),
            );
        }
    }
}

/// The ASCII stand-in of a character that our own texts use; `?` for any other.
const fn ascii(c: char) -> char {
    match c {
        '\u{1b}' | '\n' | ' '..='~' => c,
        '–' | '—' => '-',
        '×' => 'x',
        _ => '?',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(look: Look, fill: impl FnOnce(&mut Page)) -> String {
        let mut page = Page::new(look);
        fill(&mut page);
        String::from_utf8(page.finish()).expect("UTF-8")
    }

    const LOOK: Look = Look::plain(40);

    #[test]
    fn nothing_from_outside_breaks_a_row_or_a_line() {
        let hostile = "a\nb\u{1b}[2J".to_owned();
        let table = text(LOOK, |page| page.table([vec!["HEAD".to_owned()], vec![hostile.clone()]]));
        assert_eq!(table, "HEAD\na\\u{a}b\\u{1b}[2J\n");
        let prose = text(LOOK, |page| page.prose((PLAIN, "x "), (PLAIN, &hostile), 2));
        assert_eq!(prose, "x a\\u{a}b\\u{1b}[2J\n");
    }

    #[test]
    fn cells_wrap_between_words_without_a_blank_in_front() {
        let row =
            vec!["first".to_owned(), "some words that do not fit into forty columns".to_owned()];
        let table = text(LOOK, |page| page.table([row]));
        assert_eq!(table, "first  some words that do not fit into\n       forty columns\n");
    }

    #[test]
    fn a_wide_indent_gives_way_in_a_narrow_terminal_and_still_hangs() {
        let laid_out = |indent| {
            let lead = format!("{:indent$}", "a lead");
            let body = "some words that do not fit into forty columns";
            text(LOOK, |page| page.prose((PLAIN, &lead), (PLAIN, body), indent))
        };
        assert_eq!(
            laid_out(13),
            "a lead       some words that do not fit\n             into forty columns\n"
        );
        assert_eq!(laid_out(14), "a lead some words that do not fit into\n  forty columns\n");
    }

    #[test]
    fn ascii_is_ascii() {
        let look = Look { ascii: true, ..LOOK };
        let page = text(look, |page| page.prose((PLAIN, ""), (PLAIN, "49152–65535 … 漢"), 0));
        assert_eq!(page, "49152-65535 ... ?\n");
    }
}
