//! Whole sessions of the systems that are not Linux: the settings and the sockets of one host, as
//! its terminal showed them. Their hosts are compliant, and the text is enough to say so.

use std::fs;

use ephaudit_platform::Host;
use ephaudit_platform::evidence::{Evidence, Piece};

use super::{hosts, paths};
use crate::audit::audit;
use crate::iana::Registry;
use crate::policy::{Policy, Profile};
use crate::report::{Severity, Status};

#[test]
fn hosts_of_every_other_system_are_compliant_by_what_their_terminal_showed() {
    let mut systems = Vec::new();
    for path in paths("fixtures/sessions", "txt") {
        let name = path.display().to_string();
        let bytes = fs::read(&path).expect("a text");
        let evidence = Evidence::read(vec![Piece { name: name.clone(), bytes }], Vec::new(), None);
        let evidence = evidence.unwrap_or_else(|error| panic!("{error}"));
        systems.push(evidence.os().name());
        let policy = Policy::of(Profile::Iana, Some(Severity::Medium), Registry::built_in());
        let snapshot = hosts::read(&Host::of_evidence(evidence), &policy);
        let listeners = &snapshot.scopes[0].listeners;
        assert!(listeners.unread.is_empty(), "{name}: {:?}", listeners.unread);
        assert!(listeners.items.len() >= 4, "{name}: {:?}", listeners.items);
        let report = audit(&snapshot, &policy);
        assert_eq!(report.status, Status::Compliant, "{name}: {:#?}", report.outcomes);
    }
    systems.sort_unstable();
    systems.dedup();
    let all = [
        "aix",
        "dragonfly",
        "freebsd",
        "illumos",
        "macos",
        "netbsd",
        "openbsd",
        "solaris",
        "windows",
    ];
    assert_eq!(systems, all);
}
