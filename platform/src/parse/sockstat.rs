//! /proc/net/sockstat and sockstat6 (net/ipv4/proc.c, net/ipv6/proc.c): lines `NAME: KEY NUMBER KEY
//! NUMBER …`.
//!
//! `inuse` and `tw` are the namespace's own; `alloc` and `mem` are the whole machine's.

use crate::reading::beginning;

/// The number behind `key` in the line of `protocol`, such as `inuse` of `TCP`.
pub(crate) fn counter(text: &str, protocol: &str, key: &str) -> Result<u32, String> {
    let missing = || format!("there is no {key} of {protocol}");
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(protocol)?.strip_prefix(": "))
        .ok_or_else(missing)?;
    let mut words = line.split(' ');
    while let (Some(name), Some(value)) = (words.next(), words.next()) {
        if name == key {
            let wrong = |_| format!("{:?} is not a number of sockets", beginning(value));
            return value.parse().map_err(wrong);
        }
    }
    Err(missing())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOCKSTAT: &str = "sockets: used 293\nTCP: inuse 27 orphan 0 tw 61476 alloc 1001130 mem 3\n\
                            UDP: inuse 4 mem 2\nUDPLITE: inuse 0\nRAW: inuse 0\nFRAG: inuse 0 memory 0\n";

    #[test]
    fn each_counter_is_found_by_its_name() {
        assert_eq!(counter(SOCKSTAT, "TCP", "inuse"), Ok(27));
        assert_eq!(counter(SOCKSTAT, "TCP", "tw"), Ok(61_476));
        assert_eq!(counter(SOCKSTAT, "UDP", "inuse"), Ok(4));
    }

    #[test]
    fn a_missing_counter_is_no_zero() {
        for (text, protocol, key) in [
            (SOCKSTAT, "TCP6", "inuse"),
            (SOCKSTAT, "UDP", "tw"),
            ("TCP: inuse", "TCP", "inuse"),
            ("TCP: inuse x", "TCP", "inuse"),
            ("TCP: inuse -1", "TCP", "inuse"),
            ("", "TCP", "inuse"),
        ] {
            assert!(counter(text, protocol, key).is_err(), "{text:?} {protocol} {key}");
        }
    }
}
