//! The files for Prometheus: series and labels.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::{convert, report};
use crate::support::settle::settle;

/// The value of a series, named without the prefix that all have.
fn series(text: &str, name: &str) -> Option<String> {
    let found = text.lines().find_map(|line| line.strip_prefix(&format!("ephemeral_port_{name} ")));
    found.map(str::to_owned)
}

#[test]
fn what_is_not_known_has_no_series() {
    let (text, _) = convert(&report("undetermined"), &["prometheus"]);
    let value = |name: &str| series(&text, name);
    let range = r#"{role="ephemeral",transport="tcp",family="ipv4"}"#;
    assert_eq!(value(&format!("range_known{range}")).as_deref(), Some("0"));
    for name in ["range_first", "pool_ports", "listeners_in_pool", "tcp_sockets"] {
        let line = text.lines().find(|line| {
            let rest = line.strip_prefix(&format!("ephemeral_port_{name}"));
            rest.is_some_and(|rest| rest.starts_with(['{', ' ']))
        });
        assert_eq!(line, None, "{name}");
    }
    assert_eq!(value(r#"pool_known{transport="tcp",family="ipv4"}"#).as_deref(), Some("0"));
    assert_eq!(value("usage_known").as_deref(), Some("0"));
    assert_eq!(value(r#"audit_status{status="undetermined"}"#).as_deref(), Some("1"));
    assert_eq!(value(r#"audit_status{status="compliant"}"#).as_deref(), Some("0"));
    assert_eq!(value(r#"audit_rules{verdict="unknown"}"#).as_deref(), Some("14"));
    assert_eq!(value(r#"audit_rule_unknown{rule="listener-in-pool"}"#).as_deref(), Some("1"));
    assert_eq!(value(r#"audit_rule_unknown{rule="stale-knob"}"#).as_deref(), Some("0"));

    let (text, _) = convert(&report("facts"), &["prometheus"]);
    for status in ["compliant", "findings", "undetermined"] {
        let status = format!("audit_status{{status=\"{status}\"}}");
        assert_eq!(series(&text, &status).as_deref(), Some("0"), "{status}");
    }
    let known = r#"listeners_in_pool_known{transport="tcp"}"#;
    assert_eq!(series(&text, known).as_deref(), Some("0"));
}

#[test]
fn findings_are_counted_by_rule_and_a_waived_one_apart() {
    let counted = |report: &Value, severity: &str, status: &str| {
        let (text, _) = convert(report, &["prometheus"]);
        let labels =
            format!(r#"{{rule="listener-in-pool",severity="{severity}",status="{status}"}}"#);
        series(&text, &format!("audit_findings{labels}"))
    };
    let mut report = report("findings");
    assert_eq!(counted(&report, "medium", "fail").as_deref(), Some("1"));
    assert_eq!(counted(&report, "medium", "waived").as_deref(), Some("0"));
    let waived = super::report("waived");
    assert_eq!(counted(&waived, "medium", "fail").as_deref(), Some("0"));
    assert_eq!(counted(&waived, "medium", "waived").as_deref(), Some("1"));
    // A waived critical finding does not make an open low one critical.
    let mut grave = report["findings"][2].clone();
    grave["severity"] = json!("critical");
    grave["waived"] = json!("known");
    report["findings"][2]["severity"] = json!("low");
    report["findings"].as_array_mut().expect("findings").push(grave);
    settle(&mut report);
    assert_eq!(counted(&report, "low", "fail").as_deref(), Some("1"));
    assert_eq!(counted(&report, "critical", "waived").as_deref(), Some("1"));
    assert_eq!(counted(&report, "critical", "fail").as_deref(), Some("0"));
}

/// No series twice, no timestamp, and a mark at the end where `OpenMetrics` wants one.
fn assert_exposition(report: &Value) -> String {
    let (text, _) = convert(report, &["prometheus"]);
    let mut told = HashSet::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (name, value) = line.rsplit_once(' ').expect(line);
        assert!(told.insert(name), "twice: {line}");
        assert!(value.parse::<f64>().is_ok() && !name.contains("\"} "), "{line}");
    }
    assert_eq!(convert(report, &["openmetrics"]).0, format!("{text}# EOF\n"));
    text
}

#[test]
fn a_report_that_repeats_itself_makes_no_series_twice() {
    let mut report = report("windows");
    let scope = &mut report["scopes"][0];
    for list in ["ranges", "reserved", "pools"] {
        let items = scope[list].as_array_mut().expect("a list");
        items.extend(items.clone());
    }
    scope["ranges"][0]["families"] = json!(["ipv4", "ipv4"]);
    assert_exposition(&report);
}

#[test]
fn hostile_names_and_numbers_stay_labels_and_values() {
    let mut report = report("findings");
    let name = "a\"b\\c\nd}\u{1b} 1 2\r# EOF";
    report["rules"][0]["rule"] = json!(name);
    report["findings"][0]["rule"] = json!(name);
    report["tool"]["version"] = json!(name);
    let usage = &mut report["scopes"][0]["usage"];
    for key in
        ["tcp_sockets", "tcp_time_wait", "udp_sockets", "bound_in_pool", "ceiling_per_second"]
    {
        usage[key] = json!(u32::MAX);
    }
    usage["destinations"] = json!([{"transport": "tcp", "source": "|", "destination": "|", "port": 1, "interface": null,
        "ports_used": u32::MAX, "ports_usable": 0, "percent": u32::MAX}]);
    report["policy"]["min_pool"] = json!(u32::MAX);
    report["scopes"][0]["ranges"][0]["first"] = json!(65535);
    report["scopes"][0]["ranges"][0]["last"] = json!(0);
    let text = assert_exposition(&report);
    assert!(text.contains(r#"rule="a\"b\\c\\u{a}d}\\u{1b} 1 2\\u{d}# EOF""#), "{text}");
    let ratio = series(&text, r#"busiest_destination_ratio{transport="tcp"}"#);
    assert_eq!(ratio.as_deref(), Some("42949672.95"));
    let ports = series(&text, r#"range_ports{role="ephemeral",transport="tcp",family="ipv4"}"#);
    assert_eq!(ports.as_deref(), Some("65536"));
    let (plugin, _) = convert(&report, &["nagios"]);
    assert!(plugin.contains("'busiest_tcp_destination'=4294967295%;50;;0"), "{plugin}");
    // Nothing at all is no panic either.
    for list in ["rules", "findings", "gaps", "services"] {
        report[list] = json!([]);
    }
    for list in ["ranges", "reserved", "randomization", "pools", "names"] {
        report["scopes"][0][list] = json!([]);
    }
    report["policy"] = Value::Null;
    settle(&mut report);
    assert_exposition(&report);
    convert(&report, &["nagios"]);
    convert(&report, &["markdown"]);
}
