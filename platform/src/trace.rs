//! What was asked of a host, and what came back: for whoever wants to know why a report says what
//! it says.

use std::fmt::Debug;
use std::ops::ControlFlow;
use std::sync::{Mutex, PoisonError};

use crate::ask::{
    Answer, Ask, CensusOf, OpenSockets, Place, Question, Refusal, Reply, SocketOwners, Toured,
    Visitor,
};
use crate::draw::{Given, Wish};
use crate::persisted::Persisted;
use crate::snapshot::{Family, Os, Transport, Why};
use crate::usage::CensusRows;

/// How many questions are kept, and how many characters of an answer.
const QUESTIONS: usize = 2000;
const SHOWN: usize = 60;

/// The questions and their answers, in the order in which they were asked: the first 2,000, and how
/// many there were.
#[derive(Debug, Default)]
pub struct AskTrace(Mutex<AskedLines>);

#[derive(Debug, Default)]
struct AskedLines {
    lines: Vec<String>,
    more: usize,
}

impl AskTrace {
    /// A line for each question: what was asked, of whom, and what came. The lines hold bytes of
    /// the answers, as Rust writes them in a string.
    pub fn lines(&self) -> Vec<String> {
        let asked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let more = (asked.more > 0).then(|| format!("and {} more questions", asked.more));
        asked.lines.iter().cloned().chain(more).collect()
    }

    fn add(&self, line: impl FnOnce() -> String) {
        let mut asked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if asked.lines.len() < QUESTIONS {
            asked.lines.push(line());
        } else {
            asked.more += 1;
        }
    }
}

/// A way of asking, and where its questions are kept.
pub(crate) struct Traced<'a, A> {
    pub(crate) ask: A,
    pub(crate) place: String,
    pub(crate) trace: &'a AskTrace,
}

impl<A> Traced<'_, A> {
    fn keep<T>(&self, what: &str, reply: Reply<T>, came: impl FnOnce(&T) -> String) -> Reply<T> {
        self.trace.add(|| {
            let came = match &reply.outcome {
                Ok(value) => came(value),
                Err(Refusal::NotFound(detail)) => format!("nothing is there: {detail}"),
                Err(Refusal::Failed(why)) => refused(why),
            };
            let (kind, location) = (reply.source.kind(), reply.source.location());
            format!("{}{what}, of {kind} {location}: {came}", self.place)
        });
        reply
    }
}

fn refused(why: &Why) -> String {
    format!("{}: {}", why.reason.name(), why.detail)
}

/// The beginning of an answer, and how long it is.
fn bytes(answer: &[u8]) -> String {
    let beginning: String = String::from_utf8_lossy(answer).chars().take(SHOWN).collect();
    let more = if beginning.len() < answer.len() { " …" } else { "" };
    format!("{} bytes {beginning:?}{more}", answer.len())
}

/// A set of ports may have thousands of spans.
fn short(question: impl Debug) -> String {
    let text = format!("{question:?}");
    match text.char_indices().nth(4 * SHOWN) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

impl<A: std::ops::Deref<Target: Ask>> Ask for Traced<'_, A> {
    fn ask(&self, question: Question<'_>) -> Answer {
        self.keep(&short(question), self.ask.ask(question), |answer| bytes(answer))
    }

    fn census(&self, of: &CensusOf<'_>) -> Reply<CensusRows> {
        let came = |rows: &CensusRows| format!("{} bytes of counts", rows.lines().len());
        self.keep(&format!("{} census", of.transport.name()), self.ask.census(of), came)
    }

    fn owners(&self, inodes: &[u64]) -> Reply<SocketOwners> {
        let came = |owners: &SocketOwners| {
            let (found, unreadable) = (owners.found.len(), owners.unreadable);
            format!("{found} owners; {unreadable} processes could not be looked into")
        };
        let what = format!("owners of {} sockets", inodes.len());
        self.keep(&what, self.ask.owners(inodes), came)
    }

    fn listeners(&self, family: Family, transport: Transport) -> Reply<OpenSockets> {
        let came = |open: &OpenSockets| format!("{} sockets", open.sockets.len());
        let what = format!("{} {family:?} listeners", transport.name());
        self.keep(&what, self.ask.listeners(family, transport), came)
    }

    fn persisted(&self, os: Os) -> Result<Persisted, Why> {
        let persisted = self.ask.persisted(os);
        self.trace.add(|| {
            let came = persisted.as_ref().map_or_else(refused, |_| "they were read".to_owned());
            format!("{}the files that settings persist in: {came}", self.place)
        });
        persisted
    }

    fn tour(&self, visit: &mut Visitor<'_>) -> Option<Toured> {
        let trace = self.trace;
        let mut visited = |place: Place, ask: &dyn Ask| -> ControlFlow<()> {
            let traced = Traced { ask, place: format!("in {}: ", place.id), trace };
            visit(place, &traced)
        };
        self.ask.tour(&mut visited)
    }

    fn draw(&self, wish: Wish, count: u32) -> Given {
        self.ask.draw(wish, count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::{Reason, Source};

    #[test]
    fn each_question_is_a_line_and_no_more_than_so_many_are_kept() {
        let answer = |question: Question<'_>| match question {
            Question::File(path) => {
                Reply::new(Source::File(path.to_owned().into()), Ok(b"32768\t60999\n".to_vec()))
            }
            _ => Reply::new(
                Source::Command("uname".into()),
                Err(Refusal::Failed(Why::new(Reason::Denied, "EPERM"))),
            ),
        };
        let trace = AskTrace::default();
        let ask: &dyn Ask = &answer;
        let traced = Traced { ask, place: String::new(), trace: &trace };
        let _ = traced.ask(Question::File("/a"));
        let _ = traced.ask(Question::Uname);
        assert_eq!(
            trace.lines(),
            [
                "File(\"/a\"), of file /a: 12 bytes \"32768\\t60999\\n\"",
                "Uname, of command uname: denied: EPERM",
            ]
        );
        for _ in 0..QUESTIONS {
            let _ = traced.ask(Question::Uname);
        }
        let lines = trace.lines();
        assert_eq!(lines.len(), QUESTIONS + 1);
        assert_eq!(lines.last().map(String::as_str), Some("and 2 more questions"));
    }
}
