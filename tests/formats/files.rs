//! Every format there is.

use std::process::Stdio;

use crate::support::{code, ephaudit, run, stderr};

pub(crate) const FORMATS: [&str; 17] = [
    "table",
    "json",
    "ndjson",
    "csv",
    "junit",
    "sarif",
    "prometheus",
    "openmetrics",
    "nagios",
    "checkmk",
    "ocsf",
    "html",
    "markdown",
    "summary",
    "status",
    "github",
    "codequality",
];

#[test]
fn these_are_all_the_formats() {
    let said = stderr(&run(&["--emit", "nothing=x"]));
    let (_, listed) = said.split_once("there are: ").expect("a list");
    let listed = listed.split(';').next().unwrap_or_default();
    let mut listed: Vec<&str> = listed.trim().split(", ").collect();
    let mut known = FORMATS.to_vec();
    listed.sort_unstable();
    known.sort_unstable();
    assert_eq!(listed, known);
}

#[test]
fn a_reader_that_has_gone_ends_it_quietly() {
    for format in FORMATS {
        let mut command =
            ephaudit(&["convert", "fixtures/reports/hostile.json", "--format", format]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("it starts");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("it ends");
        assert!(output.stderr.is_empty(), "{format}: {}", stderr(&output));
        assert!(matches!(code(&output), 0 | 1 | 3), "{format}");
    }
}
