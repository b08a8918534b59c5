//! `--from FOLDER`: trees that somebody else made.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{code, json, run, stderr};

const RANGE: &str = "proc/sys/net/ipv4/ip_local_port_range";

/// A tree that every rule can be judged by, and whose own reading is compliant.
fn tree() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let copied = Command::new("cp")
        .args(["-a", "fixtures/hosts/linux-root-tree/.", &named(folder.path())])
        .status();
    assert!(copied.expect("cp").success());
    folder
}

fn named(path: &Path) -> String {
    path.display().to_string()
}

fn shown(folder: &TempDir) -> Value {
    json(&["show", "--from", &named(folder.path())]).0
}

fn judged(folder: &TempDir) -> i32 {
    json(&["--from", &named(folder.path())]).1
}

fn range(folder: &TempDir) -> Value {
    shown(folder)["scopes"][0]["ranges"][0].clone()
}

/// Puts something else in a file's place.
fn replace(folder: &TempDir, name: &str, with: impl FnOnce(&Path)) {
    let path = folder.path().join(name);
    fs::remove_file(&path).expect("removed");
    with(&path);
}

#[test]
fn a_tree_is_judged_as_its_host_would_be() {
    let whole = tree();
    assert_eq!(judged(&whole), 0, "complete, and within the Dynamic Ports");
    let (document, exit) = json(&["--from", "fixtures/hosts/linux-sosreport"]);
    assert_eq!((exit, document["host"]["name"].as_str()), (1, Some("db3")));
    assert_eq!(document["host"]["os_version"], "Red Hat Enterprise Linux 9.4 (Plow)");
    let listeners = document["scopes"][0]["listeners"]["items"].as_array().expect("listeners");
    let ports: Vec<u64> = listeners.iter().filter_map(|item| item["port"].as_u64()).collect();
    assert_eq!(ports, [22, 22, 9092, 11_211], "the connection from port 49153 is none");
}

#[test]
fn what_a_tree_does_not_hold_is_never_a_pass() {
    for missing in [
        RANGE,
        "proc/sys/net/ipv4/ip_local_reserved_ports",
        "proc/sys/net/ipv4/ip_unprivileged_port_start",
        "proc/sys/net/ipv4/ip_forward",
        "proc/net/sockstat",
        "proc/net/sockstat6",
        "proc/net/tcp",
        "proc/net/tcp6",
        "proc/net/udp",
    ] {
        let folder = tree();
        fs::remove_file(folder.path().join(missing)).expect("removed");
        assert_eq!(judged(&folder), 3, "without {missing}");
        // A failed copy leaves an empty file: that is no empty list.
        fs::write(folder.path().join(missing), "").expect("written");
        assert_eq!(judged(&folder), 3, "with {missing} empty");
    }
    let folder = tree();
    let table = fs::read_to_string(folder.path().join("proc/net/tcp")).expect("text");
    fs::write(folder.path().join("proc/net/tcp"), &table[..table.len() - 20]).expect("written");
    assert_eq!(judged(&folder), 3, "a cut table");
    let without_heading = table.split_once('\n').expect("lines").1;
    fs::write(folder.path().join("proc/net/tcp"), without_heading).expect("written");
    assert_eq!(judged(&folder), 3, "a table without its beginning");
}

#[test]
fn no_link_leads_outside() {
    let outside = tempfile::tempdir().expect("a folder");
    let secret = outside.path().join("secret");
    fs::write(&secret, "1024\t2000\n").expect("written");
    let up = format!("{}{}", "../".repeat(30), named(&secret).trim_start_matches('/'));
    for target in [named(&secret), up, "/proc/sys/net/ipv4/ip_local_port_ranges".to_owned()] {
        let folder = tree();
        replace(&folder, RANGE, |path| symlink(&target, path).expect("a link"));
        let range = range(&folder);
        assert_eq!(range["reason"], "not-captured", "{target}: {range}");
    }
    // An absolute link begins at the top of the tree, as it did on the host.
    let folder = tree();
    fs::create_dir(folder.path().join("data")).expect("a folder");
    fs::write(folder.path().join("data/range"), "50000\t60001\n").expect("written");
    replace(&folder, RANGE, |path| symlink("/data/range", path).expect("a link"));
    assert_eq!(range(&folder)["first"], 50_000);
    // So does one on the way to the file.
    let folder = tree();
    fs::remove_dir_all(folder.path().join("proc/sys/net")).expect("removed");
    symlink(outside.path(), folder.path().join("proc/sys/net")).expect("a link");
    fs::create_dir_all(outside.path().join("ipv4")).expect("a folder");
    fs::copy(&secret, outside.path().join("ipv4/ip_local_port_range")).expect("copied");
    let output = run(&["show", "--from", &named(folder.path())]);
    assert_eq!(code(&output), 2, "nothing of a host is left: {}", stderr(&output));
    // Nor does a file of a plain folder.
    let plain = tempfile::tempdir().expect("a folder");
    symlink(&secret, plain.path().join("sysctl.txt")).expect("a link");
    let output = run(&["show", "--from", &named(plain.path())]);
    assert_eq!(code(&output), 2);
    let said = stderr(&output);
    assert!(said.contains("sysctl.txt is a link that leads out of the folder"), "{said}");
}

#[test]
fn a_link_that_leads_out_is_left_out_and_the_rest_is_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let range = "net.ipv4.ip_local_port_range = 50000 60001\n";
    fs::write(folder.path().join("sysctl.txt"), range).expect("written");
    let up = format!("{}etc/passwd", "../".repeat(30));
    for (target, why) in [
        ("/etc/passwd", "a link that leads out of the folder"),
        (&up, "a link that leads out of the folder"),
        ("missing.txt", "a link to nothing"),
    ] {
        let link = folder.path().join("passwd");
        symlink(target, &link).expect("a link");
        let document = shown(&folder);
        assert_eq!(document["scopes"][0]["ranges"][0]["first"], 50_000, "{target}");
        let gaps = document["gaps"].as_array().expect("gaps");
        let gap = gaps.iter().find(|gap| gap["what"] == named(&link)).expect("a gap of the link");
        assert_eq!((&gap["why"], &gap["detail"]), (&"not-captured".into(), &why.into()));
        fs::remove_file(&link).expect("removed");
    }
    // A link to what is in the folder is that.
    symlink("sysctl.txt", folder.path().join("again")).expect("a link");
    let left_out = named(&folder.path().join("again"));
    let gaps = shown(&folder)["gaps"].clone();
    assert!(gaps.as_array().expect("gaps").iter().all(|gap| gap["what"] != left_out), "{gaps}");
}

#[test]
fn loops_pipes_devices_and_depths_end() {
    let folder = tree();
    replace(&folder, RANGE, |path| symlink("ip_local_port_range", path).expect("a link"));
    assert_eq!(range(&folder)["state"], "unknown", "a loop");
    let folder = tree();
    replace(&folder, RANGE, |path| {
        let made = Command::new("mkfifo").arg(path).status().expect("mkfifo");
        assert!(made.success());
    });
    let range_of_pipe = range(&folder);
    assert!(range_of_pipe["reason"].is_string(), "{range_of_pipe}");
    let folder = tree();
    replace(&folder, RANGE, |path| fs::create_dir(path).expect("a folder"));
    assert_eq!(range(&folder)["state"], "unknown", "a folder");
    let folder = tree();
    replace(&folder, RANGE, |path| {
        let file = fs::File::create(path).expect("a file");
        file.set_len(1 << 30).expect("a sparse file");
    });
    assert_eq!(range(&folder)["reason"], "truncated", "a GiB of NULs");
    let folder = tree();
    let mut deep = folder.path().join("proc/sys/net/ipv4");
    for _ in 0..500 {
        deep.push("d");
    }
    fs::create_dir_all(&deep).expect("folders");
    assert_eq!(judged(&folder), 0, "what is not asked for is not entered");
}

#[test]
fn a_plain_folder_is_the_evidence_of_one_host() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        fs::write(folder.path().join(name), text).expect("written");
    };
    let show = || run(&["show", "--from", &named(folder.path())]);
    assert_eq!(code(&show()), 2, "an empty one");
    write("range; rm -rf ~", "net.inet.ip.portrange.first: 10000\n");
    write("more.txt", "net.inet.ip.portrange.last: 65535\n");
    assert_eq!(shown(&folder)["host"]["os"], "bsd", "three systems have these names");
    write("capture.toml", "os = \"freebsd\"\nabout = \"for people\"\n");
    let document = shown(&folder);
    assert_eq!(
        (&document["host"]["os"], &document["scopes"][0]["ranges"][0]["first"]),
        (&"freebsd".into(), &10_000.into())
    );
    let audit = run(&["-v", "--from", &named(folder.path())]);
    let text = String::from_utf8_lossy(&audit.stdout).into_owned();
    assert!(
        !text.contains("sed -n 1p range; rm") && text.contains("rm -rf ~'"),
        "a name is one word"
    );
    write("capture.toml", "os = \"beos\"\n");
    assert!(stderr(&show()).contains("capture.toml"), "{}", stderr(&show()));
    // Folders in it may be of other hosts.
    let output = run(&["show", "--from", "fixtures/hosts"]);
    assert_eq!(code(&output), 2, "{}", stderr(&output));
}

#[test]
fn two_trees_are_two_hosts_and_what_may_not_be_read_is_said() {
    let (first, second) = (tree(), tree());
    let output = run(&["show", "--from", &named(first.path()), &named(second.path())]);
    assert_eq!(code(&output), 2, "{}", stderr(&output));
    let root = rustix::process::geteuid().is_root();
    fs::set_permissions(first.path().join(RANGE), fs::Permissions::from_mode(0o000)).expect("mode");
    assert_eq!(range(&first)["reason"], if root { Value::Null } else { "denied".into() });
}
