//! Captured evidence: every host under fixtures/hosts, through the code that the live reader uses.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use toml::{Table, Value as Toml};

use crate::support::evidence::{bounds, document, from_stdin, range, shown};
use crate::support::{code, json, run, stderr};

mod containers;

struct Host {
    name: String,
    folder: String,
    /// Its files of evidence, where it is no tree.
    files: Vec<String>,
    capture: Table,
}

fn hosts() -> Vec<Host> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/hosts");
    let mut hosts: Vec<PathBuf> =
        fs::read_dir(folder).expect("hosts").map(|entry| entry.expect("an entry").path()).collect();
    hosts.sort();
    hosts
        .into_iter()
        .map(|host| {
            let capture = fs::read_to_string(host.join("capture.toml")).expect("capture.toml");
            let files =
                fs::read_dir(&host).expect("files").map(|entry| entry.expect("an entry").path());
            Host {
                name: host.file_name().expect("a name").to_string_lossy().into_owned(),
                files: files
                    .filter(|file| file.extension().is_some_and(|ending| ending != "toml"))
                    .map(|file| file.display().to_string())
                    .collect(),
                folder: host.display().to_string(),
                capture: capture.parse().expect("TOML"),
            }
        })
        .collect()
}

/// What a capture.toml expects: for which transport and family, which bounds.
fn expected(expect: &Table) -> Vec<(&str, &str, (i64, i64))> {
    let pair = |table: &Table| {
        let number = |key: &str| table.get(key).and_then(Toml::as_integer);
        Some((number("first")?, number("last")?))
    };
    let mut all = Vec::new();
    all.extend(pair(expect).map(|bounds| ("tcp", "ipv4", bounds)));
    for (key, transport, family) in [
        ("tcp", "tcp", "ipv6"),
        ("udp", "udp", "ipv4"),
        ("ipv4", "tcp", "ipv4"),
        ("ipv6", "udp", "ipv6"),
    ] {
        let table = expect.get(key).and_then(Toml::as_table);
        all.extend(table.and_then(pair).map(|bounds| (transport, family, bounds)));
    }
    for (key, value) in expect.get("dynamic").and_then(Toml::as_table).into_iter().flatten() {
        let (family, transport) = key.split_once('-').unwrap_or(("ipv4", key));
        let numbers: Vec<i64> =
            value.as_array().expect("numbers").iter().filter_map(Toml::as_integer).collect();
        // netsh's second number is a count
        all.push((transport, family, (numbers[0], numbers[0] + numbers[1] - 1)));
    }
    all
}

#[test]
fn every_captured_host_shows_the_numbers_of_its_capture() {
    let mut checked = 0;
    for Host { name, folder, capture, .. } in hosts() {
        let os = capture["os"].as_str().expect("os");
        let output = shown(&[folder], None);
        if name == "windows-en-error" {
            assert_eq!(code(&output), 2, "{name}: {}", stderr(&output));
            continue;
        }
        assert_eq!(code(&output), 0, "{name}: {}", stderr(&output));
        let document = document(&output);
        assert_eq!(document["host"]["os"], os, "{name}");
        let expect = capture.get("expect").and_then(Toml::as_table).cloned().unwrap_or_default();
        for (transport, family, wanted) in expected(&expect) {
            assert_eq!(
                bounds(range(&document, transport, family)),
                wanted,
                "{name} {transport} {family}"
            );
            checked += 1;
        }
    }
    assert!(checked > 60, "only {checked} ranges were held against their captures");
}

#[test]
fn the_system_is_recognised_or_asked_for_and_never_guessed() {
    for Host { name, files, capture, .. } in hosts() {
        if files.is_empty() {
            continue;
        }
        let output = shown(&files, None);
        match code(&output) {
            0 => {
                let os = document(&output)["host"]["os"].as_str().map(str::to_owned);
                let wanted = capture["os"].as_str();
                // Only what these three share may leave it open.
                let shared = matches!(wanted, Some("freebsd" | "dragonfly" | "macos"));
                let open = shared && os.as_deref() == Some("bsd");
                assert!(open || os.as_deref() == wanted, "{name}: {os:?}");
            }
            2 => assert!(
                stderr(&output).contains("--os") || name == "windows-en-error",
                "{name}: {}",
                stderr(&output)
            ),
            other => panic!("{name}: exit code {other}"),
        }
    }
}

#[test]
fn what_was_not_captured_is_unknown_and_never_a_pass() {
    // NetBSD's range is the Dynamic Ports, and nothing was captured of its sockets.
    let file = "fixtures/hosts/netbsd-default/sysctl.txt";
    let output = run(&["--format", "json", "--from", file]);
    assert_eq!(code(&output), 3);
    let document = document(&output);
    assert_eq!(document["status"], "undetermined");
    assert_eq!(document["scopes"][0]["listeners"]["reason"], "not-captured");
    // One line alone: half a range is none.
    let half = from_stdin("net.inet.ip.anonportmin = 49152\n", &["show", "--format", "json"]);
    let document = self::document(&half);
    assert_eq!(range(&document, "tcp", "ipv4")["reason"], "not-captured");
    assert_eq!(range(&document, "tcp", "ipv4")["first"], Value::Null);
}

#[test]
fn evidence_that_says_nothing_or_two_things_is_refused() {
    let refused = |text: &str, words: &str| {
        let output = from_stdin(text, &["show"]);
        let said = stderr(&output);
        assert_eq!(code(&output), 2, "{text:?}: {said}");
        assert!(said.contains(words) && said.lines().count() == 1, "{text:?}: {said}");
    };
    refused("", "nothing about ephemeral ports");
    refused("\0\0\u{feff}garbage = 1\n", "nothing about ephemeral ports");
    refused(
        "net.ipv4.ip_local_port_range = 1 2\nnet.inet.ip.portfirst=1024\n",
        "different systems",
    );
    // What three systems share is read, and never enough for a pass.
    let shared = "net.inet.ip.portrange.first: 49152\nnet.inet.ip.portrange.last: 65535\n";
    let document = document(&from_stdin(shared, &["--format", "json"]));
    assert_eq!(
        (&document["host"]["os"], &document["status"]),
        (&"bsd".into(), &"undetermined".into())
    );
    // A damaged setting is a gap, and a prompt in brackets is no JSON.
    let cut = "[{\"SettingName\": \"Internet\", \"DynamicPortRangeStartPort\": 49152,";
    assert_eq!(code(&from_stdin(cut, &[])), 3);
    let prompt = "[root@web1 ~]# sysctl net.ipv4\nnet.ipv4.ip_local_port_range = 9000 65500\n";
    let document = self::document(&from_stdin(prompt, &["show", "--format", "json"]));
    assert_eq!(bounds(range(&document, "tcp", "ipv4")), (9000, 65_500));
    // The same name with two values is neither.
    let twice = "net.ipv4.ip_local_port_range = 1 2\nnet.ipv4.ip_local_port_range = 3 4\n";
    let document = self::document(&from_stdin(twice, &["show", "--format", "json"]));
    assert_eq!(range(&document, "tcp", "ipv4")["reason"], "unparsable");
}

#[test]
fn hostile_evidence_is_bounded_and_never_a_default() {
    let huge = "net.inet.ip.portfirst=99999999999999999999\nnet.inet.ip.portlast=-1\n";
    let document = document(&from_stdin(huge, &["show", "--format", "json"]));
    assert_eq!(range(&document, "tcp", "ipv4")["reason"], "unparsable");
    let endless = vec![b'a'; 17 * 1024 * 1024];
    let output = from_stdin(endless, &["show"]);
    assert_eq!((code(&output), stderr(&output).contains("16 MiB")), (2, true));
    assert_eq!(code(&run(&["show", "--from", "/nonexistent"])), 2);
    assert_eq!(code(&run(&["show", "--os", "linux"])), 2, "--os is for evidence");
}

#[test]
fn a_write_that_was_refused_is_no_value() {
    let text = "* Applying /etc/sysctl.d/99-reserved.conf ...\n\
                net.ipv4.ip_local_reserved_ports = \"55000,57314\"\n\
                sysctl: setting key \"net.ipv4.ip_local_reserved_ports\": Invalid argument\n\
                * Applying /etc/sysctl.conf ...\n\
                net.ipv4.ip_local_port_range = 49152 65535\n";
    let output = from_stdin(text, &["--format", "json"]);
    assert_eq!(code(&output), 3);
    let document = document(&output);
    let reserved = &document["scopes"][0]["reserved"][0];
    assert_eq!(
        (&reserved["state"], &reserved["spans"]),
        (&"unknown".into(), &Value::Array(vec![]))
    );
}

#[test]
fn a_table_without_a_family_does_not_replace_the_one_that_is_known_to_be_of_ipv4() {
    let table = |first: u32, count: u32| {
        format!(
            "\r\nProtocol tcp Dynamic Port Range\r\n---------------------------------\r\n\
             Start Port      : {first}\r\nNumber of Ports : {count}\r\n\r\n"
        )
    };
    let command = "C:\\>netsh int ipv4 show dynamicport tcp\r\n";
    let (own, other) = (table(1024, 13_977), table(49_152, 16_384));
    let read = |text: String| {
        let document = document(&from_stdin(text, &["show", "--format", "json"]));
        bounds(range(&document, "tcp", "ipv4"))
    };
    assert_eq!(read(format!("{command}{own}C:\\>dir\r\n{other}")), (1024, 15_000));
    assert_eq!(read(format!("{command}{own}{other}")), (1024, 15_000));
    // The older name of the context; and two tables of which either may be ipv6's.
    assert_eq!(read(format!("{}{own}{other}", command.replace("ipv4", "ip"))), (1024, 15_000));
    assert_eq!(read(format!("{own}C:\\>netsh int show x\r\n{other}")), (-1, -1));
    assert_eq!(read(other), (49_152, 65_535));
}

const SYSCTL: &str =
    "net.ipv4.ip_local_port_range = 32768\t60999\nnet.ipv4.ip_local_reserved_ports = \n";

/// The owner of the listener on a port, as "pid name".
fn owner(document: &Value, port: u16) -> String {
    let scopes = document["scopes"].as_array().expect("scopes").iter();
    let items = scopes.flat_map(|scope| scope["listeners"]["items"].as_array().expect("items"));
    let mut on = items.filter(|item| item["port"] == port);
    let item = on.next().unwrap_or_else(|| panic!("nobody listens on {port}: {document:#}"));
    format!("{} {}", item["owner"]["pid"], item["owner"]["command"])
}

#[test]
fn lists_of_linux_tell_listeners_and_who_holds_a_port() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(&path, text).expect("a file");
        path.display().to_string()
    };
    let ss = "# ss -tanp\nState Recv-Q Send-Q Local Address:Port Peer Address:Port Process\n\
              LISTEN 0 128 0.0.0.0:33060 0.0.0.0:* users:((\"mysqld\",pid=812,fd=22))\n\
              ESTAB 0 0 10.0.0.5:33061 10.0.0.9:443 users:((\"nightly\",pid=900,fd=5))\n\
              TIME-WAIT 0 0 10.0.0.5:40002 10.0.0.9:443\n";
    let (settings, list) = (write("sysctl.txt", SYSCTL), write("ss.txt", ss));
    let from = ["--from", &settings, "--from", &list];
    let (found, _) = json(&[&["audit", "--no-policy"][..], &from].concat());
    assert_eq!(owner(&found, 33060), "812 \"mysqld\"");
    let missing = found["gaps"].as_array().expect("gaps").iter();
    assert!(missing.clone().any(|gap| gap["what"].as_str().is_some_and(|w| w.contains("udp"))));
    for (port, state, pid) in [
        ("33061", "connected", Some(900)),
        ("40002", "waiting", None),
        ("33060", "served", Some(812)),
        ("40003", "unknown", None),
    ] {
        let (told, _) = json(&[&["explain", &format!("{port}/tcp")][..], &from].concat());
        let of_tcp = &told["transports"][0];
        assert_eq!(of_tcp["state"], state, "{port}: {of_tcp:#}");
        let holder = &of_tcp["holders"][0];
        assert_eq!(holder["owner"]["pid"].as_u64(), pid, "{port}");
        assert_eq!(holder["uid"], Value::Null, "no list without -e tells it");
    }
}

#[test]
fn the_tables_of_a_tree_are_told_whose_they_are_by_the_lists_beside_them() {
    let heading = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   \
                   uid  timeout inode\n";
    let table = format!("{heading}   0: 00000000:8124 00000000:0000 0A 0:0 00:0 0 27 0 23456\n");
    let heads = "Proto Recv-Q Send-Q Local Address Foreign Address State";
    for (name, list) in [
        (
            "netstat_-W_-neopa",
            format!(
                "{heads} User Inode PID/Program name Timer\n\
                 tcp 0 0 0.0.0.0:33060 0.0.0.0:* LISTEN 27 23456 812/mysqld off (0.00/0/0)\n"
            ),
        ),
        // It tells no inode: the ends do.
        (
            "netstat_-tulpn",
            format!(
                "{heads} PID/Program name\ntcp 0 0 0.0.0.0:33060 0.0.0.0:* LISTEN 812/mysqld\n"
            ),
        ),
        (
            "ss_-peaonmi",
            "Netid State Recv-Q Send-Q Local Address:Port Peer Address:Port Process\n\
             tcp LISTEN 0 70 0.0.0.0:33060 0.0.0.0:* users:((\"mysqld\",pid=812,fd=9)) ino:23456\n\
             \t skmem:(r0,rb0)\n"
                .to_owned(),
        ),
    ] {
        let root = tempfile::tempdir().expect("a folder");
        for (path, text) in [
            ("sos_commands/kernel/sysctl_-a", SYSCTL),
            ("proc/net/tcp", &table),
            ("proc/net/tcp6", heading),
            ("proc/net/udp", heading),
            ("proc/net/udp6", heading),
            (&format!("sos_commands/networking/{name}"), &list),
        ] {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            fs::write(&path, text).expect("a file");
        }
        let from = root.path().display().to_string();
        let (found, _) = json(&["audit", "--no-policy", "--from", &from]);
        assert_eq!(owner(&found, 33060), "812 \"mysqld\"", "{name}");
    }
}

#[test]
fn sockets_of_other_transports_are_told_and_never_judged() {
    let heading = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   \
                   uid  timeout inode\n";
    let eps = " ENDPT     SOCK   STY SST HBKT LPORT   UID INODE LADDRS\n\
               ffff9a8b11112222 ffff9a8b33334444 2   10  30    38412     0 34567 0.0.0.0 \n";
    for (range, verdict) in [("32768\t60999", "unknown"), ("49152\t65535", "pass")] {
        let root = tempfile::tempdir().expect("a folder");
        let sysctl = format!(
            "net.ipv4.ip_local_port_range = {range}\nnet.ipv4.ip_local_reserved_ports = \n\
             net.ipv4.ip_unprivileged_port_start = 1024\n"
        );
        for (path, text) in [
            ("sos_commands/kernel/sysctl_-a", &*sysctl),
            ("proc/net/tcp", heading),
            ("proc/net/tcp6", heading),
            ("proc/net/udp", heading),
            ("proc/net/udp6", heading),
            ("proc/net/sctp/eps", eps),
        ] {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            fs::write(&path, text).expect("a file");
        }
        let from = root.path().display().to_string();
        let (found, _) = json(&["audit", "--no-policy", "--from", &from]);
        let rules = found["rules"].as_array().expect("rules").iter();
        let mut rule = rules.filter(|rule| rule["rule"] == "listener-in-pool");
        assert_eq!(rule.next().expect("the rule")["verdict"], verdict, "{range}");
        let (told, _) = json(&["explain", "38412/tcp", "--from", &from]);
        let gaps = told["gaps"].as_array().expect("gaps").iter();
        let mut of_sctp = gaps.filter(|gap| gap["what"] == "SCTP sockets");
        let gap = of_sctp.next().expect("a gap");
        assert!(gap["detail"].as_str().is_some_and(|detail| detail.contains("38412")), "{gap}");
    }
}
