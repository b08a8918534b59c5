//! RFC 4180.

use csv::StringRecord;
use serde_json::Value;

use super::{converted, report, reports, saved, unlikely};

/// The rows, each as its cells by name.
fn rows(report: &Value, args: &[&str]) -> Vec<impl Fn(&str) -> String + use<>> {
    let text = converted(report, &[&["csv"], args].concat());
    assert!(!text.replace("\r\n", "").contains(['\r', '\n']), "{text}");
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().expect("a header").clone();
    let rows: Vec<StringRecord> = reader.records().map(|row| row.expect("a row")).collect();
    rows.into_iter()
        .map(|row| {
            let header = header.clone();
            move |name: &str| {
                let at = header.iter().position(|known| known == name).expect("a column");
                row[at].to_owned()
            }
        })
        .collect()
}

fn count(rows: &[impl Fn(&str) -> String], verdict: &str) -> usize {
    rows.iter().filter(|row| row("verdict") == verdict).count()
}

#[test]
fn every_finding_is_a_row() {
    for (name, path) in reports() {
        let report = saved(&path);
        let rows = rows(&report, &[]);
        let findings = report["findings"].as_array().expect("findings");
        let waived = findings.iter().filter(|finding| !finding["waived"].is_null()).count();
        assert_eq!(count(&rows, "waived"), waived, "{name}");
        assert_eq!(count(&rows, "fail"), findings.len() - waived, "{name}");
        for (row, finding) in rows.iter().zip(findings) {
            assert_eq!(row("fingerprint"), finding["fingerprint"].as_str().expect("text"));
            assert_eq!(row("severity"), finding["severity"].as_str().expect("text"));
        }
    }
}

#[test]
fn what_could_not_be_told_is_a_row_too() {
    let undetermined = rows(&report("undetermined"), &[]);
    assert_eq!(count(&undetermined, "unknown"), 14);
    assert!(undetermined.iter().all(|row| row("status") == "undetermined"));
    let denied = undetermined.iter().find(|row| row("rule") == "outside-dynamic-ports");
    assert!(denied.expect("a row")("message").contains("(denied): sysctl was not allowed"));
    let facts = rows(&report("facts"), &[]);
    assert_eq!((facts.len(), count(&facts, "unknown")), (1, 1));
    assert_eq!(facts[0]("status"), "unjudged");
    let compliant = rows(&report("compliant"), &[]);
    assert_eq!((compliant.len(), count(&compliant, "not-asked")), (15, 15));
    // A finding that does not count must not hide that the rule could not look everywhere.
    assert_eq!(count(&rows(&report("windows"), &[]), "unknown"), 2);
}

#[test]
fn no_spreadsheet_runs_a_cell_unless_asked_to() {
    let hostile = report("hostile");
    let first = |args: &[&str]| {
        let rows = rows(&hostile, args);
        let titles: Vec<String> = rows.iter().map(|row| row("title")).collect();
        [4, 5, 6].map(|at| titles[at].clone())
    };
    assert_eq!(first(&[]), ["'=cmd|' /C calc'!A0", "'+1-2", "'@sum(1)"]);
    assert_eq!(first(&["--csv-raw"]), ["=cmd|' /C calc'!A0", "+1-2", "@sum(1)"]);
}

#[test]
fn strange_reports_are_told() {
    for report in unlikely() {
        assert!(rows(&report, &[]).len() >= 3, "{report}");
    }
}
