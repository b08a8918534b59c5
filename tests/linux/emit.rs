//! Files in every format: the same later as at once, whole or not at all.

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use crate::formats::files::FORMATS;
use crate::linux::support::namespace::{inside, set, sh};
use crate::support::{code, run, stderr, stdout};

fn path(folder: &Path, name: &str) -> String {
    folder.join(name).to_str().expect("UTF-8").to_owned()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    let name = |entry: fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
    let mut names: Vec<String> = entries.map(|entry| name(entry.expect("an entry"))).collect();
    names.sort();
    names
}

/// One inspection feeds them all, and the saved report gives the same bytes.
#[test]
fn every_format_of_a_saved_run_is_that_of_the_run() {
    inside(|| {
        for range in ["32768 60999", "49152 65535"] {
            set("ip_local_port_range", range);
            let folder = tempfile::tempdir().expect("a folder");
            let emit: Vec<String> = FORMATS
                .iter()
                .map(|format| format!("--emit={format}={}", path(folder.path(), format)))
                .collect();
            let mut args: Vec<&str> = emit.iter().map(String::as_str).collect();
            args.extend(["--all-netns", "--usage", "top", "--quiet"]);
            let output = run(&args);
            assert!(output.stdout.is_empty() && output.stderr.is_empty(), "{}", stderr(&output));
            let saved = path(folder.path(), "json");
            for format in FORMATS {
                let at_once = fs::read(folder.path().join(format)).expect(format);
                let later = run(&["convert", &saved, "--format", format]);
                assert!(!at_once.is_empty() && later.stdout == at_once, "{format}");
                let line = path(folder.path(), "ndjson");
                assert!(run(&["convert", &line, "--format", format]).stdout == at_once, "{format}");
            }
        }
    });
}

#[test]
fn a_file_is_written_whole_or_not_at_all() {
    inside(|| {
        let folder = tempfile::tempdir().expect("a folder");
        let full = folder.path().join("full");
        fs::create_dir(&full).expect("a folder");
        let there = full.to_str().expect("UTF-8");
        sh("mount", &["-t", "tmpfs", "-o", "size=8k", "tmpfs", there]);
        fs::write(full.join("filler"), [b'x'; 8192]).expect("it fills the disk");
        let denied = folder.path().join("denied");
        fs::create_dir(&denied).expect("a folder");
        sh("mount", &["-t", "tmpfs", "-o", "ro", "tmpfs", denied.to_str().expect("UTF-8")]);
        for format in FORMATS {
            for place in [&full, &denied] {
                let before = names(place);
                let target = path(place, "report");
                for args in [
                    vec!["--format", format, "--output", &target],
                    vec!["--quiet", "--emit", &format!("{format}={target}")],
                ] {
                    let output = run(&args);
                    let by_protocol =
                        matches!(format, "nagios" | "checkmk") && args[0] == "--format";
                    if by_protocol {
                        assert_eq!(
                            code(&output),
                            if format == "nagios" { 3 } else { 0 },
                            "{args:?}"
                        );
                    } else {
                        assert_eq!(code(&output), 4, "{args:?}: {}", stderr(&output));
                        assert_eq!(stderr(&output).lines().count(), 1, "{args:?}");
                    }
                    assert_eq!(names(place), before, "{args:?}: nothing is left behind");
                }
            }
            // What was there stays there.
            let small = folder.path().join("old");
            fs::write(&small, "old").expect("written");
            let wrong = run(&["--format", format, "--output", &path(&small, "below")]);
            assert_ne!(code(&wrong), 1, "{format}");
            assert_eq!(fs::read(&small).expect("still there"), b"old");
        }
    });
}

/// One reader's full disk is not another's.
#[test]
fn every_output_is_tried_and_none_spoils_another() {
    let folder = tempfile::tempdir().expect("a folder");
    let (report, csv) = ("fixtures/reports/findings.json", path(folder.path(), "a.csv"));
    let output = run(&[
        "convert",
        report,
        "--emit=json=/dev/full",
        &format!("--emit=csv={csv}"),
        "--format",
        "status",
    ]);
    assert_eq!((code(&output), stderr(&output).lines().count()), (4, 1), "{}", stderr(&output));
    assert!(output.stdout.starts_with(b"findings"), "{}", stdout(&output));
    assert!(fs::read(&csv).expect("written").ends_with(b"\r\n"));
    let plugin = run(&["convert", report, "--emit=json=/dev/full", "--format", "nagios"]);
    assert_eq!(code(&plugin), 1, "the state stays the plugin's");
    assert!(stderr(&plugin).contains("/dev/full"));

    let same = path(folder.path(), "same");
    let link = path(folder.path(), "link");
    fs::write(&same, "old").expect("written");
    symlink(&same, &link).expect("a link");
    let emit = |format: &str, path: &str| format!("--emit={format}={path}");
    for args in [
        vec![emit("json", &same), emit("csv", &same)],
        vec![emit("json", &same), emit("csv", &link)],
        vec![emit("json", &same), format!("--output={same}")],
        vec![emit("json", "-"), "--format=status".to_owned()],
        vec![emit("json", "-"), emit("csv", "/dev/stdout"), "--quiet".to_owned()],
    ] {
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let output = run(&[&["convert", report], &args[..]].concat());
        assert_eq!(code(&output), 2, "{args:?}");
        assert!(stderr(&output).contains("two outputs go to"), "{}", stderr(&output));
        assert_eq!(fs::read(&same).expect("still there"), b"old");
    }
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
