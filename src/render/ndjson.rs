//! The report on one line: many reports, one after the other, are a file of newline-delimited JSON.

use crate::wire::v1::Document;

/// The document on one line that ends in a line feed.
pub fn render(document: &Document) -> Vec<u8> {
    super::json::compact(document)
}
