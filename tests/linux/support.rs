//! What the tests on Linux share: namespaces of their own, and system calls that are refused.

pub(crate) mod loopback;
pub(crate) mod namespace;
pub(crate) mod random;
pub(crate) mod refuse;

use std::ffi::OsStr;
use std::process::{Command, Output};

use serde_json::Value;

use crate::support::{spans, stderr};

/// Whether this kernel lists TCP sockets that are bound and nothing else (bit 13 of
/// `idiag_states`, Linux 6.8). On those before, what holds such a socket is not known.
pub(crate) fn kernel_lists_bound() -> bool {
    let release = rustix::system::uname().release().to_string_lossy().into_owned();
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(str::parse::<u32>);
    let mut number = || numbers.next().expect("a number").expect("a release");
    (number(), number()) >= (6, 8)
}

/// The ports of an array of `{first, last}`.
pub(crate) fn ports(value: &Value) -> Vec<u16> {
    spans(value).into_iter().flat_map(|(first, last)| first..=last).collect()
}

/// The program with so many bytes for all its data and no more (RLIMIT_DATA): where it wants more
/// it is aborted.
pub(crate) fn within<S: AsRef<OsStr>>(memory: usize, args: &[S]) -> Output {
    let output = Command::new("/bin/sh")
        .args(["-c", "ulimit -d \"$0\" && exec \"$@\"", &(memory / 1024).to_string()])
        .arg(env!("CARGO_BIN_EXE_ephaudit"))
        .args(args)
        .env_clear()
        .env("LANG", "C.UTF-8")
        .output()
        .expect("it starts");
    assert!(output.status.code().is_some(), "{}: {}", output.status, stderr(&output));
    output
}
