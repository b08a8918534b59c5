//! The lines of a socket table that matter, so that a host's connections are never held in memory.

use std::io::{self, BufRead, Read};

use crate::ports::PortSet;
use crate::snapshot::Transport;

/// No line is longer than this, in bytes; the kernel pads them to 150 and 176.
const LINE_MAX: u64 = 4096;
/// The most that is kept of a socket table, in bytes: about 20,000 sockets.
const KEPT_MAX: usize = 3 * 1024 * 1024;
/// The most that is read of it, in bytes: about 3,500,000 sockets.
const READ_MAX: usize = 512 * 1024 * 1024;

/// Why a table is not whole.
#[derive(Debug, thiserror::Error)]
pub(super) enum TableError {
    /// It can't be read.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Its beginning is missing, or it is something else.
    #[error("does not begin with the heading of a socket table")]
    Heading,
    /// Its end is missing.
    #[error("ends in the middle of a line")]
    Cut,
    /// It lists too much.
    #[error("lists more sockets than are kept")]
    TooLong,
}

/// A socket table, line by line.
pub(super) struct SocketLines<R> {
    reader: R,
    line: Vec<u8>,
    headed: bool,
    read: usize,
}

impl<R: BufRead> SocketLines<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { reader, line: Vec::new(), headed: false, read: 0 }
    }

    /// The next line with its end, first of all the heading; `None` after the last.
    pub(super) fn read(&mut self) -> Result<Option<&[u8]>, TableError> {
        self.line.clear();
        let read = self.reader.by_ref().take(LINE_MAX).read_until(b'\n', &mut self.line)?;
        if !self.headed && words(&self.line).next() != Some(b"sl") {
            return Err(TableError::Heading);
        }
        self.headed = true;
        self.read += read;
        if self.read > READ_MAX {
            return Err(TableError::TooLong);
        }
        match read {
            0 => Ok(None),
            _ if self.line.ends_with(b"\n") => Ok(Some(&self.line)),
            _ => Err(TableError::Cut),
        }
    }
}

/// The lines of a socket table that are wanted.
#[derive(Debug, Clone, Copy)]
pub(super) enum WantedLines<'a> {
    /// In state LISTEN (TCP) or CLOSE (UDP).
    Listening(Transport),
    /// With one of these local ports.
    On(&'a PortSet),
}

impl WantedLines<'_> {
    /// Whether a line is; `sl local_address rem_address st …`, the port in hexadecimal.
    fn is(self, line: &[u8]) -> bool {
        let mut words = words(line);
        match self {
            Self::Listening(Transport::Tcp) => words.nth(3) == Some(b"0A"),
            Self::Listening(Transport::Udp) => words.nth(3) == Some(b"07"),
            Self::On(ports) => words.nth(1).and_then(local_port).is_some_and(|p| ports.contains(p)),
        }
    }
}

/// The port of `0100007F:1F90`.
fn local_port(word: &[u8]) -> Option<u16> {
    let text = std::str::from_utf8(word).ok()?;
    let (_, port) = text.rsplit_once(':')?;
    u16::from_str_radix(port, 16).ok()
}

fn words(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty())
}

/// The heading of a socket table and the lines that are wanted.
pub(super) fn kept(lines: impl BufRead, wanted: WantedLines<'_>) -> Result<Vec<u8>, TableError> {
    let mut lines = SocketLines::new(lines);
    let mut kept = Vec::new();
    while let Some(line) = lines.read()? {
        if kept.is_empty() || wanted.is(line) {
            kept.extend_from_slice(line);
        }
        if kept.len() > KEPT_MAX {
            return Err(TableError::TooLong);
        }
    }
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::PortRange;

    const TCP: &[u8] = b"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4242 1 0000000000000000 100 0 0 10 0\n";

    #[test]
    fn a_table_is_taken_whole_or_not_at_all() {
        let text = String::from_utf8_lossy(TCP);
        let (heading, line) = text.split_once('\n').expect("two lines");
        let connection = line.replace(" 0A ", " 01 ");
        let table = format!("{heading}\n{connection}{line}{connection}");
        let kept = |text: &str| kept(text.as_bytes(), WantedLines::Listening(Transport::Tcp));
        assert_eq!(kept(&table).expect("a table"), TCP);
        assert!(matches!(kept(line), Err(TableError::Heading)), "its beginning is missing");
        assert!(matches!(kept(""), Err(TableError::Heading)));
        assert!(matches!(kept(&table[..table.len() - 150]), Err(TableError::Cut)));
        let endless = format!("{heading}\n{}", "a".repeat(10_000));
        assert!(matches!(kept(&endless), Err(TableError::Cut)));
    }

    #[test]
    fn one_port_is_picked_out_by_its_local_end() {
        let text = String::from_utf8_lossy(TCP);
        let (heading, line) = text.split_once('\n').expect("two lines");
        let other = line.replace("0100007F:1F90", "0100007F:11F90");
        let peer = line
            .replace("0100007F:1F90", "0100007F:0050")
            .replace("00000000:0000", "00000000:1F90");
        let table = format!("{heading}\n{other}{line}{peer}");
        let on = |port| {
            let ports = PortSet::from(PortRange::single(port));
            kept(table.as_bytes(), WantedLines::On(&ports)).expect("a table")
        };
        assert_eq!(on(8080), TCP);
        assert_eq!(on(80), format!("{heading}\n{peer}").into_bytes());
        assert_eq!(on(8081), format!("{heading}\n").into_bytes());
    }
}
