//! Markdown: what is ours, and nothing else.

use serde_json::json;

use super::{convert, report, reports};
use crate::support::settle::settle;

#[test]
fn a_page_has_no_mark_but_its_own() {
    for (name, path) in reports() {
        let report = serde_json::from_slice(&std::fs::read(path).expect("a report")).expect("JSON");
        let (text, code) = convert(&report, &["markdown"]);
        assert_eq!(code, 0, "{name}");
        assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{name}");
        assert_eq!(text.lines().filter(|line| line.starts_with("# ")).count(), 1, "{name}");
        let rows = text.lines().filter(|line| line.starts_with('|'));
        let columns: Vec<usize> = rows.map(|row| row.matches('|').count() - 1).collect();
        assert!(columns.iter().all(|count| [2, 3].contains(count)), "{name}: {columns:?}");
    }
}

#[test]
fn a_finding_is_told_with_its_commands_and_a_waived_one_as_waived() {
    let (text, _) = convert(&report("findings"), &["markdown"]);
    assert!(text.contains("**FINDINGS** web1: 3 medium"), "{text}");
    assert!(text.contains("\n### MEDIUM `listener-in-pool`\n"), "{text}");
    assert!(text.contains("\n  ```sh\n  ss -Htlnp 'sport = :33060'\n  ```\n"), "{text}");
    assert!(text.contains("\n- do: or move the service to a port outside the pool\n"), "{text}");
    let (text, _) = convert(&report("waived"), &["markdown"]);
    assert!(
        text.contains("\n### WAIVED `listener-in-pool`\n") && !text.contains("### MEDIUM"),
        "{text}"
    );
    assert!(text.contains("- waived, else medium: moved at the next window"), "{text}");
}

#[test]
fn a_waiver_in_one_namespace_does_not_hide_the_finding_in_another() {
    let mut report = report("namespaces");
    let first = report["findings"][0].clone();
    let mut second = first.clone();
    second["waived"] = json!("known");
    report["tool"]["version"] = json!("another");
    report["findings"] = json!([second, first]);
    settle(&mut report);
    let (text, _) = convert(&report, &["markdown"]);
    assert!(text.contains("### WAIVED") && text.contains("### MEDIUM"), "{text}");
}

#[test]
fn no_answer_and_no_verdict_look_like_none() {
    let (text, _) = convert(&report("undetermined"), &["markdown"]);
    assert!(text.contains("**UNDETERMINED**") && text.contains("## Not read"), "{text}");
    assert!(text.contains("Rules without an answer: `outside-dynamic-ports`, "), "{text}");
    assert!(text.contains("| `ephemeral range` | `UNKNOWN (denied)` |"), "{text}");
    let (text, _) = convert(&report("facts"), &["markdown"]);
    assert!(text.contains("**FACTS**") && text.contains("not judged"), "{text}");
}

#[test]
fn backticks_stay_inside() {
    let mut report = report("findings");
    report["host"]["name"] = json!("`a``b` | <b>@root</b>");
    report["findings"][0]["evidence"][0]["command"] = json!("echo ```\n# heading");
    report["findings"][0]["evidence"][0]["value"] = json!("`");
    let (text, _) = convert(&report, &["markdown"]);
    assert!(text.contains("| Name | ``` `a``b` ¦ <b>@root</b> ``` |"), "{text}");
    assert!(text.contains("\n  ````sh\n  echo ``` # heading\n  ````\n"), "{text}");
    assert!(text.contains("`` ` ``"), "{text}");
}
