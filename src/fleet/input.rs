//! Bytes to lines, and lines to reports. Every byte is accounted for: what is no report is a
//! rejected row, and what stands whole behind something broken is still found.

use std::collections::BTreeMap;
use std::io::{self, Read};

use super::Options;
use super::place::Place;
use super::read::{self, BEGINNING, Piece, Refusal};
use super::roll::Roll;
use crate::wire::v1::FleetHost;

/// How much is read at once, and the longest line.
const BLOCK: usize = 512 * 1024;
const LONGEST: usize = 64 * 1024 * 1024;

/// How many rejected rows are kept; all are counted.
pub const KEPT: usize = 1000;

/// How many reports are looked for in one line behind something that is none.
const PIECES: usize = 65_536;

/// A row that is not counted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rejection {
    /// Where it stands.
    pub place: Place,
    /// Its first byte.
    pub byte: u64,
    /// The kind of reason.
    pub reason: &'static str,
    /// What is wrong.
    pub detail: String,
    /// The host that it seems to be about.
    pub host: Option<String>,
}

/// What a row of an earlier roll-up says of itself.
const ROW: &str = "\"kind\":\"fleet-host\"";

/// What was read.
#[derive(Debug, Default)]
pub struct Tally {
    /// Files.
    pub files: u64,
    /// Bytes, uncompressed.
    pub bytes: u64,
    /// Lines.
    pub lines: u64,
    /// Blank ones.
    pub blank: u64,
    /// Absences.
    pub absences: u64,
    /// Rejected rows by reason.
    pub reasons: BTreeMap<&'static str, u64>,
    /// The first of them.
    pub rejected: Vec<Rejection>,
}

impl Tally {
    /// One more that is not counted.
    pub fn reject(&mut self, place: Place, byte: u64, refusal: &Refusal, host: Option<String>) {
        *self.reasons.entry(refusal.reason).or_default() += 1;
        if self.rejected.len() < KEPT {
            let detail = refusal.detail.chars().take(200).collect();
            self.rejected.push(Rejection { place, byte, reason: refusal.reason, detail, host });
        }
    }

    /// With what another part of the input came to.
    pub fn absorb(&mut self, other: Self) {
        self.files += other.files;
        self.bytes += other.bytes;
        self.lines += other.lines;
        self.blank += other.blank;
        self.absences += other.absences;
        for (reason, count) in other.reasons {
            *self.reasons.entry(reason).or_default() += count;
        }
        self.rejected.extend(other.rejected);
        self.rejected.sort_unstable();
        self.rejected.truncate(KEPT);
    }
}

/// Whole lines of a file.
pub struct Block {
    bytes: Vec<u8>,
    place: Place,
    byte: u64,
    /// Whether all of it is one document.
    is_one: bool,
    /// A line that was too long to be kept stands here instead of bytes.
    too_long: bool,
}

/// Reads a file block by block. What can't be read any further is said by the error; what was read
/// up to there has been handed on.
pub fn blocks(
    mut from: impl Read,
    file: u32,
    bytes: &mut u64,
    sink: &mut dyn FnMut(Block),
) -> io::Result<()> {
    let mut carry: Vec<u8> = Vec::new();
    let (mut line, mut byte) = (1, 0_u64);
    let mut is_first = true;
    // How much of what is carried has no end of a line.
    let mut clean = 0;
    loop {
        let mut buffer = std::mem::take(&mut carry);
        let room = BLOCK.saturating_sub(buffer.len()).max(BLOCK / 2);
        buffer.reserve(room);
        let before = buffer.len();
        let ended = from.by_ref().take(room as u64).read_to_end(&mut buffer);
        *bytes += (buffer.len() - before) as u64;
        let is_last = !matches!(ended, Ok(read) if read == room);
        if is_first && is_indented(&buffer) && !is_last && buffer.len() <= LONGEST {
            carry = buffer;
            continue;
        }
        let is_one = is_first && is_indented(&buffer) && buffer.len() <= LONGEST;
        is_first = false;
        let whole = if is_last {
            buffer.len()
        } else {
            let unscanned = buffer.get(clean..).unwrap_or_default();
            memchr::memrchr(b'\n', unscanned).map_or(0, |end| clean + end + 1)
        };
        if whole == 0 && !is_last {
            if buffer.len() <= LONGEST {
                clean = buffer.len();
                carry = buffer;
                continue;
            }
            let mut length = buffer.len() as u64;
            carry = skip_line(&mut from, &mut length, bytes)?;
            clean = 0;
            let place = Place { file, line };
            sink(Block { bytes: Vec::new(), place, byte, is_one: false, too_long: true });
            (line, byte) = (line + 1, byte + length);
            continue;
        }
        carry = buffer.split_off(whole);
        clean = carry.len();
        let lines = memchr::memchr_iter(b'\n', &buffer).count() as u64;
        let length = buffer.len() as u64;
        let place = Place { file, line };
        if !buffer.is_empty() {
            sink(Block { bytes: buffer, place, byte, is_one, too_long: false });
        }
        (line, byte) = (line + lines, byte + length);
        if is_last {
            return ended.map(|_| ());
        }
    }
}

/// `{` alone on its line begins one report that is indented.
fn is_indented(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let rest = bytes.strip_prefix(b"{").map(|rest| rest.strip_prefix(b"\r").unwrap_or(rest));
    rest.is_some_and(|rest| rest.starts_with(b"\n"))
}

/// Passes over the rest of a line; gives what was read of the next.
fn skip_line(from: &mut impl Read, length: &mut u64, bytes: &mut u64) -> io::Result<Vec<u8>> {
    loop {
        let mut piece = Vec::with_capacity(BLOCK);
        let read = from.by_ref().take(BLOCK as u64).read_to_end(&mut piece)?;
        *bytes += read as u64;
        match memchr::memchr(b'\n', &piece) {
            Some(end) => {
                *length += end as u64 + 1;
                return Ok(piece.split_off(end + 1));
            }
            None if read == 0 => return Ok(piece),
            None => *length += read as u64,
        }
    }
}

/// What a part of the input came to.
#[derive(Default)]
pub struct Part {
    /// The hosts.
    pub roll: Roll,
    /// What was read.
    pub tally: Tally,
}

impl Part {
    /// Takes in a block.
    pub fn block(&mut self, block: &Block, options: &Options) {
        let Block { bytes, place, byte, .. } = block;
        if block.too_long {
            self.tally.lines += 1;
            let refusal = Refusal::new("too-long", "the line is longer than 64 MiB");
            self.tally.reject(*place, *byte, &refusal, None);
            return;
        }
        if block.is_one {
            self.tally.lines += memchr::memchr_iter(b'\n', bytes).count().max(1) as u64;
            return self.line(bytes, *place, *byte, options);
        }
        let mut place = *place;
        let mut begin = 0;
        while begin < bytes.len() {
            let rest = bytes.get(begin..).unwrap_or_default();
            let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
            self.tally.lines += 1;
            let line = rest.get(..end).unwrap_or_default();
            self.line(line, place, byte + begin as u64, options);
            begin += end + 1;
            place.line += 1;
        }
    }

    /// Takes in with other what other parts came to.
    pub fn absorb(&mut self, other: Self) {
        self.roll.absorb(&other.roll);
        self.tally.absorb(other.tally);
    }

    fn line(&mut self, line: &[u8], place: Place, byte: u64, options: &Options) {
        let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
        if line.trim_ascii().is_empty() {
            self.tally.blank += 1;
            return;
        }
        let mut refused: Option<Refusal> = None;
        let mut rest = line;
        for _ in 0..PIECES {
            rest = rest.trim_ascii_start();
            if rest.is_empty() {
                break;
            }
            match self.piece(rest, place, options) {
                Ok(end) => rest = rest.get(end..).unwrap_or_default(),
                Err((refusal, end)) => {
                    refused = refused.or(Some(refusal));
                    let rest_from = rest.get(end.unwrap_or(1)..).unwrap_or_default();
                    let next = memchr::memmem::find(rest_from, BEGINNING.as_bytes());
                    rest = next.and_then(|next| rest_from.get(next..)).unwrap_or_default();
                }
            }
        }
        if let Some(refusal) = refused {
            self.tally.reject(place, byte, &refusal, guess(line));
        }
    }

    /// Takes in the document that a piece begins with; gives where it ends.
    fn piece(
        &mut self,
        bytes: &[u8],
        place: Place,
        options: &Options,
    ) -> Result<usize, (Refusal, Option<usize>)> {
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                // A report that ends before the bad byte is whole.
                let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
                let whole = std::str::from_utf8(valid).unwrap_or_default();
                let refusal = || Refusal::new("not-utf8", error.to_string());
                if !whole.starts_with(BEGINNING) {
                    return Err((refusal(), None));
                }
                return self.text(whole, place, options).map_err(|(other, end)| {
                    (if other.reason == "truncated" { refusal() } else { other }, end)
                });
            }
        };
        self.text(text, place, options)
    }

    fn text(
        &mut self,
        text: &str,
        place: Place,
        options: &Options,
    ) -> Result<usize, (Refusal, Option<usize>)> {
        if options.rows && memchr::memmem::find(text.as_bytes(), ROW.as_bytes()).is_some() {
            let host: Result<FleetHost, _> = serde_json::from_str(text);
            return match host {
                Ok(host) => self
                    .roll
                    .add_row(&host, place, options)
                    .map(|()| text.len())
                    .map_err(|refusal| (refusal, Some(text.len()))),
                Err(error) => Err((Refusal::new("not-a-report", error.to_string()), None)),
            };
        }
        match read::piece(text)? {
            (Piece::Report(report), end) => self
                .roll
                .add(&report, text.get(..end).unwrap_or(text), place, options)
                .map(|()| end)
                .map_err(|refusal| (refusal, Some(end))),
            (Piece::Absence(absence), end) => {
                self.tally.absences += 1;
                self.roll.add_absence(absence, options);
                Ok(end)
            }
        }
    }
}

/// The host that a broken line seems to be about.
fn guess(line: &[u8]) -> Option<String> {
    const HOST: &[u8] = b"\"host\":{\"name\":\"";
    let begin = memchr::memmem::find(line, HOST)? + HOST.len();
    let rest = line.get(begin..)?;
    let name = rest.get(..memchr::memchr(b'"', rest)?)?;
    let name = std::str::from_utf8(name).ok()?;
    let plain = (1..=255).contains(&name.len()) && !name.contains('\\');
    plain.then(|| name.to_owned())
}
