//! What the tests on Linux share: namespaces of their own, and system calls that are refused.

pub(crate) mod loopback;
pub(crate) mod namespace;
pub(crate) mod refuse;

use std::ffi::OsStr;
use std::process::{Command, Output};

use serde_json::Value;

use crate::support::{spans, stderr};

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
