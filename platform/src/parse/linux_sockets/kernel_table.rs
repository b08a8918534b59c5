//! The kernel's own tables as `cat /proc/net/tcp` shows them (proc_net(5)).

use super::LinuxSocket;
use crate::parse::socket_table;
use crate::parse::typed::echoed;
use crate::snapshot::{Family, Transport};

/// Where the tables are.
const PLACE: &str = "/proc/net/";
/// Programs that may show a part of a file.
const PARTS: [&str; 8] = ["head", "tail", "grep", "egrep", "sed", "awk", "less", "column"];

/// Which table a line of heads begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct KernelTable {
    pub(super) family: Family,
    pub(super) transport: Transport,
}

impl KernelTable {
    /// Those of UDP have a column `drops`, and IPv6 spells `remote_address` out
    /// (`tcp4_seq_show`, `tcp6_seq_show`, `udp4_seq_show` and `udp6_seq_show`).
    pub(super) fn of_heads(line: &str) -> Option<Self> {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let ["sl", "local_address", remote, "st", ..] = words[..] else { return None };
        let family = match remote {
            "rem_address" => Family::Ipv4,
            "remote_address" => Family::Ipv6,
            _ => return None,
        };
        let transport = match words.last() {
            Some(&"drops") => Transport::Udp,
            Some(&"inode") => Transport::Tcp,
            _ => return None,
        };
        Some(Self { family, transport })
    }

    /// The socket of a row; none where that is damaged.
    pub(super) fn row(self, line: &str) -> Option<LinuxSocket> {
        let table = format!("sl\n{line}\n");
        let mut rows = socket_table::rows(table.as_bytes(), self.transport).unwrap_or_default();
        let connection =
            rows.pop().filter(|row| row.local.is_ipv6() == (self.family == Family::Ipv6))?;
        Some(LinuxSocket { transport: self.transport, connection, owners: Vec::new() })
    }
}

/// Whether a line begins as a row does: with its number.
pub(super) fn begins_row(line: &str) -> bool {
    let number = line.split_ascii_whitespace().next().and_then(|word| word.strip_suffix(':'));
    number.is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
}

/// Whether a line holds both ends of a socket, whatever stands before them.
pub(super) fn is_of_row(line: &str) -> bool {
    let is_end = |word: &&str| {
        let hexadecimal = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
        word.split_once(':').is_some_and(|(address, port)| {
            matches!(address.len(), 8 | 32)
                && port.len() == 4
                && hexadecimal(address)
                && hexadecimal(port)
        })
    };
    line.split_ascii_whitespace().filter(is_end).count() > 0
}

/// Whether a command shows such tables, and only a part of them; `None` where it shows others.
pub(super) fn shows_part(line: &str) -> Option<bool> {
    if !line.contains(PLACE) {
        return None;
    }
    let runs = |tool: &str| echoed(line, tool).is_some();
    let part = PARTS.iter().any(|tool| runs(tool));
    (part || runs("cat")).then(|| part || line.contains('|'))
}
