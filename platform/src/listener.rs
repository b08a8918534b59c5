//! Who listens, and which process that is.

use std::net::IpAddr;

use crate::reading::{Source, Why};
use crate::transport::{Family, Transport};
use crate::unread::Unread;

/// The process that holds a socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// Nobody asked: no finding can name this socket.
    NotAsked,
    /// Found.
    Known {
        /// The process id in the reader's pid namespace.
        pid: u32,
        /// The process's name as Linux keeps it (at most 15 bytes; any byte but NUL); `None` where
        /// only its id is told.
        command: Option<String>,
        /// The unit of systemd that it belongs to; `None` where none is told.
        unit: Option<String>,
        /// The container that it runs in, by its id or name; `None` where none is told.
        container: Option<String>,
    },
    /// No process of the host has it open: the kernel itself does.
    Kernel,
    /// Asked, and not seen.
    Unseen(Why),
}

/// A TCP listener or an unconnected UDP socket.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Listener {
    /// Its transport.
    pub transport: Transport,
    /// Its local address.
    pub address: IpAddr,
    /// Its local port.
    pub port: u16,
    /// The families it serves: a dual-stack `[::]` serves both.
    pub families: &'static [Family],
    /// Where it was seen.
    pub source: Source,
    /// The inodes of its sockets; several where SO_REUSEPORT shares the port, none where the kernel
    /// itself holds it.
    pub inodes: Vec<u64>,
    /// Who holds it.
    pub owner: Owner,
    /// Whether the owner's command line names the port.
    pub on_command_line: bool,
    /// Whether systemd opened it for a unit.
    pub of_socket_unit: bool,
}

/// The listeners of a scope.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Listeners {
    /// What was seen, sorted by transport, port and address.
    pub items: Vec<Listener>,
    /// What could not be read. Where this is not empty, `items` is not all.
    pub unread: Vec<Unread>,
}

impl Listeners {
    /// What keeps the listeners of a transport from being all there are.
    pub fn unread_of(&self, transport: Transport) -> impl Iterator<Item = &Unread> {
        let concerns = move |unread: &&Unread| {
            unread.subject.transport().is_none_or(|concerned| concerned == transport)
        };
        self.unread.iter().filter(concerns)
    }
}
