//! Network namespaces that a test makes for itself, inside a user namespace, so that no root is
//! needed.
//!
//! A test that needs one starts this very test binary again under unshare(1) for the one test;
//! everything it makes there ends with that process.

use std::env;
use std::fs::OpenOptions;
use std::io::Write;
use std::process::{Command, Stdio};
use std::thread;

const INSIDE: &str = "EPHAUDIT_TEST_INSIDE_NAMESPACE";

/// What begins a line that is said aloud, also when it comes from inside a namespace.
const ALOUD: &str = "## ";

const WAYS: [&[&str]; 2] = [
    &["--user", "--map-root-user", "--net", "--mount"],
    // Where user namespaces are forbidden, root may still make the others.
    &["--net", "--mount"],
];

/// Runs `body` in fresh network and mount namespaces of its own. Where the system forbids that, the
/// test says SKIPPED, and fails where CI is set.
pub(crate) fn inside(body: fn()) {
    inside_by(&WAYS, body);
}

/// The same by the root of the system alone, to whom other users are none that the namespace does
/// not know.
pub(crate) fn inside_as_root(body: fn()) {
    inside_by(&WAYS[1..], body);
}

fn inside_by(ways: &[&[&str]], body: fn()) {
    let test = thread::current().name().expect("a test thread has the test's name").to_owned();
    if env::var(INSIDE).is_ok_and(|inside| inside == test) {
        return body();
    }
    let Some(way) = ways.iter().find(|way| possible(way)) else {
        assert!(
            env::var_os("CI").is_none(),
            "network namespaces are forbidden here, and CI needs them"
        );
        aloud(&format!("SKIPPED {test}: network namespaces are forbidden here (unshare failed)"));
        return;
    };
    let output = Command::new("unshare")
        .args(*way)
        .arg(env::current_exe().expect("this test binary"))
        .args([&test, "--exact", "--nocapture", "--test-threads=1"])
        .env(INSIDE, &test)
        .stdin(Stdio::null())
        .output()
        .expect("unshare starts");
    let said = String::from_utf8_lossy(&output.stdout);
    let aside = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("1 passed"), "{said}\n{aside}");
    for line in aside.lines().filter(|line| line.starts_with(ALOUD)) {
        aloud(line);
    }
}

/// Says a line past the test runner's capture, which hides what a passing test prints.
pub(crate) fn aloud(line: &str) {
    let line = format!("\n{ALOUD}{}\n", line.trim_start_matches(ALOUD));
    let tty = OpenOptions::new().write(true).open("/dev/tty");
    match tty {
        Ok(mut tty) => tty.write_all(line.as_bytes()).expect("a terminal"),
        Err(_) => std::io::stderr().write_all(line.as_bytes()).expect("standard error"),
    }
}

fn possible(way: &[&str]) -> bool {
    let mut command = Command::new("unshare");
    command.args(way).arg("true").stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Runs a helper program inside the namespace; it must succeed.
pub(crate) fn sh(program: &str, args: &[&str]) {
    let output = Command::new(program).args(args).output();
    let output = output.unwrap_or_else(|error| panic!("{program} does not start: {error}"));
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Writes a sysctl of this namespace; a long list takes several writes on one descriptor.
pub(crate) fn set(key: &str, value: &str) {
    let path = format!("/proc/sys/net/ipv4/{key}");
    let mut file = OpenOptions::new().write(true).open(&path).expect("a sysctl");
    file.write_all(value.as_bytes()).unwrap_or_else(|error| panic!("{key} = {value:?}: {error}"));
}
