//! Evidence that somebody made to hurt: it takes neither memory nor time, and is never a pass.

use std::ffi::OsStr;
use std::fmt::Write;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::linux::support::within;
use crate::support::evidence::{bounds, document, range};
use crate::support::{code, ephaudit, run, stderr};

const MIB: usize = 1024 * 1024;
/// Many times what it takes, even without optimisation; the square of such an input takes longer.
const PATIENCE: Duration = Duration::from_secs(30);
const NOTHING: &str = "nothing about ephemeral ports";

/// A folder with one file of evidence, and the file.
fn file(bytes: impl AsRef<[u8]>) -> (TempDir, PathBuf) {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("evidence");
    fs::write(&path, bytes).expect("a file");
    (folder, path)
}

/// The audit of `paths` with so many bytes for all its data and no more.
fn audited<P: AsRef<Path>>(memory: usize, paths: &[P]) -> Output {
    let begun = Instant::now();
    let mut args: Vec<&OsStr> = ["--format", "json", "--from"].map(OsStr::new).to_vec();
    args.extend(paths.iter().map(|path| path.as_ref().as_os_str()));
    let output = within(memory, &args);
    assert!(begun.elapsed() < PATIENCE, "it took {:?}", begun.elapsed());
    output
}

/// What `convert` makes of a report in a format with so much memory for its data.
fn converted(memory: usize, report: &Value, format: &str) -> Output {
    let (_folder, path) = file(report.to_string());
    within(memory, &["convert", "--format", format, path.to_str().expect("UTF-8")])
}

/// A saved report takes no many times its size, in whatever format, and what would is refused.
#[test]
fn a_report_takes_a_few_times_its_length_or_is_refused() {
    let saved = || -> Value {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/reports/findings.json");
        let mut report: Value =
            serde_json::from_slice(&fs::read(path).expect("a report")).expect("JSON");
        // It is made again of what the report is changed to.
        report["summary"] = Value::Null;
        report
    };
    let id = saved()["scopes"][0]["id"].clone();
    let size = 8 * MIB;
    let gap =
        serde_json::json!({"rule": null, "scope": id, "what": "w", "why": "denied", "detail": "d"});
    for (said, change) in [
        (
            "a text of",
            &(|report: &mut Value| report["findings"][0]["message"] = "a ".repeat(size / 2).into())
                as &dyn Fn(&mut Value),
        ),
        ("more than 50000 gaps", &|report| report["gaps"] = vec![gap.clone(); 50_001].into()),
        ("more than 1024 names", &|report| {
            report["scopes"][0]["names"] = vec!["a"; 1025].into();
        }),
        // What a format makes of it is another bound: six characters where there is one.
        ("as junit the report takes more than 31 MiB", &|report| {
            let mut finding = report["findings"][0].clone();
            finding["message"] = "\u{7f}".repeat(200_000).into();
            let many = (0..size / 200_000).map(|number| {
                finding["fingerprint"] = number.to_string().into();
                finding.clone()
            });
            report["findings"] = many
                .chain(saved()["findings"].as_array().expect("findings").iter().skip(1).cloned())
                .collect();
        }),
    ] {
        let mut report = saved();
        change(&mut report);
        let refused = refusal(&converted(4 * size, &report, "junit"));
        assert!(refused.contains(said), "{refused}");
    }
    // Long texts full of what is escaped, small findings, small gaps, all of one rule.
    let mut report = saved();
    let finding = report["findings"][0].clone();
    let long = ["words & words, ", "\"quotes\" ", "\u{1}"];
    report["findings"] = (0..2020)
        .map(|number| {
            let mut finding = finding.clone();
            finding["title"] = format!("{number}").into();
            finding["fingerprint"] = format!("{number}").into();
            if number < 20 {
                finding["message"] = long[number % 3].repeat(200_000 / 15).into();
            }
            finding
        })
        .chain(saved()["findings"].as_array().expect("findings").iter().skip(1).cloned())
        .collect();
    let mut gap = gap;
    gap["rule"] = finding["rule"].clone();
    report["gaps"] = (0..4_000)
        .map(|number| {
            gap["detail"] = format!("{number}").into();
            gap.clone()
        })
        .collect();
    report["rules"][0]["reason"] = "some".into();
    let size = report.to_string().len();
    for format in [
        "table",
        "json",
        "ndjson",
        "csv",
        "junit",
        "sarif",
        "ocsf",
        "status",
        "html",
        "prometheus",
        "openmetrics",
        "nagios",
        "checkmk",
        "markdown",
    ] {
        let output = converted(3 * size, &report, format);
        assert!(stderr(&output).is_empty(), "{format}: {}", stderr(&output));
        assert!(output.stdout.len() < 4 * size, "{format}: {} bytes", output.stdout.len());
        assert!(!output.stdout.is_empty(), "{format}");
    }
}

/// The one line of a refusal.
fn refusal(output: &Output) -> String {
    let said = stderr(output);
    assert_eq!(code(output), 2, "{said}");
    assert!(output.stdout.is_empty() && said.lines().count() == 1 && said.len() < 1000, "{said}");
    said
}

/// The document of evidence that could be read, which is no pass: none of these tests gives a whole
/// host.
fn no_pass(output: &Output) -> Value {
    assert!(matches!(code(output), 1 | 3), "{}: {}", output.status, stderr(output));
    document(output)
}

fn utf16(text: &str) -> Vec<u8> {
    format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect()
}

#[test]
fn a_text_of_one_line_is_held_once() {
    let size = 2 * MIB;
    let objects = format!("[{}{{\"DynamicPortRangeStartPort\":1}}]", "{\"\":0},".repeat(size / 8));
    for (name, bytes, said) in [
        ("letters", vec![b'a'; size], NOTHING),
        ("not UTF-8", vec![0xff; size], "not text: 2097152 of its bytes are not UTF-8"),
        ("NUL", vec![0; size], NOTHING),
        ("UTF-16", utf16(&"漢".repeat(size / 2 - 1)), NOTHING),
        ("nested arrays", vec![b'['; size], NOTHING),
        ("nested objects", b"{\"PortRange\":".repeat(size / 13), NOTHING),
        ("small objects", objects.into_bytes(), NOTHING),
        ("a long name", [b"net.ipv4.ip_", &[b'a'; 300][..], b" = 1\n"].concat(), NOTHING),
    ] {
        let (_folder, path) = file(&bytes);
        // 64 MiB for the 16 MiB that are read at most.
        let output = audited(4 * size, &[path]);
        assert!(refusal(&output).contains(said), "{name}: {}", stderr(&output));
    }
}

#[test]
fn many_lines_take_no_memory_each_and_linear_time() {
    let size = MIB / 4;
    let table = "PROTO PROPERTY CURRENT\n";
    let dynamic_port = "Protocol tcp Dynamic Port Range\n---\na:1\nb:1\n\n";
    let template = "DynamicPortRangeStartPort:\nDynamicPortRangeNumberOfPorts:\n\n";
    for (head, line, said) in [
        ("", "\n", Some(NOTHING)),
        ("", "a=\n", Some(NOTHING)),
        ("", "net.ipv4.ip_local_port_range = 1 2\n", None),
        (table, "a b c\n", Some(NOTHING)),
        (table, "tcp largest-anon-port 1\n", None),
        ("ipadm show-prop -co current -p a tcp\n", "1\n", Some(NOTHING)),
        ("", "/usr/sbin/ndd /dev/ a\n1\n", None),
        ("", "---\n", Some(NOTHING)),
        ("", dynamic_port, Some("too many tables")),
        ("", template, Some("too many templates")),
    ] {
        let (_folder, path) = file(format!("{head}{}", line.repeat(size / line.len())));
        let output = audited(size + MIB + MIB / 2, &[path]);
        match said {
            Some(said) => assert!(refusal(&output).contains(said), "{line}: {}", stderr(&output)),
            None => drop(no_pass(&output)),
        }
    }
}

#[test]
fn all_files_together_have_one_bound_and_so_has_a_pipe() {
    let (folder, _) = file("");
    let files: Vec<PathBuf> = (0..20).map(|i| folder.path().join(i.to_string())).collect();
    for path in &files {
        fs::write(path, vec![b'a'; MIB]).expect("a file");
    }
    let said = refusal(&audited(64 * MIB, &files));
    assert!(said.contains("/16: larger than 16 MiB with the files before it"), "{said}");
    let said = refusal(&audited(64 * MIB, &[folder.path()]));
    assert!(said.contains("larger than 16 MiB with the files before it"), "{said}");
    for path in &files {
        fs::write(path, "").expect("a file");
    }
    let said = refusal(&audited(64 * MIB, &files));
    assert!(said.contains("/7 and 12 others; it takes"), "an error names the first few: {said}");
    let endless = ephaudit(&["--from", "-"])
        .stdin(Stdio::from(File::open("/dev/zero").expect("it is there")))
        .output()
        .expect("it starts");
    assert!(refusal(&endless).contains("--from -: larger than 16 MiB"));
    let output = run(&["show", "--from", "/dev/zero"]);
    assert!(refusal(&output).contains("/dev/zero: it is not an ordinary file"));
}

#[test]
fn what_is_longer_or_more_than_a_system_prints_is_unknown_or_refused() {
    let digits = "9".repeat(600 * 1024);
    let name = "net.ipv4.ip_local_port_range";
    let (_folder, path) = file(format!("{name} = {digits}\n{name} = 32768 60999\n"));
    let document = no_pass(&audited(64 * MIB, &[path]));
    assert_eq!(range(&document, "tcp", "ipv4")["reason"], "unparsable", "it is told twice");
    let (_folder, path) = file(format!("{name} = {digits}\n"));
    let document = no_pass(&audited(64 * MIB, &[path]));
    assert_eq!(range(&document, "tcp", "ipv4")["reason"], "truncated");

    let named = |count: usize, value: &str| {
        (0..count).fold(String::new(), |mut text, i| {
            writeln!(text, "net.ipv4.ip_{i} = {value}").expect("a String");
            text
        })
    };
    for text in [named(5000, "1"), named(10, &"9".repeat(500 * 1024))] {
        let (_folder, path) = file(text);
        let said = refusal(&audited(64 * MIB, &[path]));
        assert!(said.contains("more than 4096 tunables about ports"), "{said}");
    }

    // What a terminal takes for itself is no part of a name.
    for (letter, length) in [("\u{7}", Some(256)), ("\u{1b}", None)] {
        let host = letter.repeat(400 * 1024);
        let (_folder, path) = file(format!("net.inet.ip.portfirst=1024\nkern.hostname={host}\n"));
        let document = no_pass(&audited(8 * MIB, &[path]));
        assert_eq!(document["host"]["name"].as_str().map(str::len), length);
    }
}

#[test]
fn json_of_any_size_is_read_and_so_is_utf16() {
    let template = r#"{"SettingName":"Internet","DynamicPortRangeStartPort":9000,"DynamicPortRangeNumberOfPorts":1000}"#;
    let (_folder, path) = file(format!("[{}{template}]", "{\"a\":[[]]},".repeat(MIB / 11)));
    let document = no_pass(&audited(4 * MIB, &[path]));
    assert_eq!(bounds(range(&document, "tcp", "ipv4")), (9000, 9999));
    let text = "net.inet.ip.portfirst=1024\r\nnet.inet.ip.portlast=2047\r\n";
    let (_folder, path) = file(utf16(text));
    let document = no_pass(&audited(4 * MIB, &[path]));
    assert_eq!(bounds(range(&document, "tcp", "ipv4")), (1024, 2047));
}

/// The files of a host with so many TCP listeners, each on a port of the pool.
fn listening(count: u16) -> TempDir {
    let folder = TempDir::new().expect("a folder");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
        fs::write(path, text).expect("a file");
    };
    write("proc/sys/net/ipv4/ip_local_port_range", "1024\t65535\n");
    write("proc/sys/net/ipv4/ip_local_reserved_ports", "\n");
    write("proc/sys/kernel/osrelease", "6.1.0\n");
    let heading = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";
    let mut tcp = heading.to_owned();
    for i in 0..count {
        let port = 1024 + i;
        let rest = "00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0";
        writeln!(tcp, "{i}: 00000000:{port:04X} {rest} {i} 1 0 100 0 0 10 0").expect("a String");
    }
    write("proc/net/tcp", &tcp);
    folder
}

#[test]
fn of_many_listeners_some_are_told_one_by_one_and_all_are_counted() {
    let folder = listening(16_000);
    let output = audited(64 * MIB, &[folder.path()]);
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    // Too long for the test's own validator.
    let document: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let findings = document["findings"].as_array().expect("findings");
    let told: Vec<&Value> = findings.iter().filter(|f| f["rule"] == "listener-in-pool").collect();
    assert_eq!(told.len(), 257);
    let others = "10,185 more listeners of tcp inside the pool and not reserved";
    let together = told.iter().find(|f| f["title"] == others).expect("the others");
    assert_eq!(together["severity"], "medium", "most are on the parity that is asked for");
    let unclear = told.iter().find(|f| f["severity"] == "low").expect("those without a sign");
    let title = unclear["title"].as_str().expect("a title");
    assert!(title.contains(" 5,560 ports "), "255 + 10,185 + 5,560 are all: {title}");
    let listeners = &document["scopes"][0]["listeners"];
    assert_eq!(listeners["items"].as_array().map(Vec::len), Some(1000));
    assert_eq!((&listeners["count"], &listeners["truncated"]), (&16_000.into(), &true.into()));
    assert_eq!(listeners["totals"][0]["in_pool"], 16_000);

    let folder = listening(17_000);
    let output = audited(64 * MIB, &[folder.path()]);
    let document: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(document["scopes"][0]["listeners"]["reason"], "truncated");
    assert_eq!(document["scopes"][0]["listeners"]["items"], Value::Array(Vec::new()));
}

#[test]
fn a_capture_or_a_label_that_is_too_large_is_refused_before_it_is_understood() {
    let (_folder, path) = file(format!("{{\"ephaudit_capture\":{}", "[".repeat(5 * MIB)));
    assert!(refusal(&audited(16 * MIB, &[path])).contains("a capture of more than 4 MiB"));
    let label = TempDir::new().expect("a folder");
    let list = format!("a = [{}", "[],".repeat(MIB));
    fs::write(label.path().join("capture.toml"), list).expect("a file");
    let said = refusal(&audited(16 * MIB, &[label.path()]));
    assert!(said.contains("capture.toml: larger than 64 KiB"), "{said}");
    let key = format!("{{\"ephaudit_capture\":1,\"{}\":0}}", "k".repeat(MIB));
    let (_folder, path) = file(key);
    assert!(refusal(&audited(16 * MIB, &[path])).contains("not a capture of ephaudit"));
}
