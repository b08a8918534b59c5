//! Which reports `convert` believes: those that an audit may have written, and no other.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::report;
use crate::support::settle::settle;
use crate::support::{code, run, stderr, stdout};

/// What `convert` says of a report that it refuses, by its exit code, in one line and without
/// output.
fn refusal(report: &Value) -> String {
    let file = tempfile::NamedTempFile::new().expect("a file");
    fs::write(file.path(), report.to_string()).expect("written");
    let output = run(&["convert", file.path().to_str().expect("UTF-8"), "--format", "status"]);
    let said = stderr(&output);
    assert_eq!(
        (code(&output), stdout(&output).as_str(), said.lines().count()),
        (2, "", 1),
        "{said}"
    );
    said
}

/// A saved report with a change is refused, for this reason.
fn refused(name: &str, why: &str, change: impl FnOnce(&mut Value)) {
    let mut report = report(name);
    change(&mut report);
    let said = refusal(&report);
    assert!(said.contains("it is not a report: ") && said.contains(why), "{why}: {said}");
}

fn each<'a>(report: &'a mut Value, list: &str) -> impl Iterator<Item = &'a mut Value> {
    report[list].as_array_mut().expect("a list").iter_mut()
}

#[test]
fn a_status_is_what_rules_and_findings_come_to() {
    refused("findings", "make it findings", |report| report["status"] = json!("compliant"));
    refused("waived", "make it compliant", |report| report["status"] = json!("undetermined"));
    refused(
        "undetermined",
        "called compliant, and its rules and findings make it undetermined",
        |report| report["status"] = json!("compliant"),
    );
    refused("compliant", "a status and no policy", |report| report["policy"] = Value::Null);
    refused("compliant", "a policy and no status", |report| report["status"] = Value::Null);
    for list in ["rules", "findings", "services"] {
        refused("facts", "it has no status, and", |report| {
            let scope = report["scopes"][0]["id"].clone();
            report[list] = super::report("declared")[list].clone();
            each(report, list)
                .filter_map(|item| item.get_mut("scope"))
                .for_each(|place| *place = scope.clone());
        });
    }
    refused("facts", "a gap of the rule", |report| {
        report["gaps"] = json!([super::report("undetermined")["gaps"][0]]);
        report["gaps"][0]["scope"] = report["scopes"][0]["id"].clone();
    });
}

#[test]
fn a_verdict_is_what_was_found() {
    refused("findings", "called fail, with 0 findings", |report| {
        report["findings"] = json!([]);
        report["status"] = json!("compliant");
    });
    refused("waived", "called waived, with 0 findings", |report| report["findings"] = json!([]));
    refused("waived", "called waived, with 1 findings", |report| {
        report["findings"][0]["waived"] = Value::Null;
    });
    refused("findings", "called fail, with 0 findings, 1 more that are waived", |report| {
        each(report, "findings").for_each(|finding| finding["waived"] = json!("known"));
        report["status"] = json!("compliant");
    });
    refused("findings", "has no reason why it is waived", |report| {
        each(report, "findings").for_each(|finding| finding["waived"] = json!(" "));
    });
    refused("compliant", "called unknown, with 0 findings", |report| {
        report["rules"][0]["verdict"] = json!("unknown");
    });
    refused("undetermined", "called pass, with 0 findings, 0 more that are waived", |report| {
        each(report, "rules")
            .filter(|rule| rule["verdict"] == "unknown")
            .for_each(|rule| rule["verdict"] = json!("pass"));
    });
    refused("findings", "no such rule", |report| {
        report["findings"][0]["rule"] = json!("made-up");
    });
    refused("undetermined", "no such rule", |report| report["gaps"][0]["rule"] = json!("made-up"));
    refused("compliant", "is there twice", |report| {
        let rule = report["rules"][0].clone();
        report["rules"].as_array_mut().expect("rules").push(rule);
    });
    for (key, what) in [("title", "title"), ("message", "message"), ("fingerprint", "fingerprint")]
    {
        refused("findings", &format!("has no {what}"), |report| {
            report["findings"][0][key] = json!("");
        });
    }
    refused("findings", "has no evidence", |report| report["findings"][0]["evidence"] = json!([]));
    refused("undetermined", "no reason", |report| {
        each(report, "rules").for_each(|rule| rule["reason"] = Value::Null);
    });
    refused("compliant", "a reason without a gap", |report| {
        report["rules"][0]["reason"] = json!("so");
    });
}

#[test]
fn a_severity_is_that_of_the_gravest_finding() {
    refused("findings", "the severity of", |report| {
        each(report, "findings").for_each(|finding| finding["severity"] = json!("info"));
        report["status"] = json!("compliant");
    });
    refused("findings", "not in the order of their severities", |report| {
        report["findings"][2]["severity"] = json!("critical");
        let name = report["findings"][2]["rule"].clone();
        let mut rules = each(report, "rules");
        rules.find(|rule| rule["rule"] == name).expect("a rule")["severity"] = json!("critical");
    });
    refused("compliant", "the severity of", |report| report["rules"][0]["severity"] = json!("low"));
}

#[test]
fn a_fact_that_is_not_known_leaves_its_rules_unanswered() {
    let unknown = |fact: &mut Value| {
        fact["state"] = json!("unknown");
        fact["reason"] = json!("denied");
    };
    let why = "is unknown";
    refused("compliant", why, |report| {
        let range = &mut report["scopes"][0]["ranges"][0];
        (range["first"], range["last"]) = (Value::Null, Value::Null);
        unknown(range);
    });
    refused("compliant", why, |report| {
        report["scopes"][0]["reserved"][0]["spans"] = json!([]);
        unknown(&mut report["scopes"][0]["reserved"][0]);
    });
    refused("compliant", why, |report| {
        report["scopes"][0]["unprivileged_start"]["value"] = Value::Null;
        unknown(&mut report["scopes"][0]["unprivileged_start"]);
    });
    refused("compliant", why, |report| unknown(&mut report["scopes"][0]["listeners"]));
    refused("compliant", why, |report| {
        let usage = &mut report["scopes"][0]["usage"];
        usage["tcp_sockets"] = Value::Null;
        unknown(usage);
    });
    refused("persisted", why, |report| {
        let entry = &mut report["scopes"][0]["boot"][0];
        entry["value"] = Value::Null;
        unknown(entry);
    });
    // In another namespace than the reader's own too.
    refused("namespaces", why, |report| {
        unknown(&mut report["scopes"][7]["listeners"]);
    });
    refused("undetermined", "applies to a host whose range is known", |report| {
        report["gaps"] = json!([]);
        each(report, "rules")
            .filter(|rule| rule["verdict"] == "unknown")
            .for_each(|rule| rule["verdict"] = json!("not-applicable"));
        let known = super::report("compliant")["scopes"].clone();
        report["scopes"] = known;
        report["status"] = json!("compliant");
    });
    refused("undetermined", "is called not-applicable, and the range of", |report| {
        each(report, "gaps").for_each(|gap| gap["rule"] = Value::Null);
        each(report, "rules")
            .filter(|rule| rule["verdict"] == "unknown")
            .for_each(|rule| rule["verdict"] = json!("not-applicable"));
        report["status"] = json!("compliant");
    });
}

#[test]
fn a_part_of_a_list_is_never_taken_for_the_whole() {
    for (list, key, value) in [
        ("/reserved/0", "truncated", json!(true)),
        ("/reserved/0", "span_count", json!(300)),
        ("/pools/0", "truncated", json!(true)),
        ("/pools/0", "span_count", json!(0)),
        ("/listeners", "truncated", json!(true)),
        ("/listeners", "count", json!(2000)),
        ("/listeners", "totals", json!([])),
        ("/listeners/totals/0", "count", json!(0)),
        ("/listeners/totals/0", "in_pool", json!(0)),
        ("/listeners/totals/0", "transport", json!("udp")),
    ] {
        refused("findings", "does not list as many", |report| {
            *report["scopes"][0].pointer_mut(list).expect(list).get_mut(key).expect(key) = value;
        });
    }
}

#[test]
fn a_fact_has_a_value_where_it_is_known_and_a_reason_where_it_is_not() {
    for (fact, key, value) in [
        ("ranges", "first", Value::Null),
        ("ranges", "reason", json!("denied")),
        ("ranges", "state", json!("absent")),
        ("reserved", "reason", json!("denied")),
    ] {
        refused("compliant", "contradicts itself", |report| {
            report["scopes"][0][fact][0][key] = value;
        });
    }
    for (fact, key, value) in [
        ("unprivileged_start", "value", Value::Null),
        ("time_wait", "state", json!("unknown")),
        ("listeners", "state", json!("absent")),
        ("listeners", "reason", json!("denied")),
        ("usage", "state", json!("unknown")),
    ] {
        refused("compliant", "contradicts itself", |report| report["scopes"][0][fact][key] = value);
    }
}

#[test]
fn a_report_is_of_this_program_of_one_place_and_of_all_its_rules() {
    refused("compliant", "\"other\" wrote it", |report| report["tool"]["name"] = json!("other"));
    refused("compliant", "is not an RFC 3339 time", |report| report["collected_at"] = json!("now"));
    refused("compliant", "0 of its namespaces", |report| report["scopes"] = json!([]));
    refused("namespaces", "2 of its namespaces", |report| {
        report["scopes"][1]["current"] = json!(true);
        report["scopes"][0]["current"] = json!(true);
    });
    refused("namespaces", "is there twice", |report| {
        report["scopes"][1]["id"] = report["scopes"][0]["id"].clone();
    });
    refused("compliant", "has no id", |report| report["scopes"][0]["id"] = json!(""));
    refused("findings", "no such namespace", |report| {
        report["findings"][0]["scope"] = json!("net:[1]");
    });
    refused("undetermined", "no such namespace", |report| {
        report["gaps"][0]["scope"] = json!("net:[1]");
    });
    let rules = "its rules are not the";
    refused("compliant", rules, |report| {
        report["rules"].as_array_mut().expect("rules").truncate(1);
    });
    refused("compliant", rules, |report| report["rules"][0]["rule"] = json!("no-such-rule"));
    refused("undetermined", rules, |report| {
        let rules = report["rules"].as_array_mut().expect("rules");
        rules.retain(|rule| rule["verdict"] != "unknown");
        report["gaps"] = json!([]);
        report["status"] = json!("compliant");
    });
    refused("compliant", "turns rules off, and names no policy", |report| {
        report["policy"]["off"] = json!(["narrow-pool"]);
    });
    refused("findings", "waives findings, and names no policy", |report| {
        each(report, "findings").for_each(|finding| finding["waived"] = json!("known"));
        each(report, "rules").for_each(|rule| {
            if rule["verdict"] == "fail" {
                rule["verdict"] = json!("waived");
            }
        });
        report["status"] = json!("compliant");
    });
    for (missing, words) in [
        ("ranges", "no ephemeral range"),
        ("reserved", "no list of reserved ports"),
        ("pools", "no pool"),
    ] {
        refused("compliant", words, |report| report["scopes"][0][missing] = json!([]));
    }
    refused("compliant", "reaches beyond its range", |report| {
        report["scopes"][0]["ranges"][0]["first"] = json!(50_000);
    });
    refused("compliant", "outside-dynamic-ports is called pass, against", |report| {
        report["policy"]["allowed"] = json!([{"first": 1, "last": 2}]);
    });
    refused("compliant", "narrow-pool is called pass, against", |report| {
        report["policy"]["min_pool"] = json!(60_000);
    });
    refused("compliant", "which has a verdict", |report| {
        report["policy"]["file"] = json!("/etc/ephaudit/policy.toml");
        report["policy"]["off"] = json!(["narrow-pool"]);
    });
    refused("compliant", "which is not a rule", |report| {
        report["policy"]["file"] = json!("/etc/ephaudit/policy.toml");
        report["policy"]["off"] = json!(["x"]);
    });
    refused("compliant", "is not a profile", |report| report["profile"] = json!("own"));
    refused("compliant", "more than 256 rules", |report| {
        report["rules"] = (0..257).map(|_| report["rules"][0].clone()).collect();
    });
}

/// Its own rules nobody knows here, so only what holds for every version is asked of it.
#[test]
fn a_report_of_another_version_may_have_other_rules() {
    let mut report = report("undetermined");
    report["tool"]["version"] = json!("1.99.0");
    report["rules"].as_array_mut().expect("rules").truncate(20);
    report["rules"][0]["rule"] = json!("a-rule-to-come");
    let names: Vec<Value> = each(&mut report, "rules").map(|rule| rule["rule"].clone()).collect();
    each(&mut report, "gaps")
        .filter(|gap| !names.contains(&gap["rule"]))
        .for_each(|gap| gap["rule"] = Value::Null);
    settle(&mut report);
    assert_eq!(super::converted(&report, &["status"]), "undetermined\n");
    report["rules"][1]["verdict"] = json!("pass");
    assert!(refusal(&report).contains("called pass"));
}

/// Found by a fuzzer: compliant without a policy, findings without a status, a waiver without a
/// finding.
#[test]
fn what_a_fuzzer_made_is_refused() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/reports/refused");
    let mut count = 0;
    for entry in fs::read_dir(folder).expect("a folder") {
        let text = fs::read(entry.expect("an entry").path()).expect("a report");
        let report = serde_json::from_slice(&text).expect("JSON");
        assert!(refusal(&report).contains("it is not a report: "));
        count += 1;
    }
    assert_eq!(count, 3);
}

/// Whatever a host is like: what was written of it is read again, byte for byte.
#[test]
fn whatever_an_audit_writes_is_believed() {
    let folder = tempfile::tempdir().expect("a folder");
    let policy = folder.path().join("policy.toml");
    let rules = "[rules]\nlistener-in-pool = \"off\"\noutside-dynamic-ports = \"critical\"\n";
    let waiver = "[[waiver]]\nrule = \"overlaps-user-ports\"\nreason = \"known\"\nowner = \"me\"\n\
                  expires = 9999-12-31\n";
    fs::write(&policy, format!("{rules}{waiver}")).expect("written");
    let policy = policy.to_str().expect("UTF-8");
    let saved = folder.path().join("report.json");
    let saved = saved.to_str().expect("UTF-8");
    let hosts = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/hosts");
    let mut count = 0;
    for entry in fs::read_dir(hosts).expect("a folder") {
        let host = entry.expect("an entry").path();
        let host = host.to_str().expect("UTF-8");
        for args in [
            &["--from", host][..],
            &["--from", host, "--boot", "--profile", "vendor"],
            &["--from", host, "--profile", "kubernetes"],
            &["--from", host, "--policy", policy],
            &["show", "--from", host],
        ] {
            let written = run(&[args, &["--format", "json"]].concat());
            if written.stdout.is_empty() {
                assert_eq!(code(&written), 2, "{args:?}: {}", stderr(&written));
                continue;
            }
            fs::write(saved, &written.stdout).expect("written");
            let back = run(&["convert", saved, "--format", "json"]);
            assert_eq!(code(&back), 0, "{args:?}: {}", stderr(&back));
            assert!(back.stdout == written.stdout, "{args:?}");
            count += 1;
        }
    }
    assert!(count > 200, "{count}");
}
