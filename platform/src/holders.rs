//! Who holds which ports, as plain data.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::ports::PortSet;
use crate::snapshot::{Connection, Family, Listener, Owner, Source, Transport};
use crate::unread::Unread;

/// The sockets that have one of these local ports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holders {
    /// The transport.
    pub transport: Transport,
    /// The ports.
    pub ports: PortSet,
    /// What was seen, sorted by [`Hold`], then by address.
    pub items: Vec<Holder>,
    /// Where.
    pub sources: Vec<Source>,
    /// Whether a TCP socket that is bound and nothing else would have been seen.
    pub bound_shown: bool,
    /// What could not be read. Where this is not empty, `items` is not all.
    pub unread: Vec<Unread>,
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
    /// The user that made it; `None` where that is not told, as of a socket that no process has
    /// open.
    pub uid: Option<u32>,
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
    /// Of a socket in that state (include/net/tcp_states.h). `waits` tells that the timer of
    /// TIME_WAIT runs: the kernel keeps a closed connection so in FIN_WAIT2 too.
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

    /// Whether its process has closed it and the kernel still ends the connection.
    pub fn is_closed(&self) -> bool {
        self.hold == Hold::Connected && self.ends.inode == 0
    }

    /// Whether it is connected to itself.
    pub fn is_its_own_peer(&self) -> bool {
        self.peer().is_some() && self.ends.local == self.ends.peer
    }

    /// Whether it has the port on IPv4 too, `None` where that is not told. An IPv6 socket has
    /// unless it is IPv6 only, which bind() to one address makes it (`__inet6_bind`,
    /// net/ipv6/af_inet6.c), and connect() and accept() do not.
    pub fn on_ipv4(&self) -> Option<bool> {
        let own = self.address();
        match (self.v6only, self.hold) {
            _ if own.is_ipv4() => Some(true),
            (Some(v6only), _) => Some(!v6only),
            (None, Hold::Listens | Hold::Bound) if !own.is_unspecified() => Some(false),
            (None, _) => None,
        }
    }

    /// Whether a service that binds this address meets it, or may: `inet_rcv_saddr_equal`,
    /// net/ipv4/inet_connection_sock.c. A service on `[::]` is taken to serve IPv4 too, as it does
    /// unless IPV6_V6ONLY is set.
    pub fn meets(&self, service: IpAddr) -> bool {
        let (own, service) = (self.address(), service.to_canonical());
        let family = if service.is_ipv4() { Family::Ipv4 } else { Family::Ipv6 };
        (service.is_ipv6() && service.is_unspecified())
            || self.meets_every(family)
            || (service == IpAddr::V4(Ipv4Addr::UNSPECIFIED) && self.on_ipv4() != Some(false))
            || (own.is_ipv4() == service.is_ipv4() && (own == service || service.is_unspecified()))
    }

    /// Whether a service meets it, or may, whichever address of that family it binds.
    pub fn meets_every(&self, family: Family) -> bool {
        let own = self.address();
        own.is_unspecified()
            && match family {
                Family::Ipv4 => self.on_ipv4() != Some(false),
                Family::Ipv6 => own.is_ipv6(),
            }
    }

    /// A listener as it is told without its connections.
    fn of(listener: &Listener) -> Self {
        let unspecified = match listener.address {
            IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        };
        let state = match listener.transport {
            Transport::Tcp => 10,
            Transport::Udp => 7,
        };
        Self {
            hold: Hold::Listens,
            ends: Connection {
                local: SocketAddr::new(listener.address, listener.port),
                peer: SocketAddr::new(unspecified, 0),
                state,
                inode: listener.inodes.first().copied().unwrap_or_default(),
                uid: 0,
            },
            v6only: Some(listener.address.is_ipv6() && !listener.families.contains(&Family::Ipv4)),
            on_interface: false,
            uid: None,
            time_wait_left: None,
            owner: listener.owner.clone(),
        }
    }
}

impl Holders {
    /// For how many sockets a process is searched for.
    pub const OWNERS_MAX: usize = 100;

    /// With the listeners of the port that were told otherwise, where not all of its sockets could
    /// be read.
    #[must_use]
    pub fn or_listeners(mut self, listeners: &[Listener]) -> Self {
        let here =
            |item: &&Listener| item.transport == self.transport && self.ports.contains(item.port);
        let missing: Vec<Holder> = listeners
            .iter()
            .filter(|_| !self.unread.is_empty())
            .filter(here)
            .map(Holder::of)
            .filter(|item| !self.items.iter().any(|known| known.ends.local == item.ends.local))
            .collect();
        self.items.splice(0..0, missing);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holder(hold: Hold, address: &str, v6only: Option<bool>) -> Holder {
        let local = SocketAddr::new(address.parse().expect("an address"), 50_010);
        Holder {
            hold,
            ends: Connection { local, peer: local, state: 10, inode: 7, uid: 0 },
            v6only,
            on_interface: false,
            uid: None,
            time_wait_left: None,
            owner: Owner::NotAsked,
        }
    }

    /// As Linux 6.18 answers; tests/netns/meeting.rs holds it against the running kernel.
    #[test]
    fn addresses_meet_as_the_kernel_lets_them() {
        let services = ["0.0.0.0", "127.0.0.1", "127.0.0.2", "::", "::1", "::ffff:127.0.0.1"];
        let (listens, connected) = (Hold::Listens, Hold::Connected);
        for (hold, address, v6only, on_ipv4, met) in [
            (listens, "0.0.0.0", None, Some(true), [true, true, true, true, false, true]),
            (listens, "127.0.0.1", None, Some(true), [true, true, false, true, false, true]),
            (connected, "127.0.0.1", None, Some(true), [true, true, false, true, false, true]),
            (listens, "::ffff:127.0.0.1", None, Some(true), [true, true, false, true, false, true]),
            (listens, "::", Some(false), Some(true), [true; 6]),
            (listens, "::", None, None, [true; 6]),
            (listens, "::", Some(true), Some(false), [false, false, false, true, true, false]),
            (listens, "::1", Some(true), Some(false), [false, false, false, true, true, false]),
            (listens, "::1", None, Some(false), [false, false, false, true, true, false]),
            (connected, "::1", None, None, [true, false, false, true, true, false]),
            (Hold::Waits, "::1", None, None, [true, false, false, true, true, false]),
        ] {
            let holder = holder(hold, address, v6only);
            assert_eq!(holder.on_ipv4(), on_ipv4, "{hold:?} {address} {v6only:?}");
            let every = Family::ALL.iter().map(|&family| holder.meets_every(family));
            let unspecified = address == "0.0.0.0" || address == "::";
            let expected = [unspecified && met[1], unspecified && met[4]];
            assert!(every.eq(expected), "{hold:?} {address} {v6only:?}");
            for (service, met) in services.iter().zip(met) {
                let got = holder.meets(service.parse().expect("an address"));
                assert_eq!(got, met, "{hold:?} {address} {v6only:?}, service on {service}");
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
