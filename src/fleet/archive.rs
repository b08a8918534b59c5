//! Compressed input, known by its first bytes whatever it is called.

use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::StreamingDecoder;

/// How much of a file is read at once.
const BUFFER: usize = 256 * 1024;

/// The largest window that a frame may ask for: `zstd --long=25`.
const WINDOW: u64 = 32 * 1024 * 1024;

const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// The bytes that a file stands for.
pub fn opened<'a>(file: impl Read + 'a) -> io::Result<Box<dyn Read + 'a>> {
    let mut file = BufReader::with_capacity(BUFFER, file);
    let beginning = file.fill_buf()?;
    if beginning.starts_with(&GZIP) {
        return Ok(Box::new(Damaged(MultiGzDecoder::new(file))));
    }
    if beginning.starts_with(&ZSTD) || is_skippable(beginning) {
        return Ok(Box::new(Damaged(Frames { file: Some(file), frame: None })));
    }
    Ok(Box::new(file))
}

/// Whether an error is of the archive, not of the file that it is in.
pub fn is_damage(error: &io::Error) -> bool {
    matches!(error.get_ref(), Some(inner) if inner.is::<Damage>())
}

/// What is wrong with an archive.
#[derive(Debug)]
struct Damage(String);

impl std::fmt::Display for Damage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Damage {}

fn damage(what: &io::Error) -> io::Error {
    io::Error::other(Damage(what.to_string()))
}

/// A reader whose errors are the archive's.
struct Damaged<R>(R);

impl<R: Read> Read for Damaged<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer).map_err(|error| {
            if error.kind() == io::ErrorKind::Interrupted { error } else { damage(&error) }
        })
    }
}

/// Frame behind frame.
struct Frames<R: BufRead> {
    /// Where no frame is open.
    file: Option<R>,
    frame: Option<Box<StreamingDecoder<R, ruzstd::decoding::FrameDecoder>>>,
}

impl<R: BufRead> Read for Frames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some(frame) = &mut self.frame {
                let read = frame.read(buffer)?;
                if read > 0 || buffer.is_empty() {
                    return Ok(read);
                }
                if let Some(sum) = frame.decoder.get_checksum_from_data() {
                    if frame.decoder.get_calculated_checksum() != Some(sum) {
                        return Err(io::Error::other("a frame's checksum is wrong"));
                    }
                }
            }
            if let Some(frame) = self.frame.take() {
                self.file = Some(frame.into_inner());
            }
            let Some(mut file) = self.file.take() else { return Ok(0) };
            loop {
                let head = file.fill_buf()?;
                if head.is_empty() {
                    return Ok(0);
                }
                if !is_skippable(head) {
                    break;
                }
                skip(&mut file)?;
            }
            let window = window(file.fill_buf()?)?;
            if window > WINDOW {
                return Err(io::Error::other(format!(
                    "its window is {} MiB and 32 MiB are the most; compress it without --long",
                    window / 1024 / 1024
                )));
            }
            self.frame = Some(Box::new(StreamingDecoder::new(file).map_err(io::Error::other)?));
        }
    }
}

/// A frame that holds no data (RFC 8878 section 3.1.2).
fn is_skippable(head: &[u8]) -> bool {
    matches!(head, [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..])
}

fn skip(file: &mut impl BufRead) -> io::Result<()> {
    let mut head = [0; 8];
    file.read_exact(&mut head)?;
    let [.., a, b, c, d] = head;
    let length = u64::from(u32::from_le_bytes([a, b, c, d]));
    let skipped = io::copy(&mut file.take(length), &mut io::sink())?;
    if skipped == length { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

/// The window that the frame at the beginning asks for (RFC 8878 section 3.1.1.1).
fn window(head: &[u8]) -> io::Result<u64> {
    let cut = || io::Error::from(io::ErrorKind::UnexpectedEof);
    if !head.starts_with(&ZSTD) {
        return Err(io::Error::other("what follows a frame is none"));
    }
    let descriptor = *head.get(4).ok_or_else(cut)?;
    if descriptor & 0x20 == 0 {
        let window = *head.get(5).ok_or_else(cut)?;
        let base = 1_u64 << (10 + (window >> 3));
        return Ok(base + base / 8 * u64::from(window & 7));
    }
    // A single segment: the window is the content.
    let begin = 5 + [0, 1, 2, 4][usize::from(descriptor & 3)];
    let size = [1, 2, 4, 8][usize::from(descriptor >> 6)];
    let bytes = head.get(begin..begin + size).ok_or_else(cut)?;
    let length = bytes.iter().rev().fold(0_u64, |word, byte| (word << 8) | u64::from(*byte));
    Ok(if size == 2 { length + 256 } else { length })
}
