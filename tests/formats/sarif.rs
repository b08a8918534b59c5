//! What GitHub's code scanning asks of SARIF; .ci/formats holds it against the schema of OASIS.

use serde_json::Value;

use super::{converted, report, reports, saved, unlikely};

fn run_of(report: &Value) -> Value {
    let text = converted(report, &["sarif"]);
    let log: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(log["version"], "2.1.0");
    assert!(log["$schema"].as_str().is_some_and(|schema| schema.ends_with("sarif-2.1.0.json")));
    log["runs"][0].clone()
}

/// The runs of all reports, those that no audit writes too.
fn runs() -> Vec<Value> {
    let saved = reports().into_iter().map(|(_, path)| saved(&path));
    saved.chain(unlikely()).map(|report| run_of(&report)).collect()
}

fn results(run: &Value) -> &[Value] {
    run["results"].as_array().expect("results")
}

fn rules(run: &Value) -> &[Value] {
    run["tool"]["driver"]["rules"].as_array().expect("rules")
}

fn place(result: &Value) -> (&str, u64) {
    let place = &result["locations"][0]["physicalLocation"];
    let uri = place["artifactLocation"]["uri"].as_str().expect("a reference");
    (uri, place["region"]["startLine"].as_u64().expect("a line"))
}

fn assert_filled(value: &Value) {
    match value {
        Value::String(text) => assert!(!text.is_empty()),
        Value::Array(items) => items.iter().for_each(assert_filled),
        Value::Object(keys) => keys.values().for_each(assert_filled),
        Value::Null => panic!("null"),
        _ => {}
    }
}

#[test]
fn no_string_that_is_required_is_empty() {
    for run in runs() {
        rules(&run).iter().for_each(assert_filled);
        for result in results(&run) {
            for key in ["ruleId", "message", "locations", "partialFingerprints", "suppressions"] {
                assert_filled(&result[key]);
            }
        }
        assert_filled(&run["automationDetails"]);
    }
}

#[test]
fn every_rule_is_described_within_the_limits() {
    for run in runs() {
        for rule in rules(&run) {
            let length = |key: &str| rule[key]["text"].as_str().expect("text").chars().count();
            assert!(rule["id"].as_str().expect("an id").chars().count() <= 255);
            assert!(length("shortDescription") <= 1024 && length("fullDescription") <= 1024);
            assert!(length("help") > 0);
            let score = rule["properties"]["security-severity"].as_str().expect("a string");
            assert!((0.1..=10.0).contains(&score.parse::<f64>().expect("a number")), "{score}");
            let tags = rule["properties"]["tags"].as_array().expect("tags");
            assert!(tags.contains(&"security".into()) && tags.len() <= 10);
        }
    }
    let run = run_of(&report("findings"));
    let rule = rules(&run).iter().find(|rule| rule["id"] == "narrow-pool").expect("a rule");
    assert!(
        rule["help"]["markdown"].as_str().is_some_and(|page| page.starts_with("# narrow-pool"))
    );
}

#[test]
fn every_result_has_a_rule_a_place_and_a_hash_of_its_own() {
    for run in runs() {
        let mut hashes: Vec<&str> = Vec::new();
        for result in results(&run) {
            let index = usize::try_from(result["ruleIndex"].as_u64().expect("an index"));
            assert_eq!(rules(&run)[index.expect("small")]["id"], result["ruleId"]);
            let region = &result["locations"][0]["physicalLocation"]["region"];
            for key in ["startLine", "startColumn", "endLine", "endColumn"] {
                assert!(region[key].as_u64().is_some_and(|number| number >= 1), "{region}");
            }
            let hash = &result["partialFingerprints"]["primaryLocationLineHash"];
            hashes.push(hash.as_str().expect("a string"));
        }
        let all = hashes.len();
        hashes.sort_unstable();
        hashes.dedup();
        assert_eq!(all, hashes.len());
    }
}

#[test]
fn references_are_relative_and_percent_encoded() {
    for run in runs() {
        for (uri, _) in results(&run).iter().map(place) {
            let known = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~%/".contains(&byte);
            assert!(uri.bytes().all(known), "{uri}");
            assert!(uri.split('/').all(|part| !matches!(part, "" | "." | "..")), "{uri}");
        }
    }
    let run = run_of(&report("hostile"));
    assert_eq!(place(&results(&run)[4]).0, "etc/sysctl.d/%3Dcmd%7C%27%20/C%20calc%27%21A0.conf");
}

#[test]
fn a_finding_stands_at_the_line_that_causes_it() {
    let run = run_of(&report("persisted"));
    let places: Vec<(&str, u64)> = results(&run).iter().map(place).collect();
    let file = "mnt/image/etc/sysctl.d/60-wide.conf";
    assert_eq!(places, [(file, 4), (file, 3)]);
    let run = run_of(&report("findings"));
    assert_eq!(place(&results(&run)[0]), ("proc/sys/net/ipv4/ip_local_port_range", 1));
    // What is running now is seen in /proc/sys; the line that sets it is where it is mended.
    let mut report_of_both = report("persisted");
    let line = report_of_both["findings"][0]["evidence"][0].clone();
    let now = report("findings")["findings"][0]["evidence"][0].clone();
    report_of_both["findings"][0]["evidence"] = serde_json::json!([now, line]);
    assert_eq!(place(&results(&run_of(&report_of_both))[0]), (file, 4));
    let run = run_of(&report("windows"));
    assert_eq!(place(&results(&run)[0]), ("fixtures/hosts/windows-en-winnat/netsh.txt", 3));
}

#[test]
fn waived_is_suppressed_with_its_reason() {
    let run = run_of(&report("waived"));
    assert_eq!(results(&run).len(), 3);
    for result in results(&run) {
        let suppression = &result["suppressions"][0];
        assert_eq!(
            (&suppression["kind"], &suppression["status"]),
            (&"external".into(), &"accepted".into())
        );
        assert!(suppression["justification"].as_str().is_some_and(|why| why.contains("net-team")));
    }
    let run = run_of(&report("findings"));
    assert!(results(&run).iter().all(|result| result["suppressions"] == serde_json::json!([])));
}

#[test]
fn what_could_not_be_told_is_no_success() {
    for (name, told) in [("compliant", 0), ("findings", 0), ("undetermined", 14), ("facts", 1)] {
        let run = run_of(&report(name));
        let invocation = &run["invocations"][0];
        let notes = invocation["toolExecutionNotifications"].as_array().expect("notes");
        assert_eq!((name, notes.len()), (name, told));
        assert_eq!(invocation["executionSuccessful"], told == 0, "{name}");
    }
}

#[test]
fn an_analysis_is_of_one_host() {
    assert_eq!(run_of(&report("findings"))["automationDetails"]["id"], "ephaudit/web1/");
    // No host can name itself into the category of another.
    let id = run_of(&report("hostile"))["automationDetails"]["id"].clone();
    assert_eq!(id.as_str().map(|id| id.matches('/').count()), Some(2));
}

#[test]
fn a_message_makes_no_link_and_takes_no_argument() {
    let mut report = report("findings");
    report["findings"][0]["title"] = "see [this](https://example.com) {0}".into();
    let run = run_of(&report);
    let text = results(&run)[0]["message"]["text"].as_str().expect("text");
    assert!(text.starts_with("see [this] (https://example.com) {{0}}\n"), "{text}");
}
