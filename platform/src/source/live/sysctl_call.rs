//! FreeBSD and macOS: sysctl(3).

use sysctl::{Ctl, Sysctl, SysctlError};

use super::unasked;
use crate::ask::{Answer, Outcome, Question, Refusal};
use crate::snapshot::{Os, Reason, Source, Why};

/// The OS this was compiled for.
pub(crate) const LIVE_OS: Os = if cfg!(target_os = "macos") { Os::MacOs } else { Os::FreeBsd };

/// Asks the running system.
pub(super) fn answer(question: Question<'_>) -> Answer {
    match question {
        Question::Tunable(name) => Answer::new(Source::Sysctl(name.to_owned().into()), value(name)),
        _ => unasked(),
    }
}

fn value(name: &str) -> Outcome {
    match Ctl::new(name).and_then(|knob| knob.value_string()) {
        Ok(text) => Ok(text.into_bytes()),
        Err(SysctlError::NotFound(_)) => Err(Refusal::NotFound(format!(
            "the kernel has no {name}, or does not allow reading it"
        ))),
        Err(error) => {
            Err(Refusal::Failed(Why::new(Reason::Unsupported, format!("sysctl {name}: {error}"))))
        }
    }
}
