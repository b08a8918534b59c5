//! Who uses the ports of a pool, counted from a list.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::Listed;
use crate::ask::CensusOf;
use crate::snapshot::{Census, Connection, Destination, Transport};
use crate::usage::{CensusRows, NO_USER};

/// Ports by who uses them: a source and a peer, or a source whatever the peer.
type Users = BTreeMap<(IpAddr, Option<SocketAddr>), BTreeSet<u16>>;

/// The sockets of a transport in lists that have all of them.
pub(crate) fn census<'a>(
    lists: impl Iterator<Item = &'a Listed> + Clone,
    of: &CensusOf<'_>,
) -> CensusRows {
    let mut rows = CensusRows::default();
    let mut users = Users::new();
    let waiting = lists.clone().flat_map(|list| &list.sockets);
    for socket in waiting.filter(|socket| socket.transport == of.transport) {
        rows.sockets = rows.sockets.saturating_add(1);
        count(&mut users, of, SocketAddr::new(socket.address, socket.port), None);
    }
    for used in lists.flat_map(|list| &list.uses).filter(|used| used.transport == of.transport) {
        let connection = |peer| Connection {
            local: used.local,
            peer,
            state: used.state,
            inode: 0,
            uid: NO_USER,
        };
        let total = if used.state == TIME_WAIT { &mut rows.time_wait } else { &mut rows.sockets };
        *total = total.saturating_add(1);
        count(&mut users, of, used.local, used.peer);
        if let (Transport::Tcp, Some(peer)) = (of.transport, used.peer) {
            let from = used.local.port();
            if used.local == peer {
                rows.self_connected.push(connection(peer));
            }
            if of.beside.contains(from) && !of.listening.contains(from) {
                rows.from_system_ports.push(connection(peer));
            }
        }
    }
    for connections in [&mut rows.self_connected, &mut rows.from_system_ports] {
        connections.sort();
        connections.dedup();
        connections.truncate(Census::LISTED);
    }
    rows.used = used(of.transport, users);
    rows
}

/// As Linux numbers it.
const TIME_WAIT: u8 = 6;

fn count(users: &mut Users, of: &CensusOf<'_>, local: SocketAddr, peer: Option<SocketAddr>) {
    if !of.pool.contains(local.port()) {
        return;
    }
    users.entry((local.ip(), None)).or_default().insert(local.port());
    if let (Transport::Tcp, Some(_)) = (of.transport, peer) {
        users.entry((local.ip(), peer)).or_default().insert(local.port());
    }
}

/// The most used first. A port that a socket has at any address is taken at each of the family, and
/// what is taken anywhere is not there for a socket of any address.
fn used(transport: Transport, mut users: Users) -> Vec<Destination> {
    for any in [IpAddr::from(Ipv4Addr::UNSPECIFIED), Ipv6Addr::UNSPECIFIED.into()] {
        let everywhere = users.get(&(any, None)).cloned().unwrap_or_default();
        let mut anywhere = BTreeSet::new();
        for ((source, _), ports) in &mut users {
            if source.is_ipv4() == any.is_ipv4() {
                ports.extend(&everywhere);
                anywhere.extend(ports.iter().copied());
            }
        }
        if !anywhere.is_empty() {
            users.insert((any, None), anywhere);
        }
    }
    let row =
        |((source, peer), ports): ((IpAddr, Option<SocketAddr>), BTreeSet<u16>)| Destination {
            transport,
            source,
            peer,
            interface: None,
            ports_used: u32::try_from(ports.len()).unwrap_or(u32::MAX),
        };
    let mut used: Vec<Destination> = users.into_iter().map(row).collect();
    used.sort_by(|a, b| b.ports_used.cmp(&a.ports_used).then_with(|| a.cmp(b)));
    used.truncate(Census::LISTED);
    used
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::sockets::listed;
    use crate::ports::{PortRange, PortSet};

    fn of(text: &str, transport: Transport) -> CensusRows {
        let pool = PortSet::from(PortRange::between(49152, 65535));
        let listening = PortSet::from(PortRange::single(22));
        let of = CensusOf {
            transport,
            pool: &pool,
            beside: PortRange::between(1, 1023),
            listening: &listening,
            bound: false,
        };
        census([listed(text)].iter(), &of)
    }

    fn told(rows: &CensusRows) -> Vec<String> {
        let peer =
            |row: &Destination| row.peer.map_or_else(String::new, |peer| format!(" to {peer}"));
        rows.used
            .iter()
            .map(|row| format!("{} {}{}", row.ports_used, row.source, peer(row)))
            .collect()
    }

    #[test]
    fn ports_are_counted_by_source_and_by_peer() {
        let rows = of(
            "C:\\>netstat -ano\n\nActive Connections\n\n\
             \u{20} Proto  Local Address          Foreign Address        State           PID\n\
             \u{20} TCP    0.0.0.0:135            0.0.0.0:0              LISTENING       912\n\
             \u{20} TCP    0.0.0.0:49664          0.0.0.0:0              BOUND           640\n\
             \u{20} TCP    10.0.0.5:50001         10.0.0.9:1433          ESTABLISHED     4711\n\
             \u{20} TCP    10.0.0.5:50002         10.0.0.9:1433          WARTEND         0\n\
             \u{20} TCP    10.0.0.5:50003         10.0.0.8:443           TIME_WAIT       0\n\
             \u{20} TCP    10.0.0.5:22            10.0.0.7:50004         ESTABLISHED     88\n\
             \u{20} TCP    10.0.0.5:700           10.0.0.7:2049          ESTABLISHED     4\n\
             \u{20} TCP    127.0.0.1:50005        127.0.0.1:50005        ESTABLISHED     9\n\
             \u{20} UDP    0.0.0.0:55555          *:*                                    9\n",
            Transport::Tcp,
        );
        assert_eq!((rows.sockets, rows.time_wait), (6, 2));
        assert_eq!(
            told(&rows),
            [
                "5 0.0.0.0",
                "4 10.0.0.5",
                "3 10.0.0.5 to 10.0.0.9:1433",
                "2 10.0.0.5 to 10.0.0.8:443",
                "2 127.0.0.1",
                "2 127.0.0.1 to 127.0.0.1:50005",
            ]
        );
        let [itself] = &rows.self_connected[..] else { panic!("{:?}", rows.self_connected) };
        assert_eq!(itself.local.to_string(), "127.0.0.1:50005");
        let [system] = &rows.from_system_ports[..] else { panic!("{:?}", rows.from_system_ports) };
        assert_eq!(system.local.port(), 700);
    }
}
