//! What is true of every report, whoever made it.

use clap::ValueEnum;

use crate::render::{self, Format, Look};
use crate::wire::v1::{self, Document, State, Status};

const LOOK: Look = Look::plain(80);

/// Ends the process where one of the claims is wrong.
pub(super) fn hold(document: &Document) {
    known_where_compliant(document);
    let all: Vec<(Format, Vec<u8>)> = Format::value_variants()
        .iter()
        .map(|&format| (format, render::render(document, format, LOOK)))
        .collect();
    assert_eq!(render::agreement::agreed(document), Ok(()));
    let json = all.iter().find(|(format, _)| *format == Format::Json).expect("a format");
    let back = v1::read(&json.1).expect("what was written is read again");
    for (format, bytes) in &all {
        let again = render::render(&back, *format, LOOK);
        assert!(again == *bytes, "{format:?} is another after JSON");
    }
}

/// No host complies of which something is not known that rules ask for, where none of them was
/// turned off.
fn known_where_compliant(document: &Document) {
    let off = document.policy.as_ref().is_some_and(|policy| !policy.off.is_empty());
    // Which facts the rules of another version need, this one cannot know.
    let other = document.tool.version != env!("CARGO_PKG_VERSION");
    if document.status != Some(Status::Compliant) || off || other {
        return;
    }
    assert!(document.policy.is_some(), "compliant without a measure");
    let own =
        document.scopes.iter().find(|scope| scope.current).expect("compliant without a scope");
    assert!(!own.ranges.is_empty(), "compliant without a range");
    assert!(own.ranges.iter().all(|range| range.state != State::Unknown), "an unknown range");
    let unknown = own.reserved.iter().any(|list| list.state == State::Unknown);
    assert!(!unknown, "an unknown list of reserved ports");
    assert_ne!(own.listeners.state, State::Unknown, "unknown listeners");
    assert_ne!(own.unprivileged_start.state, State::Unknown, "an unknown unprivileged start");
}
