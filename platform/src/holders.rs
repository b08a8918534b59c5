//! Who holds one port, as plain data.

use std::net::{IpAddr, SocketAddr};

use crate::snapshot::{Connection, Owner, Source, Transport, Why};

/// The sockets that have one local port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holders {
    /// The transport.
    pub transport: Transport,
    /// The port.
    pub port: u16,
    /// What was seen, sorted by [`Hold`], then by address.
    pub items: Vec<Holder>,
    /// Where; one source a family.
    pub sources: Vec<Source>,
    /// Whether a TCP socket that is bound and nothing else would have been seen.
    pub bound_seen: bool,
    /// What could not be read: `what`, and why. Where this is not empty, `items` is not all.
    pub unread: Vec<(String, Why)>,
}

/// A socket that has the port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// How it holds the port.
    pub hold: Hold,
    /// Its ends; those of a socket without a peer have an unspecified one.
    pub ends: Connection,
    /// Whether its `[::]` is IPv6 only; `None` where that is not told.
    pub v6only: Option<bool>,
    /// Whether it is bound to one interface.
    pub on_interface: bool,
    /// How long it stays in TIME_WAIT, in milliseconds, where that is told.
    pub time_wait_left: Option<u32>,
    /// Who holds it; searched for among the first [`Holders::OWNERS_MAX`].
    pub owner: Owner,
}

/// How a socket holds a port, the firmest hold first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hold {
    /// A TCP listener, or a UDP socket without a peer.
    Listens,
    /// A TCP socket that is bound and nothing else.
    Bound,
    /// It has a peer: an outgoing connection, or one that was accepted.
    Connected,
    /// TIME_WAIT: only the kernel still knows it.
    Waits,
    /// A connection that a listener is about to accept; by itself it holds nothing.
    HalfOpen,
}

impl Hold {
    /// Of a socket in that state (include/net/tcp_states.h). `waits` tells that the timer of TIME_WAIT runs: the kernel
    /// keeps a closed connection so in FIN_WAIT2 too.
    pub(crate) const fn of(transport: Transport, state: u8, waits: bool) -> Self {
        match (transport, state) {
            (Transport::Tcp, 10) | (Transport::Udp, 7) => Self::Listens,
            (Transport::Tcp, 7) => Self::Bound,
            (Transport::Tcp, 3 | 12) => Self::HalfOpen,
            (Transport::Tcp, 6) => Self::Waits,
            (Transport::Tcp, _) if waits => Self::Waits,
            _ => Self::Connected,
        }
    }
}

impl Holder {
    /// Its local address; what IPv6 maps from IPv4 is IPv4.
    pub fn address(&self) -> IpAddr {
        self.ends.local.ip().to_canonical()
    }

    /// Its peer, where it has one.
    pub fn peer(&self) -> Option<SocketAddr> {
        let peer = self.ends.peer;
        (peer.port() != 0).then(|| SocketAddr::new(peer.ip().to_canonical(), peer.port()))
    }

    /// Whether it is connected to itself.
    pub fn is_its_own_peer(&self) -> bool {
        self.peer().is_some() && self.ends.local == self.ends.peer
    }

    /// The user that made it; the kernel does not keep that in TIME_WAIT.
    pub fn uid(&self) -> Option<u32> {
        (!matches!(self.hold, Hold::Waits | Hold::HalfOpen)).then_some(self.ends.uid)
    }

    /// Whether a service that binds this address meets it: `inet_rcv_saddr_equal`, net/ipv4/inet_connection_sock.c. `[::]`
    /// is taken to serve IPv4 too, on both sides, as it does unless IPV6_V6ONLY is set.
    pub fn meets(&self, service: IpAddr) -> bool {
        let (own, service) = (self.address(), service.to_canonical());
        let everything = |address: IpAddr| address.is_ipv6() && address.is_unspecified();
        if everything(service) || (everything(own) && self.v6only != Some(true)) {
            return true;
        }
        own.is_ipv4() == service.is_ipv4()
            && (own == service || own.is_unspecified() || service.is_unspecified())
    }
}

impl Holders {
    /// For how many sockets a process is searched for.
    pub const OWNERS_MAX: usize = 100;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holder(address: &str, v6only: Option<bool>) -> Holder {
        let local = SocketAddr::new(address.parse().expect("an address"), 50_010);
        Holder {
            hold: Hold::Listens,
            ends: Connection { local, peer: local, state: 10, inode: 7, uid: 0 },
            v6only,
            on_interface: false,
            time_wait_left: None,
            owner: Owner::NotAsked,
        }
    }

    /// As Linux 6.18 answers; tests/netns/explain.rs holds it against the running kernel.
    #[test]
    fn addresses_meet_as_the_kernel_lets_them() {
        let services = ["0.0.0.0", "127.0.0.1", "127.0.0.2", "::", "::1", "::ffff:127.0.0.1"];
        for (address, v6only, met) in [
            ("0.0.0.0", None, [true, true, true, true, false, true]),
            ("127.0.0.1", None, [true, true, false, true, false, true]),
            ("::ffff:127.0.0.1", Some(false), [true, true, false, true, false, true]),
            ("::", Some(false), [true; 6]),
            ("::", None, [true; 6]),
            ("::", Some(true), [false, false, false, true, true, false]),
            ("::1", Some(false), [false, false, false, true, true, false]),
        ] {
            for (service, met) in services.iter().zip(met) {
                let got = holder(address, v6only).meets(service.parse().expect("an address"));
                assert_eq!(got, met, "{address} {v6only:?}, service on {service}");
            }
        }
    }

    #[test]
    fn a_state_is_a_hold() {
        let tcp = |state, waits| Hold::of(Transport::Tcp, state, waits);
        assert_eq!(
            [10, 7, 1, 2, 3].map(|state| tcp(state, false)),
            [Hold::Listens, Hold::Bound, Hold::Connected, Hold::Connected, Hold::HalfOpen]
        );
        assert_eq!(
            (tcp(6, false), tcp(5, true), tcp(5, false)),
            (Hold::Waits, Hold::Waits, Hold::Connected)
        );
        assert_eq!(Hold::of(Transport::Udp, 7, false), Hold::Listens);
        assert_eq!(Hold::of(Transport::Udp, 1, false), Hold::Connected);
    }
}
