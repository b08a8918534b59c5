//! What only the fuzz targets reach (`fuzz/`): it is compiled under `--cfg fuzzing` alone. A claim
//! that does not hold ends the process, and the fuzzer saves the input.

mod claims;

use std::sync::LazyLock;

use ephaudit_platform::ask::{Answer, Ask, Question};
use ephaudit_platform::boot::Facts;
use ephaudit_platform::capture::Capture;
use ephaudit_platform::evidence::{Evidence, Piece};
use ephaudit_platform::persisted::Persisted;
use ephaudit_platform::snapshot::{Depth, Os, Snapshot, Transport, Why};
use ephaudit_platform::{Host, Needs, fuzzing};

use crate::audit::{audit, needs_owners};
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
    let piece =
        |(name, bytes): (&str, &&[u8])| Piece { name: name.to_owned(), bytes: bytes.to_vec() };
    let pieces = names.into_iter().zip(&texts).map(piece).collect();
    let Ok(evidence) = Evidence::read(pieces, Vec::new(), os) else { return };
    let policy = usual();
    let needs = Needs::default().boot(boot).depth(Depth::Auto(policy.near_exhaustion));
    let document = judged(&Host::of_evidence(evidence).read(&needs), &policy);
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
    let policy = usual();
    let mut snapshot = of(&CAPTURES[0], &policy);
    let kernel = snapshot.host.kernel.clone();
    let host = WithFiles { capture: &CAPTURES[0], persisted: fuzzing::persisted(os, text) };
    let boot = Host::answering(os, &host).boot(kernel.as_deref());
    for scope in &mut snapshot.scopes {
        scope.boot = Facts::Read(Box::new(boot.clone()));
    }
    judged(&snapshot, &policy);
    if os == Os::Linux {
        judged(&Host::answering(os, &host).read(&Needs::default().boot(true)), &policy);
    }
}

/// A capture, with the files that settings persist in.
struct WithFiles<'a> {
    capture: &'a Capture,
    persisted: Persisted,
}

impl Ask for WithFiles<'_> {
    fn ask(&self, question: Question<'_>) -> Answer {
        self.capture.ask(question)
    }

    fn persisted(&self, _: Os) -> Result<Persisted, Why> {
        Ok(self.persisted.clone())
    }
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
    let depth = Depth::Auto(policy.near_exhaustion);
    let held = Transport::ALL.iter().map(|&t| (t, policy.declared_ports(t))).collect();
    let host = Host::answering(Os::Linux, capture);
    let mut snapshot = host.read(&Needs::default().depth(depth).held(held));
    let named = needs_owners(policy, &snapshot);
    host.owners(&mut snapshot, &named);
    snapshot
}

fn judged(snapshot: &Snapshot, policy: &Policy) -> Document {
    let report = audit(snapshot, policy);
    let at = "2026-11-27T00:00:00Z".to_owned();
    let document = v1::document(snapshot, policy, Some(&report), at, 10);
    claims::hold(&document);
    document
}
