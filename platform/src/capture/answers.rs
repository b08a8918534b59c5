//! Answers, as they come in while a capture is made: one that is too long for it is left out.

use super::Capture;
use crate::ask::{Answer, Refusal};
use crate::snapshot::{Reason, Why};

/// What was answered while a capture is made.
#[derive(Debug, Default)]
pub(super) struct Answers {
    pub(super) kept: Vec<(String, Answer)>,
    /// How many bytes of the capture they take.
    taken: usize,
}

impl Answers {
    /// Asks, keeps the answer and returns it; one that is too long is refused instead.
    pub(super) fn add(&mut self, key: String, ask: impl FnOnce() -> Answer) -> Answer {
        /// What an entry takes beside its texts.
        const ENTRY: usize = 1024;
        /// From here on an answer is long.
        const LONG: usize = 16 * 1024;
        /// What long answers leave free for the others.
        const KEPT_FREE: usize = 1024 * 1024;
        if let Some((_, known)) = self.kept.iter().find(|(known, _)| *known == key) {
            return known.clone();
        }
        let answer = ask();
        let bytes = answer.outcome.as_ref().map_or(0, Vec::len);
        let size = bytes.div_ceil(3) * 4 + key.len() + ENTRY;
        let most = Capture::MAX - if size > LONG { KEPT_FREE } else { 0 };
        let fits = self.taken + size <= most;
        let answer = if fits {
            answer
        } else {
            let detail = format!(
                "the answer of {bytes} bytes is left out: a capture holds {} MiB",
                Capture::MAX / 1024 / 1024
            );
            let refusal = Refusal::Failed(Why::new(Reason::Truncated, detail));
            Answer::new(answer.source, Err(refusal))
        };
        self.taken += if fits { size } else { key.len() + ENTRY };
        self.kept.push((key, answer.clone()));
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::Source;

    #[test]
    fn what_is_too_long_is_refused_while_it_is_made_and_what_is_short_has_room() {
        let mut answers = Answers::default();
        let words =
            |bytes: usize| move || Answer::new(Source::Netlink("x".into()), Ok(vec![b'x'; bytes]));
        let dump = |family: &str| format!("sock_diag {family} tcp");
        assert!(answers.add(dump("ipv4"), words(2 * 1024 * 1024)).outcome.is_ok());
        let refused = answers.add(dump("ipv6"), words(2 * 1024 * 1024));
        match &refused.outcome {
            Err(Refusal::Failed(why)) => assert_eq!(why.reason, Reason::Truncated),
            other => panic!("{other:?}"),
        }
        assert_eq!(answers.add(dump("ipv6"), words(1)), refused, "it stays so");
        assert!(answers.add("uname".to_owned(), words(100)).outcome.is_ok());
    }
}
