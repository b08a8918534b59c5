//! JUnit XML; .ci/formats holds it against Jenkins' schema.

use serde_json::Value;

use super::{converted, report, reports, saved, unlikely};
use crate::support::settle::settle;

fn count(text: &str, of: &str) -> usize {
    text.matches(of).count()
}

fn junit(report: &Value) -> String {
    converted(report, &["junit"])
}

#[test]
fn a_rule_with_findings_fails_once() {
    let text = junit(&report("findings"));
    let found = (count(&text, "<failure "), count(&text, "<error "), count(&text, "<skipped "));
    assert_eq!(found, (3, 0, 21));
    assert!(text.contains(r#" tests="34" failures="3" errors="0" skipped="21" "#), "{text}");
    assert!(text.contains(r#"<testcase classname="ephaudit.web1.current" name="narrow-pool"/>"#));
    // 13 findings that are not waived, of one rule in one scope.
    let text = junit(&report("hostile"));
    assert_eq!((count(&text, "<failure "), count(&text, "<error ")), (1, 0), "{text}");
}

#[test]
fn undetermined_and_unjudged_are_errors_and_waived_is_skipped() {
    assert_eq!(count(&junit(&report("undetermined")), "<error "), 14);
    assert_eq!(count(&junit(&report("facts")), "<error "), 1);
    let waived = junit(&report("waived"));
    assert_eq!((count(&waived, "<failure "), count(&waived, "<error ")), (0, 0));
    assert_eq!(count(&waived, r#"<skipped type="waived" message="waived: moved at the"#), 3);
    // In part waived, and in part not seen.
    let mut report = report("waived");
    let rule = report["findings"][0]["rule"].clone();
    report["gaps"] = serde_json::json!([{
        "rule": rule, "scope": report["scopes"][0]["id"], "what": "w", "why": "denied", "detail": "d",
    }]);
    settle(&mut report);
    assert_eq!(count(&junit(&report), r#"message="w (denied): d""#), 1);
}

/// A build fails where the exit code would say so.
#[test]
fn what_does_not_reach_the_threshold_is_told_and_fails_nothing() {
    let mut report = report("findings");
    report["policy"]["fail_on"] = "high".into();
    report["status"] = "compliant".into();
    let text = junit(&report);
    assert_eq!((count(&text, "<failure "), count(&text, "<error ")), (0, 0));
    assert_eq!(count(&text, "<system-out>\nmedium: "), 3, "{text}");
    report["gaps"] = serde_json::json!([{
        "rule": report["findings"][0]["rule"], "scope": report["scopes"][0]["id"], "what": "w", "why": "denied",
        "detail": "d",
    }]);
    settle(&mut report);
    assert_eq!(report["status"], "undetermined");
    let text = junit(&report);
    assert_eq!((count(&text, "<failure "), count(&text, "<error ")), (0, 1), "{text}");
}

#[test]
fn cases_are_named_apart() {
    let reports = reports().into_iter().map(|(_, path)| saved(&path));
    for report in reports.chain(unlikely()) {
        let text = junit(&report);
        let cases = text.lines().filter(|line| line.starts_with("<testcase "));
        let mut names: Vec<&str> = cases.map(|line| line.trim_end_matches(['/', '>'])).collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!((all, names.is_empty()), (names.len(), false), "{text}");
        for line in text.lines() {
            assert!(!line.trim_start().starts_with("::"), "{line}");
        }
    }
}
