//! Bytes of an unknown code page as lines.

/// One line, without its end and the blanks around it.
#[derive(Clone, Copy)]
pub(crate) struct Line<'a> {
    /// 1-based.
    pub(crate) number: usize,
    pub(crate) text: &'a [u8],
    /// The same with the blanks and the end.
    pub(crate) raw: &'a [u8],
    /// Whether a line feed ended it: if not, the text may have been cut here.
    pub(crate) ended: bool,
}

/// Lines end with LF; CR, CR LF and the CR CR LF of a doubled conversion are trimmed away as blanks
/// are.
#[derive(Clone)]
pub(crate) struct Lines<'a> {
    rest: &'a [u8],
    number: usize,
}

impl<'a> Lines<'a> {
    pub(crate) const fn new(text: &'a [u8]) -> Self {
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
        let (number, text) = (self.number, line.trim_ascii());
        Some(Line { number, text, raw: line, ended: feed.is_some() })
    }
}
