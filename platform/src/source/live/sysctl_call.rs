//! FreeBSD and macOS: sysctl(3).

use sysctl::{Ctl, Sysctl, SysctlError};

use crate::ask::{Answer, Outcome, Question, Refusal};
use crate::snapshot::{Os, Reason, Source, Why};

/// The OS this was compiled for.
pub(crate) const LIVE_OS: Os = if cfg!(target_os = "macos") { Os::MacOs } else { Os::FreeBsd };

/// Asks the running system.
pub fn answer(question: Question<'_>) -> Answer {
    if let Question::Tunable(name) = question {
        return Answer::new(Source::Sysctl(name.to_owned().into()), value(name));
    }
    let why = Why::new(Reason::Unsupported, "no live reader is written for it on this system yet");
    Answer::new(Source::Command("netstat -an".into()), Err(Refusal::Failed(why)))
}

fn value(name: &str) -> Outcome {
    match Ctl::new(name).and_then(|knob| knob.value_string()) {
        Ok(text) => Ok(text.into_bytes()),
        Err(SysctlError::NotFound(_)) => {
            Err(Refusal::NotFound(format!("the kernel knows no {name}, or may not tell")))
        }
        Err(error) => {
            Err(Refusal::Failed(Why::new(Reason::Unsupported, format!("sysctl {name}: {error}"))))
        }
    }
}
