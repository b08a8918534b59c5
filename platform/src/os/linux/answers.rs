//! Answers that are a line of text.

use crate::ask::{Ask, Question, Refusal};
use crate::reading::beginning;
use crate::snapshot::Reason;
use crate::unread::{Subject, Unread};

/// The beginning of a link's target: it stands in every line of a report.
pub(super) fn link(
    ask: &dyn Ask,
    path: &str,
    subject: Subject,
    notes: &mut Vec<Unread>,
) -> Option<String> {
    let target = text(ask, Question::Link(path), subject, notes).map(|target| beginning(&target));
    // No link of the kernel's leads nowhere.
    target.filter(|target| !target.is_empty())
}

/// What was answered. What is not there tells nothing; what was refused is noted. Evidence of ports
/// seldom tells the host too, so that is no news.
pub(super) fn text(
    ask: &dyn Ask,
    question: Question<'_>,
    subject: Subject,
    notes: &mut Vec<Unread>,
) -> Option<String> {
    match ask.ask(question).outcome {
        Ok(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
        Err(Refusal::NotFound(_)) => None,
        Err(Refusal::Failed(why)) => {
            if why.reason != Reason::NotCaptured {
                notes.push(Unread::new(subject, why));
            }
            None
        }
    }
}
