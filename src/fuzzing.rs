//! What only the fuzz targets reach (`fuzz/`): it is compiled under `--cfg fuzzing` alone. A claim
//! that does not hold ends the process, and the fuzzer saves the input.

mod claims;

use std::sync::LazyLock;

use ephaudit_platform::capture::Capture;
use ephaudit_platform::evidence::{Evidence, Piece};
use ephaudit_platform::snapshot::{Depth, Os, Scope, Snapshot, Transport};
use ephaudit_platform::{Wants, add_boot, boot_of, boot_of_evidence, fuzzing, read_evidence};

use crate::audit::{audit, named_listeners};
use crate::iana::Registry;
use crate::policy::{self, Asked, Policy, Profile};
use crate::rules::RULES;
use crate::wire::v1::{self, Document, Status};

/// The captures of two hosts: one complies, and one has listeners and connections in its pool.
static CAPTURES: LazyLock<[Capture; 2]> = LazyLock::new(|| {
    [
        &include_bytes!("../fuzz/captures/compliant.json")[..],
        include_bytes!("../fuzz/captures/busy.json"),
    ]
    .map(|bytes| Capture::parse(bytes).expect("a capture"))
});

const DAY: &str = "2026-11-27";

/// Up to four texts of one host, each behind a line `@@`; the first byte names the system, or none,
/// and says whether what persists is asked for.
pub fn evidence(bytes: &[u8]) {
    let Some((head, texts)) = bytes.split_first() else { return };
    let os = Os::ALL.get(usize::from(head & 0x0f)).copied();
    let boot = head & 0x10 != 0;
    let names = ["a.txt", "b.txt", "c.txt", "d.txt"];
    let texts = fuzzing::split(texts, b"@@\n");
    let pieces: Vec<Piece<'_>> =
        names.iter().zip(&texts).map(|(name, bytes)| Piece { name, bytes }).collect();
    let Ok(evidence) = Evidence::read(&pieces, Vec::new(), os) else { return };
    let policy = usual();
    let wants = Wants { boot, depth: Depth::Auto(policy.near_exhaustion), ..Wants::default() };
    let document = judged(&read_evidence(&evidence, &pieces, &wants), &policy);
    assert_ne!(document.status, Some(Status::Compliant), "texts alone tell of no listeners");
}

/// A capture, as it is and with sums that are right.
pub fn capture(bytes: &[u8]) {
    for bytes in [Some(bytes.to_vec()), fuzzing::sealed(bytes)].into_iter().flatten() {
        if let Ok(capture) = Capture::parse(&bytes) {
            let policy = usual();
            judged(&of(&capture, &policy), &policy);
        }
    }
}

/// The files that settings persist in, of five systems whose boot reads files, and the texts of
/// those whose programs print them; the first byte names the system.
pub fn boot(bytes: &[u8]) {
    let Some((head, text)) = bytes.split_first() else { return };
    let os = Os::ALL[usize::from(*head) % Os::ALL.len()];
    let persisted = fuzzing::persisted(os, text);
    let policy = usual();
    let capture = &CAPTURES[0];
    let mut snapshot = of(capture, &policy);
    let boot = || match os {
        Os::Illumos | Os::Solaris | Os::Windows | Os::Aix | Os::Unsupported => {
            boot_of_evidence(os, &[Piece { name: "a.txt", bytes: text }])
        }
        _ => boot_of(os, &persisted, snapshot.host.kernel.clone().as_deref()),
    };
    let boot = boot();
    add_boot(&mut snapshot, capture, || boot);
    judged(&snapshot, &policy);
}

/// A policy; what it says judges both hosts.
pub fn policy(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let rules: Vec<&str> = RULES.iter().map(|rule| rule.name).collect();
    let read = |text| {
        policy::file::read(text, "policy.toml", &rules, &Asked::default(), Registry::built_in())
    };
    let Ok(mut policy) = read(text) else { return };
    policy.today = DAY.to_owned();
    for capture in &*CAPTURES {
        judged(&of(capture, &policy), &policy);
    }
}

/// IANA's CSV: what was read gives the same answers in every way that it is asked.
pub fn registry(bytes: &[u8]) {
    let Ok(registry) = Registry::from_csv("a.csv", bytes) else { return };
    let all = ephaudit_platform::ports::PortSet::new().complement();
    let assigned: Vec<_> = registry.services_in(&all).collect();
    assert!(assigned.windows(2).all(|pair| pair[0].port <= pair[1].port), "ascending");
    for found in assigned.iter().take(100) {
        for &transport in Transport::ALL.iter().filter(|t| found.is_for(**t)) {
            assert!(registry.service(transport, found.port).is_some(), "{found:?} is not found");
        }
    }
    assert!(registry.best_known(&all, 5).len() <= 5);
}

/// A saved report.
pub fn convert(bytes: &[u8]) {
    if let Ok(document) = v1::read(bytes) {
        claims::hold(&document);
    }
}

fn usual() -> Policy {
    let mut policy = Policy::of(Profile::Iana, None, Registry::built_in());
    policy.fail_on = Asked::default().policy(Registry::built_in()).fail_on;
    policy.today = DAY.to_owned();
    policy
}

fn of(capture: &Capture, policy: &Policy) -> Snapshot {
    let named = |scope: &Scope| named_listeners(policy, scope);
    let depth = Depth::Auto(policy.near_exhaustion);
    let held: Vec<_> = Transport::ALL.iter().map(|&t| (t, policy.declared_ports(t))).collect();
    capture.snapshot(&Wants { owners: &named, depth, held: &held, ..Wants::default() })
}

fn judged(snapshot: &Snapshot, policy: &Policy) -> Document {
    let report = audit(snapshot, policy);
    let at = "2026-11-27T00:00:00Z".to_owned();
    let document = v1::document(snapshot, policy, Some(&report), at, 10);
    claims::hold(&document);
    document
}
