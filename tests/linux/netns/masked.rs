//! What is hidden, faked or refused is undetermined, never compliant.

use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::linux::support::namespace::{inside, set, sh};
use crate::support::{code, json, run, stdout};

const RANGE: &str = "/proc/sys/net/ipv4/ip_local_port_range";
const RESERVED: &str = "/proc/sys/net/ipv4/ip_local_reserved_ports";
const START: &str = "/proc/sys/net/ipv4/ip_unprivileged_port_start";

/// A namespace that the audit calls compliant.
fn compliant() {
    set("ip_local_port_range", "49152 65535");
    let (document, code) = json(&[]);
    assert_eq!((code, &document["status"]), (0, &Value::from("compliant")), "{document:#}");
}

fn undetermined(what: &str, reason: &str) -> Value {
    let (document, code) = json(&[]);
    assert_eq!(
        (code, &document["status"]),
        (3, &Value::from("undetermined")),
        "{what}: {document:#}"
    );
    let gaps = document["gaps"].as_array().expect("gaps");
    assert!(gaps.iter().any(|gap| gap["why"] == reason), "{what}: {gaps:#?}");
    let table = run(&[]);
    assert_eq!(code_of(&table), 3, "{what}");
    assert!(stdout(&table).starts_with("UNDETERMINED"), "{what}: {}", stdout(&table));
    assert!(!stdout(&table).contains("COMPLIANT "), "{what}");
    let inventory = run(&["--exit-zero"]);
    assert_eq!(code_of(&inventory), 0, "{what}");
    document
}

fn code_of(output: &std::process::Output) -> i32 {
    code(output)
}

#[test]
fn a_machine_id_that_is_none_is_a_gap_and_no_verdict() {
    inside(|| {
        // Every file of /etc but this one is gone.
        let etc = tempfile::tempdir().expect("a folder");
        fs::write(etc.path().join("machine-id"), "uninitialized\n").expect("a file");
        sh("mount", &["--bind", etc.path().to_str().expect("UTF-8"), "/etc"]);
        compliant();
        let (document, _) = json(&[]);
        assert_eq!(
            (&document["host"]["id"], &document["host"]["id_source"]),
            (&Value::Null, &Value::Null)
        );
        let gaps = document["gaps"].as_array().expect("gaps");
        let gap = gaps.iter().find(|gap| gap["what"] == "host id").expect("why there is none");
        assert_eq!(gap["why"], "unparsable");
    });
}

#[test]
fn a_masked_file_is_undetermined() {
    inside(|| {
        compliant();
        for path in [RANGE, RESERVED, START] {
            sh("mount", &["--bind", "/dev/null", path]);
            let document = undetermined(path, "unsupported");
            let scope = &document["scopes"][0];
            if path == RANGE {
                assert_eq!(scope["ranges"][0]["state"], "unknown");
                assert_eq!(scope["ranges"][0]["first"], Value::Null);
            }
            if path != START {
                assert_eq!(scope["pools"], Value::from(Vec::<Value>::new()), "no pool is guessed");
            }
            sh("umount", &[path]);
        }
        compliant();
    });
}

#[test]
fn a_plausible_file_mounted_over_the_kernels_is_undetermined() {
    inside(|| {
        compliant();
        let folder = tempfile::tempdir().expect("a folder");
        let fake = folder.path().join("fake");
        let fake = fake.to_str().expect("UTF-8");
        for (path, text) in [(RANGE, "49152\t65535\n"), (RESERVED, "\n"), (START, "1024\n")] {
            fs::write(fake, text).expect("a file");
            sh("mount", &["--bind", fake, path]);
            undetermined(path, "unsupported");
            sh("umount", &[path]);
        }
    });
}

#[test]
fn another_file_of_the_kernels_own_is_not_the_answer() {
    inside(|| {
        compliant();
        for path in [RANGE, RESERVED, START] {
            for other in ["/proc/sys/kernel/pid_max", "/proc/sys/net/ipv4/ip_default_ttl", RANGE] {
                sh("mount", &["--bind", other, path]);
                undetermined(&format!("{other} over {path}"), "unsupported");
                sh("umount", &[path]);
            }
        }
        sh("mount", &["--bind", "/proc/sys/net/ipv4", "/proc/sys/net/ipv4"]);
        undetermined("a folder mounted over itself", "unsupported");
    });
}

#[test]
fn the_value_of_another_namespace_is_not_the_answer() {
    inside(|| {
        compliant();
        let folder = tempfile::tempdir().expect("a folder");
        let outer = folder.path().join("outer");
        fs::write(&outer, "").expect("a file");
        let outer = outer.to_str().expect("UTF-8");
        sh("mount", &["--bind", RANGE, outer]);
        // In the inner namespace the range is the kernel's default, and the file shows the outer
        // one's.
        let script = format!("mount --bind {outer} {RANGE} && exec \"$0\" -q");
        let inner = Command::new("unshare")
            .args(["--net", "--mount", "sh", "-c", &script, env!("CARGO_BIN_EXE_ephaudit")])
            .status()
            .expect("unshare starts");
        assert_eq!(inner.code(), Some(3));
    });
}

#[test]
fn the_layouts_of_container_runtimes_are_the_kernels_own() {
    inside(|| {
        compliant();
        // runc: /proc/sys bound over itself, read-only
        sh("mount", &["--bind", "/proc/sys/net", "/mnt"]);
        sh("mount", &["--bind", "/proc/sys", "/proc/sys"]);
        sh("mount", &["-o", "remount,ro,bind", "/proc/sys"]);
        assert_eq!(json(&[]).1, 0);
        // LXC and systemd-nspawn: /proc/sys/net over that again, to be written
        sh("mount", &["--bind", "/mnt", "/proc/sys/net"]);
        assert_eq!(json(&[]).1, 0);
        // any other folder there is not it
        sh("mount", &["--bind", "/mnt/ipv4", "/proc/sys/net/ipv4"]);
        undetermined("a folder below it", "unsupported");
    });
}

#[test]
fn what_would_block_or_never_end_does_not() {
    inside(|| {
        let folder = tempfile::tempdir().expect("a folder");
        let fifo = folder.path().join("fifo");
        let fifo = fifo.to_str().expect("UTF-8");
        sh("mkfifo", &[fifo]);
        for over in ["/etc/os-release", RANGE] {
            for hostile in [fifo, "/dev/zero"] {
                sh("mount", &["--bind", hostile, over]);
                let ended = Command::new("timeout")
                    .args(["20", env!("CARGO_BIN_EXE_ephaudit"), "show", "-q"])
                    .status()
                    .expect("timeout starts");
                assert_eq!(ended.code(), Some(0), "{hostile} over {over}");
                sh("umount", &[over]);
            }
        }
    });
}

#[test]
fn a_hidden_folder_is_undetermined() {
    inside(|| {
        compliant();
        sh("mount", &["-t", "tmpfs", "none", "/proc/sys"]);
        undetermined("tmpfs over /proc/sys", "unsupported");
    });
}

#[test]
fn a_missing_proc_is_undetermined() {
    inside(|| {
        compliant();
        sh("mount", &["-t", "tmpfs", "none", "/proc"]);
        undetermined("tmpfs over /proc", "unsupported");
    });
}

#[test]
fn show_never_shows_a_default_for_what_is_hidden() {
    inside(|| {
        sh("mount", &["-t", "tmpfs", "none", "/proc/sys"]);
        let (document, code) = json(&["show"]);
        assert_eq!(code, 0);
        assert_eq!(document["status"], Value::Null);
        assert_eq!(document["rules"], Value::from(Vec::<Value>::new()));
        assert_eq!(document["findings"], Value::from(Vec::<Value>::new()));
        assert_eq!(document["gaps"].as_array().map(Vec::len), Some(3));
        let table = stdout(&run(&["show"]));
        assert!(!table.contains("32768-60999") && table.contains("UNKNOWN"), "{table}");
    });
}
