//! The report on one line: many reports, one after the other, are a file of newline-delimited JSON.

use std::io::{self, Write};

use crate::wire::v1::Document;

/// The document on one line that ends in a line feed.
pub fn write(document: &Document, to: &mut dyn Write) -> io::Result<()> {
    super::json::write_line(document, to)
}
