//! OpenMetrics 1.0: what is written for Prometheus keeps to it, but for the mark at the end.

use super::prometheus;
use crate::wire::v1::Document;

/// The document as an exposition.
pub fn render(document: &Document) -> Vec<u8> {
    let mut text = prometheus::render(document);
    text.extend_from_slice(b"# EOF\n");
    text
}
