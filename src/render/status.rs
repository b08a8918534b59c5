//! One word: the status, and what critical rule nobody asked.

use super::view::figures;
use crate::wire::v1::{Document, Status};

/// The word on a line of its own; "unjudged" where nothing was judged. A script that compares it
/// with "compliant" must not take a host for one that nobody looked at for what is critical.
pub fn render(document: &Document) -> Vec<u8> {
    let word = document.status.map_or("unjudged", Status::name);
    let unasked = figures::gravest_unasked(document);
    let unasked = unasked.map_or_else(String::new, |names| format!(", {names} not asked"));
    format!("{word}{unasked}\n").into_bytes()
}
