//! `fleet`: a fleet whose truth is known, and what stands in the way of it.

#[path = "fleet/generated.rs"]
mod generated;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use flate2::Compression;
use flate2::write::GzEncoder;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use serde_json::{Value, json};

use self::generated::{Generated, replaced};
use crate::support::{code, ephaudit, run, stderr, stdout};

/// Ages count from then.
const NOW: [&str; 2] = ["--now", "2026-11-28T00:00:00Z"];

fn saved(name: &str) -> String {
    format!("{}/fixtures/reports/{name}.json", env!("CARGO_MANIFEST_DIR"))
}

/// What `fleet` says as JSON, and its exit code.
fn fleet(args: &[&str]) -> (Value, i32) {
    let output = run(&[&["fleet", "--format", "json"], &NOW[..], args].concat());
    let fleet = serde_json::from_slice(&output.stdout);
    (fleet.unwrap_or_else(|_| panic!("{args:?}: {}", stderr(&output))), code(&output))
}

fn counts(list: &Value, name: &str, count: &str) -> BTreeMap<String, u64> {
    let rows = list.as_array().expect("a list").iter();
    let row = |row: &Value| (row[name].as_str().expect("a name").to_owned(), row[count].as_u64());
    let mut all = BTreeMap::new();
    for (name, count) in rows.map(row) {
        *all.entry(name).or_default() += count.expect("a count");
    }
    all
}

#[test]
fn a_fleet_comes_to_what_is_true_of_it() {
    let seeds = std::env::var("EPHAUDIT_FLEET_SEEDS").map_or(3, |n| n.parse().expect("a number"));
    let hosts = std::env::var("EPHAUDIT_FLEET_HOSTS").map_or(400, |n| n.parse().expect("a number"));
    for seed in 1..=seeds {
        let made = Generated::new(seed, hosts);
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("fleet.ndjson");
        fs::write(&path, &made.bytes).expect("written");
        let inventory = folder.path().join("inventory.txt");
        let expected: Vec<&str> = made.truth.expected.iter().map(String::as_str).collect();
        fs::write(&inventory, expected.join("\n")).expect("written");
        let (path, inventory) = (path.to_str().expect("UTF-8"), inventory.to_str().expect("UTF-8"));
        let (told, exit) = fleet(&[path, "--inventory", inventory]);
        assert_eq!(exit, 1, "seed {seed}");
        let truth = &made.truth;
        let input = &told["input"];
        assert_eq!(input["lines"], truth.lines, "seed {seed}: lines");
        assert_eq!(input["bytes"], made.bytes.len(), "seed {seed}: bytes");
        assert_eq!(input["blank"], truth.blank, "seed {seed}: blank");
        assert_eq!(input["reports"], truth.reports, "seed {seed}: reports");
        assert_eq!(input["absences"], truth.absences, "seed {seed}: absences");
        assert_eq!(
            input["rejected"]["count"], truth.rejected,
            "seed {seed}: {}",
            input["rejected"]
        );
        assert_eq!(told["hosts"]["count"], made.hosts(), "seed {seed}: hosts");
        let superseded = truth.reports - made.hosts() as u64;
        assert_eq!(input["superseded"], superseded, "seed {seed}: superseded");
        for (status, count) in made.statuses() {
            assert_eq!(told["hosts"]["status"][&status], count, "seed {seed}: {status}");
        }
        assert_eq!(counts(&told["shapes"], "settings", "hosts"), made.shapes(), "seed {seed}");
        let failed = made.failed();
        let rows = told["findings"].as_array().expect("a list").iter();
        let mut found: BTreeMap<String, u64> = BTreeMap::new();
        for row in rows.filter(|row| row["waived"] == false) {
            let hosts = row["hosts"].as_u64().expect("a count");
            let all = found.entry(row["rule"].as_str().expect("a rule").to_owned()).or_default();
            // Of several severities each has a row.
            *all = (*all).max(hosts);
        }
        assert_eq!(found.keys().collect::<Vec<_>>(), failed.keys().collect::<Vec<_>>());
        assert!(found.iter().all(|(rule, hosts)| failed[rule] >= *hosts), "seed {seed}");
        let (missing, unexpected) = made.missing();
        assert_eq!(told["coverage"]["missing"]["count"], missing, "seed {seed}: missing");
        assert_eq!(told["coverage"]["unexpected"]["count"], unexpected, "seed {seed}: unexpected");
    }
}

/// What does not depend on where the lines come from.
fn content(mut fleet: Value) -> String {
    fleet["input"]["files"] = Value::Null;
    fleet["input"]["rejected"]["items"] = Value::Null;
    fleet.to_string()
}

#[test]
fn the_answer_is_the_same_however_the_lines_come() {
    let made = Generated::new(7, 300);
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(&path, bytes).expect("written");
        path.to_str().expect("UTF-8").to_owned()
    };
    let plain = write("fleet.ndjson", &made.bytes);
    let whole = content(fleet(&[&plain]).0);
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(&made.bytes).expect("compressed");
    let gzip = write("fleet.gz", &gzip.finish().expect("compressed"));
    assert_eq!(content(fleet(&[&gzip]).0), whole, "gzip");
    // Frame behind frame, as `cat *.zst` makes it.
    let half = made.bytes.len() / 2;
    let frames = [&made.bytes[..half], &made.bytes[half..]]
        .map(|half| compress_to_vec(half, CompressionLevel::Fastest))
        .concat();
    let zstd = write("fleet.zst", &frames);
    assert_eq!(content(fleet(&[&zstd]).0), whole, "zstd");
    for jobs in ["2", "4"] {
        assert_eq!(content(fleet(&[&plain, "--jobs", jobs]).0), whole, "{jobs} jobs");
    }
    let lines: Vec<&[u8]> = made.bytes.split_inclusive(|byte| *byte == b'\n').collect();
    for (at, part) in lines.chunks(lines.len().div_ceil(40)).enumerate() {
        write(&format!("forty/{at}.ndjson"), &part.concat());
    }
    let forty = folder.path().join("forty").to_str().expect("UTF-8").to_owned();
    assert_eq!(content(fleet(&[&forty, "--jobs", "2"]).0), whole, "forty files");
    let turned: Vec<u8> = lines.iter().rev().copied().flatten().copied().collect();
    let turned = write("turned.ndjson", &turned);
    assert_eq!(content(fleet(&[&turned]).0), whole, "turned around");
    let mut child = ephaudit(&[&["fleet", "--format", "json", "-"], &NOW[..]].concat())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    let bytes = made.bytes.clone();
    let writer = std::thread::spawn(move || stdin.write_all(&bytes));
    let output = child.wait_with_output().expect("it ends");
    writer.join().expect("it wrote").expect("all of it");
    let piped: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(content(piped), whole, "standard input");
}

/// Runs `fleet` on one text; its exit code and the reasons of its rejected rows.
fn reasons(bytes: &[u8]) -> (i32, Vec<String>, Value) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("fleet.ndjson");
    fs::write(&path, bytes).expect("written");
    let (fleet, exit) = fleet(&[path.to_str().expect("UTF-8")]);
    let items = fleet["input"]["rejected"]["items"].as_array().expect("a list").iter();
    (exit, items.map(|row| row["reason"].as_str().expect("a word").to_owned()).collect(), fleet)
}

#[test]
fn what_is_no_report_has_its_reason() {
    let whole = stdout(&run(&["convert", &saved("compliant"), "--format", "ndjson"]));
    let line = whole.trim_end();
    let status = line.replacen("\"status\":\"compliant\"", "\"status\":\"findings\"", 1);
    let shape = line.replacen("\"shape\":\"", "\"shape\":\"0", 1);
    let cases = [
        (line[..line.len() / 2].to_owned(), "truncated"),
        ("nonsense".to_owned(), "not-json"),
        ("{}".to_owned(), "not-a-report"),
        ("{\"ephaudit_capture\":1}".to_owned(), "capture"),
        (line.replacen("1.1", "2.0", 1), "other-version"),
        (line.replacen("\"kind\":\"report\"", "\"kind\":\"probe\"", 1), "not-a-report"),
        (status, "contradicts-itself"),
        (shape, "contradicts-itself"),
        (line.replacen("\"current\":true", "\"current\":false", 1), "contradicts-itself"),
        (line.replacen("2026-11-22T05", "2026-13-22T05", 1), "bad-time"),
        (line.replacen("\"verdict\":\"pass\"", "\"verdict\":\"fine\"", 1), "not-a-report"),
    ];
    for (text, reason) in cases {
        let (exit, told, fleet) = reasons(text.as_bytes());
        assert_eq!((exit, &told[..]), (3, &[reason.to_owned()][..]), "{text:.80}");
        assert_eq!(fleet["hosts"]["count"], 0, "{reason}");
    }
    assert_eq!(reasons(b"{\"\xff\":1}").1, ["not-utf8"]);
    let (exit, told, fleet) = reasons(format!("\u{feff}{line}\r\n\r\n").as_bytes());
    assert_eq!((exit, told.len(), &fleet["input"]["blank"]), (0, 0, &json!(1)));
    let indented = fs::read(saved("compliant")).expect("a report");
    assert_eq!(reasons(&indented).2["hosts"]["count"], 1, "indented");
}

/// `convert` and `fleet` believe the same reports.
#[test]
fn a_saved_report_is_a_fleet_of_one() {
    for entry in
        fs::read_dir(format!("{}/fixtures/reports", env!("CARGO_MANIFEST_DIR"))).expect("a folder")
    {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|end| end != "json") {
            continue;
        }
        let text = fs::read(&path).expect("a report");
        let report: Value = serde_json::from_slice(&text).expect("JSON");
        let (fleet, exit) = fleet(&[path.to_str().expect("UTF-8")]);
        assert_eq!(fleet["hosts"]["count"], 1, "{}", path.display());
        assert_eq!(fleet["shapes"][0]["shape"], report["summary"]["shape"], "{}", path.display());
        let expected = match report["status"].as_str() {
            Some("compliant") => 0,
            Some("findings") => 1,
            _ => 3,
        };
        assert_eq!(exit, expected, "{}", path.display());
    }
}

#[test]
fn a_host_that_complies_only_by_its_own_word_is_not_counted() {
    let report = fs::read(saved("compliant")).expect("a report");
    let believed: Value = serde_json::from_slice(&report).expect("JSON");
    let forgeries: [fn(&mut Value); 3] = [
        |scope| scope["ranges"][0]["first"] = 1024.into(),
        |scope| scope["pools"][0]["ports"] = 1.into(),
        |scope| scope["unprivileged_start"]["state"] = "unknown".into(),
    ];
    for forge in forgeries {
        let mut report = believed.clone();
        forge(&mut report["scopes"][0]);
        report["summary"] = Value::Null;
        let (exit, reasons, told) = reasons(report.to_string().as_bytes());
        assert_eq!((exit, &reasons[..]), (3, &["contradicts-itself".to_owned()][..]), "{told}");
        assert_eq!(told["hosts"]["count"], 0);
    }
}

#[test]
fn what_cannot_be_read_is_a_rejected_row_and_no_input_is_an_error() {
    let folder = tempfile::tempdir().expect("a folder");
    let empty = folder.path().to_str().expect("UTF-8");
    assert_eq!(code(&run(&["fleet", empty])), 2);
    assert_eq!(code(&run(&["fleet"])), 2);
    let good = saved("compliant");
    let (told, exit) = fleet(&[&good, "/nonexistent/report.json"]);
    assert_eq!((exit, &told["hosts"]["count"]), (3, &json!(1)));
    assert_eq!(told["input"]["rejected"]["items"][0]["reason"], "unreadable-file");
    // A window of 2 GiB is not taken, nor is an archive that ends too soon.
    let bomb = folder.path().join("bomb.zst");
    fs::write(&bomb, [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa8, 0, 0, 0]).expect("written");
    let (told, exit) = fleet(&[bomb.to_str().expect("UTF-8")]);
    let row = &told["input"]["rejected"]["items"][0];
    assert_eq!((exit, &row["reason"]), (3, &json!("damaged-archive")), "{row}");
    assert!(row["detail"].as_str().is_some_and(|detail| detail.contains("32 MiB")), "{row}");
    let line = run(&["convert", &good, "--format", "ndjson"]).stdout;
    let mut archive = compress_to_vec(&line.repeat(40)[..], CompressionLevel::Fastest);
    archive.truncate(archive.len() - 3);
    fs::write(&bomb, archive).expect("written");
    let (told, _) = fleet(&[bomb.to_str().expect("UTF-8")]);
    assert_eq!(told["input"]["rejected"]["items"][0]["reason"], "damaged-archive");
}

#[test]
fn a_line_without_end_is_passed_over_and_the_next_counts() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("long.ndjson");
    let mut file = fs::File::create(&path).expect("a file");
    let piece = vec![b'['; 1024 * 1024];
    (0..70).for_each(|_| file.write_all(&piece).expect("written"));
    file.write_all(b"\n").expect("written");
    let line = run(&["convert", &saved("compliant"), "--format", "ndjson"]).stdout;
    file.write_all(&line).expect("written");
    drop(file);
    let (told, exit) = fleet(&[path.to_str().expect("UTF-8")]);
    assert_eq!((exit, &told["hosts"]["count"]), (3, &json!(1)));
    assert_eq!(told["input"]["rejected"]["items"][0]["reason"], "too-long");
    assert_eq!(told["input"]["bytes"], fs::metadata(&path).expect("a file").len());
    assert_eq!(told["input"]["lines"], 2);
}

/// A report may be torn anywhere; its beginning and its end are looked at byte by byte.
#[test]
fn a_torn_report_is_never_counted() {
    let line = stdout(&run(&["convert", &saved("undetermined"), "--format", "ndjson"]));
    let line = line.trim_end();
    let torn = |at: usize| &line.as_bytes()[..at];
    let near = |at: &usize| *at < 300 || *at > line.len() - 300 || at % 41 == 0;
    // A `{` alone on the first line would begin one indented report.
    let places: Vec<usize> = (2..line.len()).filter(near).collect();
    let all: Vec<u8> = places.iter().flat_map(|at| [torn(*at), b"\n"].concat()).collect();
    let (exit, _, told) = reasons(&all);
    assert_eq!((exit, &told["hosts"]["count"]), (3, &json!(0)));
    assert_eq!(told["input"]["rejected"]["count"], places.len());
}

#[test]
fn rows_of_one_roll_up_are_the_old_run_of_the_next() {
    let folder = tempfile::tempdir().expect("a folder");
    let made = |name: &str, hosts: &[(&str, &str)]| {
        let path = folder.path().join(name);
        let lines: String = hosts
            .iter()
            .map(|(host, report)| {
                let line = stdout(&run(&["convert", &saved(report), "--format", "ndjson"]));
                replaced(&line, "\"host\":{\"name\":", ",", &format!("\"{host}\""))
            })
            .collect();
        fs::write(&path, lines).expect("written");
        path.to_str().expect("UTF-8").to_owned()
    };
    let old = made(
        "old.ndjson",
        &[("a", "findings"), ("b", "compliant"), ("c", "findings"), ("d", "compliant")],
    );
    let new = made(
        "new.ndjson",
        &[("a", "compliant"), ("b", "findings"), ("c", "undetermined"), ("e", "compliant")],
    );
    let rows = folder.path().join("rows.ndjson");
    let rows = rows.to_str().expect("UTF-8");
    let listed = run(&[&["fleet", &old, "--format", "hosts", "-o", rows], &NOW[..]].concat());
    assert_eq!(code(&listed), 1);
    for old in [&old[..], rows] {
        let told = run(&[&["fleet", "diff", old, &new, "--format", "json"], &NOW[..]].concat());
        assert_eq!(code(&told), 1, "{}", stderr(&told));
        let diff: Value = serde_json::from_slice(&told.stdout).expect("JSON");
        let hosts = &diff["hosts"];
        assert_eq!((&hosts["in_both"], &hosts["worse"]), (&json!(3), &json!(1)));
        assert_eq!(hosts["gone"]["items"][0]["name"], "d");
        assert_eq!(hosts["came"]["items"][0]["name"], "e");
        let rule = |name: &str| {
            let rules = diff["rules"].as_array().expect("a list").iter();
            rules.clone().find(|row| row["rule"] == name).cloned().unwrap_or_default()
        };
        // It passes on one, and on the other nobody knows.
        let row = rule("listener-in-pool");
        assert_eq!((&row["fixed"], &row["new"]), (&json!(1), &json!(1)), "{row}");
        assert_eq!(row["lost_sight"], 1, "{row}");
    }
    let same = run(&[&["fleet", "diff", &old, &old], &NOW[..]].concat());
    assert_eq!(code(&same), 0);
    assert!(stdout(&same).starts_with("CHANGES  4 hosts in both, 0 changed"), "{}", stdout(&same));
}

#[test]
fn every_format_is_written_whole_or_not_at_all() {
    let folder = tempfile::tempdir().expect("a folder");
    let made = Generated::new(3, 60);
    let path = folder.path().join("fleet.ndjson");
    fs::write(&path, &made.bytes).expect("written");
    let path = path.to_str().expect("UTF-8");
    for format in ["table", "json", "hosts", "csv", "html", "markdown", "prometheus", "openmetrics"]
    {
        let output = run(&[&["fleet", path, "--format", format], &NOW[..]].concat());
        assert_eq!(code(&output), 1, "{format}: {}", stderr(&output));
        assert!(!output.stdout.is_empty(), "{format}");
        if Path::new("/dev/full").exists() {
            let full =
                run(&[&["fleet", path, "--format", format, "-o", "/dev/full"], &NOW[..]].concat());
            assert_eq!(code(&full), 4, "{format}");
        }
    }
    let rows = stdout(&run(&[&["fleet", path, "--format", "hosts"], &NOW[..]].concat()));
    assert_eq!(rows.lines().count(), made.hosts());
    let some = ["--hosts", "status=findings", "--hosts", "rule=listener-in-pool"];
    let some = run(&[&["fleet", path, "--format", "hosts"], &some[..], &NOW[..]].concat());
    for row in stdout(&some).lines() {
        let row: Value = serde_json::from_str(row).expect("JSON");
        let failed = row["failed"].as_array().expect("a list");
        assert!(row["status"] == "findings" && failed.contains(&json!("listener-in-pool")));
    }
}
