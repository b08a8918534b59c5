//! Hosts of which it is known which of their sockets are fixed services: how many of these are
//! recognised, and how many others are taken for one. And a host that does not change, whatever
//! ports its clients draw, keeps its status.

use std::collections::{BTreeMap, BTreeSet};

use ephaudit_platform::snapshot::{Listener, Owner, Transport};
use serde::Deserialize;

use super::fixture::Fixture;
use super::folder;
use crate::audit::audit;
use crate::fixed;
use crate::report::Status;
use crate::rule::Facts;

/// A host in a few words.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Known {
    about: String,
    range: String,
    sockets: Vec<String>,
    /// "tcp 33060": its fixed services in the pool; every other socket took any port.
    fixed: BTreeSet<String>,
    #[serde(default)]
    command_lines: BTreeMap<u32, String>,
    policy: Option<String>,
}

fn named(item: &Listener) -> String {
    format!("{} {}", item.transport, item.port)
}

/// Who holds it: what took any port is counted once a process and transport.
fn holder(item: &Listener) -> (Transport, Option<u32>) {
    let pid = if let Owner::Known { pid, .. } = item.owner { Some(pid) } else { None };
    (item.transport, pid)
}

// It is asked for the figures.
#[allow(clippy::print_stdout)]
#[test]
fn fixed_services_are_recognised_and_few_others_are_taken_for_one() {
    let text = std::fs::read_to_string(folder("fixtures/services/hosts.json")).expect("hosts");
    let hosts: Vec<Known> = serde_json::from_str(&text).expect("hosts");
    let (mut services, mut missed, mut others, mut alarms) = (0_u32, vec![], 0_u32, vec![]);
    for host in &hosts {
        let fixture =
            Fixture::of(&host.range, &host.sockets, &host.command_lines, host.policy.as_deref());
        let policy = fixture.policy();
        let top = tempfile::tempdir().expect("a folder");
        let snapshot = fixture.snapshot(&policy, top.path());
        let facts = Facts::new(&snapshot, &policy);
        let scope = facts.scopes.first().expect("a scope");
        let items = scope.listeners.items.iter().zip(&scope.weighed);
        let in_pool = items.filter(|(i, _)| fixed::in_pool(&scope.pools, i) == Some(true));
        let (mut recognised, mut taken, mut all) =
            (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for (item, weighed) in in_pool {
            if !host.fixed.contains(&named(item)) {
                all.insert(holder(item));
                taken.extend(weighed.is_fixed().then(|| holder(item)));
            } else if weighed.is_fixed() {
                recognised.insert(named(item));
            }
        }
        services += u32::try_from(host.fixed.len()).expect("few");
        others += u32::try_from(all.len()).expect("few");
        missed.extend(host.fixed.difference(&recognised).map(|port| (&host.about, port.clone())));
        alarms.extend(taken.into_iter().map(|holder| (&host.about, holder)));
    }
    let share = |part: usize, whole: u32| u32::try_from(part).expect("few") * 1000 / whole;
    let (lost, wrong) = (share(missed.len(), services), share(alarms.len(), others));
    println!(
        "{} hosts: {} of {services} fixed services recognised, {} of {others} others taken for one\n\
         missed {missed:?}\ntaken for one {alarms:?}",
        hosts.len(),
        services as usize - missed.len(),
        alarms.len(),
    );
    assert!(hosts.len() >= 60, "{} hosts", hosts.len());
    assert!(lost <= 50, "{missed:?}");
    assert!(wrong <= 20, "{alarms:?}");
}

/// A resolver draws 300 ports; a hundred times the same answer.
#[test]
fn a_resolver_never_changes_the_status_of_its_host() {
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    let mut drawn = |range: std::ops::Range<u16>| {
        // xorshift64
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        range.start + u16::try_from(seed % u64::from(range.end - range.start)).expect("a port")
    };
    for (range, ports) in [("32768 60999", 32768..60999), ("1024 65535", 1024..65535)] {
        for hidden in [false, true] {
            let policy = format!("allowed-ranges = [\"{}\"]\n", range.replace(' ', "-"));
            for _ in 0..100 {
                let ports: BTreeSet<u16> = (0..300).map(|_| drawn(ports.clone())).collect();
                let sockets: Vec<String> =
                    ports.iter().map(|port| format!("udp 0.0.0.0:{port} unbound(900)")).collect();
                let mut fixture = Fixture::of(range, &sockets, &BTreeMap::new(), Some(&policy));
                fixture.hide_processes(hidden);
                let policy = fixture.policy();
                let top = tempfile::tempdir().expect("a folder");
                let report = audit(&fixture.snapshot(&policy, top.path()), &policy);
                assert_eq!(report.status, Status::Compliant, "{range} {sockets:?}");
                let mut outcomes = report.outcomes.iter();
                let of_rule = outcomes.find(|outcome| outcome.rule.name == "listener-in-pool");
                let findings = of_rule.expect("the rule").verdict.findings();
                assert_eq!(findings.len(), usize::from(hidden), "one, where nobody sees whose");
            }
        }
    }
}
