//! The saved reports of fixtures/reports, in every format.

use std::fs;
use std::path::PathBuf;

use crate::support::{code, run};

/// The reports, by name.
fn reports() -> Vec<(String, PathBuf)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/reports");
    let mut reports: Vec<(String, PathBuf)> = fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .map(|path| (path.file_stem().expect("a stem").to_string_lossy().into_owned(), path))
        .collect();
    reports.sort();
    assert!(reports.len() >= 10, "{reports:?}");
    reports
}

#[test]
fn a_saved_report_comes_back_byte_for_byte() {
    for (name, path) in reports() {
        let path = path.to_str().expect("UTF-8");
        let saved = fs::read(path).expect("a report");
        let back = run(&["convert", path, "--format", "json"]);
        assert_eq!(code(&back), 0, "{name}");
        assert!(back.stdout == saved, "{name}");
        let line = run(&["convert", path, "--format", "ndjson"]).stdout;
        assert_eq!(line.split_inclusive(|byte| *byte == b'\n').count(), 1, "{name}");
        assert_eq!(line.last(), Some(&b'\n'), "{name}");
    }
}
