//! Pieces of the rules about services that the policy declares.

use crate::policy::services::Declared;
use crate::report::{Evidence, Verdict};

/// Services are declared for the host that the reader is on.
pub const ELSEWHERE: &str = "declared services are checked only in the namespace ephaudit runs in";

/// What such a rule says where no service is declared.
pub fn none() -> Verdict {
    Verdict::not_asked("--services", "the policy declares no services")
}

/// Who declares a service, as evidence.
pub fn evidence(service: &Declared) -> Evidence {
    let value = format!("{service}, by {}", service.by);
    Evidence::new("declared service", value, &service.by.source())
}
