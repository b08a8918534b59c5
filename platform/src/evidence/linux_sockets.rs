//! What `ss` and `netstat` of a Linux host listed, as the kernel's own tables, and who holds what.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;

use super::not_captured;
use super::tree::Tree;
use crate::ask::{Answer, Refusal, Reply, SocketOwners};
use crate::parse::linux_sockets::{self, LinuxList, LinuxSocket, SocketPart, kind};
use crate::parse::socket_table;
use crate::ports::PortSet;
use crate::snapshot::{Family, Reason, Source, Transport, Why};

/// Where a list does not tell the inodes, sockets have one from here on: no kernel counts so far.
const NUMBERED_FROM: u64 = 1 << 48;
/// `TCP_TIME_WAIT` (include/net/tcp_states.h): no process holds it.
const TIME_WAIT: u8 = 6;

/// The lists of all texts.
#[derive(Debug, Default)]
pub(super) struct LinuxLists(Vec<(String, LinuxList)>);

impl LinuxLists {
    pub(super) fn read(&mut self, name: &str, text: &str) {
        let mut list = LinuxList::read(name, text);
        if list.line.is_none() {
            return;
        }
        let before: usize = self.0.iter().map(|(_, list)| list.sockets.len()).sum();
        for (number, socket) in (NUMBERED_FROM + before as u64..).zip(&mut list.sockets) {
            let row = &mut socket.connection;
            if row.inode == 0 && (row.state != TIME_WAIT || socket.transport == Transport::Udp) {
                row.inode = number;
            }
        }
        self.0.push((name.to_owned(), list));
    }

    /// Those that wait for others; `None` where there is no list.
    pub(super) fn waiting(&self, family: Family, transport: Transport) -> Option<Answer> {
        self.table(family, transport, &[SocketPart::Waiting], |socket| {
            kind(socket) == SocketPart::Waiting
        })
    }

    /// Those that have one of these local ports.
    pub(super) fn on(
        &self,
        family: Family,
        transport: Transport,
        ports: &PortSet,
    ) -> Option<Answer> {
        let kinds = [SocketPart::Waiting, SocketPart::Connected];
        self.table(family, transport, &kinds, |one| ports.contains(one.connection.local.port()))
    }

    fn table(
        &self,
        family: Family,
        transport: Transport,
        kinds: &[SocketPart],
        wanted: impl Fn(&LinuxSocket) -> bool,
    ) -> Option<Answer> {
        let (first, list) = self.0.first()?;
        let whole = |(_, list): &&(String, LinuxList)| {
            kinds.iter().all(|&kind| list.has_all(family, transport, kind))
        };
        let Some((name, list)) = self.0.iter().find(whole) else {
            let detail = match list.damaged {
                Some((line, what)) => format!("{first}:{line}: {what}"),
                None => format!(
                    "{first} may hold a part of the {transport} sockets: give what `ss -tuanp` \
                     prints, with its command line"
                ),
            };
            let source = Source::Capture(first.clone().into());
            let why = Why::new(Reason::NotCaptured, detail);
            return Some(Answer::new(source, Err(Refusal::Failed(why))));
        };
        let rows = list.sockets.iter().filter(|socket| {
            socket.transport == transport
                && socket.connection.local.is_ipv6() == (family == Family::Ipv6)
                && wanted(socket)
        });
        let table = linux_sockets::table(rows.map(|socket| &socket.connection));
        let source = format!("{name}:{}", list.line.unwrap_or(1));
        Some(Answer::new(Source::Capture(source.into()), Ok(table)))
    }

    /// Who holds the sockets with these inodes, which a list tells, or the tables of a tree: then
    /// the ends tell which is which.
    pub(super) fn owners(&self, inodes: &[u64], tree: Option<&Tree>) -> Reply<SocketOwners> {
        let mut telling = self.0.iter().filter(|(_, list)| list.owners).peekable();
        let Some((name, _)) = telling.peek() else {
            return not_captured(Source::Capture("evidence".into()), "who holds it: `ss -p` tells");
        };
        let source = Source::Capture(name.clone().into());
        let inodes: HashSet<u64> = inodes.iter().copied().collect();
        let of_tree = tree.map_or_else(HashMap::new, |tree| inodes_of(tree, &inodes));
        let mut owners = SocketOwners::default();
        for socket in telling.flat_map(|(_, list)| &list.sockets) {
            let row = &socket.connection;
            let own = Some(row.inode).filter(|inode| inodes.contains(inode));
            let ends = (socket.transport, row.local, row.peer);
            let inode = own.or_else(|| of_tree.get(&ends).copied());
            let Some(inode) = inode else { continue };
            let found = socket.owners.iter();
            owners.found.extend(found.map(|(pid, name)| (inode, *pid, name.clone().into_bytes())));
        }
        Reply::new(source, Ok(owners))
    }
}

/// Both ends of a socket.
type Ends = (Transport, SocketAddr, SocketAddr);

/// Those of the inodes that the tables of a tree have, by their ends. A table that cannot be read
/// has none: its sockets then are those of a list.
fn inodes_of(tree: &Tree, inodes: &HashSet<u64>) -> HashMap<Ends, u64> {
    let mut by_ends = HashMap::new();
    for &family in Family::ALL {
        for &transport in Transport::ALL {
            let Ok(table) = tree.socket_table(family, transport).outcome else { continue };
            let Ok(rows) = socket_table::rows(&table, transport) else { continue };
            let wanted = rows.into_iter().filter(|row| inodes.contains(&row.inode));
            by_ends.extend(wanted.map(|row| ((transport, row.local, row.peer), row.inode)));
        }
    }
    by_ends
}
