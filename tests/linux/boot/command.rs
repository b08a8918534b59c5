//! `ephaudit boot`, `--boot` and `--root`, as people and programs see them.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Output;
use std::time::{Duration, Instant};

use ephaudit_platform::boot::State;
use ephaudit_platform::snapshot::Os;
use ephaudit_platform::{Folder, Host};
use serde_json::Value;
use tempfile::TempDir;

use super::tree::{MOUNTED, Tree};
use super::{LOADERS, present};
use crate::linux::support::namespace::{inside, set, sh};
use crate::support::{code, ephaudit, json, run, stderr, stdout};

const RANGE: &str = "net.ipv4.ip_local_port_range";

fn root(files: &[(&str, &str)]) -> TempDir {
    let top = tempfile::tempdir().expect("a folder");
    fs::create_dir_all(top.path().join("etc/sysctl.d")).expect("folders");
    for (path, text) in files {
        let path = top.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
        fs::write(path, text).expect("a file");
    }
    top
}

fn named(top: &TempDir) -> String {
    top.path().display().to_string()
}

fn boot(top: &TempDir) -> Value {
    let (document, code) = json(&["boot", "--root", &named(top)]);
    assert_eq!(code, 0);
    assert_eq!(document["status"], Value::Null, "it judges nothing");
    document
}

fn entry<'a>(document: &'a Value, key: &str, loader: &str) -> &'a Value {
    let entries = document["scopes"][0]["boot"].as_array().expect("boot");
    let is = |entry: &&Value| entry["key"] == key && entry["loader"] == loader;
    entries.iter().find(is).expect("an entry")
}

fn verdict<'a>(document: &'a Value, rule: &str) -> &'a Value {
    let rules = document["rules"].as_array().expect("rules");
    rules.iter().find(|known| known["rule"] == rule).expect("a rule")
}

fn table(args: &[&str], columns: &str) -> String {
    let output = ephaudit(args).env("COLUMNS", columns).output().expect("it runs");
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    stdout(&output)
}

/// Nothing that a terminal obeys.
fn harmless(output: &Output) {
    let text = stdout(output);
    let harmful = text.chars().find(|c| c.is_control() && *c != '\n' || *c == '\u{202e}');
    assert_eq!(harmful, None, "{text}");
}

#[test]
fn the_winner_the_chain_and_what_never_applies_are_told() {
    let top = root(&[
        ("usr/lib/sysctl.d/40-y.conf", "net.ipv4.ip_local_port_range = 10000 20000\n"),
        ("etc/sysctl.d/50-x.conf", "\n\nnet.ipv4.ip_local_port_range = 10011 20010\n"),
        ("etc/sysctl.d/60-z.conf", "net.ipv4.ip_local_reserved_ports = 8080, 9090\n"),
        ("etc/sysctl.conf", "net.ipv4.tcp_fin_timeout = 15\n"),
        ("etc/tuned/active_profile", "oracle\n"),
        ("proc/sys/net/ipv4/ip_local_port_range", "32768\t60999\n"),
    ]);
    let document = boot(&top);
    let place = |path: &str| top.path().join(path).display().to_string();
    for loader in ["systemd-sysctl", "procps"] {
        let range = entry(&document, RANGE, loader);
        assert_eq!((&range["state"], &range["value"]), (&"known".into(), &"10011\t20010".into()));
        assert_eq!(range["source"]["kind"], "file");
        assert_eq!(range["source"]["location"], place("etc/sysctl.d/50-x.conf"));
        assert_eq!(range["source"]["line"], 3);
        assert_eq!(range["overridden"][0]["value"], "10000 20000");
        assert_eq!(range["overridden"][0]["source"]["line"], 1);
        let reserved = entry(&document, "net.ipv4.ip_local_reserved_ports", loader);
        assert_eq!((&reserved["state"], &reserved["value"]), (&"absent".into(), &Value::Null));
        assert_eq!(reserved["rejected"][0]["reason"], "space-in-list");
    }
    let fin_timeout = entry(&document, "net.ipv4.tcp_fin_timeout", "systemd-sysctl");
    assert_eq!(fin_timeout["rejected"][0]["reason"], "not-read-by-loader");
    assert_eq!(document["scopes"][0]["boot_reason"], Value::Null);
    let running = document["scopes"][0]["running"].as_array().expect("running");
    assert_eq!((&running[0]["key"], &running[0]["value"]), (&RANGE.into(), &"32768\t60999".into()));
    assert_eq!(running[1]["reason"], "not-captured");

    let text = table(&["boot", "--root", &named(&top)], "200");
    for words in [
        "BOOT  this host: a reboot changes 1 setting; 5 could not be determined",
        "32768 60999",
        "10011 20010",
        "etc/sysctl.d/50-x.conf:3 beats\n  10000 20000 at ",
        "etc/sysctl.d/60-z.conf:1 (space-in-list)",
        "by systemd-sysctl: tcp_fin_timeout = 15 at ",
        "etc/sysctl.conf:1, by procps",
        "suspect   tuned with the profile oracle",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let shown = table(&["show", "--root", &named(&top)], "200");
    assert!(shown.contains("AT BOOT") && shown.contains("NEVER APPLIES AS IT STANDS"), "{shown}");
    let (judged, code) = json(&["--root", &named(&top)]);
    assert_eq!((code, &verdict(&judged, "setting-never-applies")["verdict"]), (1, &"fail".into()));
    let by_from = json(&["--from", &named(&top), "--boot"]).0;
    assert_eq!(by_from["scopes"][0]["boot"], judged["scopes"][0]["boot"]);
}

#[test]
fn every_kept_tree_is_shown_as_it_is_predicted() {
    for (name, tree) in Tree::kept() {
        let top = tempfile::tempdir().expect("a folder");
        for folder in MOUNTED {
            fs::create_dir_all(top.path().join(&folder[1..])).expect("a folder");
        }
        tree.write(top.path());
        let document = boot(&top);
        let folder = Folder::open(top.path()).expect("a folder");
        let predicted = Host::root(folder, Some(Os::Linux)).expect("a root").boot(None);
        assert_eq!(document["scopes"][0]["boot"].as_array().map(Vec::len), Some(12), "{name}");
        for of_key in &predicted.entries {
            let told = entry(&document, of_key.key, of_key.loader.name());
            let value = match &of_key.state {
                State::Known { value, .. } => Value::from(value.as_str()),
                State::Absent | State::Unknown(_) => Value::Null,
            };
            assert_eq!(told["value"], value, "{name}");
            assert_eq!(told["rejected"].as_array().map(Vec::len), Some(of_key.rejected.len()));
        }
        harmless(&run(&["boot", "--root", &named(&top)]));
        let judged = run(&["--root", &named(&top)]);
        assert!(matches!(code(&judged), 1 | 3), "{name}: what runs now is not known");
        harmless(&judged);
        for columns in ["1", "33", "80", "200"] {
            let width = columns.parse::<usize>().expect("a number").max(20);
            for line in table(&["boot", "--root", &named(&top)], columns).lines() {
                assert!(line.chars().count() <= width, "{name} {columns}: {line:?}");
            }
        }
    }
}

/// What it is, what makes it in a folder of settings, and whether a loader may read what we do not.
type Hostile = (&'static str, fn(&Path), bool);

fn hostile() -> [Hostile; 6] {
    [
        ("FIFO", |folder| sh("mkfifo", &[&folder.join("1.conf").display().to_string()]), true),
        ("loop", |folder| symlink("1.conf", folder.join("1.conf")).expect("a link"), false),
        ("sparse", |folder| sparse(&folder.join("1.conf")), true),
        ("a name in no encoding", |folder| odd_name(folder), false),
        ("values that draw", |folder| drawn(&folder.join("1.conf")), false),
        ("a suspect that draws", |folder| suspect(&folder.join("../tuned")), false),
    ]
}

fn sparse(path: &Path) {
    File::create(path).and_then(|file| file.set_len(1 << 30)).expect("a file");
}

fn odd_name(folder: &Path) {
    let name = folder.join(OsStr::from_bytes(b"1-\xff\x1b[31m\n.conf"));
    fs::write(name, "net.ipv4.ip_local_port_range = 10000 20000\n").expect("a file");
}

fn drawn(path: &Path) {
    let line = "net.ipv4.ip_local_port_range = \u{1b}[2J\u{9b}31m\u{202e} 1\n";
    fs::write(path, line.repeat(30)).expect("a file");
}

fn suspect(tuned: &Path) {
    fs::create_dir(tuned).expect("a folder");
    fs::write(tuned.join("active_profile"), "\u{1b}]0;x\u{7}\n").expect("a file");
}

#[test]
fn hostile_trees_are_bounded_named_and_harmless() {
    for (name, make, unknown) in hostile() {
        let top = root(&[]);
        make(&top.path().join("etc/sysctl.d"));
        let begun = Instant::now();
        let document = boot(&top);
        let state = &entry(&document, RANGE, "procps")["state"];
        assert_eq!(state == "unknown", unknown, "{name}: {state}");
        let gaps = document["gaps"].to_string();
        assert_eq!(gaps.contains("boot values: "), unknown, "{name}: {gaps}");
        for args in [&["boot"][..], &["boot", "--format", "json"], &["audit"], &["show", "--boot"]]
        {
            let output = run(&[args, &["--root", &named(&top)]].concat());
            assert!(matches!(code(&output), 0 | 1 | 3), "{name}: {}", stderr(&output));
            harmless(&output);
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "{name}");
    }
}

#[test]
fn what_is_no_root_is_refused_and_what_no_evidence_holds_is_said() {
    let refused = |args: &[&str], words: &str| {
        let output = run(args);
        assert_eq!((code(&output), stdout(&output).as_str()), (2, ""), "{args:?}");
        assert!(stderr(&output).contains(words), "{}", stderr(&output));
    };
    let empty = tempfile::tempdir().expect("a folder");
    refused(&["boot", "--root", "/nonexistent"], "--root /nonexistent");
    refused(&["boot", "--root", "/etc/hostname"], "--root /etc/hostname");
    refused(&["boot", "--root", &named(&empty)], "name it with --os");
    refused(&["--all-netns", "--root", "/"], "--all-netns reads");
    let top = root(&[]);
    refused(&["boot", "--root", &named(&top), "--from", &named(&top)], "one is enough");
    assert_eq!(code(&run(&["boot", "--root", &named(&empty), "--os", "linux"])), 0);

    // The files of one place, the values of another.
    let text = empty.path().join("sysctl.txt");
    fs::write(&text, "net.ipv4.ip_local_port_range = 1024\t65535\n").expect("a file");
    let text = text.display().to_string();
    let top = root(&[("lib/modules/6.1.0-28-amd64/modules.dep", "")]);
    let both = json(&["--root", &named(&top), "--from", &text]).0;
    assert_eq!(verdict(&both, "running-differs-from-boot")["verdict"], "fail");
    let alone = json(&["--boot", "--from", &text]).0;
    assert_eq!(verdict(&alone, "running-differs-from-boot")["verdict"], "unknown");
    assert_eq!(alone["scopes"][0]["boot"], Value::Array(Vec::new()));
    // A copy that lacks the folders says nothing about them.
    let copy = tempfile::tempdir().expect("a folder");
    let proc = copy.path().join("proc/sys/net/ipv4");
    fs::create_dir_all(&proc).expect("folders");
    fs::write(proc.join("ip_local_port_range"), "1024\t65535\n").expect("a file");
    let copied = json(&["--boot", "--from", &named(&copy)]).0;
    assert_eq!(verdict(&copied, "octal-number")["verdict"], "unknown");
}

#[test]
fn other_systems_are_told_by_their_own_rules() {
    let top = root(&[
        (
            "etc/sysctl.conf",
            "net.inet.ip.portrange.first=eighty\nnet.inet.ip.portrange.last=70000\n",
        ),
        ("sysctl.txt", "net.inet.ip.portrange.first: 49152\nnet.inet.ip.portrange.last: 65535\n"),
    ]);
    let text = top.path().join("sysctl.txt").display().to_string();
    let args = ["--root", &named(&top), "--from", &text, "--os", "freebsd"];
    let document = json(&[&["boot"][..], &args].concat()).0;
    let first = entry(&document, "net.inet.ip.portrange.first", "rc.d/sysctl");
    assert_eq!(first["state"], "absent", "it is no number: {first}");
    let last = entry(&document, "net.inet.ip.portrange.last", "rc.d/sysctl");
    assert_eq!(
        (&last["value"], &last["rejected"][0]["reason"]),
        (&"65535".into(), &"clamped".into())
    );
    let judged = json(&args).0;
    assert_eq!(verdict(&judged, "running-differs-from-boot")["verdict"], "unknown");
    assert_eq!(verdict(&judged, "setting-never-applies")["verdict"], "fail");
    let page = table(&[&["boot"][..], &args].concat(), "80");
    assert!(page.contains("could not be determined") && !page.contains("rc.d/sysctl"), "{page}");
    // What illumos persists its own program tells.
    let text = top.path().join("ipadm.txt");
    fs::write(&text, "PROTO PROPERTY PERM CURRENT PERSISTENT DEFAULT POSSIBLE\ntcp largest_anon_port rw 65535 60000 65535 32768-65535\ntcp smallest_anon_port rw 32768 -- 32768 1024-65535\n").expect("a file");
    let text = text.display().to_string();
    let document = json(&["boot", "--os", "illumos", "--from", &text]).0;
    let entries = document["scopes"][0]["boot"].to_string();
    assert!(entries.contains("60000"), "{entries}");
}

#[test]
fn nobody_asks_by_default_and_no_other_namespace_has_a_boot() {
    let (document, _) = json(&[]);
    let scope = &document["scopes"][0];
    assert_eq!(scope["boot"], Value::Array(Vec::new()));
    assert!(scope["boot_reason"].as_str().is_some_and(|why| why.starts_with("not checked")));
    assert_eq!(verdict(&document, "stale-knob")["verdict"], "not-asked");
    assert_eq!(code(&run(&["boot"])), 0);
    inside(|| {
        let (document, _) = json(&["--boot"]);
        let scope = &document["scopes"][0];
        assert_eq!(scope["boot"], Value::Array(Vec::new()));
        assert!(scope["boot_reason"].is_string(), "{}", scope["boot_reason"]);
        for rule in ["running-differs-from-boot", "stale-knob"] {
            assert_eq!(verdict(&document, rule)["verdict"], "not-applicable");
        }
    });
}

#[test]
fn what_the_loader_left_passes_and_what_is_set_by_hand_is_found() {
    inside(|| {
        if !present() {
            return;
        }
        for folder in ["/etc/sysctl.d", "/usr/lib/sysctl.d"] {
            sh("mount", &["-t", "tmpfs", "tmpfs", folder]);
        }
        let text = "net.ipv4.ip_unprivileged_port_start = 700\nnet.ipv4.ip_local_port_range = 0x400 03777\n";
        fs::write("/etc/sysctl.d/50-x.conf", text).expect("a file");
        let (_, programs) = LOADERS[0];
        let program = programs.iter().find(|program| Path::new(program).exists());
        sh(program.expect("systemd-sysctl"), &["/etc/sysctl.d/50-x.conf"]);
        let judged = || json(&["--root", "/", "--fail-on", "info"]).0;
        let before = judged();
        let differs = verdict(&before, "running-differs-from-boot");
        assert_eq!(differs["verdict"], "pass", "{differs}");
        assert_eq!(verdict(&before, "octal-number")["verdict"], "fail");
        assert_eq!(entry(&before, RANGE, "systemd-sysctl")["value"], "1024\t2047");

        set("ip_local_port_range", "20000 30000");
        let after = judged();
        assert_eq!(verdict(&after, "running-differs-from-boot")["verdict"], "fail");
        let findings = after["findings"].as_array().expect("findings");
        let titles = findings.iter().filter(|f| f["rule"] == "running-differs-from-boot");
        let titles: Vec<&Value> = titles.map(|finding| &finding["title"]).collect();
        let title = "ip_local_port_range is 20000 30000 now, and 1024 2047 after the next boot";
        assert_eq!(titles, [title]);
    });
}
