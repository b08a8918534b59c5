//! A capture: every answer that an audit was given, with its source and a sum, in one JSON file.
//! Asked again, on whatever system, it answers as the host did.

mod answers;
mod census;
mod file;
mod listeners;
mod owners;

use std::cell::RefCell;
use std::collections::BTreeMap;

use self::answers::Answers;
pub use self::file::CaptureError;
use self::file::{CaptureEntry, CaptureFile, VERSION, short};
use crate::ask::{
    Answer, Ask, CensusOf, NetshTable, OpenSockets, Question, Refusal, Reply, SocketOwners,
};
use crate::reading::beginning;
use crate::snapshot::{Family, HostInfo, Os, Reason, Source, Transport, Why};
use crate::source::Live;
use crate::usage::CensusRows;

/// A capture that was read and whose sums are right.
#[derive(Debug)]
#[non_exhaustive]
pub struct Capture {
    os: Os,
    collected_at: String,
    answers: BTreeMap<String, Answer>,
}

impl Capture {
    /// The most bytes that a capture may have: about 20,000 sockets. What is more is left out by
    /// whole answers.
    pub const MAX: usize = file::MAX;

    /// Whether the bytes mean to be a capture.
    pub fn is_one(bytes: &[u8]) -> bool {
        let start = &bytes[..bytes.len().min(64)];
        start.trim_ascii_start().starts_with(b"{")
            && start.windows(18).any(|w| w == b"\"ephaudit_capture\"")
    }

    /// Reads a capture and checks every sum.
    pub fn parse(bytes: &[u8]) -> Result<Self, CaptureError> {
        if bytes.len() > Self::MAX {
            return Err(CaptureError::TooLarge);
        }
        let file: CaptureFile = serde_json::from_slice(bytes)?;
        if file.ephaudit_capture != VERSION {
            return Err(CaptureError::Version(file.ephaudit_capture));
        }
        if file.sha256 != file.sum() {
            return Err(CaptureError::Sum("the capture".to_owned()));
        }
        let os = Os::ALL.iter().find(|os| os.name() == file.os);
        let os = *os.ok_or_else(|| CaptureError::Word(beginning(&file.os), "system"))?;
        short("collected_at", &file.collected_at)?;
        let mut answers = BTreeMap::new();
        for entry in file.answers {
            if entry.sha256 != entry.sum() {
                return Err(CaptureError::Sum(beginning(&entry.question)));
            }
            let (question, answer) = entry.answer()?;
            answers.insert(question, answer);
        }
        Ok(Self { os, collected_at: file.collected_at, answers })
    }

    /// When the host was asked.
    pub fn collected_at(&self) -> &str {
        &self.collected_at
    }

    pub(crate) const fn os(&self) -> Os {
        self.os
    }

    fn kept(&self, key: &str) -> Answer {
        self.answers.get(key).cloned().unwrap_or_else(|| {
            let key = beginning(key);
            let why = Why::new(Reason::NotCaptured, format!("the capture does not hold {key}"));
            Answer::new(Source::Capture(key.into()), Err(Refusal::Failed(why)))
        })
    }
}

/// Answers as the host did.
impl Ask for Capture {
    fn ask(&self, question: Question<'_>) -> Answer {
        self.kept(&key(question))
    }

    fn census(&self, of: &CensusOf<'_>) -> Reply<CensusRows> {
        read_census(self.kept(&key_of_census(of)), of.transport)
    }

    fn owners(&self, inodes: &[u64]) -> Reply<SocketOwners> {
        read_owners(self.kept(&key_of_owners(inodes)))
    }

    fn listeners(&self, family: Family, transport: Transport) -> Reply<OpenSockets> {
        read_listeners(self.kept(&key_of_listeners(family, transport)))
    }
}

/// The running system, whose answers are kept. One that is too long for a capture becomes a
/// refusal, also for what is asked next: the audit of the capture says that it does not know.
#[derive(Debug, Default)]
pub struct Recording(RefCell<Answers>);

impl Recording {
    /// Everything that was answered so far, as a capture.
    ///
    /// # Errors
    /// None that a system could cause: only a failure to write JSON.
    pub fn capture(
        self,
        host: &HostInfo,
        collected_at: String,
    ) -> Result<Vec<u8>, serde_json::Error> {
        let mut file = CaptureFile {
            ephaudit_capture: VERSION,
            os: host.os.name().to_owned(),
            host: host.name.clone(),
            collected_at,
            answers: self.0.into_inner().kept.into_iter().map(CaptureEntry::new).collect(),
            sha256: String::new(),
        };
        file.sha256 = file.sum();
        let mut bytes = serde_json::to_vec_pretty(&file)?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    fn add(&self, key: String, ask: impl FnOnce() -> Answer) -> Answer {
        self.0.borrow_mut().add(key, ask)
    }
}

/// What is kept is what is told: a replay asks on as the recording did.
impl Ask for Recording {
    fn ask(&self, question: Question<'_>) -> Answer {
        self.add(key(question), || Live.ask(question))
    }

    fn census(&self, of: &CensusOf<'_>) -> Reply<CensusRows> {
        let ask = || Live.census(of).and_then(|rows| Ok(rows.lines().into_bytes()));
        read_census(self.add(key_of_census(of), ask), of.transport)
    }

    fn owners(&self, inodes: &[u64]) -> Reply<SocketOwners> {
        let ask = || Live.owners(inodes).and_then(|owners| Ok(owners.records()));
        read_owners(self.add(key_of_owners(inodes), ask))
    }

    fn listeners(&self, family: Family, transport: Transport) -> Reply<OpenSockets> {
        let ask =
            || Live.listeners(family, transport).and_then(|open| Ok(open.lines().into_bytes()));
        read_listeners(self.add(key_of_listeners(family, transport), ask))
    }
}

fn read_census(answer: Answer, transport: Transport) -> Reply<CensusRows> {
    answer.and_then(|bytes| {
        let unparsable = |error| Refusal::Failed(Why::unparsable(error, &bytes));
        CensusRows::parse(&bytes, transport).map_err(unparsable)
    })
}

fn read_owners(answer: Answer) -> Reply<SocketOwners> {
    answer.and_then(|bytes| {
        let what = "not the records of a search for owners";
        let unparsable = || Refusal::Failed(Why::unparsable(what, &bytes));
        SocketOwners::parse(&bytes).ok_or_else(unparsable)
    })
}

fn read_listeners(answer: Answer) -> Reply<OpenSockets> {
    answer.and_then(|bytes| {
        let unparsable = |error| Refusal::Failed(Why::unparsable(error, &bytes));
        OpenSockets::parse(&bytes).map_err(unparsable)
    })
}

fn key_of_census(of: &CensusOf<'_>) -> String {
    let bound = if of.bound { " and bound" } else { "" };
    format!("census {}{bound} {}", of.transport, of.pool)
}

fn key_of_owners(inodes: &[u64]) -> String {
    let inodes: Vec<String> = inodes.iter().map(ToString::to_string).collect();
    format!("owners {}", inodes.join(","))
}

fn key_of_listeners(of: Family, transport: Transport) -> String {
    format!("listeners {} {transport}", family(of))
}

const fn family(family: Family) -> &'static str {
    match family {
        Family::Ipv4 => "ipv4",
        Family::Ipv6 => "ipv6",
    }
}

/// A question in words.
fn key(question: Question<'_>) -> String {
    match question {
        Question::Tunable(name) => format!("tunable {name}"),
        Question::File(path) => format!("file {path}"),
        Question::Link(path) => format!("link {path}"),
        Question::Netsh(table, f, transport) => {
            let table = match table {
                NetshTable::DynamicPort => "dynamicport",
                NetshTable::ExcludedPortRange => "excludedportrange",
            };
            format!("netsh {} {table} {transport}", family(f))
        }
        Question::NetSetting(transport) => format!("net setting {transport}"),
        Question::Uname => "uname".to_owned(),
        Question::SockDiag(f, transport) => format!("sock_diag {} {transport}", family(f)),
        Question::SocketTable(f, transport) => format!("socket table {} {transport}", family(f)),
        Question::SockDiagOn(f, transport, ports) => {
            format!("sock_diag {} {transport} {ports}", family(f))
        }
        Question::SocketTableOn(f, transport, ports) => {
            format!("socket table {} {transport} {ports}", family(f))
        }
    }
}

/// The capture with the sums that it would have, had a host answered so.
#[cfg(fuzzing)]
pub fn sealed(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut file: CaptureFile = serde_json::from_slice(bytes).ok()?;
    for entry in &mut file.answers {
        entry.sha256 = entry.sum();
    }
    file.sha256 = file.sum();
    serde_json::to_vec(&file).ok()
}

#[cfg(test)]
mod tests {
    use super::file::TEXT_MAX;
    use super::*;

    #[test]
    fn every_kind_of_source_comes_back() {
        for source in [
            Source::File("/proc/x".into()),
            Source::Netlink("tcp".into()),
            Source::Command("netsh".into()),
            Source::Sysctl("net.inet.tcp.msl".into()),
            Source::Capture("web1.txt:1".into()),
            Source::Kernel("TCP_TIMEWAIT_LEN, include/net/tcp.h".into()),
        ] {
            let answer = Answer::new(source, Ok(Vec::new()));
            let back = CaptureEntry::new(("uname".to_owned(), answer.clone())).answer();
            assert_eq!(back.expect("an answer"), ("uname".to_owned(), answer));
        }
    }

    #[test]
    fn what_is_longer_than_a_host_tells_is_refused() {
        let back = |question: &str, source: &str, outcome| {
            let answer = Answer::new(Source::File(source.to_owned().into()), outcome);
            CaptureEntry::new((question.to_owned(), answer)).answer()
        };
        let long = "x".repeat(TEXT_MAX + 1);
        let refused = |text: &str| Err(Refusal::Failed(Why::new(Reason::Denied, text)));
        for entry in [
            back("file x", &long, Ok(Vec::new())),
            back("file x", "", refused(&long)),
            back("file x", "", Err(Refusal::NotFound(long.clone()))),
            back("file x", "", Ok(vec![0; 64 * 1024 + 1])),
            back("tunable x", "", Ok(vec![0; 1024 * 1024 + 1])),
            back("link x", "", Ok(vec![0; 4097])),
            back("uname", "", Ok(vec![0; 4097])),
        ] {
            assert!(matches!(entry, Err(CaptureError::TooLong(_))), "{entry:?}");
        }
        let whole = &long[..TEXT_MAX];
        for entry in [
            back("file x", whole, refused(whole)),
            back("file x", "", Ok(vec![0; 64 * 1024])),
            back("sock_diag ipv4 tcp", "", Ok(vec![0; 1024 * 1024 + 1])),
        ] {
            assert!(entry.is_ok(), "{entry:?}");
        }
        let mut capture = vec![b' '; Capture::MAX + 1];
        assert!(matches!(Capture::parse(&capture), Err(CaptureError::TooLarge)));
        capture.pop();
        assert!(matches!(Capture::parse(&capture), Err(CaptureError::Form(_))));
    }

    #[test]
    fn an_answer_that_is_missing_is_named_in_short() {
        let capture =
            Capture { os: Os::Linux, collected_at: String::new(), answers: BTreeMap::new() };
        let inodes: Vec<u64> = (0..10_000).collect();
        let Reply { source, outcome } = capture.owners(&inodes);
        assert!(source.location().len() < 400);
        assert!(matches!(outcome, Err(Refusal::Failed(why)) if why.detail.len() < 400));
    }
}
