//! What every row of facts is made of.

use crate::wire::v1::State;

/// A fact, its value, and where it was read.
pub fn row(fact: &str, value: &str, from: &str) -> Vec<String> {
    vec![fact.to_owned(), value.to_owned(), from.to_owned()]
}

/// What stands where a value would, were it known.
pub fn unread(state: State, reason: Option<&str>) -> String {
    match (state, reason) {
        (State::Absent, _) => "not on this system".to_owned(),
        (_, Some(reason)) => format!("UNKNOWN ({reason})"),
        (_, None) => "UNKNOWN".to_owned(),
    }
}
