//! Whose connections use up the ports to the busiest destination.

use std::collections::HashMap;
use std::net::SocketAddr;

use super::super::listeners::{SocketsAnswer, answer};
use crate::ask::{Ask, Question};
use crate::parse::{sock_diag, socket_table};
use crate::pool;
use crate::ports::PortSet;
use crate::reading::beginning;
use crate::snapshot::{Connection, Family, Reading, Scope, Snapshot, Transport};
use crate::usage::{Census, Destination, PortUser};

/// So many processes are told.
const TOLD: usize = 3;
/// From this part of the pool on, in percent, it matters who they are.
const HALF: u32 = 50;

/// Finds them in the reader's own namespace, where one destination has half of the pool: that takes
/// one more list of its sockets, and the search of descriptors that finds the owners of listeners.
/// Where either is refused, nobody is told.
pub(in crate::os) fn find(ask: &dyn Ask, snapshot: &mut Snapshot) {
    for scope in snapshot.scopes.iter_mut().filter(|scope| scope.current) {
        let Some((busiest, ports)) = busiest(scope) else { continue };
        let Some(peer) = busiest.peer else { continue };
        let inodes = inodes(ask, &busiest, peer, &ports);
        if inodes.is_empty() {
            continue;
        }
        let Ok(owners) = ask.owners(&inodes).outcome else { continue };
        let mut by_process: HashMap<(u32, Vec<u8>), u32> = HashMap::new();
        for (_, pid, command) in owners.found {
            *by_process.entry((pid, command)).or_default() += 1;
        }
        let mut users: Vec<PortUser> = by_process
            .into_iter()
            .map(|((pid, command), ports)| {
                let command = beginning(&String::from_utf8_lossy(&command));
                PortUser { pid, command, ports }
            })
            .collect();
        users.sort_by(|a, b| b.ports.cmp(&a.ports).then_with(|| a.pid.cmp(&b.pid)));
        users.truncate(TOLD);
        if let Some(census) = census_of(scope) {
            census.busiest_users = users;
        }
    }
}

fn census_of(scope: &mut Scope) -> Option<&mut Census> {
    match &mut scope.usage {
        Reading::Known { value, .. } => value.census.as_mut(),
        _ => None,
    }
}

/// The TCP destination that has most of its pool, where that is half of it, and the pool.
fn busiest(scope: &Scope) -> Option<(Destination, PortSet)> {
    let census = scope.usage.known()?.census.as_ref()?;
    let of_tcp = |row: &&Destination| row.transport == Transport::Tcp && row.peer.is_some();
    // The most used is the first.
    let row = census.destinations.iter().find(of_tcp)?;
    let pools = pool::pools(scope);
    let pool = pools.iter().find(|pool| pool.transport == Transport::Tcp)?;
    let is_much = row.percent_of(pool.usable()).is_none_or(|percent| percent >= HALF);
    is_much.then(|| (row.clone(), pool.ports.clone()))
}

/// The inodes of its connections; those that no process holds have none.
fn inodes(ask: &dyn Ask, busiest: &Destination, peer: SocketAddr, ports: &PortSet) -> Vec<u64> {
    let is_it = |row: &Connection| {
        row.inode != 0
            && row.local.ip().to_canonical() == busiest.source.to_canonical()
            && row.peer.ip().to_canonical() == peer.ip().to_canonical()
            && row.peer.port() == peer.port()
            && ports.contains(row.local.port())
    };
    let mut inodes = Vec::new();
    for &family in Family::ALL {
        let diag = Question::SockDiagOn(family, Transport::Tcp, ports);
        let table = Question::SocketTableOn(family, Transport::Tcp, ports);
        let rows = match answer(ask, family, diag, table) {
            Ok((SocketsAnswer::Dump(bytes), _)) => match sock_diag::ends(&bytes) {
                Ok(rows) => rows.into_iter().map(|row| row.connection).collect(),
                Err(_) => Vec::new(),
            },
            Ok((SocketsAnswer::Table(bytes), _)) => {
                socket_table::rows(&bytes, Transport::Tcp).unwrap_or_else(|_| Vec::new())
            }
            Ok((SocketsAnswer::NoSuchFamily, _)) | Err(_) => Vec::new(),
        };
        inodes.extend(rows.iter().filter(|row| is_it(row)).map(|row| row.inode));
    }
    inodes.sort_unstable();
    inodes.dedup();
    inodes
}
