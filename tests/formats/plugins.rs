//! Plugins: states, exit codes, and lines that no name can break.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::{convert, report, reports};
use crate::support::settle::settle;
use crate::support::{code, ephaudit, run, stdout};

/// The state in the line of Checkmk must be Nagios' too.
fn state(report: &Value) -> i32 {
    let (nagios, state) = convert(report, &["nagios"]);
    let word = ["OK", "WARNING", "CRITICAL", "UNKNOWN"][usize::try_from(state).expect("0 to 3")];
    assert!(nagios.starts_with(&format!("EPHEMERAL {word} - ")), "{nagios}");
    let (checkmk, code) = convert(report, &["checkmk"]);
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
        assert_eq!(state(&report(name)), expected, "{name}");
    }
    for (name, _) in reports() {
        assert!(states.iter().any(|(known, _)| *known == name), "which state has {name}?");
    }
}

#[test]
fn the_state_is_that_of_the_gravest_finding_that_counts() {
    let mut report = report("findings");
    report["tool"]["version"] = json!("another");
    report["findings"] = json!([report["findings"][0]]);
    let severities = ["info", "low", "medium", "high", "critical"];
    let states = [1, 1, 1, 2, 2];
    let gaps = json!([{
        "rule": "narrow-pool", "scope": report["scopes"][0]["id"], "what": "w", "why": "denied", "detail": "d",
    }]);
    for (grave, severity) in severities.iter().enumerate() {
        report["findings"][0]["severity"] = json!(severity);
        for (least, fail_on) in severities.iter().enumerate() {
            let counts = grave >= least;
            report["policy"]["fail_on"] = json!(fail_on);
            for (gaps, else_state) in [(json!([]), 0), (gaps.clone(), 3)] {
                report["gaps"] = gaps;
                settle(&mut report);
                let expected = if counts { states[grave] } else { else_state };
                assert_eq!(state(&report), expected, "{severity} where {fail_on} counts");
            }
        }
        report["gaps"] = json!([]);
        report["policy"]["fail_on"] = Value::Null;
        settle(&mut report);
        assert_eq!(state(&report), 0, "{severity} where none counts");
        report["policy"]["fail_on"] = json!("info");
        report["findings"][0]["waived"] = json!("known");
        settle(&mut report);
        assert_eq!(state(&report), 0, "{severity} waived");
        report["findings"][0]["waived"] = Value::Null;
    }
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
fn exit_zero_is_for_those_who_read_no_exit_code() {
    let evidence = ["--from", "fixtures/hosts/linux-denied", "--format", "nagios"];
    assert_eq!(code(&run(&evidence)), 3);
    let zero = run(&[&evidence[..], &["--exit-zero"]].concat());
    assert_eq!(code(&zero), 3, "a plugin's state is its exit code");
    assert_eq!(code(&run(&[&["show"], &evidence[..]].concat())), 3, "nothing was judged");
    let checkmk = ["--from", "fixtures/hosts/linux-denied", "--format", "checkmk"];
    assert_eq!(code(&run(&checkmk)), 0);
}
