//! A capture: every answer that an audit was given, with its source and a sum, in one JSON file.
//! Asked again, on whatever system, it answers as the host did.

mod answers;
mod census;
mod listeners;
mod owners;

use std::cell::RefCell;
use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use self::answers::Answers;
use crate::ask::{
    Answer, Ask, CensusOf, NetshTable, OpenSockets, Outcome, Question, Refusal, Reply, SocketOwners,
};
use crate::reading::beginning;
use crate::snapshot::{Family, HostInfo, Os, Reason, Source, Transport, Why};
use crate::source::Live;
use crate::usage::CensusRows;

/// The version of the file's form.
const VERSION: u32 = 1;

/// The longest text about an answer, in bytes.
const TEXT_MAX: usize = 1024;

/// The longest answers, in bytes; the others are bounded by the whole.
const LONGEST: [(&str, usize); 4] =
    [("tunable ", 1024 * 1024), ("file ", 64 * 1024), ("link ", 4096), ("uname", 4096)];

/// Why a file is no capture that can be believed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CaptureError {
    /// It is not JSON of this form.
    #[error("not a capture of ephaudit: {}", beginning(&.0.to_string()))]
    Form(#[from] serde_json::Error),
    /// It is larger than any that is made.
    #[error("a capture of more than {} MiB", Capture::MAX / 1024 / 1024)]
    TooLarge,
    /// Something in it is longer than any host's.
    #[error("{0:?} is longer than on any host")]
    TooLong(String),
    /// It is of a form that is not known yet.
    #[error("a capture of version {0}; this ephaudit reads version {VERSION}")]
    Version(u32),
    /// Something was changed since.
    #[error("the sum of {0:?} is wrong: the capture was changed or damaged")]
    Sum(String),
    /// It holds a word that no capture holds.
    #[error("{0:?} is not a valid {1} of a capture")]
    Word(String, &'static str),
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CaptureFile {
    ephaudit_capture: u32,
    os: String,
    host: Option<String>,
    collected_at: String,
    answers: Vec<CaptureEntry>,
    /// Of the fields above and the answers' sums.
    sha256: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CaptureEntry {
    question: String,
    source: CapturedNamespace,
    /// What was answered, in base64; null where there was no answer.
    bytes: Option<String>,
    /// Why there was none.
    refusal: Option<CapturedRefusal>,
    /// Of the fields above.
    sha256: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CapturedNamespace {
    kind: String,
    location: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CapturedRefusal {
    /// A reason's name, or "not-found".
    reason: String,
    detail: String,
    raw: Option<String>,
}

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
    pub const MAX: usize = 4 * 1024 * 1024;

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

/// SHA-256 of fields that no content of one can make look like another's: each has its length
/// before it.
fn sum<'a>(fields: impl IntoIterator<Item = Option<&'a str>>) -> String {
    let mut digest = Sha256::new();
    for field in fields {
        match field {
            Some(text) => {
                digest.update(format!("{} ", text.len()));
                digest.update(text);
            }
            None => digest.update("- "),
        }
    }
    digest.finalize().iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

impl CaptureFile {
    fn sum(&self) -> String {
        let version = self.ephaudit_capture.to_string();
        let head = [
            Some(version.as_str()),
            Some(self.os.as_str()),
            self.host.as_deref(),
            Some(self.collected_at.as_str()),
        ];
        sum(head.into_iter().chain(self.answers.iter().map(|entry| Some(entry.sha256.as_str()))))
    }
}

impl CaptureEntry {
    fn new((question, answer): (String, Answer)) -> Self {
        let (bytes, refusal) = match answer.outcome {
            Ok(bytes) => (Some(STANDARD.encode(bytes)), None),
            Err(Refusal::NotFound(detail)) => {
                (None, Some(CapturedRefusal { reason: NOT_FOUND.to_owned(), detail, raw: None }))
            }
            Err(Refusal::Failed(Why { reason, detail, raw })) => {
                (None, Some(CapturedRefusal { reason: reason.name().to_owned(), detail, raw }))
            }
        };
        let source = CapturedNamespace {
            kind: answer.source.kind().to_owned(),
            location: answer.source.location().to_owned(),
        };
        let mut entry = Self { question, source, bytes, refusal, sha256: String::new() };
        entry.sha256 = entry.sum();
        entry
    }

    fn sum(&self) -> String {
        let refusal = self.refusal.as_ref();
        sum([
            Some(self.question.as_str()),
            Some(self.source.kind.as_str()),
            Some(self.source.location.as_str()),
            self.bytes.as_deref(),
            refusal.map(|refused| refused.reason.as_str()),
            refusal.map(|refused| refused.detail.as_str()),
            refusal.and_then(|refused| refused.raw.as_deref()),
        ])
    }

    /// Holds it to what a host can tell: one text may stand in many places of a report.
    fn bounded(&self) -> Result<(), CaptureError> {
        let refusal =
            self.refusal.iter().flat_map(|refused| [Some(&refused.detail), refused.raw.as_ref()]);
        for text in refusal.flatten().chain([&self.source.location]) {
            short(&self.question, text)?;
        }
        Ok(())
    }

    fn answer(self) -> Result<(String, Answer), CaptureError> {
        self.bounded()?;
        let location = self.source.location.into();
        let source = match self.source.kind.as_str() {
            "file" => Source::File(location),
            "netlink" => Source::Netlink(location),
            "command" => Source::Command(location),
            "sysctl" => Source::Sysctl(location),
            "capture" => Source::Capture(location),
            "kernel" => Source::Kernel(location),
            kind => return Err(CaptureError::Word(beginning(kind), "source")),
        };
        let outcome: Outcome = match (self.bytes, self.refusal) {
            (Some(text), None) => Ok(decoded(&self.question, &text)?),
            (None, Some(refused)) if refused.reason == NOT_FOUND => {
                Err(Refusal::NotFound(refused.detail))
            }
            (None, Some(CapturedRefusal { reason, detail, raw })) => {
                let known = Reason::ALL.iter().find(|known| known.name() == reason);
                let reason = *known.ok_or(CaptureError::Word(beginning(&reason), "reason"))?;
                Err(Refusal::Failed(Why { reason, detail, raw }))
            }
            _ => return Err(CaptureError::Word(beginning(&self.question), "answer")),
        };
        Ok((self.question, Answer::new(source, outcome)))
    }
}

/// What was answered.
fn decoded(question: &str, text: &str) -> Result<Vec<u8>, CaptureError> {
    let bytes = STANDARD
        .decode(text)
        .map_err(|_| CaptureError::Word(beginning(question), "base64 answer"))?;
    match LONGEST.iter().find(|(kind, _)| question.starts_with(kind)) {
        Some((_, longest)) if bytes.len() > *longest => {
            Err(CaptureError::TooLong(beginning(question)))
        }
        _ => Ok(bytes),
    }
}

fn short(name: &str, text: &str) -> Result<(), CaptureError> {
    let fits = text.len() <= TEXT_MAX;
    if fits { Ok(()) } else { Err(CaptureError::TooLong(beginning(name))) }
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

const NOT_FOUND: &str = "not-found";

#[cfg(test)]
mod tests {
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
