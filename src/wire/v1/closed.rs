//! All words that this version writes in a place, for the schema.

use ephaudit_platform::boot::{Loader, Rejection};
use ephaudit_platform::snapshot::{Os, Reason, ReservedKind, Role, ScopeKind, Source};
use serde_json::{Value, json};

use crate::fixed::{Fixed, Sign};
use crate::policy::Profile;
use crate::report::When;
use crate::rule::Need;

pub(super) fn profiles() -> Vec<&'static str> {
    Profile::ALL.into_iter().map(Profile::name).collect()
}

pub(super) fn needs() -> Value {
    json!({ "type": "string", "enum": Need::ALL.map(Need::name) })
}

pub(super) fn systems() -> Vec<&'static str> {
    Os::ALL.iter().map(|os| os.name()).collect()
}

pub(super) const fn sources() -> &'static [&'static str] {
    Source::KINDS
}

pub(super) fn reasons() -> Vec<&'static str> {
    Reason::ALL.iter().map(|reason| reason.name()).collect()
}

pub(super) fn roles() -> Vec<&'static str> {
    Role::ALL.iter().map(|role| role.name()).collect()
}

pub(super) fn scope_kinds() -> Vec<&'static str> {
    ScopeKind::ALL.iter().map(|kind| kind.name()).collect()
}

pub(super) fn reserved_kinds() -> Vec<&'static str> {
    ReservedKind::ALL.iter().map(|kind| kind.name()).collect()
}

pub(super) fn fixed() -> Vec<&'static str> {
    Fixed::ALL.into_iter().map(Fixed::name).collect()
}

pub(super) fn signs() -> Vec<&'static str> {
    Sign::ALL.into_iter().map(Sign::name).collect()
}

pub(super) fn loaders() -> Vec<&'static str> {
    Loader::ALL.iter().map(|loader| loader.name()).collect()
}

pub(super) fn moments() -> Vec<&'static str> {
    When::ALL.into_iter().map(When::name).collect()
}

pub(super) fn rejections() -> Vec<&'static str> {
    Rejection::ALL.iter().map(|rejection| rejection.name()).collect()
}

/// What the items of a list of words are.
pub(super) fn list(words: &[&'static str]) -> Value {
    serde_json::json!({ "type": "string", "enum": words })
}

/// The words of a field that may have none.
pub(super) fn or_null(words: impl IntoIterator<Item = &'static str>) -> Vec<Value> {
    words.into_iter().map(Value::from).chain([Value::Null]).collect()
}
