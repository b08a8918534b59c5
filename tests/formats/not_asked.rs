//! What nobody asked for is no pass, no failure and not "not applicable", in every format.

use serde_json::Value;

use super::{converted, report};

const ALL: &str = "15 not asked (--boot 6, --usage top 3, --services 2, ";

#[test]
fn every_format_says_so() {
    let report = report("compliant");
    let told = |format: &str| converted(&report, &[format]);
    let table = told("table");
    assert!(table.contains("13 checks passed, 15 not asked; the critical"), "{table}");
    assert!(table.contains("the next boot         6 checks  ephaudit --boot\n"), "{table}");
    assert!(told("markdown").contains(ALL));
    let html = told("html");
    assert!(html.contains(ALL) && html.contains("<tr class=\"not-asked\" id=\"rule-"), "{html}");
    for format in ["prometheus", "openmetrics"] {
        let text = told(format);
        assert!(text.contains("ephemeral_port_audit_rules{verdict=\"not-asked\"} 15\n"), "{text}");
    }
    let nagios = super::convert(&report, &["nagios"]).0;
    assert!(nagios.contains("'not_asked_rules'=15;") && nagios.contains(&format!("[rules] {ALL}")));
    let checkmk = told("checkmk");
    assert!(checkmk.contains("not_asked_rules=15") && checkmk.contains(ALL), "{checkmk}");
    let why = "not asked for; --boot reads the persisted files (--boot)";
    let junit = told("junit");
    let skipped = format!("<skipped type=\"not-asked\" message=\"not asked: {why}\">");
    assert_eq!(junit.matches(&skipped).count(), 6, "{junit}");
    assert_eq!(junit.matches("type=\"not-asked\"").count(), 15);
    let sarif: Value = serde_json::from_str(&told("sarif")).expect("JSON");
    let notes = &sarif["runs"][0]["invocations"][0]["toolConfigurationNotifications"];
    let notes = notes.as_array().expect("notifications");
    assert!(notes.len() == 15 && notes.iter().all(|note| note["level"] == "note"), "{notes:?}");
    assert_eq!(sarif["runs"][0]["invocations"][0]["executionSuccessful"], true);
    let csv = told("csv");
    assert_eq!(csv.matches("\"not-asked\",\"not asked\",").count(), 15, "{csv}");
    let ocsf = told("ocsf");
    let events = ocsf.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let unasked: Vec<Value> =
        events.filter(|event| event["compliance"]["status"] == "Not asked").collect();
    assert_eq!(unasked.len(), 15);
    assert!(unasked.iter().all(|event| event["compliance"]["status_id"] == 99));
    assert_eq!(told("status"), "compliant, the critical self-connected-socket not asked\n");
}

/// Nobody who reads the first line of any format takes the host for one that was looked at for what
/// is critical.
#[test]
fn the_headline_names_the_critical_rule_that_nobody_asked() {
    const SAYS: &str = "the critical self-connected-socket not asked";
    const SHORT: &str = "1 critical not asked, range";
    let report = report("compliant");
    let lines = |format: &str, args: &[&str]| {
        let args: Vec<&str> = [format].iter().chain(args).copied().collect();
        let text = converted(&report, &args);
        text.lines().map(str::to_owned).collect::<Vec<String>>()
    };
    let table = lines("table", &[]);
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let (first, last) = (words(&table[..2].join(" ")), table.last().expect("a line"));
    assert!(first.starts_with("COMPLIANT ") && first.contains(SAYS), "{first}");
    assert!(last.starts_with("COMPLIANT ") && last.contains(SAYS), "{last}");
    let whole = words(&lines("table", &["-v"]).join(" "));
    assert!(whole.starts_with("COMPLIANT ") && whole.contains(SAYS), "{whole}");
    assert!(lines("markdown", &[])[2].contains(SAYS));
    assert!(
        lines("html", &[]).iter().any(|line| line.contains("Every rule") && line.contains(SAYS))
    );
    let nagios = super::convert(&report, &["nagios"]).0;
    assert!(nagios.lines().next().is_some_and(|line| line.contains(SHORT)), "{nagios}");
    assert!(lines("checkmk", &[])[0].contains(SHORT));
    assert!(
        lines("junit", &[]).iter().any(|line| line.contains("not-asked\" value=\"the critical"))
    );
    let summary: Value = serde_json::from_str(&converted(&report, &["summary"])).expect("JSON");
    assert_eq!(summary["critical_not_asked"], serde_json::json!(["self-connected-socket"]));
    for format in ["prometheus", "openmetrics"] {
        let line = "ephemeral_port_audit_critical_rules_not_asked 1".to_owned();
        assert!(lines(format, &[]).contains(&line));
    }
}

/// Version 1.0 had one word for both.
#[test]
fn an_older_report_is_read_as_it_was() {
    let mut older = report("compliant");
    older["schema_version"] = "1.0".into();
    for rule in older["rules"].as_array_mut().expect("rules") {
        let rule = rule.as_object_mut().expect("a rule");
        rule.remove("asks");
        if rule["verdict"] == "not-asked" {
            rule["verdict"] = "not-applicable".into();
        }
    }
    older.as_object_mut().expect("a report").remove("kind");
    for key in ["os_id", "os_version_id"] {
        older["host"].as_object_mut().expect("a host").remove(key);
    }
    let table = converted(&older, &["table", "-v"]);
    let not_applicable = table.matches(" not-applicable ").count();
    assert!(not_applicable == 21 && !table.contains("not-asked"), "{table}");
    assert_eq!(converted(&older, &["status"]), "compliant\n");
    let again: Value = serde_json::from_str(&converted(&older, &["json"])).expect("JSON");
    assert_eq!((&again["kind"], &again["host"]["os_id"]), (&"report".into(), &Value::Null));
    let mut older = report("findings");
    let findings = older["findings"].as_array_mut().expect("findings");
    for found in findings {
        found.as_object_mut().expect("a finding").remove("subject");
    }
    let again: Value = serde_json::from_str(&converted(&older, &["json"])).expect("JSON");
    assert_eq!(again["findings"][0]["subject"]["ports"], Value::Array(Vec::new()));
}
