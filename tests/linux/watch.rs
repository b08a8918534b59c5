//! `watch` as a process: it reports until it is asked to end.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::support::{complains, ephaudit};

const CAPTURE: &str = "fixtures/hosts/linux-sysctl-a";

fn watch(args: &[&str]) -> Command {
    let mut command = ephaudit(&[&["watch", "--no-policy", "--every", "100ms"], args].concat());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn ended(child: &Child, signal: Signal) {
    let pid = Pid::from_raw(child.id().try_into().expect("a pid")).expect("a pid");
    kill_process(pid, signal).expect("sent");
}

#[test]
fn a_report_a_period_until_a_signal_ends_it_with_the_last_exit_code() {
    for signal in [Signal::TERM, Signal::INT] {
        let mut child =
            watch(&["--from", CAPTURE, "--format", "ndjson"]).spawn().expect("it starts");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        for _ in 0..3 {
            let line = lines.next().expect("a report").expect("text");
            let report: Value = serde_json::from_str(&line).expect("JSON");
            assert_eq!(report["status"], "findings");
        }
        ended(&child, signal);
        let start = Instant::now();
        let status = child.wait().expect("it ends");
        assert_eq!(status.code(), Some(1), "{signal:?}");
        assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    }
}

#[test]
fn a_signal_ends_it_while_nobody_reads_what_it_writes() {
    let mut child = watch(&["--format", "json", "--exit-zero"]).spawn().expect("it starts");
    // Some reports fill the pipe, and the next waits.
    std::thread::sleep(Duration::from_secs(2));
    ended(&child, Signal::TERM);
    let start = Instant::now();
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}

#[test]
fn a_file_is_replaced_each_period_and_left_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("report.json");
    let output = path.to_str().expect("UTF-8");
    let mut child =
        watch(&["--format", "json", "--exit-zero", "--output", output]).spawn().expect("it starts");
    let deadline = Instant::now() + Duration::from_secs(20);
    let mut times = Vec::new();
    while times.len() < 2 && Instant::now() < deadline {
        if let Ok(at) = fs::metadata(&path).and_then(|known| known.modified()) {
            if times.last() != Some(&at) {
                times.push(at);
            }
        }
    }
    ended(&child, Signal::TERM);
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
    assert_eq!(times.len(), 2, "it is not written again");
    let report: Value = serde_json::from_slice(&fs::read(&path).expect("a file")).expect("JSON");
    assert_eq!(report["kind"], "report");
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
}

#[test]
fn a_screen_says_what_changed_since_the_one_before() {
    let folder = tempfile::tempdir().expect("a folder");
    let evidence = folder.path().join("sysctl.txt");
    let range = |text: &str| {
        fs::write(&evidence, format!("net.ipv4.ip_local_port_range = {text}\n")).expect("written");
    };
    range("49152\t65535");
    let path = evidence.to_str().expect("UTF-8");
    let mut child = watch(&["--from", path, "--os", "linux"]).spawn().expect("it starts");
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let mut until = |words: &str| {
        let deadline = Instant::now() + Duration::from_secs(20);
        let found = lines.find(|line| {
            assert!(Instant::now() < deadline, "no line has {words}");
            line.as_ref().is_ok_and(|line| line.contains(words))
        });
        found.expect("a line").expect("text")
    };
    until("the first audit");
    until("no change");
    range("1024\t2000");
    let line = until("+MEDIUM");
    assert!(line.contains("since "), "{line}");
    range("49152\t65535");
    until("-MEDIUM");
    ended(&child, Signal::INT);
    child.wait().expect("it ends");
}

#[test]
fn it_ends_where_nobody_can_read_it() {
    let full = watch(&["--format", "json", "--output", "/dev/full"]).output().expect("it ends");
    assert_eq!(full.status.code(), Some(4));
    let mut child = watch(&["--format", "ndjson", "--exit-zero"]).spawn().expect("it starts");
    drop(child.stdout.take());
    assert_eq!(child.wait().expect("it ends").code(), Some(0), "its reader has gone");
    complains(&["watch", "--from", "-"], 2, "again and again");
    complains(&["watch", "--every", "1ms"], 2, "from 100ms to 1day");
    complains(&["watch", "--jitter", "2days"], 2, "up to 1day");
}

#[test]
fn the_second_v_says_what_was_asked_of_whom_and_what_came() {
    let output = ephaudit(&["-vv", "--from", CAPTURE, "--no-policy"]).output().expect("it ends");
    let asked = String::from_utf8_lossy(&output.stderr);
    assert!(
        asked.lines().any(|line| line.contains("ip_local_port_range") && line.contains("bytes")),
        "{asked}"
    );
    let quiet = ephaudit(&["-v", "--from", CAPTURE, "--no-policy"]).output().expect("it ends");
    assert!(quiet.stderr.is_empty());
    let page = |output: &[u8]| {
        let page = String::from_utf8_lossy(output).into_owned();
        page.lines().filter(|line| !line.contains('Z')).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(page(&quiet.stdout), page(&output.stdout), "but for the times");
}
