//! What is left where a run is ended, or its output goes nowhere.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process};
use seccompiler::{SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompRule};

use super::{REPORT, folder, mode, names, refused, set_mode, text};
use crate::linux::support::refuse::forbid;
use crate::support::{code, ephaudit, run, stderr};

/// The program by a line of sh; `$R` is a report, `$T` a folder.
fn sh(line: &str, folder: &Path) -> Output {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", line, env!("CARGO_BIN_EXE_ephaudit")]);
    command.env_clear().env("R", REPORT).env("T", folder).output().expect("sh starts")
}

/// Does it as it is, and again where no file can be made without a name, as on NFS.
fn both_ways(body: fn()) {
    body();
    let test = move || {
        // openat(2): O_TMPFILE of include/uapi/asm-generic/fcntl.h, less O_DIRECTORY
        let unnamed = SeccompCmpOp::MaskedEq(0o20_000_000);
        let unnamed = SeccompCondition::new(2, SeccompCmpArgLen::Dword, unnamed, 0o20_000_000);
        let rule = SeccompRule::new(vec![unnamed.expect("a condition")]).expect("a rule");
        let call = if cfg!(target_arch = "x86_64") { 257 } else { 56 };
        forbid(call, vec![rule], Errno::OPNOTSUPP);
        body();
    };
    thread::spawn(test).join().expect("so too");
}

/// The old file or the new one is there, whole, and nothing else.
#[test]
fn signals_leave_nothing_behind() {
    both_ways(|| {
        let folder = folder();
        let target = folder.path().join("report");
        let new = run(&["convert", REPORT, "--format", "html"]).stdout;
        let args = ["convert", REPORT, "--format", "html", "--output", text(&target)];
        let mut ended = 0;
        for signal in [Signal::TERM, Signal::INT, Signal::HUP, Signal::QUIT] {
            for step in 0..40_u64 {
                let replaces = step % 2 == 0;
                if replaces {
                    fs::write(&target, "old").expect("a file");
                }
                let mut child = ephaudit(&args).spawn().expect("it starts");
                thread::sleep(Duration::from_micros(step * 400));
                let pid = Pid::from_child(&child);
                kill_process(pid, signal).expect("a signal");
                ended += usize::from(child.wait().expect("it ends").code().is_none());
                let there = fs::read(&target).ok();
                let whole = match &there {
                    Some(there) => *there == new || (replaces && there == b"old"),
                    None => !replaces,
                };
                assert!(whole, "{signal:?} after {step}");
                let left: &[&str] = if there.is_some() { &["report"] } else { &[] };
                assert_eq!(names(folder.path()), left, "{signal:?} after {step}");
                let _ = fs::remove_file(&target);
            }
        }
        assert!(ended > 0, "signals end it still");
    });
}

/// `ulimit -f` counts 512 bytes.
#[test]
fn a_limit_of_file_sizes_is_an_error() {
    both_ways(|| {
        let folder = folder();
        for line in [
            "ulimit -f 1; exec \"$0\" convert \"$R\" --format html --output \"$T/report\"",
            "ulimit -f 1; exec \"$0\" convert \"$R\" --quiet --emit html=\"$T/report\"",
        ] {
            refused(&sh(line, folder.path()), 4, "too large");
            assert_eq!(names(folder.path()), [""; 0]);
        }
        fs::write(folder.path().join("report"), "old").expect("a file");
        refused(
            &sh("ulimit -f 1; exec \"$0\" schema -o \"$T/report\"", folder.path()),
            4,
            "too large",
        );
        assert_eq!(fs::read(folder.path().join("report")).expect("still there"), b"old");
        let output = sh("ulimit -f 1; exec \"$0\" schema > \"$T/out\"", folder.path());
        refused(&output, 4, "cannot write to standard output");
    });
}

#[test]
fn without_files_that_have_no_name_all_is_the_same() {
    both_ways(|| {
        let folder = folder();
        let target = folder.path().join("report");
        let expected = run(&["convert", REPORT, "--format", "json"]).stdout;
        for present in [None, Some(0o4777), Some(0o640)] {
            if let Some(bits) = present {
                fs::write(&target, "old").expect("a file");
                set_mode(&target, bits);
            }
            let output = run(&["convert", REPORT, "--format", "json", "--output", text(&target)]);
            assert_eq!(code(&output), 0, "{}", stderr(&output));
            assert!(fs::read(&target).expect("written") == expected);
            assert_eq!(names(folder.path()), ["report"]);
            assert_eq!(mode(&target) & 0o7133, 0, "{present:?}");
            if present == Some(0o640) {
                assert_eq!(mode(&target), 0o640);
            }
        }
    });
}

/// std puts /dev/null in the place of a closed descriptor, and takes one that cannot be written for
/// one that can.
#[test]
fn a_report_that_nobody_gets_is_4() {
    let folder = folder();
    for command in ["convert \"$R\"", "rules", "schema", "man", "--help", "-V", "explain 80"] {
        for (end, words) in [
            (">&-", "standard output: it is closed"),
            ("1</dev/null", "standard output: it is open for reading only"),
            ("1<Cargo.toml", "standard output: it is open for reading only"),
        ] {
            refused(&sh(&format!("exec \"$0\" {command} {end}"), folder.path()), 4, words);
        }
        for end in [">/dev/null", ">>/dev/null", ">\"$T/x\"", "<&- >/dev/null", "| cat"] {
            let output = sh(&format!("\"$0\" {command} {end}"), folder.path());
            assert_eq!((code(&output), stderr(&output)), (0, String::new()), "{command} {end}");
        }
    }
    // Nothing is to be written there.
    for line in ["\"$0\" convert \"$R\" --quiet >&-", "\"$0\" convert \"$R\" -o \"$T/x\" >&-"] {
        assert_eq!(code(&sh(line, folder.path())), 0, "{line}");
    }
    let output = ephaudit(&["rules"]).stdout(Stdio::null()).output().expect("it starts");
    assert_eq!(code(&output), 0);
}
