//! How `os` asks and how `source` (or a capture, or a test) answers: raw bytes, or why there are none.

use crate::snapshot::{Family, Transport, Why};

/// One question to the system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question<'a> {
    /// The whole of a file under /proc/sys, which the kernel itself must answer.
    Sysctl(&'a str),
    /// The whole of a small ordinary file.
    File(&'a str),
    /// The target of a symbolic link.
    Link(&'a str),
    /// What `uname` says: sysname, nodename, release, version, machine, each ended by a newline.
    Uname,
    /// The sock_diag dump of the TCP listeners or the unconnected UDP sockets of a family: netlink messages.
    SockDiag(Family, Transport),
    /// The same sockets as lines of `/proc/thread-self/net/{tcp,udp}[6]`, with its heading.
    SocketTable(Family, Transport),
    /// The holders of the sockets with these inodes: `parse::owners` says in which form.
    Owners(&'a [u64]),
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Nothing is there by that name (ENOENT, ENOTDIR); the line says where we looked.
    NotFound(String),
    /// Anything else.
    Failed(Why),
}

/// Raw bytes, or why there are none.
pub type Answer = Result<Vec<u8>, Refusal>;

/// The way of asking: the live host, captured evidence, or a test.
pub type Ask<'a> = dyn Fn(Question<'_>) -> Answer + 'a;
