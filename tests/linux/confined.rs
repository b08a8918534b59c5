//! The thread that reads this host is confined, and reads the same; platform/src/source/confine/acts.rs tries what
//! it must not be able to do.

use std::thread;

use rustix::io::Errno;
use serde_json::{Value, json};

use crate::linux::support::namespace::{inside, inside_as_root, set};
use crate::linux::support::refuse::forbid;
use crate::support;
use crate::support::complains;

/// seccomp(2), include/uapi/asm-generic/unistd.h but on x86-64
const SECCOMP: i64 = if cfg!(target_arch = "x86_64") { 317 } else { 277 };

/// A report but for the times, and what held its reading.
fn told(command: &[&str], how: &str) -> (Value, Value) {
    let (mut report, _) = support::json(&[command, &["--confine", how]].concat());
    let held = report["tool"]["confinement"].take();
    report["tool"] = Value::Null;
    report["collected_at"] = Value::Null;
    (report, held)
}

fn same() {
    set("ip_local_port_range", "20001 60999");
    set("ip_local_reserved_ports", "30000-30010");
    let _held = std::net::TcpListener::bind("127.0.0.1:20005");
    for command in [
        &["audit", "--no-policy"][..],
        &["audit", "--no-policy", "--boot"],
        &["show", "--usage", "full"],
        &["explain", "20005"],
        &["plan", "--no-policy"],
    ] {
        let (confined, held) = told(command, "auto");
        let (free, nothing) = told(command, "off");
        assert_eq!(confined, free, "{command:?}");
        assert!(held.as_array().is_some_and(|held| held.iter().any(|layer| layer == "seccomp")));
        assert_eq!(nothing, json!([]));
    }
}

#[test]
fn a_confined_reading_tells_the_same() {
    inside(same);
}

#[test]
fn and_so_does_that_of_the_systems_root() {
    inside_as_root(same);
}

#[test]
fn root_reads_as_nobody() {
    inside_as_root(|| {
        for command in [&["audit", "--no-policy"][..], &["audit", "--no-policy", "--all-netns"]] {
            let (_, held) = told(command, "require");
            assert_eq!(held, json!(["credentials", "seccomp"]));
        }
    });
}

#[test]
fn where_it_is_forbidden_the_audit_goes_on_and_says_so() {
    let filtered = thread::spawn(|| {
        let (free, _) = told(&["audit", "--no-policy"], "off");
        forbid(SECCOMP, Vec::new(), Errno::PERM);
        let (report, held) = told(&["audit", "--no-policy"], "auto");
        assert_eq!(held, json!([]));
        assert_eq!(report["status"], free["status"]);
        let require = ["audit", "--no-policy", "--confine", "require"];
        complains(&require, 4, "--confine require: the kernel does not grant seccomp");
    });
    filtered.join().expect("audited");
}
