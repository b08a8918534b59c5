//! A system that no live reader was written for.

use crate::ask::{Answer, Question, Refusal};
use crate::snapshot::{Os, Reason, Source, Why};

/// The OS this was compiled for.
pub(crate) const LIVE_OS: Os = Os::Unsupported;

/// Asks the running system.
pub fn answer(_question: Question<'_>) -> Answer {
    let why = Why::new(Reason::Unsupported, "no live reader is written for this system yet");
    Answer::new(Source::Command(std::env::consts::OS.into()), Err(Refusal::Failed(why)))
}
