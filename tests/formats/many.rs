//! Many reports in one file, and the formats of code hosts.

use serde_json::Value;

use crate::support::{code, run, stderr, stdout};

const TWO: [&str; 2] = ["fixtures/reports/findings.json", "fixtures/reports/undetermined.json"];

fn together(format: &str) -> String {
    let output = run(&["convert", TWO[0], TWO[1], "--format", format]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    stdout(&output)
}

#[test]
fn many_reports_are_one_file_with_one_header() {
    let alone = TWO.map(|path| stdout(&run(&["convert", path, "--format", "csv"])));
    let (header, rows) = alone[1].split_once("\r\n").expect("a header");
    let csv = together("csv");
    assert_eq!(csv, format!("{}{rows}", alone[0]));
    assert_eq!(csv.matches(header).count(), 1);
    for format in ["ndjson", "summary"] {
        let text = together(format);
        let lines: Vec<Value> =
            text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        assert_eq!(lines.len(), 2, "{format}");
        assert_eq!(lines[1]["status"], "undetermined", "{format}");
    }
    assert!(together("github").contains("title=ephaudit%3A UNDETERMINED::"));
}

#[test]
fn a_format_of_one_host_refuses_many_and_writes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let kept = folder.path().join("kept.csv");
    let emit = format!("--emit=csv={}", kept.display());
    for format in ["json", "html", "table", "junit", "sarif"] {
        let output = run(&["convert", TWO[0], TWO[1], &emit, "--format", format]);
        assert_eq!(code(&output), 2, "{format}");
        assert!(stderr(&output).contains("these hold many: ndjson, csv, ocsf"), "{format}");
        assert!(output.stdout.is_empty(), "{format}");
        assert!(!kept.exists(), "{format}");
    }
    let output = run(&["convert", TWO[0], "Cargo.toml", "--format", "csv"]);
    assert_eq!((code(&output), output.stdout.len()), (2, 0));
    assert!(stderr(&output).contains("Cargo.toml"), "{}", stderr(&output));
}

#[test]
fn issues_of_gitlab_keep_their_fingerprints_and_are_of_one_host_each() {
    let issues = |text: &str| serde_json::from_str::<Vec<Value>>(text).expect("issues");
    let alone = issues(&stdout(&run(&["convert", TWO[0], "--format", "codequality"])));
    let both = issues(&together("codequality"));
    assert_eq!(both[..alone.len()], alone[..]);
    let mut prints: Vec<&Value> = both.iter().map(|issue| &issue["fingerprint"]).collect();
    prints.sort_by_key(ToString::to_string);
    prints.dedup();
    assert_eq!(prints.len(), both.len());
    let named =
        |issue: &&Value| issue["severity"] == "major" && issue["location"]["path"] == "host";
    assert!(both.iter().any(|issue| named(&issue)), "what is unknown is an issue");
}

#[test]
fn shells_complete_rules_and_formats() {
    let script = stdout(&run(&["completions", "bash"]));
    for word in ["listener-in-pool", "codequality", "github"] {
        assert!(script.contains(word), "{word}");
    }
    let output = run(&["explain", "listener-in-pol"]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("listener-in-pool"), "{}", stderr(&output));
}
