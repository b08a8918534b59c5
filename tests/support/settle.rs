//! Reports that tests change, made to agree with themselves again: `convert` takes no others.

use serde_json::{Value, json};

const SEVERITIES: [&str; 5] = ["critical", "high", "medium", "low", "info"];

fn rank(severity: &Value) -> usize {
    SEVERITIES.iter().position(|known| severity == known).unwrap_or(SEVERITIES.len())
}

fn items<'a>(report: &'a Value, list: &str) -> &'a [Value] {
    report[list].as_array().map_or(&[][..], Vec::as_slice)
}

/// Verdicts, severities, reasons, the order of the findings and the status as they follow from the
/// findings, gaps and policy; the summary is made again where there is none.
pub(crate) fn settle(report: &mut Value) {
    report["summary"] = Value::Null;
    let rules = items(report, "rules").iter().map(|rule| {
        let its = |list| items(report, list).iter().filter(move |it| it["rule"] == rule["rule"]);
        let (open, waived): (Vec<&Value>, Vec<&Value>) =
            its("findings").partition(|finding| finding["waived"].is_null());
        let gaps = its("gaps").count();
        let gravest = |found: &[&Value]| {
            found.iter().map(|f| &f["severity"]).min_by_key(|s| rank(s)).cloned()
        };
        let verdict = match (open.len(), waived.len(), gaps) {
            (1.., ..) => "fail",
            (0, _, 1..) => "unknown",
            (0, 1.., 0) => "waived",
            _ if rule["verdict"] == "not-applicable" => "not-applicable",
            _ if rule["verdict"] == "not-asked" => "not-asked",
            _ => "pass",
        };
        let why = gaps > 0 || ["not-applicable", "not-asked"].contains(&verdict);
        let mut rule = rule.clone();
        rule["verdict"] = verdict.into();
        rule["severity"] =
            gravest(&open).or_else(|| gravest(&waived)).unwrap_or(rule["severity"].take());
        if verdict != "not-asked" {
            rule["asks"] = Value::Null;
        } else if rule["asks"].is_null() {
            rule["asks"] = "--boot".into();
        }
        rule["reason"] = if why { json!("it is so") } else { Value::Null };
        rule
    });
    report["rules"] = rules.collect();
    if let Some(findings) = report["findings"].as_array_mut() {
        findings.sort_by_key(|finding| rank(&finding["severity"]));
    }
    let waives = items(report, "findings").iter().any(|finding| !finding["waived"].is_null());
    if waives && report["policy"].is_object() && report["policy"]["file"].is_null() {
        report["policy"]["file"] = "/etc/ephaudit/policy.toml".into();
    }
    report["status"] = status(report).into();
}

fn status(report: &Value) -> Option<&'static str> {
    let policy = report["policy"].as_object()?;
    let least = policy.get("fail_on").filter(|least| !least.is_null()).map(rank);
    let counts = |finding: &Value| {
        finding["waived"].is_null()
            && least.is_some_and(|least| rank(&finding["severity"]) <= least)
    };
    let answers =
        |rule: &Value| ["pass", "fail", "waived"].iter().any(|answer| rule["verdict"] == *answer);
    let unanswered = items(report, "gaps").iter().any(|gap| !gap["rule"].is_null());
    Some(if items(report, "findings").iter().any(counts) {
        "findings"
    } else if unanswered || !items(report, "rules").iter().any(answers) {
        "undetermined"
    } else {
        "compliant"
    })
}
