//! The saved reports of fixtures/reports, in every format.

mod believed;
mod csv;
pub(crate) mod files;
mod html;
mod junit;
mod many;
mod markdown;
mod not_asked;
mod ocsf;
mod plugins;
mod prometheus;
mod sarif;
mod table;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::settle::settle;
use crate::support::{code, run, stderr, stdout};

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

fn saved(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).expect("a report")).expect("JSON")
}

/// The report of that name.
fn report(name: &str) -> Value {
    let (_, path) = reports().into_iter().find(|(known, _)| known == name).expect("a report");
    saved(&path)
}

/// What `convert` prints of a report in a format, and its exit code; every format is text.
fn convert(report: &Value, args: &[&str]) -> (String, i32) {
    let file = tempfile::NamedTempFile::new().expect("a file");
    let mut report = report.clone();
    // It is made again where there is none.
    report["summary"] = Value::Null;
    fs::write(file.path(), report.to_string()).expect("written");
    let args = [&["convert", file.path().to_str().expect("UTF-8"), "--format"], args].concat();
    let output = run(&args);
    assert!(output.stderr.is_empty(), "{args:?}: {}", stderr(&output));
    (stdout(&output), code(&output))
}

/// A report in a format whose exit code says nothing of the report.
fn converted(report: &Value, args: &[&str]) -> String {
    let (text, code) = convert(report, args);
    assert_eq!(code, 0, "{args:?}");
    text
}

/// Reports that no audit of this version writes, and that `convert` takes, as of another version:
/// names that may be empty are, and others are unheard of.
fn unlikely() -> Vec<Value> {
    let strange = |change: &dyn Fn(&mut Value)| {
        let mut report = report("findings");
        report["tool"]["version"] = "".into();
        change(&mut report);
        settle(&mut report);
        report
    };
    vec![
        strange(&|report| report["rules"].as_array_mut().expect("rules").truncate(5)),
        strange(&|report| {
            report["host"]["name"] = "".into();
            report["scopes"][0]["names"] = serde_json::json!(["", ""]);
            report["rules"][0]["rule"] = "".into();
            let finding = &mut report["findings"][0];
            finding["rule"] = "".into();
            for key in ["title", "message", "fingerprint"] {
                finding[key] = " ".into();
            }
            finding["evidence"].as_array_mut().expect("evidence").truncate(1);
            finding["evidence"][0]["value"] = "".into();
            finding["remediation"] = Value::Array(Vec::new());
        }),
        strange(&|report| {
            for finding in report["findings"].as_array_mut().expect("findings") {
                finding["evidence"][0]["line"] = u32::MAX.into();
                finding["evidence"][0]["source"]["location"] = "../..//./\u{e9}".into();
                finding["fingerprint"] = "the same".into();
            }
            let name = "\u{1b}]0;x\u{7}".repeat(4);
            report["rules"][0]["rule"] = name.clone().into();
            report["findings"][0]["rule"] = name.into();
        }),
    ]
}

/// A later version 1 may have more words: only those that decide are refused, never guessed.
#[test]
fn words_of_a_later_version_pass_where_nothing_is_decided_by_them() {
    let mut later = report("undetermined");
    later["schema_version"] = "1.9".into();
    later["tool"]["version"] = "1.9.0".into();
    later["something"] = "new".into();
    later["profile"] = "nist".into();
    later["host"]["os"] = "plan9".into();
    let scope = &mut later["scopes"][0];
    scope["ranges"][0]["role"] = "third".into();
    scope["ranges"][0]["source"]["kind"] = "ebpf".into();
    scope["reserved"][0]["kind"] = "leased".into();
    scope["usage"]["method"] = "guess".into();
    later["gaps"][0]["why"] = "busy".into();
    let shown: Value = serde_json::from_str(&converted(&later, &["json"])).expect("JSON");
    for place in [
        "/profile",
        "/host/os",
        "/scopes/0/ranges/0/role",
        "/scopes/0/ranges/0/source/kind",
        "/scopes/0/reserved/0/kind",
        "/scopes/0/usage/method",
        "/gaps/0/why",
    ] {
        assert_eq!(shown.pointer(place), later.pointer(place), "{place}");
    }
    assert!(converted(&later, &["table", "-v"]).contains("(busy)"));
    for place in [
        "/status",
        "/rules/0/verdict",
        "/rules/0/severity",
        "/policy/fail_on",
        "/scopes/0/ranges/0/state",
        "/scopes/0/ranges/0/transports/0",
    ] {
        let mut later = report("undetermined");
        *later.pointer_mut(place).expect(place) = "perhaps".into();
        let file = tempfile::NamedTempFile::new().expect("a file");
        fs::write(file.path(), later.to_string()).expect("written");
        let output = run(&["convert", file.path().to_str().expect("UTF-8")]);
        assert_eq!(code(&output), 2, "{place}");
        let said = stderr(&output);
        assert!(output.stdout.is_empty() && said.contains("unknown variant `perhaps`"), "{said}");
    }
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

/// What one host says of itself, and what the command line says of it.
#[test]
fn a_host_is_who_the_command_line_says_it_is() {
    let id = "0123456789ABCDEF0123456789abcdef";
    let line =
        ["--host", "node7", "--host-id", id, "--label", "env=prod,role=web", "--run-id", "7"];
    let show = run(&[&["show", "--format", "json"], &line[..]].concat());
    let document: Value = serde_json::from_slice(&show.stdout).expect("JSON");
    assert_eq!(document["host"]["name"], "node7");
    assert_eq!(document["host"]["id"], id.to_lowercase());
    assert_eq!(document["host"]["id_source"], "given");
    assert_eq!(document["host"]["labels"][1]["value"], "web");
    assert_eq!(document["run"], "7");
    assert_eq!(code(&run(&["--label", "ENV=prod"])), 2);
    let absence = run(&["absence", "--host", "node8", "--why", "timed-out"]);
    let absence: Value = serde_json::from_slice(&absence.stdout).expect("JSON");
    assert_eq!((&absence["kind"], &absence["why"]), (&"absence".into(), &"timed-out".into()));
}

/// A summary that its facts do not bear out is no summary.
#[test]
fn a_report_with_the_summary_of_another_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("report.json");
    let saved = fs::read_to_string("fixtures/reports/findings.json").expect("a report");
    fs::write(&path, saved.replacen("\"shape\": \"", "\"shape\": \"0", 1)).expect("a file");
    let told = run(&["convert", path.to_str().expect("UTF-8")]);
    assert_eq!(code(&told), 2);
    assert!(stderr(&told).contains("its summary is not that of its facts"), "{}", stderr(&told));
}
