//! OCSF events; .ci/formats holds them against the schema.

use serde_json::Value;

use super::{converted, report, unlikely};

fn events(report: &Value) -> Vec<Value> {
    let text = converted(report, &["ocsf"]);
    assert!(text.ends_with('\n'), "{text}");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn count(events: &[Value], answer: &str) -> usize {
    events.iter().filter(|event| event["compliance"]["status"] == answer).count()
}

#[test]
fn every_answer_is_an_event() {
    let findings = events(&report("findings"));
    assert_eq!(["Fail", "Pass", "Warning"].map(|answer| count(&findings, answer)), [3, 10, 0]);
    let undetermined = events(&report("undetermined"));
    assert_eq!(["Fail", "Pass", "Warning"].map(|answer| count(&undetermined, answer)), [0, 2, 14]);
    let facts = events(&report("facts"));
    assert_eq!(["Fail", "Pass", "Warning"].map(|answer| count(&facts, answer)), [0, 0, 1]);
}

#[test]
fn waived_is_suppressed_with_its_reason() {
    let waived = events(&report("waived"));
    let suppressed: Vec<&Value> = waived.iter().filter(|e| e["status_id"] == 3).collect();
    assert_eq!(suppressed.len(), 3);
    for event in suppressed {
        assert!(event["comment"].as_str().is_some_and(|why| why.starts_with("moved at the next")));
        assert_eq!(event["compliance"]["status_id"], 3);
    }
}

#[test]
fn a_time_is_in_milliseconds() {
    assert_eq!(events(&report("findings"))[0]["time"], 1_795_324_260_000_u64);
}

#[test]
fn strange_reports_are_told() {
    for report in unlikely() {
        assert!(count(&events(&report), "Fail") >= 3, "{report}");
    }
}
