//! Every captured host with every set of services: no rule says who listens where that was
//! not read.

use std::fs;
use std::path::{Path, PathBuf};

use ephaudit_platform::evidence::{Evidence, Piece};
use ephaudit_platform::snapshot::{Os, Snapshot, Transport};
use ephaudit_platform::{Host, Needs};

use super::folder;
use crate::audit::audit;
use crate::iana::Registry;
use crate::policy::services::{SETS, ServiceSet};
use crate::policy::{Policy, Profile};
use crate::report::{Severity, Verdict};

/// The rules that conclude something from who listens, or from nobody listening.
const OF_LISTENERS: [&str; 6] = [
    "listener-in-pool",
    "squatted-port",
    "self-connect-exposure",
    "destination-near-exhaustion",
    "bound-ports-drain-pool",
    "outbound-on-system-port",
];

#[test]
fn no_rule_says_who_listens_where_the_listeners_were_not_read() {
    let mut judged = 0;
    for entry in fs::read_dir(folder("fixtures/hosts")).expect("hosts") {
        let host = entry.expect("an entry").path();
        let Some(captured) = evidence(&host) else { continue };
        for set in SETS {
            let policy = declaring(set);
            let snapshot = read(&captured, &policy);
            let unread = snapshot.scopes.iter().any(|scope| !scope.listeners.unread.is_empty());
            assert!(unread, "{}: its listeners are in no text", host.display());
            for outcome in audit(&snapshot, &policy).outcomes {
                if OF_LISTENERS.contains(&outcome.rule.name) {
                    let (rule, name) = (outcome.rule.name, host.display());
                    let silent =
                        matches!(outcome.verdict, Verdict::Unknown(_) | Verdict::NotApplicable(_));
                    assert!(silent, "{name}, {}: {rule}: {:?}", set.name, outcome.verdict);
                    judged += 1;
                }
            }
        }
    }
    assert!(judged > 40 * SETS.len() * OF_LISTENERS.len(), "{judged}");
}

/// What a captured host's files show. Trees are read whole by tests/.
pub(super) fn evidence(host: &Path) -> Option<Host<'static>> {
    let files = fs::read_dir(host).expect("files").map(|file| file.expect("a file").path());
    let piece = |file: PathBuf| {
        let name = file.display().to_string();
        Piece { name, bytes: fs::read(&file).expect("a text") }
    };
    let texts =
        files.filter(|file| file.is_file() && file.extension().is_some_and(|end| end != "toml"));
    let pieces = texts.map(piece).collect();
    Evidence::read(pieces, Vec::new(), labelled(host)).ok().map(Host::of_evidence)
}

/// The system that a captured host is of.
pub(super) fn labelled(host: &Path) -> Option<Os> {
    let label = fs::read_to_string(host.join("capture.toml")).expect("a label");
    let label: toml::Table = label.parse().expect("TOML");
    Os::ALL.iter().find(|os| label["os"].as_str() == Some(os.name())).copied()
}

fn declaring(set: &ServiceSet) -> Policy {
    let mut policy = Policy::of(Profile::Iana, Some(Severity::Medium), Registry::built_in());
    policy.services.extend(set.declared());
    policy
}

pub(super) fn read(host: &Host<'_>, policy: &Policy) -> Snapshot {
    let held = Transport::ALL.iter().map(|&of| (of, policy.declared_ports(of))).collect();
    host.read(&Needs::default().held(held))
}
