//! Sockets in, one at a time, in any order; what a census tells of them out.

use std::fmt::Write;

use super::row::Row;
use super::tcp::Connections;
use super::udp::Datagrams;
use crate::ask::CensusOf;
use crate::parse::census::Told;
use crate::snapshot::Transport;
use crate::usage::Connection;

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

    pub(super) fn add(&mut self, row: &Row) {
        match self {
            Self::Tcp(connections) => connections.add(row),
            Self::Udp(datagrams) => datagrams.add(row),
        }
    }

    /// The lines of `parse::census`.
    pub(super) fn lines(self) -> Vec<u8> {
        let told = match self {
            Self::Tcp(connections) => connections.told(),
            Self::Udp(datagrams) => datagrams.told(),
        };
        lines(&told).into_bytes()
    }
}

fn lines(told: &Told) -> String {
    let mut text = String::new();
    for used in &told.used {
        let peer = used.peer.map_or_else(|| "-".to_owned(), |peer| peer.to_string());
        let interface = used.interface.map_or_else(String::new, |index| format!(" {index}"));
        push(&mut text, format_args!("used {} {peer} {}{interface}", used.source, used.ports_used));
    }
    for (local, count) in &told.left_behind {
        push(&mut text, format_args!("left {local} {count}"));
    }
    for (kind, connections) in [("self", &told.self_connected), ("system", &told.from_system_ports)]
    {
        for Connection { local, peer, state, inode, uid } in connections {
            push(&mut text, format_args!("{kind} {local} {peer} {state} {inode} {uid}"));
        }
    }
    if !told.bound.is_empty() {
        push(&mut text, format_args!("bound {}", told.bound));
    }
    push(&mut text, format_args!("uncounted {}\nend", told.uncounted));
    text
}

fn push(text: &mut String, line: std::fmt::Arguments<'_>) {
    // Writing to a string can't fail.
    let _ = writeln!(text, "{line}");
}

#[cfg(test)]
pub(super) mod tests {
    use std::net::SocketAddr;

    use super::super::row::End;
    use super::*;
    use crate::ports::{PortRange, PortSet};
    use crate::usage::Destination;

    pub(in super::super) fn row(state: u8, local: &str, peer: &str) -> Row {
        let end = |text: &str| {
            let address: SocketAddr = text.parse().expect("an address");
            End::new(address.ip(), address.port())
        };
        Row {
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
    pub(in super::super) fn told(of: &CensusOf<'_>, rows: &[Row]) -> Vec<String> {
        let mut fold = Fold::new(of);
        for row in rows {
            fold.add(row);
        }
        let text = String::from_utf8(fold.lines()).expect("UTF-8");
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn the_lines_are_those_that_the_parser_reads() {
        let connection = |local, peer| row(1, local, peer).connection();
        let used = |source: &str, peer: Option<&str>, ports_used| Destination {
            transport: Transport::Tcp,
            source: source.parse().expect("an address"),
            peer: peer.map(|peer| peer.parse().expect("an address")),
            interface: peer.map(|_| 3),
            ports_used,
        };
        let told = Told {
            left_behind: vec![("127.0.0.1:40000".parse().expect("an address"), 2)],
            used: vec![
                used("10.0.0.1", Some("10.0.0.9:5432"), 9000),
                used("fd00::1", Some("[fd00::9]:443"), 2),
                used("10.0.0.1", None, 9001),
            ],
            self_connected: vec![connection("[::1]:40000", "[::1]:40000")],
            from_system_ports: vec![
                connection("[::ffff:10.0.0.1]:700", "10.0.0.9:2049"),
                connection("10.0.0.1:701", "10.0.0.9:2049"),
            ],
            bound: [PortRange::between(40_001, 40_003), PortRange::single(40_009)]
                .into_iter()
                .collect(),
            uncounted: 4,
        };
        let text = lines(&told);
        assert!(text.contains("system 10.0.0.1:700 10.0.0.9:2049 1 7 1000\n"), "{text}");
        assert!(text.contains("bound 40001-40003,40009\n"), "{text}");
        assert_eq!(Told::parse(text.as_bytes(), Transport::Tcp), Ok(told));
        let nothing = lines(&Told::default());
        assert_eq!(nothing, "uncounted 0\nend\n");
        assert_eq!(Told::parse(nothing.as_bytes(), Transport::Tcp), Ok(Told::default()));
    }
}
