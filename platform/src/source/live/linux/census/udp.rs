//! The UDP sockets of a pool.
//!
//! A UDP port belongs to its local address whoever the peer is, and a socket on the wildcard
//! address takes it from every one. Automatic allocation is by the wildcard address too, unless
//! bind() names another before: `inet_autobind` runs before connect() picks the address
//! (`udp_lib_get_port`, `inet_rcv_saddr_equal`).

use std::net::Ipv6Addr;

use super::ports::{Ports, Sources};
use super::row::{SocketRow, of_any_peer};
use crate::ask::CensusOf;
use crate::snapshot::Transport;
use crate::usage::CensusRows;

/// ESTABLISHED is a connected socket, CLOSE any other.
pub(super) const STATES: u32 = (1 << 1) | (1 << 7);

const ANY_IPV4: Ipv6Addr = Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0);

pub(super) struct Datagrams {
    pool: Ports,
    sources: Sources,
    /// On 0.0.0.0.
    any_ipv4: Ports,
    /// On `[::]` for both families.
    any: Ports,
    /// On `[::]` with `IPV6_V6ONLY`.
    any_ipv6: Ports,
    /// On `[::]`, with that or without.
    unsure: Ports,
    /// On any address of the family.
    ipv4: Ports,
    ipv6: Ports,
}

impl Datagrams {
    pub(super) fn new(of: &CensusOf<'_>, room: usize) -> Self {
        Self {
            pool: Ports::from(of.pool),
            sources: Sources::new(room),
            any_ipv4: Ports::new(),
            any: Ports::new(),
            any_ipv6: Ports::new(),
            unsure: Ports::new(),
            ipv4: Ports::new(),
            ipv6: Ports::new(),
        }
    }

    pub(super) fn add(&mut self, row: &SocketRow) {
        let port = row.local.port;
        if !row.is_in(STATES) || !self.pool.contains(port) {
            return;
        }
        let address = row.local.address;
        let of_family =
            if address.to_ipv4_mapped().is_some() { &mut self.ipv4 } else { &mut self.ipv6 };
        of_family.insert(port);
        match (address, row.v6only) {
            (ANY_IPV4, _) => self.any_ipv4.insert(port),
            (Ipv6Addr::UNSPECIFIED, Some(false)) => self.any.insert(port),
            (Ipv6Addr::UNSPECIFIED, Some(true)) => self.any_ipv6.insert(port),
            (Ipv6Addr::UNSPECIFIED, None) => self.unsure.insert(port),
            _ => self.sources.add(address, port),
        }
    }

    pub(super) fn counted(self) -> CensusRows {
        let on_any_ipv4 = self.any_ipv4.union(&self.any);
        let on_any_ipv6 = self.any.union(&self.any_ipv6).union(&self.unsure);
        let perhaps = on_any_ipv4.union(&self.unsure).count() - on_any_ipv4.count();
        let uncounted = self.sources.uncounted().max(perhaps);
        let sources = self.sources.into_sets().map(|(address, own)| {
            let of_ipv4 = address.to_ipv4_mapped().is_some();
            let on_any = if of_ipv4 { &on_any_ipv4 } else { &on_any_ipv6 };
            (address, own.union(on_any).count())
        });
        // What is left for a socket without an address of its own.
        let wildcards = [
            (ANY_IPV4, self.ipv4.union(&self.any).count()),
            (Ipv6Addr::UNSPECIFIED, self.ipv6.union(&self.ipv4).count()),
        ];
        // Where there is no IPv6 socket, [::] has what 0.0.0.0 has.
        let worth = if self.ipv6.count() == 0 { &wildcards[..1] } else { &wildcards };
        let wildcards = worth.iter().copied().filter(|(_, ports)| *ports > 0);
        CensusRows {
            used: of_any_peer(Transport::Udp, sources.chain(wildcards)),
            uncounted,
            ..CensusRows::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fold::tests::{counted, ports, row};
    use super::*;
    use crate::ports::{PortRange, PortSet};

    /// What is told of the ports 40000-40009 with these sockets: state, local address,
    /// `IPV6_V6ONLY`.
    fn of(sockets: &[(u8, &str, Option<bool>)]) -> Vec<String> {
        let of = CensusOf {
            transport: Transport::Udp,
            pool: &ports("40000-40009"),
            beside: PortRange::between(1, 1023),
            listening: &PortSet::new(),
            bound: false,
        };
        let rows: Vec<SocketRow> = sockets
            .iter()
            .map(|&(state, local, v6only)| SocketRow { v6only, ..row(state, local, "0.0.0.0:0") })
            .collect();
        counted(&of, &rows)
    }

    #[test]
    fn a_port_is_used_whoever_the_peer_is() {
        assert_eq!(
            of(&[
                (1, "10.0.0.1:40000", None),
                (7, "10.0.0.1:40001", None),
                (1, "[::ffff:10.0.0.1]:40001", Some(true)),
                (7, "10.0.0.2:40000", None),
                (7, "10.0.0.2:40010", None),
                (7, "10.0.0.2:53", None),
                (2, "10.0.0.2:40001", None),
            ]),
            ["used 0.0.0.0 - 2", "used 10.0.0.1 - 2", "used 10.0.0.2 - 1", "uncounted 0", "end"]
        );
        assert_eq!(of(&[]), ["uncounted 0", "end"]);
    }

    #[test]
    fn the_wildcard_address_takes_a_port_from_every_one() {
        let own = [(7, "10.0.0.1:40000", None), (7, "[fd00::1]:40001", Some(true))];
        let with = |wildcard| of(&[own[0], own[1], wildcard]);
        let lines = |any4: u32, any6: u32, four: u32, six: u32, uncounted: u32| {
            let mut used = [
                (any4, format!("used 0.0.0.0 - {any4}")),
                (four, format!("used 10.0.0.1 - {four}")),
                (any6, format!("used :: - {any6}")),
                (six, format!("used fd00::1 - {six}")),
            ];
            used.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
            let used = used.into_iter().map(|(_, line)| line);
            used.chain([format!("uncounted {uncounted}"), "end".to_owned()]).collect::<Vec<_>>()
        };
        assert_eq!(with((7, "0.0.0.0:40005", None)), lines(2, 3, 2, 1, 0));
        assert_eq!(with((7, "[::ffff:0.0.0.0]:40005", Some(false))), lines(2, 3, 2, 1, 0));
        assert_eq!(with((7, "[::]:40005", Some(false))), lines(2, 3, 2, 2, 0), "both families");
        assert_eq!(with((7, "[::]:40005", Some(true))), lines(1, 3, 1, 2, 0));
        assert_eq!(with((7, "[::]:40005", None)), lines(1, 3, 1, 2, 1), "perhaps IPv4 too");
    }
}
