//! One word: the status.

use crate::wire::v1::{Document, Status};

/// The word on a line of its own; "unjudged" where nothing was judged.
pub fn render(document: &Document) -> Vec<u8> {
    let word = document.status.map_or("unjudged", Status::name);
    format!("{word}\n").into_bytes()
}
