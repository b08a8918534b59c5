//! A system that no live reader was written for.

use super::{listeners, unasked};
use crate::ask::{Answer, Question};
use crate::snapshot::Os;

/// The OS this was compiled for.
pub(crate) const LIVE_OS: Os = Os::Unsupported;

/// Asks the running system.
pub fn answer(question: Question<'_>) -> Answer {
    match question {
        Question::Listeners(family, transport) => listeners::listeners(family, transport),
        _ => unasked(),
    }
}
