//! Sockets in, one at a time, in any order; what a census tells of them out.

use super::row::SocketRow;
use super::tcp::Connections;
use super::udp::Datagrams;
use crate::ask::CensusOf;
use crate::snapshot::Transport;
use crate::usage::CensusRows;

/// How many destinations, and addresses without a set of ports, are counted at a time: about 5 MiB.
pub(super) const ROOM: usize = 65_536;
/// What is counted while the sockets pass.
pub(super) enum Fold<'a> {
    Tcp(Box<Connections<'a>>),
    Udp(Datagrams),
}

impl<'a> Fold<'a> {
    pub(super) fn new(of: &'a CensusOf<'a>) -> Self {
        match of.transport {
            Transport::Tcp => Self::Tcp(Box::new(Connections::new(of, ROOM))),
            Transport::Udp => Self::Udp(Datagrams::new(of, ROOM)),
        }
    }

    pub(super) fn add(&mut self, row: &SocketRow) {
        match self {
            Self::Tcp(connections) => connections.add(row),
            Self::Udp(datagrams) => datagrams.add(row),
        }
    }

    pub(super) fn rows(self) -> CensusRows {
        match self {
            Self::Tcp(connections) => connections.counted(),
            Self::Udp(datagrams) => datagrams.counted(),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::net::SocketAddr;

    use super::super::row::End;
    use super::*;
    use crate::ports::PortSet;

    pub(in super::super) fn row(state: u8, local: &str, peer: &str) -> SocketRow {
        let end = |text: &str| {
            let address: SocketAddr = text.parse().expect("an address");
            End::new(address.ip(), address.port())
        };
        SocketRow {
            state,
            local: end(local),
            peer: end(peer),
            inode: 7,
            uid: 1000,
            interface: 0,
            v6only: None,
        }
    }

    pub(in super::super) fn ports(text: &str) -> PortSet {
        text.parse().expect("ports")
    }

    /// What the census of a pool says of these sockets.
    pub(in super::super) fn counted(of: &CensusOf<'_>, rows: &[SocketRow]) -> Vec<String> {
        let mut fold = Fold::new(of);
        for row in rows {
            fold.add(row);
        }
        fold.rows().lines().lines().map(str::to_owned).collect()
    }
}
