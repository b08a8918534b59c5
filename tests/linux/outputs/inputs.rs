//! What is read: ordinary files that nobody is waited for, and none that is written too.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Output};

use super::{REPORT, fifo, folder, in_time, refused, text};
use crate::linux::support::namespace::{self, inside};
use crate::support::{code, ephaudit, run, stderr};

const SYSCTL: &str = "net.inet.ip.portfirst=1024\nnet.inet.ip.portlast=49151\n";

fn sh(line: &str, folder: &Path) -> Output {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", line, env!("CARGO_BIN_EXE_ephaudit")]);
    command.env_clear().current_dir(folder).output().expect("sh starts")
}

#[test]
fn an_output_that_is_an_input_is_refused() {
    let folder = folder();
    let place = folder.path();
    fs::copy(REPORT, place.join("ok.json")).expect("a copy");
    fs::hard_link(place.join("ok.json"), place.join("hard")).expect("a link");
    symlink("ok.json", place.join("soft")).expect("a link");
    fs::write(place.join("policy.toml"), "profile = \"iana\"\n").expect("a file");
    fs::create_dir(place.join("evidence")).expect("a folder");
    fs::write(place.join("evidence/sysctl"), SYSCTL).expect("a file");
    fs::create_dir_all(place.join("root/etc/sysctl.d")).expect("folders");
    fs::write(place.join("root/etc/sysctl.d/99-x.conf"), SYSCTL).expect("a file");
    fs::copy("fixtures/iana.csv", place.join("iana.csv"))
        .unwrap_or_else(|_| fs::write(place.join("iana.csv"), "x").map(|()| 1).expect("a file"));
    let kept: Vec<&str> = vec![
        "ok.json",
        "policy.toml",
        "evidence/sysctl",
        "iana.csv",
        "root/etc/sysctl.d/99-x.conf",
    ];
    let before: Vec<Vec<u8>> =
        kept.iter().map(|name| fs::read(place.join(name)).expect("a file")).collect();
    for line in [
        "convert ok.json -o ok.json",
        "convert ok.json -o ./evidence/../ok.json",
        "convert ok.json -o hard",
        "convert ok.json -o soft",
        "convert soft -o ok.json",
        "convert hard --format csv -o soft",
        "convert ok.json --quiet --emit csv=hard",
        "convert ok.json --emit csv=new --emit html=soft",
        "convert - -o ok.json < ok.json",
        "convert /dev/stdin -o hard < ok.json",
        "convert ok.json >> hard",
        "--from evidence/sysctl -o evidence/sysctl",
        "--from evidence -o evidence/sysctl",
        "show --from evidence --emit json=evidence/sysctl",
        "boot --from evidence/sysctl -o evidence/sysctl",
        "explain 80 --from evidence/sysctl -o evidence/sysctl",
        "policy new --force --from evidence/sysctl -o evidence/sysctl",
        "policy new --force --registry iana.csv -o iana.csv",
        "show --registry iana.csv -o iana.csv",
        "--policy policy.toml -o policy.toml",
        "audit --policy policy.toml --emit json=policy.toml",
        "policy check policy.toml -o policy.toml",
        "boot --root root -o root/etc/sysctl.d/99-x.conf",
        "--root root --quiet --emit json=root/etc/sysctl.d/99-x.conf",
        "show --root root -o root/etc/../etc/sysctl.d/99-x.conf",
    ] {
        let output = sh(&format!("exec \"$0\" {line}"), place);
        refused(&output, 2, "is also an input of this command and would be lost");
        for (name, before) in kept.iter().zip(&before) {
            assert!(fs::read(place.join(name)).expect("still there") == *before, "{line}: {name}");
        }
    }
    // A policy named by a variable is read too.
    let line = "EPHAUDIT_POLICY=policy.toml exec \"$0\" -o policy.toml";
    refused(&sh(line, place), 2, "policy.toml is also an input of this command");
    for line in [
        "convert ok.json -o evidence/new",
        "convert ok.json < ok.json > /dev/null",
        "convert ok.json -o /dev/null",
        "policy check policy.toml -o new",
        "show --from - -o new < evidence/sysctl",
    ] {
        let output = sh(&format!("exec \"$0\" {line}"), place);
        assert_eq!(code(&output), 0, "{line}: {}", stderr(&output));
    }
}

/// What this host is known by, and what its settings persist in.
#[test]
fn the_hosts_own_files_are_no_outputs() {
    inside(|| {
        namespace::sh("mount", &["-t", "tmpfs", "none", "/etc"]);
        fs::create_dir("/etc/sysctl.d").expect("a folder");
        fs::write("/etc/sysctl.d/99-x.conf", SYSCTL).expect("a file");
        fs::write("/etc/os-release", "ID=debian\n").expect("a file");
        for args in [
            &["boot", "--output", "/etc/sysctl.d/99-x.conf"][..],
            &["--boot", "--format", "json", "--output", "/etc/sysctl.d/99-x.conf"],
            &["show", "--output", "/etc/os-release"],
        ] {
            refused(&run(args), 2, "is also an input of this command");
        }
        assert_eq!(fs::read_to_string("/etc/sysctl.d/99-x.conf").expect("still there"), SYSCTL);
    });
}

#[test]
fn a_fifo_is_not_waited_for() {
    let folder = folder();
    let path = folder.path().join("fifo");
    fifo(&path);
    let link = folder.path().join("link");
    symlink("fifo", &link).expect("a link");
    for target in [&path, &link] {
        let target = text(target);
        for args in [
            &["--from", target][..],
            &["show", "--from", target],
            &["boot", "--from", target],
            &["explain", "80", "--from", target],
            &["policy", "new", "--from", target],
            &["convert", target],
            &["--registry", target],
            &["show", "--registry", target],
            &["--policy", target],
            &["policy", "check", target],
        ] {
            refused(&in_time(&mut ephaudit(args)), 2, "it is a FIFO");
        }
    }
    for device in ["/dev/null", "/dev/zero"] {
        refused(&in_time(&mut ephaudit(&["--from", device])), 2, "it is not an ordinary file");
        refused(&in_time(&mut ephaudit(&["convert", device])), 2, "it is not an ordinary file");
    }
}

/// As a shell's `<(…)` has it.
#[test]
fn a_pipe_that_is_open_already_is_read() {
    let folder = folder();
    fs::write(folder.path().join("sysctl"), SYSCTL).expect("a file");
    let direct = sh("exec \"$0\" show --from sysctl --format status", folder.path());
    for line in [
        "(sleep 0.2; cat sysctl) | \"$0\" show --format status --from -",
        "(sleep 0.2; cat sysctl) | \"$0\" show --format status --from /dev/stdin",
        "(sleep 0.2; cat sysctl) | \"$0\" show --format status --from /dev/fd/0",
        "(sleep 0.2; cat sysctl) | \"$0\" show --format status --from /dev/fd/7 7<&0 </dev/null",
        "\"$0\" show --format status --from /proc/self/fd/7 7<sysctl",
    ] {
        let output = sh(line, folder.path());
        assert_eq!((code(&output), stderr(&output)), (code(&direct), String::new()), "{line}");
        assert_eq!(output.stdout, direct.stdout, "{line}");
    }
}
