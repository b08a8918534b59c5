//! A system that no live reader was written for.

use super::unasked;
use crate::ask::{Answer, Question};
use crate::snapshot::Os;

/// The OS this was compiled for.
pub(crate) const LIVE_OS: Os = Os::Unsupported;

/// Asks the running system.
pub(super) fn answer(_question: Question<'_>) -> Answer {
    unasked()
}
