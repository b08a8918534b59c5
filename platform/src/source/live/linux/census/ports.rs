//! Sets of ports that grow one by one, and those of many addresses.

use std::collections::HashMap;
use std::net::Ipv6Addr;

use super::frequent::Frequent;
use crate::ports::{PortRange, PortSet};

/// A flag a port: 8 KiB.
#[derive(Clone)]
pub(super) struct Ports(Box<[u64; 1024]>);

impl Ports {
    pub(super) fn new() -> Self {
        Self(Box::new([0; 1024]))
    }

    pub(super) fn insert(&mut self, port: u16) {
        self.0[usize::from(port >> 6)] |= 1 << (port & 63);
    }

    pub(super) fn contains(&self, port: u16) -> bool {
        self.0[usize::from(port >> 6)] & (1 << (port & 63)) != 0
    }

    pub(super) fn union(&self, other: &Self) -> Self {
        let mut all = self.clone();
        all.0.iter_mut().zip(other.0.iter()).for_each(|(word, other)| *word |= other);
        all
    }

    pub(super) fn count(&self) -> u32 {
        self.0.iter().map(|word| word.count_ones()).sum()
    }

    pub(super) fn to_set(&self) -> PortSet {
        (0..=u16::MAX).filter(|port| self.contains(*port)).map(PortRange::single).collect()
    }
}

impl From<&PortSet> for Ports {
    fn from(set: &PortSet) -> Self {
        let mut ports = Self::new();
        set.iter().for_each(|port| ports.insert(port));
        ports
    }
}

/// How many addresses have a set of their own: 2 MiB at most.
const OWN_SETS: usize = 256;

/// The local ports of each local address.
pub(super) struct Sources {
    sets: HashMap<Ipv6Addr, Ports>,
    /// The sockets of each further address: it can't have more ports.
    others: Frequent<Ipv6Addr>,
}

impl Sources {
    pub(super) fn new(room: usize) -> Self {
        Self { sets: HashMap::new(), others: Frequent::new(room) }
    }

    pub(super) fn add(&mut self, address: Ipv6Addr, port: u16) {
        if let Some(ports) = self.sets.get_mut(&address) {
            ports.insert(port);
        } else if self.sets.len() < OWN_SETS {
            self.sets.entry(address).or_insert_with(Ports::new).insert(port);
        } else {
            self.others.add(address);
        }
    }

    /// The most ports that an address without a set of its own can have.
    pub(super) fn uncounted(&self) -> u32 {
        self.others.at_most()
    }

    /// Each address with its ports, in no order.
    pub(super) fn into_sets(self) -> impl Iterator<Item = (Ipv6Addr, Ports)> {
        self.sets.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_address_has_its_distinct_ports_and_the_rest_is_uncounted() {
        let address = |n: u16| Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, n);
        let mut sources = Sources::new(1000);
        for n in 0..256 {
            sources.add(address(n), n);
            sources.add(address(n), n);
            sources.add(address(n), u16::MAX);
        }
        assert_eq!(sources.uncounted(), 0);
        for port in [1, 2, 3] {
            sources.add(address(256), port);
            sources.add(address(300), 7);
        }
        assert_eq!(sources.uncounted(), 3, "what no address without a set can exceed");
        let sets: HashMap<Ipv6Addr, Ports> = sources.into_sets().collect();
        assert_eq!(sets.len(), 256);
        assert!(sets.values().all(|ports| ports.count() == 2));
        assert_eq!(sets[&address(9)].to_set().to_string(), "9,65535");
    }

    #[test]
    fn a_set_is_the_ports_put_into_it() {
        let set: PortSet = "0,63-64,40000-40099,65535".parse().expect("ports");
        let ports = Ports::from(&set);
        assert_eq!((ports.to_set(), ports.count()), (set, 104));
        assert!(ports.contains(0) && !ports.contains(1) && ports.contains(65_535));
        let both = ports.union(&Ports::from(&PortSet::from(PortRange::between(1, 63))));
        assert_eq!(both.to_set().to_string(), "0-64,40000-40099,65535");
    }
}
