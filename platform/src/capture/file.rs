//! The file of a capture: its JSON, and the sums that tell a changed one.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::ask::{Answer, Outcome, Refusal};
use crate::reading::{Reason, Source, Why, beginning};

/// The most bytes that it may have: about 20,000 sockets.
pub(super) const MAX: usize = 4 * 1024 * 1024;

/// The version of the file's form.
pub(super) const VERSION: u32 = 1;

/// The longest text about an answer, in bytes.
pub(super) const TEXT_MAX: usize = 1024;

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
    #[error("a capture of more than {} MiB", MAX / 1024 / 1024)]
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
pub(super) struct CaptureFile {
    pub(super) ephaudit_capture: u32,
    pub(super) os: String,
    pub(super) host: Option<String>,
    pub(super) collected_at: String,
    pub(super) answers: Vec<CaptureEntry>,
    /// Of the fields above and the answers' sums.
    pub(super) sha256: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CaptureEntry {
    pub(super) question: String,
    pub(super) source: CapturedSource,
    /// What was answered, in base64; null where there was no answer.
    pub(super) bytes: Option<String>,
    /// Why there was none.
    pub(super) refusal: Option<CapturedRefusal>,
    /// Of the fields above.
    pub(super) sha256: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CapturedSource {
    pub(super) kind: String,
    pub(super) location: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CapturedRefusal {
    /// A reason's name, or "not-found".
    pub(super) reason: String,
    pub(super) detail: String,
    pub(super) raw: Option<String>,
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
    pub(super) fn sum(&self) -> String {
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
    pub(super) fn new((question, answer): (String, Answer)) -> Self {
        let (bytes, refusal) = match answer.outcome {
            Ok(bytes) => (Some(STANDARD.encode(bytes)), None),
            Err(Refusal::NotFound(detail)) => {
                (None, Some(CapturedRefusal { reason: NOT_FOUND.to_owned(), detail, raw: None }))
            }
            Err(Refusal::Failed(Why { reason, detail, raw })) => {
                (None, Some(CapturedRefusal { reason: reason.name().to_owned(), detail, raw }))
            }
        };
        let source = CapturedSource {
            kind: answer.source.kind().to_owned(),
            location: answer.source.location().to_owned(),
        };
        let mut entry = Self { question, source, bytes, refusal, sha256: String::new() };
        entry.sha256 = entry.sum();
        entry
    }

    pub(super) fn sum(&self) -> String {
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

    pub(super) fn answer(self) -> Result<(String, Answer), CaptureError> {
        self.bounded()?;
        let location = self.source.location.into();
        let source = match self.source.kind.as_str() {
            "file" => Source::File(location),
            "netlink" => Source::Netlink(location),
            "command" => Source::Command(location),
            "sysctl" => Source::Sysctl(location),
            "capture" => Source::Capture(location),
            "kernel" => Source::Kernel(location),
            "asked" => Source::Asked(location),
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

pub(super) fn short(name: &str, text: &str) -> Result<(), CaptureError> {
    let fits = text.len() <= TEXT_MAX;
    if fits { Ok(()) } else { Err(CaptureError::TooLong(beginning(name))) }
}

const NOT_FOUND: &str = "not-found";
