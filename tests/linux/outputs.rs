//! What is written, where, and with which mode; what others planted there, and what is refused.

mod ends;
mod inputs;
mod modes;
mod planted;

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{CWD, FileType, Mode, mknodat};

use crate::linux::support::namespace::aloud;
use crate::support::{ephaudit, stderr};

/// An ordinary user that is none of the host's.
const OTHER: u32 = 12_345;
/// A report that is small and read in no time.
const REPORT: &str = "fixtures/reports/findings.json";

/// A folder that root alone can write and others can enter, below one that everybody can write and
/// that is sticky.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    set_mode(folder.path(), 0o755);
    folder
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("a mode");
}

/// The whole mode, with the bits above 0777.
fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("a file").mode() & 0o7777
}

/// Its size, mode, owner and inode: what nobody may change.
fn state(path: &Path) -> (u64, u32, u32, u64) {
    let file = fs::symlink_metadata(path).expect("there still");
    (file.size(), file.mode(), file.uid(), file.ino())
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    let name = |entry: fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
    let mut names: Vec<String> = entries.map(|entry| name(entry.expect("an entry"))).collect();
    names.sort();
    names
}

fn fifo(path: &Path) {
    mknodat(CWD, path, FileType::Fifo, Mode::from_raw_mode(0o666), 0).expect("a FIFO");
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// Ends it and fails where it takes longer than anything may that waits for nobody.
fn in_time(command: &mut Command) -> Output {
    use std::process::Stdio;

    let mut child =
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    let begun = Instant::now();
    // What it prints here is less than a pipe holds.
    while child.try_wait().expect("a child").is_none() {
        if begun.elapsed() > Duration::from_secs(60) {
            child.kill().expect("it is killed");
            panic!("it waits: {command:?}");
        }
        thread::sleep(Duration::from_millis(2));
    }
    child.wait_with_output().expect("it ended")
}

/// Whether the tests are root, with other users beside it; else the test says SKIPPED, and fails
/// where CI is set.
fn root_and_others() -> bool {
    let map = fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    let users: u64 =
        map.lines().filter_map(|line| line.split_whitespace().nth(2)?.parse::<u64>().ok()).sum();
    if rustix::process::geteuid().is_root() && users > u64::from(OTHER) {
        return true;
    }
    assert!(std::env::var_os("CI").is_none(), "CI runs as root, with other users beside it");
    let test = thread::current().name().unwrap_or_default().to_owned();
    aloud(&format!("SKIPPED {test}: only root can plant files of another user"));
    false
}

/// The program where another user may start it.
fn for_others(folder: &Path) -> PathBuf {
    let program = folder.join("ephaudit");
    fs::copy(env!("CARGO_BIN_EXE_ephaudit"), &program).expect("a copy");
    set_mode(&program, 0o755);
    program
}

/// Every command that writes a file, to this one.
fn commands(target: &str) -> Vec<Vec<String>> {
    let emit = format!("--emit=prometheus={target}");
    let lines: [&[&str]; 14] = [
        &["--exit-zero", "--format", "json", "--output", target],
        &["--exit-zero", "--format", "prometheus", "--output", target],
        &["--exit-zero", "--quiet", &emit],
        &["show", "--output", target],
        &["boot", "--root", "fixtures/boot", "--os", "linux", "--output", target],
        &["explain", "33060", "--output", target],
        &["convert", REPORT, "--format", "html", "--output", target],
        &["convert", REPORT, "--quiet", &emit],
        &["capture", "--output", target],
        &["policy", "new", "--force", "--output", target],
        &["policy", "services", "--output", target],
        &["rules", "--output", target],
        &["schema", "--output", target],
        &["man", "--output", target],
    ];
    lines.iter().map(|line| line.iter().map(|&arg| arg.to_owned()).collect()).collect()
}

fn start(args: &[String]) -> Command {
    ephaudit(&args.iter().map(String::as_str).collect::<Vec<_>>())
}

/// It ended with this code, and one line that holds this.
fn refused(output: &Output, code: i32, words: &str) {
    let said = stderr(output);
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert!(said.lines().count() == 1 && said.contains(words), "{words}: {said}");
}
