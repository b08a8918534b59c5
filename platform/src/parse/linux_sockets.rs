//! What `ss` and `netstat` of Linux print: the same sockets as /proc/net has, and who holds them; and
//! /proc/net itself in a transcript.
//!
//! A list says nothing of what it leaves out: a part of one tells no more than that it is a part.

mod command;
mod kernel_table;
mod rows;

use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};

use super::sysctl_text::lines;
use super::typed::BLANKS;
use crate::snapshot::{Connection, Family, Transport};
use command::Shown;
use rows::{LinuxColumns, LinuxRow};

/// More sockets than are kept of one text: some 30 MiB.
const SOCKETS_MAX: usize = 131_072;

/// A socket, and the processes that hold it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LinuxSocket {
    pub(crate) transport: Transport,
    /// Its ends; the inode is 0 where the list does not tell it.
    pub(crate) connection: Connection,
    /// Process id and name.
    pub(crate) owners: Vec<(u32, String)>,
}

/// The kinds of sockets that matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SocketPart {
    /// TCP listeners and unconnected UDP sockets.
    Waiting,
    /// All others.
    Connected,
}

/// What a text lists.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct LinuxList {
    pub(crate) sockets: Vec<LinuxSocket>,
    /// What it has all of.
    whole: Vec<(Family, Transport, SocketPart)>,
    /// Whether it tells processes.
    pub(crate) owners: bool,
    /// The first line that could not be read, and what is wrong.
    pub(crate) damaged: Option<(usize, &'static str)>,
    /// The first line of a list.
    pub(crate) line: Option<usize>,
}

impl LinuxList {
    /// Whether it has every socket of that kind.
    pub(crate) fn has_all(&self, family: Family, transport: Transport, kind: SocketPart) -> bool {
        self.whole.contains(&(family, transport, kind))
    }

    /// Reads a text; `name` is that of its file, which sosreport makes of the command.
    pub(crate) fn read(name: &str, text: &str) -> Self {
        let mut reader =
            LinuxListReader { shown: Shown::of_file(name), ..LinuxListReader::default() };
        for line in lines(text) {
            reader.take(line.text, line.number, line.whole);
        }
        reader.end();
        let mut list = reader.list;
        if list.damaged.is_some() {
            list.whole.clear();
        }
        list
    }
}

#[derive(Default)]
struct LinuxListReader {
    list: LinuxList,
    form: Option<LinuxColumns>,
    /// What the command line asked for.
    shown: Option<Shown>,
    /// Whether the command line shows a part of the kernel's own tables.
    part: bool,
    /// The sockets of the list that is read now begin here.
    from: usize,
}

impl LinuxListReader {
    fn take(&mut self, line: &str, number: usize, whole: bool) {
        let goes_on = line.starts_with(BLANKS);
        let line = line.trim_matches(BLANKS);
        if let Some(shown) = Shown::of_command(line) {
            self.end();
            self.shown = Some(shown);
            return;
        }
        if let Some(part) = kernel_table::shows_part(line) {
            self.end();
            self.part = part;
            return;
        }
        if let Some(form) = LinuxColumns::of_heads(line) {
            self.end();
            self.list.line.get_or_insert(number);
            self.list.owners |= form.tells_owners();
            self.form = Some(form);
            return;
        }
        let Some(form) = &self.form else { return };
        if line.starts_with("Active ") {
            return self.end();
        }
        // A list may be set in as a whole, or have an empty line in it. What begins as no row is of
        // the line above (memory, timers, congestion), one that somebody marked, or other text.
        if !form.begins_row(line) {
            if form.is_of_row(line) {
                self.list.damaged.get_or_insert((number, "this row of the list is damaged"));
            } else if !goes_on && !line.is_empty() {
                self.end();
            }
            return;
        }
        match form.row(line) {
            LinuxRow::Socket(_) if !whole || self.list.sockets.len() == SOCKETS_MAX => {
                self.list.damaged.get_or_insert((number, "the list is cut here"));
            }
            LinuxRow::Socket(socket) => {
                self.list.owners |= !socket.owners.is_empty();
                self.list.sockets.push(socket);
            }
            LinuxRow::Damaged(what) => {
                self.list.damaged.get_or_insert((number, what));
            }
            LinuxRow::OfAnotherKind => {}
        }
    }

    /// A table of the kernel's is of one transport and family, and has all of them. A list without a
    /// command line is of the transports and families that it shows, and has those
    /// that wait, and the others, if it has one of them.
    fn end(&mut self) {
        let Some(form) = self.form.take() else { return };
        let sockets = &mut self.list.sockets[self.from..];
        // One transport was asked for, and only the states tell which.
        if let Some(transport) = form.only_transport(sockets, self.shown) {
            for socket in sockets.iter_mut() {
                socket.transport = transport;
            }
        }
        for &family in Family::ALL {
            for &transport in Transport::ALL {
                for of in [SocketPart::Waiting, SocketPart::Connected] {
                    let is_it = |one: &LinuxSocket| {
                        one.transport == transport
                            && kind(one) == of
                            && one.connection.local.is_ipv6() == (family == Family::Ipv6)
                    };
                    let is_whole = match (form, self.shown) {
                        (LinuxColumns::Kernel(table), _) => {
                            !self.part && (table.family, table.transport) == (family, transport)
                        }
                        (_, Some(shown)) => shown.has(family, transport, of),
                        (_, None) => sockets.iter().any(is_it),
                    };
                    if is_whole {
                        self.list.whole.push((family, transport, of));
                    }
                }
            }
        }
        self.from = self.list.sockets.len();
    }
}

/// `TCP_LISTEN` and `TCP_CLOSE` (include/net/tcp_states.h): what waits for others.
pub(crate) fn kind(socket: &LinuxSocket) -> SocketPart {
    match (socket.transport, socket.connection.state) {
        (Transport::Tcp, 10) | (Transport::Udp, 7) => SocketPart::Waiting,
        _ => SocketPart::Connected,
    }
}

/// The sockets as lines of `/proc/net/{tcp,udp}[6]` (proc_net(5)), with its heading.
pub(crate) fn table<'a>(sockets: impl Iterator<Item = &'a Connection>) -> Vec<u8> {
    let mut table =
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   \
                     uid  timeout inode\n"
            .to_owned();
    for (at, row) in sockets.enumerate() {
        // Writing to a String does not fail.
        let _ = writeln!(
            table,
            "{at}: {} {} {:02X} 0:0 00:0 0 {} 0 {}",
            hexadecimal(row.local),
            hexadecimal(row.peer),
            row.state,
            row.uid,
            row.inode
        );
    }
    table.into_bytes()
}

/// Words of 32 bits in the host's byte order.
fn hexadecimal(end: SocketAddr) -> String {
    let octets = match end.ip() {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    };
    let words = octets.chunks_exact(4).map(|four| {
        let word = [four[0], four[1], four[2], four[3]];
        format!("{:08X}", u32::from_ne_bytes(word))
    });
    format!("{}:{:04X}", words.collect::<String>(), end.port())
}

#[cfg(test)]
mod tests;
