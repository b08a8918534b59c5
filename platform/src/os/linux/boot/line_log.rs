//! What became of each line that names one of the keys, and of the values.

use super::kernel::{Key, Sysctls, Write};
use crate::boot::Rejection;
use crate::os::line_outcomes::{LineRef, OfKey};
use crate::parse::sysctl_conf::SysctlLine;
use crate::snapshot::{Reason, Source, Why};

/// The values as they stand after the writes so far, and how they came there.
#[derive(Debug, Clone)]
pub(super) struct LineLog {
    sysctls: Sysctls,
    keys: [OfKey; Key::ALL.len()],
    lost: Option<Why>,
}

impl LineLog {
    pub(super) fn new(sysctls: Sysctls) -> Self {
        Self { sysctls, keys: Default::default(), lost: None }
    }

    pub(super) const fn sysctls(&self) -> &Sysctls {
        &self.sysctls
    }

    pub(super) const fn key(&self, key: Key) -> &OfKey {
        &self.keys[key as usize]
    }

    /// A line that names the key never applies.
    pub(super) fn reject(
        &mut self,
        key: Key,
        value: &[u8],
        place: LineRef<'_>,
        reason: (Rejection, String),
    ) {
        self.keys[key as usize].reject(value, place, reason);
    }

    /// A line is replaced by a later one before anything is written.
    pub(super) fn overrule(&mut self, key: Key, value: &[u8], place: LineRef<'_>) {
        self.keys[key as usize].overrule(value, place);
    }

    /// The value in one write; what does not fit is lost.
    pub(super) fn write_once(&mut self, key: Key, value: &[u8], text: &[u8], place: LineRef<'_>) {
        match self.sysctls.write(key, text, true) {
            Write::Took(taken) => {
                self.won(key, value, place);
                if taken < text.len() {
                    let detail = format!("only the first {taken} bytes fit into one write");
                    self.reject(key, value, place, (Rejection::Cut, detail));
                }
            }
            other => self.failed(key, value, place, other),
        }
    }

    /// The value in as many writes as it takes, through one descriptor.
    pub(super) fn write_all(&mut self, key: Key, value: &[u8], text: &[u8], place: LineRef<'_>) {
        let mut left = text;
        let mut first = true;
        while !left.is_empty() {
            match self.sysctls.write(key, left, first) {
                Write::Took(0) => break,
                Write::Took(taken) => left = &left[taken..],
                other => {
                    if !first {
                        self.won(key, value, place);
                    }
                    return self.failed(key, value, place, other);
                }
            }
            first = false;
        }
        self.won(key, value, place);
    }

    fn won(&mut self, key: Key, value: &[u8], place: LineRef<'_>) {
        self.keys[key as usize].won(value, place);
    }

    fn failed(&mut self, key: Key, value: &[u8], place: LineRef<'_>, outcome: Write) {
        match outcome {
            Write::Took(_) => {}
            Write::Refused(refused) => {
                self.reject(key, value, place, (refused.rejection, refused.detail));
            }
            Write::Unsure(detail) => self.doubt(key, detail),
        }
    }

    /// The key's value cannot be told from here on, until a line sets it for certain.
    pub(super) fn doubt(&mut self, key: Key, detail: impl Into<String>) {
        self.keys[key as usize].doubt(detail);
    }

    /// No key's value can be told any more: which writes succeed hangs on what was written before.
    pub(super) fn doubt_all(&mut self, detail: &str) {
        self.lost = Some(Why::new(Reason::Unsupported, detail));
    }

    /// Why no value can be told.
    pub(super) const fn lost(&self) -> Option<&Why> {
        self.lost.as_ref()
    }
}

/// A line with its place.
#[derive(Debug, Clone)]
pub(super) struct Placed<'a> {
    pub(super) source: &'a Source,
    pub(super) line: SysctlLine<'a>,
}

impl Placed<'_> {
    pub(super) const fn place(&self) -> LineRef<'_> {
        (self.source, Some(self.line.number))
    }
}

/// Why a path leaves every key unknown.
pub(super) const ODD: &str =
    "a key with very many braces, an odd backslash or a way out of /proc/sys may set it";

/// A pattern that finds a key is kept off it.
pub(super) fn excluded(own: &Placed<'_>) -> (Rejection, String) {
    let place = format!("{}:{}", own.source.location(), own.line.number);
    let detail = match own.line.value {
        Some(_) => format!("{place} sets the key itself, which takes precedence over any pattern"),
        None => format!("{place} excludes the key from patterns"),
    };
    (Rejection::Excluded, detail)
}
