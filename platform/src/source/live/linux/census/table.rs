//! The same sockets as lines of /proc/thread-self/net, where netlink is refused.

use procfs_core::net::{TcpNetEntries, UdpNetEntries};
use procfs_core::{FromBufReadSI, ProcResult};

use super::super::files::{self, Proc};
use super::fold::Fold;
use super::row::{End, SocketRow};
use crate::ask::{CensusOf, Refusal};
use crate::parse::socket_table::SYSTEM;
use crate::snapshot::{Family, Transport, Why};
use crate::usage::CensusRows;

/// How much of a table is parsed at a time, in bytes.
const BATCH: usize = 32 * 1024;
/// A kernel without IPv6 has neither this file nor the tables of that family.
const IF_INET6: &str = "/proc/thread-self/net/if_inet6";

/// The census by both tables of the transport.
pub(super) fn census(proc: &Proc, of: &CensusOf<'_>) -> Result<CensusRows, Refusal> {
    let mut fold = Fold::new(of);
    for &family in Family::ALL {
        match table(proc, of.transport, family, &mut fold) {
            Err(Refusal::NotFound(_)) if family == Family::Ipv6 && without_ipv6(proc) => {}
            read => read?,
        }
    }
    Ok(fold.rows())
}

fn without_ipv6(proc: &Proc) -> bool {
    matches!(proc.file(IF_INET6), Err(Refusal::NotFound(_)))
}

fn table(
    proc: &Proc,
    transport: Transport,
    family: Family,
    fold: &mut Fold<'_>,
) -> Result<(), Refusal> {
    let path = files::socket_table_path(family, transport);
    let mut lines = proc.socket_lines(&path)?;
    let damaged = |error| files::table_refusal(&path, error);
    // The parser wants the heading before whatever it is given.
    let mut batch = lines.read().map_err(damaged)?.unwrap_or_default().to_vec();
    let heading = batch.len();
    loop {
        let line = lines.read().map_err(damaged)?;
        batch.extend_from_slice(line.unwrap_or_default());
        if line.is_none() || batch.len() > BATCH {
            let ended = line.is_none();
            add(&batch, transport, fold)?;
            if ended {
                return Ok(());
            }
            batch.truncate(heading);
        }
    }
}

fn add(batch: &[u8], transport: Transport, fold: &mut Fold<'_>) -> Result<(), Refusal> {
    let parsed: ProcResult<()> = match transport {
        Transport::Tcp => TcpNetEntries::from_buf_read(batch, &SYSTEM).map(|entries| {
            for entry in entries.0 {
                let (local, peer) = (entry.local_address, entry.remote_address);
                fold.add(&row(entry.state.to_u8(), local, peer, entry.inode, entry.uid));
            }
        }),
        Transport::Udp => UdpNetEntries::from_buf_read(batch, &SYSTEM).map(|entries| {
            for entry in entries.0 {
                let (local, peer) = (entry.local_address, entry.remote_address);
                fold.add(&row(entry.state.to_u8(), local, peer, entry.inode, entry.uid));
            }
        }),
    };
    parsed.map_err(|error| Refusal::Failed(Why::unparsable(error.to_string(), batch)))
}

fn row(
    state: u8,
    local: std::net::SocketAddr,
    peer: std::net::SocketAddr,
    inode: u64,
    uid: u32,
) -> SocketRow {
    let end = |address: std::net::SocketAddr| End::new(address.ip(), address.port());
    SocketRow { state, local: end(local), peer: end(peer), inode, uid, interface: 0, v6only: None }
}
