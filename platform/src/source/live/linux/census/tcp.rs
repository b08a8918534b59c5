//! The TCP connections of a pool.

use std::net::{Ipv6Addr, SocketAddr};

use super::frequent::Frequent;
use super::ports::{Ports, Sources};
use super::row::{End, LINES, SocketRow, of_any_peer};
use crate::ask::CensusOf;
use crate::parse::sock_diag::CLOSE;
use crate::snapshot::Transport;
use crate::usage::{CensusRows, Destination};

/// ESTABLISHED, SYN_SENT, FIN_WAIT1, FIN_WAIT2, TIME_WAIT, CLOSE_WAIT, LAST_ACK and CLOSING:
/// without LISTEN, SYN_RECV and NEW_SYN_RECV, which are for others to connect to
/// (include/net/tcp_states.h).
const CONNECTED: u32 =
    (1 << 1) | (1 << 2) | (1 << 4) | (1 << 5) | (1 << 6) | (1 << 8) | (1 << 9) | (1 << 11);
/// `TCP_BOUND_INACTIVE`, since Linux 6.8 (commit 91051f003948): the kernel walks a further table
/// for it, and calls what it finds there CLOSE.
const BOUND_INACTIVE: u32 = 1 << 13;

/// The states to ask for.
pub(super) const fn states(bound: bool) -> u32 {
    if bound { CONNECTED | BOUND_INACTIVE } else { CONNECTED }
}

const TIME_WAIT: u8 = 6;
/// Local address, peer's address, peer's port and the interface in one, so that it is hashed in one
/// piece.
type AddressPair = [u8; 38];
/// A local end.
type LocalEnd = (Ipv6Addr, u16);
/// From so many connections on a local end is one that was connected to.
const SHARED: u32 = 2;

pub(super) struct Connections<'a> {
    of: &'a CensusOf<'a>,
    outgoing: Ports,
    pairs: Frequent<AddressPair>,
    sources: Sources,
    any: Ports,
    waiting: Frequent<LocalEnd>,
    bound: Ports,
    result: CensusRows,
}

impl<'a> Connections<'a> {
    pub(super) fn new(of: &'a CensusOf<'a>, room: usize) -> Self {
        Self {
            of,
            outgoing: Ports::from(&of.pool.difference(of.listening)),
            pairs: Frequent::new(room),
            sources: Sources::new(room),
            any: Ports::new(),
            waiting: Frequent::new(room),
            bound: Ports::new(),
            result: CensusRows::default(),
        }
    }

    pub(super) fn add(&mut self, row: &SocketRow) {
        let port = row.local.port;
        if row.state == CLOSE && self.of.bound && self.outgoing.contains(port) {
            self.bound.insert(port);
        }
        if !row.is_in(CONNECTED) {
            return;
        }
        let below = self.of.beside.contains(port);
        if row.local == row.peer {
            note(&mut self.result.self_connected, row);
        }
        if self.outgoing.contains(port) {
            self.pairs.add(pair(row));
            self.sources.add(row.local.address, port);
            self.any.insert(port);
            if row.state == TIME_WAIT && row.local.address == row.peer.address {
                self.waiting.add((row.local.address, port));
            }
        }
        if below && row.peer.port != 0 && !self.of.listening.contains(port) {
            note(&mut self.result.from_system_ports, row);
        }
    }

    pub(super) fn counted(self) -> CensusRows {
        let mut result = self.result;
        result.bound = self.bound.to_set();
        result.uncounted = self.pairs.lowered().max(self.sources.uncounted());
        result.used = destinations(&self.pairs.top(LINES));
        let mut counted: Vec<(Ipv6Addr, u32)> =
            self.sources.into_sets().map(|(source, ports)| (source, ports.count())).collect();
        // What bind() holds at one address is in the way of connect() at each.
        if counted.len() > 1 {
            counted.push((Ipv6Addr::UNSPECIFIED, self.any.count()));
        }
        result.used.extend(of_any_peer(Transport::Tcp, counted.into_iter()));
        let shared = self.waiting.top(LINES).into_iter().filter(|(_, count)| *count >= SHARED);
        let left = shared.map(|((address, port), count)| (End { address, port }.unmapped(), count));
        result.left_behind = left.collect();
        result
    }
}

fn note(connections: &mut Vec<crate::usage::Connection>, row: &SocketRow) {
    if connections.len() < LINES {
        connections.push(row.connection());
    }
}

fn pair(row: &SocketRow) -> AddressPair {
    let mut pair = [0; 38];
    pair[..16].copy_from_slice(&row.local.address.octets());
    pair[16..32].copy_from_slice(&row.peer.address.octets());
    pair[32..34].copy_from_slice(&row.peer.port.to_be_bytes());
    pair[34..].copy_from_slice(&row.interface.to_be_bytes());
    pair
}

/// A socket that is bound to no interface is in the way on each; one that is, on that only
/// (`inet_sk_bound_dev_eq`).
fn destinations(counted: &[(AddressPair, u32)]) -> Vec<Destination> {
    let mut result: Vec<Destination> = counted
        .iter()
        .map(|(pair, count)| {
            let mut anywhere = *pair;
            anywhere[34..].fill(0);
            let besides = counted.iter().find(|(other, _)| anywhere != *pair && *other == anywhere);
            destination(pair, count.saturating_add(besides.map_or(0, |(_, more)| *more)))
        })
        .collect();
    result.sort_by(|a, b| b.ports_used.cmp(&a.ports_used).then_with(|| a.cmp(b)));
    result
}

fn destination(pair: &AddressPair, ports_used: u32) -> Destination {
    let address = |at: usize| {
        let octets: [u8; 16] = std::array::from_fn(|index| pair[at + index]);
        Ipv6Addr::from(octets).to_canonical()
    };
    let port = u16::from_be_bytes([pair[32], pair[33]]);
    let interface = u32::from_be_bytes([pair[34], pair[35], pair[36], pair[37]]);
    Destination {
        transport: Transport::Tcp,
        source: address(0),
        peer: Some(SocketAddr::new(address(16), port)),
        interface: Some(interface).filter(|index| *index != 0),
        ports_used,
    }
}

#[cfg(test)]
mod tests {
    use super::super::fold::tests::{counted, ports, row};
    use super::*;
    use crate::ports::{PortRange, PortSet};

    const ESTABLISHED: u8 = 1;

    fn of<'a>(pool: &'a PortSet, listening: &'a PortSet, bound: bool) -> CensusOf<'a> {
        let beside = PortRange::between(1, 1023);
        CensusOf { transport: Transport::Tcp, pool, beside, listening, bound }
    }

    #[test]
    fn only_connections_are_asked_for() {
        assert_eq!(states(false), 0b1011_0111_0110);
        assert_eq!(states(true), 0b10_1011_0111_0110);
    }

    #[test]
    fn ports_are_counted_by_source_and_peer_and_by_source() {
        let (pool, listening) = (ports("40000-40009,40020"), ports("40009"));
        let result = counted(
            &of(&pool, &listening, false),
            &[
                row(ESTABLISHED, "10.0.0.1:40000", "10.0.0.9:80"),
                row(TIME_WAIT, "10.0.0.1:40001", "10.0.0.9:80"),
                // the same IPv4 connection space, seen through an IPv6 socket
                row(2, "[::ffff:10.0.0.1]:40002", "[::ffff:10.0.0.9]:80"),
                row(ESTABLISHED, "10.0.0.1:40000", "10.0.0.9:81"),
                row(ESTABLISHED, "10.0.0.2:40020", "10.0.0.9:80"),
                row(ESTABLISHED, "[fd00::1]:40000", "[fd00::9]:80"),
                // beside the pool, accepted, or not a connection of this host's making
                row(ESTABLISHED, "10.0.0.1:40010", "10.0.0.9:80"),
                row(ESTABLISHED, "10.0.0.1:40009", "10.0.0.9:80"),
                row(3, "10.0.0.1:40003", "10.0.0.9:80"),
                row(10, "10.0.0.1:40003", "0.0.0.0:0"),
                row(12, "10.0.0.1:40003", "10.0.0.9:80"),
                row(7, "10.0.0.1:40003", "0.0.0.0:0"),
                row(255, "10.0.0.1:40003", "10.0.0.9:80"),
            ],
        );
        assert_eq!(
            result,
            [
                "used 10.0.0.1 10.0.0.9:80 3",
                "used 10.0.0.1 10.0.0.9:81 1",
                "used 10.0.0.2 10.0.0.9:80 1",
                "used fd00::1 [fd00::9]:80 1",
                "used :: - 4",
                "used 10.0.0.1 - 3",
                "used 10.0.0.2 - 1",
                "used fd00::1 - 1",
                "uncounted 0",
                "end",
            ]
        );
    }

    #[test]
    fn an_interface_has_its_own_sockets_and_those_of_none() {
        let pool = ports("40000-40009");
        let at = |interface: u32, port: u16| SocketRow {
            interface,
            ..row(ESTABLISHED, &format!("10.0.0.1:{port}"), "10.0.0.9:80")
        };
        let rows = [at(3, 40_000), at(3, 40_001), at(0, 40_002), at(4, 40_000)];
        let used = [
            "used 10.0.0.1 10.0.0.9:80 3 3",
            "used 10.0.0.1 10.0.0.9:80 2 4",
            "used 10.0.0.1 10.0.0.9:80 1",
            "used 10.0.0.1 - 3",
            "uncounted 0",
            "end",
        ];
        assert_eq!(counted(&of(&pool, &PortSet::new(), false), &rows), used);
    }

    #[test]
    fn a_service_that_closed_first_is_known_by_its_end_that_many_shared() {
        let (pool, listening) = (ports("40000-40009"), ports("40001"));
        let served = |local: &str, peer: &str| row(TIME_WAIT, local, peer);
        let rows = [
            served("127.0.0.1:40000", "127.0.0.1:50001"),
            served("127.0.0.1:40000", "127.0.0.1:50002"),
            // it listens again, was connected to from elsewhere, or by one only
            served("127.0.0.1:40001", "127.0.0.1:50001"),
            served("127.0.0.1:40001", "127.0.0.1:50002"),
            served("10.0.0.1:40002", "10.0.0.9:50001"),
            served("10.0.0.1:40002", "10.0.0.9:50002"),
            served("127.0.0.1:40003", "127.0.0.1:50001"),
            row(ESTABLISHED, "127.0.0.1:40003", "127.0.0.1:50002"),
        ];
        let result = counted(&of(&pool, &listening, false), &rows);
        let left: Vec<&String> = result.iter().filter(|line| line.starts_with("left")).collect();
        assert_eq!(left, ["left 127.0.0.1:40000 2"]);
    }

    #[test]
    fn two_ends_alike_and_system_ports_are_listed() {
        let (pool, listening) = (ports("40000-40009"), ports("22,40001"));
        let result = counted(
            &of(&pool, &listening, false),
            &[
                row(ESTABLISHED, "127.0.0.1:40000", "127.0.0.1:40000"),
                row(TIME_WAIT, "127.0.0.1:40001", "[::ffff:127.0.0.1]:40001"),
                row(ESTABLISHED, "127.0.0.1:40002", "127.0.0.2:40002"),
                row(ESTABLISHED, "127.0.0.1:39999", "127.0.0.1:39999"),
                row(ESTABLISHED, "10.0.0.1:700", "10.0.0.9:2049"),
                row(ESTABLISHED, "10.0.0.1:22", "10.0.0.9:40000"),
                row(ESTABLISHED, "10.0.0.1:1024", "10.0.0.9:40000"),
                row(10, "10.0.0.1:80", "0.0.0.0:0"),
            ],
        );
        assert_eq!(
            result,
            [
                "used 127.0.0.1 127.0.0.1:40000 1",
                "used 127.0.0.1 127.0.0.2:40002 1",
                "used 127.0.0.1 - 2",
                "self 127.0.0.1:40000 127.0.0.1:40000 1 7 1000",
                "self 127.0.0.1:40001 127.0.0.1:40001 6 7 1000",
                "self 127.0.0.1:39999 127.0.0.1:39999 1 7 1000",
                "system 10.0.0.1:700 10.0.0.9:2049 1 7 1000",
                "uncounted 0",
                "end",
            ]
        );
    }

    #[test]
    fn sockets_that_are_bound_and_nothing_else_are_told_where_they_are_asked_for() {
        let (pool, listening) = (ports("40000-40009"), ports("40001"));
        let rows = [
            row(CLOSE, "0.0.0.0:40000", "0.0.0.0:0"),
            row(CLOSE, "[::1]:40002", "[::]:0"),
            row(CLOSE, "0.0.0.0:40001", "0.0.0.0:0"),
            // a connect() that failed leaves the peer
            row(CLOSE, "10.0.0.1:40003", "10.0.0.9:80"),
            row(CLOSE, "0.0.0.0:700", "0.0.0.0:0"),
        ];
        let lines = |bound| counted(&of(&pool, &listening, bound), &rows);
        assert_eq!(lines(false), ["uncounted 0", "end"]);
        assert_eq!(lines(true), ["bound 40000,40002-40003", "uncounted 0", "end"]);
    }

    #[test]
    fn too_many_destinations_are_told_by_how_much() {
        let (pool, listening) = (ports("40000-49999"), PortSet::new());
        let of = of(&pool, &listening, false);
        let mut fold = Connections::new(&of, 10);
        for (index, port) in (40_000..40_300_u16).enumerate() {
            let few = row(ESTABLISHED, &format!("10.0.0.1:{port}"), "10.0.0.8:80");
            let many = row(ESTABLISHED, &format!("10.0.0.1:{port}"), &format!("10.1.0.1:{port}"));
            if index % 3 == 0 {
                fold.add(&few);
            }
            fold.add(&many);
        }
        let result = fold.counted();
        assert!((1..=400 / 11).contains(&result.uncounted), "{}", result.uncounted);
        let used = |peer: Option<&str>| {
            let peer = peer.map(|peer| peer.parse().expect("an address"));
            result.used.iter().find(|used| used.peer == peer).map(|used| used.ports_used)
        };
        let counted = used(Some("10.0.0.8:80")).expect("the most used is listed");
        assert!(counted <= 100 && 100 <= counted + result.uncounted, "{counted}");
        assert_eq!(used(None), Some(300), "a set of ports loses none");
    }

    #[test]
    fn no_more_than_a_thousand_lines_of_a_kind_are_told() {
        let (pool, listening) = (ports("40000-49999"), PortSet::new());
        let rows: Vec<SocketRow> = (0..2000)
            .flat_map(|n| {
                let port = 40_000 + n;
                let itself = format!("10.0.{}.{}:{port}", n / 100, n % 100);
                [
                    row(ESTABLISHED, &itself, &itself),
                    row(ESTABLISHED, "10.0.0.1:700", &format!("10.0.0.9:{port}")),
                ]
            })
            .collect();
        let result = counted(&of(&pool, &listening, false), &rows);
        let kind = |kind: &str| result.iter().filter(|line| line.starts_with(kind)).count();
        assert_eq!((kind("used"), kind("self"), kind("system")), (1257, 1000, 1000));
        assert!(
            result.contains(&"uncounted 1".to_owned()),
            "an address without a set has one port"
        );
    }
}
