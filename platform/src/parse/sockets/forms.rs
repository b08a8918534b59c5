//! How a line of each list is read.

use super::asked::Asked;
use super::list_line::{ListLine, PidColumn, is_number, protocol};
use super::net::NetColumns;
use super::{rows, windows};
use crate::snapshot::{Family, Transport};

/// A list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// netstat(1) of the BSDs, macOS, AIX and Linux: protocol, two queues, two ends, state. The
    /// columns behind the state in which the process stands, counted from it.
    Netstat { pid: Option<PidColumn> },
    /// netstat of Windows: protocol, two ends, state, process.
    Windows,
    /// netstat(8) of illumos and Solaris: a list for each transport and family.
    Solaris(Transport, Family),
    /// sockstat(1) of FreeBSD and NetBSD: user, command, process, descriptor, protocol, two ends.
    Sockstat,
    /// lsof(8): command, process, user, descriptor, type, device, offset, protocol, ends.
    Lsof,
    /// fstat(1) of OpenBSD: user, command, process, descriptor, family, type, protocol, block, ends.
    Fstat,
    /// `Get-NetTCPConnection` and `Get-NetUDPEndpoint` as a table or as CSV.
    Net(NetColumns),
}

impl Form {
    /// The list that begins below a line of heads.
    pub(super) fn of_heads(line: &str, asked: Asked) -> Option<Self> {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let has = |word: &str| words.contains(&word);
        match words[..] {
            ["UDP:", "IPv4"] => Some(Self::Solaris(Transport::Udp, Family::Ipv4)),
            ["UDP:", "IPv6"] => Some(Self::Solaris(Transport::Udp, Family::Ipv6)),
            ["TCP:", "IPv4"] => Some(Self::Solaris(Transport::Tcp, Family::Ipv4)),
            ["TCP:", "IPv6"] => Some(Self::Solaris(Transport::Tcp, Family::Ipv6)),
            ["USER", "COMMAND", "PID", "FD", "PROTO", ..] => Some(Self::Sockstat),
            ["COMMAND", "PID", ..] if has("NODE") && has("NAME") => Some(Self::Lsof),
            ["USER", "CMD", "PID", "FD", "MOUNT", ..] => Some(Self::Fstat),
            ["Proto", ..] | [_, "Proto", ..] if has("Recv-Q") && has("Local") => {
                let state = words
                    .iter()
                    .position(|word| matches!(*word, "(state)" | "State" | "state" | "TCP-State"));
                let at = |name: &str| words.iter().position(|word| *word == name);
                let pid = at("pid").or_else(|| at("PID/Program"));
                let named = at("process:pid").map(|_| PidColumn::Named);
                let behind = state.zip(pid).map(|(state, pid)| PidColumn::At(pid - state));
                Some(Self::Netstat { pid: named.or(behind) })
            }
            _ => NetColumns::of(line, asked).map(Self::Net),
        }
    }

    /// The list that a line by itself is of.
    pub(super) fn of_row(line: &str) -> Option<Self> {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        match words[..] {
            ["TCP", local, remote, _, ..] if local.contains(':') && remote.contains(':') => {
                Some(Self::Windows)
            }
            ["UDP", local, "*:*", ..] if local.contains(':') => Some(Self::Windows),
            [_, _, pid, _, "internet" | "internet6", _, proto, ..]
                if is_number(pid) && protocol(proto).is_some() =>
            {
                Some(Self::Fstat)
            }
            [proto, recv, send, _, _, ..]
                if protocol(proto).is_some() && is_number(recv) && is_number(send) =>
            {
                Some(Self::Netstat { pid: None })
            }
            _ => None,
        }
    }

    /// Whether a line that is no row of this list is one that somebody marked or cut: it has a
    /// protocol or the state of a row in it, or is the beginning of one.
    pub(super) fn is_of_list(self, line: &str) -> bool {
        let words = || line.split(|c: char| !c.is_ascii_alphanumeric() && c != '*');
        let named = words().any(|word| {
            protocol(&word.to_ascii_lowercase()).is_some()
                || matches!(word, "LISTEN" | "LISTENING" | "Listen" | "Idle")
        });
        // Sockets of the file system have six columns or more.
        let least = match self {
            Self::Sockstat => 6,
            Self::Fstat => 5,
            Self::Lsof => 8,
            Self::Net(_) => 2,
            Self::Netstat { .. } | Self::Windows | Self::Solaris(..) => 0,
        };
        let cut = !is_prompt(line) && line.split_ascii_whitespace().count() < least;
        named || cut
    }

    /// Whether a line that nothing names as a row may be what is left of one. Windows writes names
    /// of programs between its rows (`-b`), and Solaris has heads and a rule below its title.
    pub(super) fn may_be_cut(self, line: &str) -> bool {
        let part_of = |name: &str| name.starts_with(line);
        match self {
            Self::Windows => part_of("TCP") || part_of("UDP"),
            Self::Solaris(..) if line.starts_with("Local Address") => false,
            _ => !is_prompt(line) && !line.bytes().all(|byte| matches!(byte, b'-' | b' ')),
        }
    }

    /// Whether a list of every socket of a transport shows the ends of all that use a port, those
    /// that no process holds any more included.
    pub(super) const fn shows_all_ends(self) -> bool {
        match self {
            Self::Netstat { .. } | Self::Windows | Self::Solaris(..) => true,
            Self::Net(columns) => columns.shows_all_ends(),
            Self::Sockstat | Self::Lsof | Self::Fstat => false,
        }
    }

    pub(super) fn row(self, line: &str) -> ListLine {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        match self {
            Self::Netstat { pid } => rows::netstat(&words, pid),
            Self::Windows => windows::row(&words),
            Self::Solaris(transport, family) => rows::solaris(&words, transport, family),
            Self::Sockstat => rows::sockstat(&words),
            Self::Lsof => rows::lsof(&words),
            Self::Fstat => rows::fstat(&words),
            Self::Net(columns) => columns.row(line),
        }
    }
}

/// Whether it has what ends a prompt.
pub(super) fn is_prompt(line: &str) -> bool {
    line.contains(['#', '$', '%', '>'])
}
