//! The list is complete, and every rule passes, fails and stays unsure on its own fixtures.

// EPHAUDIT_BLESS, and this program's own list of tests
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

mod fixture;
mod hosts;
mod mutations;
mod screens;
mod services;
mod sessions;

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use ephaudit_platform::snapshot::Reason;
use rstest::rstest;

use self::fixture::{Expectation, Fixture};
use super::{RULES, find};
use crate::audit::{Report, audit};
use crate::policy::Policy;
use crate::render::{Format, Look, render, render_rule};
use crate::report::{Severity, Status, Verdict};
use crate::rule::Rule;
use crate::wire::v1::{self, Document};

/// Rules that never fail: what they look for is what was not seen.
const NEVER_FAIL: [&str; 1] = ["namespace-unread"];

fn folder(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn paths(path: &str, extension: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder(path)).expect("a folder");
    entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().unwrap_or_default() == extension)
        .collect()
}

fn stems(path: &str, extension: &str) -> BTreeSet<String> {
    paths(path, extension)
        .iter()
        .map(|path| path.file_stem().expect("a stem").to_string_lossy().replace('_', "-"))
        .filter(|stem| stem != "tests")
        .collect()
}

#[test]
fn the_list_the_files_the_pages_and_the_fixtures_are_the_same_set() {
    let names: BTreeSet<String> = RULES.iter().map(|rule| rule.name.to_owned()).collect();
    assert_eq!(names.len(), RULES.len(), "a name stands twice");
    assert_eq!(stems("src/rules", "rs"), names, "src/rules/*.rs");
    assert_eq!(stems("src/rules", "md"), names, "src/rules/*.md");
    assert_eq!(stems("fixtures/rules", ""), names, "fixtures/rules/*");
    for name in &names {
        assert!(
            name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'),
            "{name} is not kebab-case"
        );
        let verdicts = stems(&format!("fixtures/rules/{name}"), "json");
        for verdict in ["pass", "fail", "unknown"] {
            let due = verdict != "fail" || !NEVER_FAIL.contains(&name.as_str());
            assert_eq!(verdicts.contains(verdict), due, "fixtures/rules/{name}/{verdict}.json");
        }
    }
}

/// The section of a page about the systems that are not Linux.
const OTHERS: &str = "# Other systems";

#[test]
fn every_page_has_the_same_headings() {
    for rule in RULES {
        let headings: Vec<&str> =
            rule.page.lines().filter_map(|line| line.strip_prefix("#")).map(str::trim).collect();
        let mut expected = vec![
            rule.name,
            "# What it checks",
            "# Why it matters",
            "# Example",
            "# What to do",
            "# References",
        ];
        // Where they differ from Linux.
        if headings.contains(&OTHERS) {
            expected.insert(5, OTHERS);
        }
        assert_eq!(headings, expected, "{}", rule.name);
    }
}

fn fixture_of(path: &Path) -> Fixture {
    let text = fs::read_to_string(path).expect("a fixture");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What is found on the fixture's host, as if its files were this one's.
fn audited(fixture: &Fixture, policy: &Policy) -> (Report, Document) {
    let top = tempfile::tempdir().expect("a folder");
    let snapshot = fixture.snapshot(policy, top.path());
    let report = audit(&snapshot, policy);
    let document = v1::document(&snapshot, policy, Some(&report), String::new(), 10);
    let text = serde_json::to_string(&document).expect("JSON");
    let text = text.replace(top.path().to_str().expect("UTF-8"), "");
    (report, serde_json::from_str(&text).expect("a document"))
}

/// A rule's own findings and gaps of a fixture, as `--format table` prints them, and its verdict.
/// Of many findings the first three and the last are enough.
fn judged(path: &Path, width: usize) -> (Expectation, &'static Rule, Policy, Verdict, String) {
    let fixture = fixture_of(path);
    let name = path.parent().and_then(Path::file_name).expect("the rule's folder");
    let rule = find(&name.to_string_lossy()).expect("a rule");
    let policy = fixture.policy();
    let (report, mut document) = audited(&fixture, &policy);
    document.findings.retain(|finding| finding.rule == rule.name);
    document.gaps.retain(|gap| gap.rule.as_deref() == Some(rule.name));
    let between = document.findings.len().saturating_sub(4);
    if between > 0 {
        document.findings.drain(3..3 + between);
    }
    let look = Look::plain(width);
    let outcome = report.outcomes.into_iter().find(|outcome| outcome.rule.name == rule.name);
    let verdict = outcome.expect("every rule is judged").verdict;
    let shown = String::from_utf8(render_rule(&document, look)).expect("UTF-8");
    let mut shown = shown.trim_start_matches('\n').to_owned();
    if between > 0 {
        let _ = writeln!(shown, "\n({between} findings more, between the third and the last)");
    }
    match &verdict {
        Verdict::NotApplicable(why) => shown = format!("NOT APPLICABLE\n  {why}\n"),
        Verdict::NotAsked { option, why } => {
            shown = format!("NOT ASKED: {option}\n  {why}\n");
        }
        _ => {}
    }
    (fixture.expect, rule, policy, verdict, shown)
}

/// One test a fixture, named after its file. What the rule then prints stands beside it, in
/// NAME.txt; EPHAUDIT_BLESS=1 writes it.
#[rstest]
fn judged_as_it_says(#[files("fixtures/rules/*/*.json")] path: PathBuf) {
    let (expect, rule, policy, verdict, shown) = judged(&path, 100);
    let problems = problems(rule, &policy, &expect, &verdict, &shown);
    assert!(problems.is_empty(), "{}: {}\n{shown}", path.display(), problems.join("; "));
    held_against(&path.with_extension("txt"), &shown);
}

/// The rule's page shows what its fixture `fail` finds, as far as what to do, which the page itself
/// says.
#[test]
fn the_example_of_every_page_is_its_fixture() {
    for rule in RULES {
        let stem = if NEVER_FAIL.contains(&rule.name) { "unknown.json" } else { "fail.json" };
        let (.., shown) = judged(&folder("fixtures/rules").join(rule.name).join(stem), 72);
        let ends = |line: &&str| !line.starts_with("  do ") && !line.starts_with("  more ");
        let lines = shown
            .lines()
            .take_while(ends)
            .map(|line| format!("    {line}").trim_end().to_owned() + "\n");
        let (before, rest) = rule.page.split_once("## Example\n\n").expect("an example");
        let (_, after) = rest.split_once("\n## ").expect("a heading");
        let page = format!("{before}## Example\n\n{}\n## {after}", lines.collect::<String>());
        held_against(&folder("src/rules").join(rule.name.to_owned() + ".md"), &page);
    }
}

/// Holds a text against a file of the repository, which is not there where the text is empty.
fn held_against(path: &Path, text: &str) {
    if env::var_os("EPHAUDIT_BLESS").is_some() {
        if text.is_empty() {
            let _ = fs::remove_file(path);
        } else {
            fs::write(path, text).expect("written");
        }
    }
    let expected =
        if path.exists() { fs::read_to_string(path).expect("text") } else { String::new() };
    assert!(
        text == expected,
        "{} has\n{expected}\nand it is now\n{text}\nEPHAUDIT_BLESS=1 cargo test writes that",
        path.display()
    );
}

/// A new file alone does not make cargo compile the tests again.
#[test]
fn no_fixture_is_without_its_test() {
    let list = Command::new(env::current_exe().expect("this program"))
        .args(["rules::tests::judged_as_it_says::", "--list"])
        .output()
        .expect("it starts");
    let tests = String::from_utf8_lossy(&list.stdout).matches(": test").count();
    let count = |rule: &&Rule| stems(&format!("fixtures/rules/{}", rule.name), "json").len();
    let files: usize = RULES.iter().map(count).sum();
    assert_eq!(tests, files, "tests and files; `touch src/rules/tests.rs` finds the new ones");
}

/// `convert` holds a report against itself, and what an audit writes never contradicts itself.
#[test]
fn what_is_written_of_every_fixture_is_read_again() {
    for rule in RULES {
        for case in fs::read_dir(folder("fixtures/rules").join(rule.name)).expect("fixtures") {
            let path = case.expect("an entry").path();
            if path.extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            let text = fs::read_to_string(&path).expect("a fixture");
            let fixture: Fixture = serde_json::from_str(&text).expect("a fixture");
            let policy = fixture.policy();
            let top = tempfile::tempdir().expect("a folder");
            let snapshot = fixture.snapshot(&policy, top.path());
            let report = audit(&snapshot, &policy);
            for report in [Some(&report), None] {
                let at = "2026-11-22T05:11:00Z".to_owned();
                let document = v1::document(&snapshot, &policy, report, at, 10);
                let look = Look::plain(80);
                let written = render(&document, Format::Json, look);
                let back =
                    v1::read(&written).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
                assert!(render(&back, Format::Json, look) == written, "{}", path.display());
            }
        }
    }
}

/// Where the verdict is not what the fixture expects.
fn problems(
    rule: &Rule,
    policy: &Policy,
    expect: &Expectation,
    verdict: &Verdict,
    shown: &str,
) -> Vec<String> {
    let mut problems = Vec::new();
    let word = match verdict {
        Verdict::Pass => "pass",
        Verdict::Fail { .. } => "fail",
        Verdict::Unknown(_) => "unknown",
        Verdict::NotApplicable(_) => "not-applicable",
        Verdict::NotAsked { .. } => "not-asked",
    };
    if word != expect.verdict {
        problems.push(format!("{word} instead of {}", expect.verdict));
    }
    let gravest = verdict.findings().iter().map(|finding| finding.severity).max();
    if gravest.map(Severity::name) != expect.severity.as_deref() {
        problems.push(format!("severity {gravest:?} instead of {:?}", expect.severity));
    }
    // A long command goes on behind a backslash.
    let flowing = |text: &str| {
        let words = text.split_whitespace().filter(|word| *word != "\\");
        words.collect::<Vec<_>>().join(" ")
    };
    let shown = flowing(shown);
    let missing = expect.says.iter().filter(|words| !shown.contains(&flowing(words)));
    problems.extend(missing.map(|words| format!("does not say {words:?}")));
    let wrong = expect.never_says.iter().filter(|words| shown.contains(&flowing(words)));
    problems.extend(wrong.map(|words| format!("says {words:?}")));
    for finding in verdict.findings() {
        if finding.evidence.is_empty() || finding.title.is_empty() || finding.message.is_empty() {
            problems.push("a finding without evidence, title or message".to_owned());
        }
        if finding.severity > (rule.severity)(policy.profile) {
            problems.push("more severe than the rule says".to_owned());
        }
    }
    problems
}

fn report(fixture: &str) -> Report {
    let fixture: Fixture = serde_json::from_str(fixture).expect("a fixture");
    let policy = fixture.policy();
    let top = tempfile::tempdir().expect("a folder");
    audit(&fixture.snapshot(&policy, top.path()), &policy)
}

#[test]
fn a_finding_that_does_not_count_never_hides_a_gap() {
    // 50011 is a low finding; the UDP sockets cannot be read, so nobody knows whether one of them
    // counts.
    let fixture = r#"{"about": "", "sockets": ["tcp 0.0.0.0:50011"], "udp_refused": true,
                      "expect": {"verdict": "fail"}}"#;
    let report = report(fixture);
    let rule = report.outcomes.iter().find(|outcome| outcome.rule.name == "listener-in-pool");
    let verdict = &rule.expect("the rule").verdict;
    assert_eq!(verdict.findings().len(), 1);
    assert_eq!(verdict.gaps().len(), 2);
    assert_eq!(report.status, Status::Undetermined);
}

#[test]
fn an_owner_that_cannot_be_seen_is_a_gap_and_changes_no_verdict() {
    let fixture = r#"{"about": "", "sockets": ["tcp 0.0.0.0:50011"], "processes_hidden": true,
                      "expect": {"verdict": "fail"}}"#;
    let report = report(fixture);
    assert_eq!(report.status, Status::Compliant);
    let gaps: Vec<&str> = report.gaps.iter().map(|gap| gap.what.as_str()).collect();
    assert_eq!(gaps, ["owner of tcp 0.0.0.0:50011"]);
    assert_eq!(report.gaps[0].why, Reason::Denied);
}

/// Before Linux 6.8, and in /proc always, nobody shows who has only bound a port.
#[test]
fn sockets_that_are_only_bound_are_a_gap_where_they_are_not_shown() {
    let fixture = r#"{"about": "", "policy": "[[service]]\nname = \"a\"\nports = \"50010\"\n", "held": {},
                      "expect": {"verdict": "pass"}}"#;
    let gaps: Vec<String> = report(fixture).gaps.into_iter().map(|gap| gap.what).collect();
    assert_eq!(gaps, ["tcp sockets that are only bound to ports of declared services"]);
}

#[test]
fn a_census_that_lists_a_thousand_may_have_left_out_more() {
    let verdict = |rule: &str, lines: usize, line: &dyn Fn(usize) -> String| {
        let lines: Vec<String> = (0..lines).map(|n| format!("{:?}", line(n))).collect();
        let text = format!(
            r#"{{"about": "", "census": {{"tcp": [{}]}}, "expect": {{"verdict": "pass"}}}}"#,
            lines.join(",")
        );
        let mut outcomes = report(&text).outcomes.into_iter();
        outcomes.find(|outcome| outcome.rule.name == rule).expect("the rule").verdict
    };
    let destination = |n| format!("used 10.0.0.1 10.0.{}.{}:443 2", n / 250, n % 250);
    let exposure = |lines| verdict("self-connect-exposure", lines, &destination);
    assert!(matches!(exposure(999), Verdict::Pass));
    assert!(
        matches!(exposure(1000), Verdict::Unknown(gaps) if gaps[0].detail.contains("too many"))
    );

    let mount = |n| format!("system 10.0.{}.1:{} 10.0.0.9:2049 1 0 0", n / 300, 700 + n % 300);
    let title = |lines| {
        let verdict = verdict("outbound-on-system-port", lines, &mount);
        verdict.findings()[0].title.clone()
    };
    assert!(title(999).starts_with("999 tcp connections from"), "{}", title(999));
    assert!(title(1000).starts_with("1,000 tcp connections or more from"), "{}", title(1000));
}

#[test]
fn findings_tell_programs_what_they_are_about() {
    let subject = |rule: &str, fixture: &str| {
        let fixture: Fixture = serde_json::from_str(fixture).expect("a fixture");
        let policy = fixture.policy();
        let top = tempfile::tempdir().expect("a folder");
        let snapshot = fixture.snapshot(&policy, top.path());
        let report = audit(&snapshot, &policy);
        let at = "2026-11-22T05:11:00Z".to_owned();
        let document = v1::document(&snapshot, &policy, Some(&report), at, 10);
        let found = document.findings.into_iter().find(|finding| finding.rule == rule);
        serde_json::json!(found.expect("a finding").subject)
    };
    let mut expected = serde_json::json!({
        "transport": "tcp", "ports": [{"first": 50010, "last": 50010}], "more_spans": 0,
        "address": "127.0.0.1", "destination": null, "service": null, "process": null, "pid": null,
        "setting": "net.ipv4.ip_local_port_range",
    });
    let listener = r#"{"about": "", "sockets": ["tcp 127.0.0.1:50010"], "processes_hidden": true,
                       "expect": {"verdict": "fail"}}"#;
    assert_eq!(subject("listener-in-pool", listener), expected);
    let declared = r#"{"about": "", "policy": "[[service]]\nname = \"a\"\nports = \"50010\"\ntransport = \"tcp\"\n",
                       "expect": {"verdict": "fail"}}"#;
    expected["address"] = serde_json::Value::Null;
    expected["service"] = "a".into();
    assert_eq!(subject("declared-service-in-pool", declared), expected);
    // One port in two is reserved: a list of tens of thousands of spans is no subject.
    let odd: Vec<String> = (1025..32768).step_by(2).map(|port: u32| port.to_string()).collect();
    let many = serde_json::json!({
        "about": "", "expect": {"verdict": "fail"}, "files": {
            "/proc/sys/net/ipv4/ip_local_port_range": "1024\t60999\n",
            "/proc/sys/net/ipv4/ip_local_reserved_ports": format!("{}\n", odd.join(",")),
        }
    });
    let many = subject("overlaps-user-ports", &many.to_string());
    assert_eq!(many["ports"].as_array().map(Vec::len), Some(256));
    assert!(many["more_spans"].as_u64().is_some_and(|more| more > 10_000), "{many}");
}
