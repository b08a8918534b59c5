//! The command line on Linux: exit codes, outputs, widths.

use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;

use serde_json::Value;

use crate::linux::support::namespace::{inside, set, sh};
use crate::support::{assert_valid, code, complains, ephaudit, json, run, stderr, stdout};

#[test]
fn the_exit_codes_are_the_contract() {
    inside(|| {
        // 1: a stock range
        assert_eq!(code(&run(&[])), 1);
        assert_eq!(code(&run(&["audit"])), 1);
        assert_eq!(code(&run(&["--exit-zero"])), 0);
        assert_eq!(code(&run(&["--fail-on", "high"])), 0);
        assert_eq!(code(&run(&["--fail-on", "none"])), 0);
        assert_eq!(code(&run(&["--profile", "vendor"])), 0, "the vendor's default is information");
        assert_eq!(code(&run(&["--profile", "vendor", "--fail-on", "info"])), 1);
        // 0: the Dynamic Ports
        set("ip_local_port_range", "49152 65535");
        assert_eq!(code(&run(&[])), 0);
        assert_eq!(code(&run(&["--profile", "vendor"])), 1, "drift counts");
        assert_eq!(code(&run(&["--fail-on", "info"])), 0);
        // 1 even under --fail-on high: System Ports
        set("ip_unprivileged_port_start", "500");
        set("ip_local_port_range", "500 65535");
        assert_eq!(code(&run(&["--fail-on", "high"])), 1);
        assert_eq!(code(&run(&["--fail-on", "critical"])), 0);
        // 3: nothing found, and something hidden; 1 wins over 3
        set("ip_local_port_range", "49152 65535");
        set("ip_unprivileged_port_start", "1024");
        sh("mount", &["--bind", "/dev/null", "/proc/sys/net/ipv4/ip_local_reserved_ports"]);
        assert_eq!(code(&run(&[])), 3);
        assert_eq!(code(&run(&["--fail-on", "none"])), 3);
        assert_eq!(code(&run(&["--exit-zero"])), 0);
        set("ip_local_port_range", "32768 60999");
        assert_eq!(code(&run(&[])), 1);
        assert_eq!(code(&run(&["--fail-on", "high"])), 3, "medium findings do not hide the gap");
        // 4 wins over all, and --exit-zero does not hide it
        assert_eq!(code(&run(&["--exit-zero", "--output", "/dev/full"])), 4);
    });
}

#[test]
fn a_full_device_is_4() {
    for args in [
        &[][..],
        &["show"],
        &["--format", "json"],
        &["schema"],
        &["rules"],
        &["explain", "80"],
        &["boot"],
        &["--help"],
        &["-V"],
    ] {
        let full = File::options().write(true).open("/dev/full").expect("/dev/full");
        let output = ephaudit(args).stdout(full).output().expect("it runs");
        assert_eq!(output.status.code(), Some(4), "{args:?}");
        assert!(stderr(&output).starts_with("ephaudit: cannot write to standard output"));
    }
    complains(&["--output", "/dev/full"], 4, "/dev/full");
    complains(&["--registry", "/dev/zero"], 2, "it is not an ordinary file");
    let large = tempfile::NamedTempFile::new().expect("a file");
    large.as_file().set_len(65 << 20).expect("a hole");
    complains(&["--registry", large.path().to_str().expect("UTF-8")], 2, "64 MiB");
    assert!(
        fs::metadata("/dev/full").is_ok_and(|kind| !kind.is_file()),
        "/dev/full is a device still"
    );
    complains(&["--output", "/nonexistent/x"], 4, "/nonexistent/x");
    complains(&["--output", "/"], 4, "/");
}

#[test]
fn output_is_written_whole_and_replaces_the_old_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("report.json");
    fs::write(&path, "old").expect("a file");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("a mode");
    let before = inode(&path);
    let link = folder.path().join("link");
    symlink(&path, &link).expect("a link");
    let output = run(&["show", "--format", "json", "-o", &link.display().to_string()]);
    assert_eq!((code(&output), stdout(&output)), (0, String::new()));
    let document: Value =
        serde_json::from_slice(&fs::read(&path).expect("the report")).expect("JSON");
    assert_ne!(inode(&path), before, "a new file took the old one's place");
    assert_eq!(mode(&path), 0o640, "who may read it stays as it was");
    assert_valid(&document);
    assert!(
        fs::symlink_metadata(&link).is_ok_and(|kind| kind.is_symlink()),
        "the link stays a link"
    );
    assert_eq!(
        fs::read_dir(folder.path()).expect("a folder").count(),
        2,
        "no temporary file is left"
    );
}

fn inode(path: &Path) -> u64 {
    fs::metadata(path).expect("a file").ino()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("a file").permissions().mode() & 0o777
}

#[test]
fn what_stdout_leads_to_is_written_to_and_never_replaced() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("log");
    fs::write(&path, "first\n").expect("a file");
    let log = File::options().append(true).open(&path).expect("a file");
    let before = inode(&path);
    assert!(stdout(&run(&["schema", "-o", "/dev/stdout"])).starts_with('{'), "a pipe");
    let output = ephaudit(&["schema", "-o", "/dev/stdout"]).stdout(log).output().expect("it runs");
    assert_eq!(code(&output), 0);
    let text = fs::read_to_string(&path).expect("text");
    assert!(text.starts_with("first\n{") && inode(&path) == before);
    assert!(stdout(&run(&["schema", "-o", "-"])).starts_with('{'));
    let nowhere = folder.path().join("nowhere");
    symlink(folder.path().join("missing"), &nowhere).expect("a link");
    complains(&["schema", "-o", &nowhere.display().to_string()], 4, "nowhere");
}

/// Every line fits but those that are a command to copy.
#[test]
fn the_table_fits_any_terminal() {
    inside(|| {
        set("ip_local_reserved_ports", "40000-40010,50000,50002,50004\n");
        let held = std::net::TcpListener::bind("0.0.0.0:50010").expect("a listener");
        let (document, _) = json(&[]);
        let mut commands: Vec<String> = Vec::new();
        for finding in document["findings"].as_array().expect("findings") {
            let steps = finding["steps"].as_array().expect("steps").iter();
            commands.extend(steps.filter_map(|s| Some(s["command"].as_str()?.to_owned())));
            let evidence = finding["evidence"].as_array().expect("evidence").iter();
            commands.extend(evidence.filter_map(|e| Some(e["command"].as_str()?.to_owned())));
        }
        let said = json(&["explain", "50010"]).0;
        let steps = said["steps"].as_array().expect("steps").iter();
        commands.extend(steps.filter_map(|s| Some(s["command"].as_str()?.to_owned())));
        for columns in ["1", "20", "33", "40", "60", "80", "132", "200", "9999", "x", "0", "-3"] {
            for args in [
                &[][..],
                &["show"],
                &["rules"],
                &["--ascii"],
                &["explain", "50010"],
                &["--all-netns"],
                &["probe", "--count", "1"],
                &["boot"],
            ] {
                let output = ephaudit(args).env("COLUMNS", columns).output().expect("it runs");
                assert!([0, 1, 3].contains(&code(&output)), "{columns} {args:?}");
                let width = columns.parse().ok().filter(|w| *w > 0).unwrap_or(80).clamp(20, 200);
                for line in stdout(&output).lines() {
                    let fits = line.chars().count() <= width;
                    // A word of a command stays whole.
                    let part = line.trim().trim_end_matches(" \\");
                    assert!(
                        fits || commands.iter().any(|c| c.contains(part)),
                        "{columns}: {line:?}"
                    );
                }
            }
        }
        drop(held);
    });
}

#[test]
fn the_same_host_gives_the_same_bytes() {
    inside(|| {
        let steady = || {
            let mut document = json(&[]).0;
            document["collected_at"] = Value::Null;
            document.to_string()
        };
        assert_eq!(steady(), steady());
    });
}

fn asked(document: &Value, rule: &str) -> (Value, Value) {
    let mut rules = document["rules"].as_array().expect("rules").iter();
    let row = rules.find(|row| row["rule"] == rule).expect("the rule");
    (row["verdict"].clone(), row["asks"].clone())
}

#[test]
fn a_report_says_what_nobody_asked_and_which_option_asks() {
    inside(|| {
        set("ip_local_port_range", "49152 65535");
        let (document, exit) = json(&[]);
        assert_eq!((exit, &document["schema_version"]), (0, &"1.1".into()), "as compliant as ever");
        for (rule, option) in [
            ("octal-number", "--boot"),
            ("namespace-differs", "--all-netns"),
            ("namespace-unread", "--all-netns"),
            ("declared-service-in-pool", "--services"),
            ("squatted-port", "--services"),
            ("stale-waiver", "--policy"),
            ("drift-from-vendor-default", "--profile vendor"),
        ] {
            assert_eq!(asked(&document, rule), ("not-asked".into(), option.into()), "{rule}");
        }
        let of_no_linux = asked(&document, "excluded-from-pool");
        assert_eq!(of_no_linux, ("not-applicable".into(), Value::Null));
        let all = ["--boot", "--usage", "top", "--all-netns", "--services", "mysql"];
        let (document, _) = json(&[&all[..], &["--profile", "vendor"]].concat());
        let unasked = document["rules"].as_array().expect("rules").iter();
        let unasked = unasked.filter(|row| row["verdict"] == "not-asked");
        let unasked: Vec<&Value> = unasked.map(|row| &row["rule"]).collect();
        assert_eq!(unasked, ["stale-waiver"], "the options ask");
        let table = stdout(&run(&["--profile", "vendor", "-v"]));
        assert!(table.contains(" not-asked ") && table.contains("use --boot\n"), "{table}");
    });
}
