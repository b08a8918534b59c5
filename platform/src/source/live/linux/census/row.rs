//! One socket of a census, and what the transports tell alike.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use crate::snapshot::Transport;
use crate::usage::{Census, Connection, Destination};

/// The most lines of a kind.
pub(super) const LINES: usize = Census::LISTED;

/// One end of a socket. IPv4 and IPv4-mapped IPv6 sockets share their ports, so both are the latter
/// here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct End {
    pub(super) address: Ipv6Addr,
    pub(super) port: u16,
}

impl End {
    pub(super) fn new(address: IpAddr, port: u16) -> Self {
        let address = match address {
            IpAddr::V4(address) => address.to_ipv6_mapped(),
            IpAddr::V6(address) => address,
        };
        Self { address, port }
    }

    pub(super) fn unmapped(self) -> SocketAddr {
        (self.address.to_canonical(), self.port).into()
    }
}

/// One socket.
#[derive(Debug, Clone, Copy)]
pub(super) struct SocketRow {
    /// include/net/tcp_states.h, for UDP too.
    pub(super) state: u8,
    pub(super) local: End,
    pub(super) peer: End,
    pub(super) inode: u64,
    pub(super) uid: u32,
    /// The index of the interface that it is bound to; 0 where it is bound to none, or that is not
    /// told.
    pub(super) interface: u32,
    /// `IPV6_V6ONLY`, where it is told.
    pub(super) v6only: Option<bool>,
}

impl SocketRow {
    pub(super) fn connection(&self) -> Connection {
        Connection {
            local: self.local.unmapped(),
            peer: self.peer.unmapped(),
            state: self.state,
            inode: self.inode,
            uid: self.uid,
        }
    }

    /// Whether its state is one of these, a bit each.
    pub(super) fn is_in(&self, states: u32) -> bool {
        1_u32.checked_shl(self.state.into()).is_some_and(|state| state & states != 0)
    }
}

/// The most used of the ports that each address has, whatever the peer.
pub(super) fn of_any_peer(
    transport: Transport,
    counted: impl Iterator<Item = (Ipv6Addr, u32)>,
) -> Vec<Destination> {
    let mut used: Vec<Destination> = counted
        .map(|(source, ports_used)| Destination {
            transport,
            source: source.to_canonical(),
            peer: None,
            interface: None,
            ports_used,
        })
        .collect();
    used.sort_by(|a, b| b.ports_used.cmp(&a.ports_used).then_with(|| a.cmp(b)));
    used.truncate(LINES);
    used
}
