//! What monitoring reads: states, exit codes, figures, and files that another user can read.

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::reports;
use crate::support::{code, ephaudit, run, stderr, stdout};

/// The saved report of that name.
pub(super) fn saved(name: &str) -> Value {
    let path = format!("{}/fixtures/reports/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_slice(&fs::read(path).expect("a report")).expect("JSON")
}

/// What `convert` prints of a report in a format, and its exit code.
pub(super) fn convert(report: &Value, format: &str) -> (String, i32) {
    let file = tempfile::NamedTempFile::new().expect("a file");
    fs::write(file.path(), report.to_string()).expect("written");
    let output = run(&["convert", file.path().to_str().expect("UTF-8"), "--format", format]);
    assert!(output.stderr.is_empty(), "{}", stderr(&output));
    (stdout(&output), code(&output))
}

/// The state in the line of Checkmk must be Nagios' too.
fn state(report: &Value) -> i32 {
    let (nagios, state) = convert(report, "nagios");
    let word = ["OK", "WARNING", "CRITICAL", "UNKNOWN"][usize::try_from(state).expect("0 to 3")];
    assert!(nagios.starts_with(&format!("EPHEMERAL {word} - ")), "{nagios}");
    let (checkmk, code) = convert(report, "checkmk");
    assert_eq!(code, 0);
    assert!(checkmk.starts_with(&format!("{state} \"Ephemeral_ports\" ")), "{checkmk}");
    state
}

#[test]
fn the_state_of_each_saved_report() {
    let states = [
        ("compliant", 0),
        ("declared", 1),
        ("facts", 3),
        ("findings", 1),
        ("hostile", 1),
        ("namespaces", 1),
        ("openbsd", 1),
        ("persisted", 1),
        ("undetermined", 3),
        ("waived", 0),
        ("windows", 3),
    ];
    for (name, expected) in states {
        assert_eq!(state(&saved(name)), expected, "{name}");
    }
    for (name, _) in reports() {
        assert!(states.iter().any(|(known, _)| *known == name), "which state has {name}?");
    }
}

#[test]
fn the_state_is_that_of_the_gravest_finding_that_counts() {
    let mut report = saved("findings");
    report["findings"] = json!([report["findings"][0]]);
    let severities = ["info", "low", "medium", "high", "critical"];
    let states = [1, 1, 1, 2, 2];
    for (grave, severity) in severities.iter().enumerate() {
        report["findings"][0]["severity"] = json!(severity);
        for (least, fail_on) in severities.iter().enumerate() {
            let counts = grave >= least;
            report["policy"]["fail_on"] = json!(fail_on);
            for (status, else_state) in [("compliant", 0), ("undetermined", 3)] {
                report["status"] = json!(if counts { "findings" } else { status });
                let expected = if counts { states[grave] } else { else_state };
                assert_eq!(state(&report), expected, "{severity} where {fail_on} counts");
            }
        }
        report["status"] = json!("compliant");
        report["policy"]["fail_on"] = Value::Null;
        assert_eq!(state(&report), 0, "{severity} where none counts");
        report["policy"]["fail_on"] = json!("info");
        report["findings"][0]["waived"] = json!("known");
        assert_eq!(state(&report), 0, "{severity} waived");
        report["findings"][0]["waived"] = Value::Null;
        report["status"] = Value::Null;
        assert_eq!(state(&report), 3, "{severity}, not judged");
    }
    report["findings"] = json!([]);
    report["status"] = json!("findings");
    assert_eq!(state(&report), 3, "findings that nobody can see");
}

#[test]
fn a_plugin_prints_a_line_and_figures_that_no_name_can_change() {
    for (name, path) in reports() {
        let output = run(&["convert", path.to_str().expect("UTF-8"), "--format", "nagios"]);
        let text = stdout(&output);
        assert_eq!(text.matches('|').count(), 1, "{name}: {text}");
        assert!(text.len() < 4096, "{name}: {} bytes", text.len());
        assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{name}: {text}");
        let (words, figures) = text.lines().next().and_then(|l| l.split_once(" | ")).expect(&name);
        assert!(words.chars().count() <= 80, "{name}: {words}");
        let mut labels = HashSet::new();
        for figure in figures.split(' ') {
            let (label, rest) = figure.split_once("'=").expect(figure);
            assert!(labels.insert(label), "{name}: {label} twice");
            let fields: Vec<&str> = rest.split(';').collect();
            assert!(fields.len() == 4 && fields[0].trim_end_matches('%').parse::<u32>().is_ok());
        }
        let line = stdout(&run(&["convert", path.to_str().expect("UTF-8"), "--format", "checkmk"]));
        assert_eq!(line.lines().count(), 1, "{name}: {line}");
        assert_eq!(
            line.matches('\\').count(),
            line.matches("\\n[").count() + line.matches("\\nand").count()
        );
    }
}

#[test]
fn a_failure_is_told_on_standard_output_in_the_words_of_the_caller() {
    let wrong: &[&[&str]] = &[
        &["--format", "nagios", "--bogus"],
        &["--format=nagios", "--bogus"],
        &["--format", "json", "--bogus", "--format=nagios"],
        &["--format", "nagios", "--profile", "a|b"],
        &["--format", "nagios", "--from", "/nonexistent/a|b\n"],
        &["convert", "/nonexistent", "--format", "nagios", "--quiet"],
        &["--format", "nagios", "--output", "/nonexistent/x", "--exit-zero"],
    ];
    for args in wrong {
        let output = run(args);
        let said = stdout(&output);
        assert_eq!(code(&output), 3, "{args:?}: {said}");
        assert!(output.stderr.is_empty(), "{args:?}");
        assert!(said.starts_with("EPHEMERAL UNKNOWN - ") && !said.contains('|'), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
        let args = args.iter().map(|arg| arg.replace("nagios", "checkmk")).collect::<Vec<_>>();
        let output = run(&args.iter().map(String::as_str).collect::<Vec<_>>());
        let said = stdout(&output);
        assert_eq!(code(&output), 0, "{args:?}: {said}");
        assert!(said.starts_with("3 \"Ephemeral_ports\" - "), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
    // What is not asked for in that format fails as ever.
    for args in [&["--bogus", "--format", "json"][..], &["--bogus", "--", "--format", "nagios"]] {
        let output = run(args);
        assert_eq!((code(&output), output.stdout.len()), (2, 0), "{args:?}");
    }
}

#[test]
fn the_environment_may_say_the_format() {
    let with = |format: &str, args: &[&str]| {
        ephaudit(args).env("EPHAUDIT_FORMAT", format).output().expect("the program starts")
    };
    let evidence = ["--from", "fixtures/hosts/linux-sysctl-a"];
    let output = with("nagios", &evidence);
    assert!(stdout(&output).starts_with("EPHEMERAL WARNING - "), "{}", stdout(&output));
    assert_eq!(code(&output), 1);
    let output = with("nagios", &["--bogus"]);
    assert!(stdout(&output).starts_with("EPHEMERAL UNKNOWN - "), "{}", stdout(&output));
    assert_eq!(code(&output), 3);
    let output = with("nagios", &["--bogus", "--format", "json"]);
    assert_eq!((code(&output), output.stdout.len()), (2, 0), "the flag wins");
    assert_eq!(
        stdout(&with("nagios", &[&evidence[..], &["--format", "status"]].concat())),
        "findings\n"
    );
}

#[test]
fn exit_zero_is_for_what_was_found() {
    let evidence = ["--from", "fixtures/hosts/linux-denied", "--format", "nagios"];
    assert_eq!(code(&run(&evidence)), 3);
    assert_eq!(code(&run(&[&evidence[..], &["--exit-zero"]].concat())), 0);
    assert_eq!(code(&run(&[&["show"], &evidence[..]].concat())), 3, "nothing was judged");
    let checkmk = ["--from", "fixtures/hosts/linux-denied", "--format", "checkmk"];
    assert_eq!(code(&run(&checkmk)), 0);
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("a file").permissions().mode() & 0o777
}

#[test]
fn the_collector_may_read_its_file_whatever_the_umask() {
    let folder = tempfile::tempdir().expect("a folder");
    let [prom, metrics, report] =
        ["x.prom", "x.txt", "x.json"].map(|name| folder.path().join(name));
    let strict = |args: &[&str]| {
        let mut command = Command::new("sh");
        command.args(["-c", "umask 077; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_ephaudit")]);
        let status = command.args(args).status().expect("sh starts");
        assert!(status.success(), "{args:?}");
    };
    let emitted = format!("openmetrics={}", metrics.display());
    let other = format!("json={}", report.display());
    let saved = "fixtures/reports/findings.json";
    let prom_path = prom.to_str().expect("UTF-8");
    let args = [
        "convert",
        saved,
        "--format",
        "prometheus",
        "--output",
        prom_path,
        "--emit",
        &emitted,
        "--emit",
        &other,
    ];
    for _ in 0..2 {
        strict(&args);
        assert_eq!([mode(&prom), mode(&metrics), mode(&report)], [0o644, 0o644, 0o600]);
        fs::set_permissions(&prom, fs::Permissions::from_mode(0o600)).expect("a mode");
    }
    let names: HashSet<String> = fs::read_dir(folder.path())
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    assert_eq!(names.len(), 3, "nothing is left beside them: {names:?}");
}

/// The value of a series, named without the prefix that all have.
fn series(text: &str, name: &str) -> Option<String> {
    let found = text.lines().find_map(|line| line.strip_prefix(&format!("ephemeral_port_{name} ")));
    found.map(str::to_owned)
}

#[test]
fn what_is_not_known_has_no_series() {
    let (text, _) = convert(&saved("undetermined"), "prometheus");
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
    assert_eq!(value(r#"audit_rules{verdict="unknown"}"#).as_deref(), Some("13"));
    assert_eq!(value(r#"audit_rule_unknown{rule="listener-in-pool"}"#).as_deref(), Some("1"));
    assert_eq!(value(r#"audit_rule_unknown{rule="stale-knob"}"#).as_deref(), Some("0"));

    let (text, _) = convert(&saved("facts"), "prometheus");
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
        let (text, _) = convert(report, "prometheus");
        let labels =
            format!(r#"{{rule="listener-in-pool",severity="{severity}",status="{status}"}}"#);
        series(&text, &format!("audit_findings{labels}"))
    };
    let mut report = saved("findings");
    assert_eq!(counted(&report, "medium", "fail").as_deref(), Some("1"));
    assert_eq!(counted(&report, "medium", "waived").as_deref(), Some("0"));
    let waived = saved("waived");
    assert_eq!(counted(&waived, "medium", "fail").as_deref(), Some("0"));
    assert_eq!(counted(&waived, "medium", "waived").as_deref(), Some("1"));
    // A waived critical finding does not make an open low one critical.
    let mut grave = report["findings"][2].clone();
    grave["severity"] = json!("critical");
    grave["waived"] = json!("known");
    report["findings"][2]["severity"] = json!("low");
    report["findings"].as_array_mut().expect("findings").push(grave);
    assert_eq!(counted(&report, "low", "fail").as_deref(), Some("1"));
    assert_eq!(counted(&report, "critical", "waived").as_deref(), Some("1"));
    assert_eq!(counted(&report, "critical", "fail"), None);
}

/// No series twice, no timestamp, and a mark at the end where `OpenMetrics` wants one.
fn assert_exposition(report: &Value) -> String {
    let (text, _) = convert(report, "prometheus");
    let mut told = HashSet::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (name, value) = line.rsplit_once(' ').expect(line);
        assert!(told.insert(name), "twice: {line}");
        assert!(value.parse::<f64>().is_ok() && !name.contains("\"} "), "{line}");
    }
    assert_eq!(convert(report, "openmetrics").0, format!("{text}# EOF\n"));
    text
}

#[test]
fn a_report_that_repeats_itself_makes_no_series_twice() {
    let mut report = saved("windows");
    let scope = &mut report["scopes"][0];
    for list in ["ranges", "reserved", "pools"] {
        let items = scope[list].as_array_mut().expect("a list");
        items.extend(items.clone());
    }
    scope["ranges"][0]["families"] = json!(["ipv4", "ipv4"]);
    let again = scope.clone();
    report["scopes"].as_array_mut().expect("scopes").push(again);
    let rules = report["rules"].as_array_mut().expect("rules");
    rules.extend(rules.clone());
    assert_exposition(&report);
}

#[test]
fn hostile_names_and_numbers_stay_labels_and_values() {
    let mut report = saved("findings");
    let name = "a\"b\\c\nd}\u{1b} 1 2\r# EOF";
    report["rules"][0]["rule"] = json!(name);
    report["findings"][0]["rule"] = json!("n".repeat(10_240));
    report["tool"]["version"] = json!(name);
    report["collected_at"] = json!("when it was \u{1f550}");
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
    assert!(!text.contains("last_run"), "{text}");
    let ratio = series(&text, r#"busiest_destination_ratio{transport="tcp"}"#);
    assert_eq!(ratio.as_deref(), Some("42949672.95"));
    let ports = series(&text, r#"range_ports{role="ephemeral",transport="tcp",family="ipv4"}"#);
    assert_eq!(ports.as_deref(), Some("65536"));
    let (plugin, _) = convert(&report, "nagios");
    assert!(plugin.contains("'busiest_tcp_destination'=4294967295%;50;;0"), "{plugin}");
    // Nothing at all is no panic either.
    for list in ["scopes", "rules", "findings", "gaps"] {
        report[list] = json!([]);
    }
    assert_exposition(&report);
    state(&report);
}
