//! What is written is what is shown.

use std::fs;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::Value;

use crate::linux::support::namespace::{inside, set};
use crate::support::evidence::{bounds, range};
use crate::support::{json, spans};

/// Sets range and reserved list, and holds `show` against them.
fn round_trip(first: u16, last: u16, reserved: &[(u16, u16)]) {
    let spelt: Vec<String> = reserved.iter().map(|(a, b)| format!("{a}-{b}")).collect();
    set("ip_local_port_range", &format!("{first} {last}"));
    set("ip_local_reserved_ports", &format!("{}\n", spelt.join(",")));
    let (document, code) = json(&["show"]);
    assert_eq!(code, 0);
    let scope = &document["scopes"][0];
    let range = &scope["ranges"][0];
    assert_eq!(range["state"], "known");
    assert_eq!((&range["first"], &range["last"]), (&Value::from(first), &Value::from(last)));
    assert_eq!(range["raw"], format!("{first}\t{last}\n"));
    assert_eq!(scope["reserved"][0]["state"], "known");
    let table = table(reserved);
    assert_eq!(spans(&scope["reserved"][0]["spans"]), merged(&table), "{reserved:?}");
    let unreserved = (first..=last).filter(|port| !table[usize::from(*port)]);
    assert_eq!(scope["pools"][1]["transport"], "udp");
    assert_eq!(scope["pools"][1]["ports"], unreserved.count());
}

/// A plain table of all ports.
fn table(spans: &[(u16, u16)]) -> Vec<bool> {
    let mut table = vec![false; 65_536];
    for (first, last) in spans {
        table[usize::from(*first)..=usize::from(*last)].fill(true);
    }
    table
}

/// The spans as the kernel merges them.
fn merged(table: &[bool]) -> Vec<(u16, u16)> {
    let mut merged: Vec<(u16, u16)> = Vec::new();
    for port in (0..=u16::MAX).filter(|port| table[usize::from(*port)]) {
        match merged.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(port) => *last = port,
            _ => merged.push((port, port)),
        }
    }
    merged
}

#[test]
fn random_ranges_and_reserved_sets_come_back_exact() {
    inside(|| {
        set("ip_unprivileged_port_start", "0");
        let ordered = || any::<(u16, u16)>().prop_map(|(a, b)| (a.min(b), a.max(b)));
        let short = || (any::<u16>(), 0_u16..40).prop_map(|(a, n)| (a, a.saturating_add(n)));
        let reserved = prop::collection::vec(short(), 0..120);
        let cases = (ordered(), reserved);
        let mut runner =
            TestRunner::new(Config { cases: 60, failure_persistence: None, ..Config::default() });
        let result = runner.run(&cases, |((first, last), reserved)| {
            round_trip(first.max(1), last.max(1), &reserved);
            Ok(())
        });
        result.unwrap_or_else(|error| panic!("{error}"));
    });
}

#[test]
fn the_pathological_values_come_back_exact() {
    inside(|| {
        set("ip_unprivileged_port_start", "0");
        round_trip(1, 1, &[]);
        round_trip(65535, 65535, &[(65535, 65535)]);
        round_trip(1, 65535, &[(0, 65535)]);
        round_trip(40000, 40000, &[(0, 0), (65535, 65535)]);
        // 41 bytes: std::fs::read would cut it to 32 without an error
        round_trip(
            32768,
            60999,
            &[(8080, 8080), (9148, 9148), (30000, 32767), (50000, 50010), (51820, 51820)],
        );
        // every even port, and the longest list there is: 254,732 bytes
        let even: Vec<(u16, u16)> = (0..=65534).step_by(2).map(|port| (port, port)).collect();
        round_trip(1, 65535, &even);
        let pairs: Vec<(u16, u16)> =
            (0..=65534_u16).step_by(3).map(|port| (port, port + 1)).collect();
        round_trip(1, 65535, &pairs);
    });
}

#[test]
fn the_longest_reserved_list_has_254_732_bytes_and_is_read_whole() {
    inside(|| {
        let pairs: Vec<String> =
            (0..=65534_u32).step_by(3).map(|port| format!("{port}-{}", port + 1)).collect();
        set("ip_local_reserved_ports", &format!("{}\n", pairs.join(",")));
        let (document, _) = json(&["show"]);
        let seen = spans(&document["scopes"][0]["reserved"][0]["spans"]);
        let text: Vec<String> =
            seen.iter().map(|(first, last)| format!("{first}-{last}")).collect();
        assert_eq!(text.join(",").len() + 1, 254_732);
        assert_eq!(text, pairs);
    });
}

#[test]
fn trap_16_the_own_scope_is_read_and_named() {
    inside(|| {
        set("ip_local_port_range", "20000 29999");
        let (document, _) = json(&["show"]);
        let scopes = document["scopes"].as_array().expect("scopes");
        let own = fs::read_link("/proc/self/ns/net").expect("a namespace");
        assert_eq!((scopes.len(), &scopes[0]["current"]), (1, &Value::from(true)));
        assert_eq!(scopes[0]["id"].as_str(), own.to_str());
        assert_eq!(bounds(range(&document, "tcp", "ipv4")), (20_000, 29_999));
    });
}
