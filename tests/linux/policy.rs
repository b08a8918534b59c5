//! Policies: where they are read, what they accept, and what they declare, against the real kernel.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::symlink;
use std::path::Path;

use serde_json::Value;

use crate::linux::support::loopback;
use crate::linux::support::namespace::{inside, inside_as_root, set, sh};
use crate::policy::{folder, write};
use crate::support::{code, ephaudit, json, run, stderr, stdout};

/// Mounts an empty folder there that only root can write in.
fn roots_own(place: &str) {
    sh("mount", &["-t", "tmpfs", "-o", "mode=755", "tmpfs", place]);
}

fn verdict<'a>(document: &'a Value, rule: &str) -> &'a str {
    let rules = document["rules"].as_array().expect("rules");
    let rule = rules.iter().find(|known| known["rule"] == rule).expect("the rule");
    rule["verdict"].as_str().expect("a verdict")
}

/// The only file that is read without being named is the system's own, whatever lies where the
/// program is started.
#[test]
fn nothing_is_read_of_the_folder_that_the_program_is_started_in() {
    inside_as_root(|| {
        let folder = folder();
        for name in ["policy.toml", "ephaudit.toml", ".ephaudit.toml", "ephaudit/policy.toml"] {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(path, "fail-on = \"none\"\n").expect("a policy");
        }
        let home = folder.path().to_str().expect("UTF-8");
        let there = |args: &[&str]| {
            let mut command = ephaudit(args);
            command.current_dir(home).env("HOME", home).env("XDG_CONFIG_HOME", home);
            code(&command.output().expect("it runs"))
        };
        assert_eq!(there(&[]), 1);
        roots_own("/etc");
        fs::create_dir("/etc/ephaudit").expect("a folder");
        assert_eq!(there(&[]), 1, "there is none");
        fs::write("/etc/ephaudit/policy.toml", "fail-on = \"none\"\n").expect("a policy");
        assert_eq!(there(&[]), 0, "the system's own");
        assert_eq!(there(&["--no-policy"]), 1);
        assert_eq!(there(&["--fail-on", "medium"]), 1, "a flag goes before a file");
        fs::write("/etc/ephaudit/policy.toml", "fail-on = \"non\"\n").expect("a policy");
        assert_eq!(there(&[]), 2, "a mistake in it is no reason to judge without it");
        fs::remove_file("/etc/ephaudit/policy.toml").expect("removed");
        fs::create_dir("/etc/ephaudit/policy.toml").expect("a folder");
        assert_eq!(there(&[]), 2, "nor that it cannot be read");
        fs::remove_dir("/etc/ephaudit/policy.toml").expect("removed");
        symlink("/mnt/gone.toml", "/etc/ephaudit/policy.toml").expect("a link");
        assert_eq!(there(&[]), 2, "nor that it has gone");
        fs::remove_file("/etc/ephaudit/policy.toml").expect("removed");
        sh("mkfifo", &["/etc/ephaudit/policy.toml"]);
        assert_eq!(there(&[]), 2, "and nothing is waited for");
    });
}

#[test]
fn a_flag_goes_before_the_environment_and_that_before_the_file() {
    inside_as_root(|| {
        roots_own("/etc");
        let file = write(Path::new("/etc"), "profile = \"vendor\"\nfail-on = \"info\"\n");
        let judged = |args: &[&str], environment: &[(&str, &str)]| {
            let mut command = ephaudit(&[args, &["--format", "json"]].concat());
            command.envs(environment.iter().copied());
            let output = command.output().expect("it runs");
            let document: Value = serde_json::from_slice(&output.stdout).expect("JSON");
            let word = |value: &Value| value.as_str().unwrap_or("none").to_owned();
            (word(&document["profile"]), word(&document["policy"]["fail_on"]))
        };
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(judged(&[], &[]), pair("iana", "medium"));
        assert_eq!(judged(&["--policy", &file], &[]), pair("vendor", "info"));
        assert_eq!(judged(&[], &[("EPHAUDIT_POLICY", &file)]), pair("vendor", "info"));
        let environment = [("EPHAUDIT_PROFILE", "rfc6056"), ("EPHAUDIT_FAIL_ON", "none")];
        assert_eq!(judged(&["--policy", &file], &environment), pair("rfc6056", "none"));
        let flags = ["--policy", &file, "--profile", "kubernetes", "--fail-on", "high"];
        assert_eq!(judged(&flags, &environment), pair("kubernetes", "high"));
        let other = ephaudit(&["rules"]).envs(environment).output().expect("it runs");
        assert_eq!(code(&other), 0, "{}", stderr(&other));
        // Whether the sockets are few enough to look at by itself is a matter of the machine.
        let mut looking = ephaudit(&["--usage", "top"]);
        let format = looking.env("EPHAUDIT_FORMAT", "status").output().expect("it runs");
        assert_eq!(stdout(&format), "findings\n");
        // What is set for audits is nothing to other commands, and what is empty is not set.
        for (name, value) in [("EPHAUDIT_PROFILE", "bogus"), ("EPHAUDIT_POLICY", "/nonexistent")] {
            assert_eq!(code(&ephaudit(&["rules"]).env(name, value).output().expect("it runs")), 0);
            assert_eq!(code(&ephaudit(&[]).env(name, value).output().expect("it runs")), 2);
            assert_eq!(code(&ephaudit(&[]).env(name, "").output().expect("it runs")), 1, "{name}");
        }
        let without = ephaudit(&["--no-policy"]).env("EPHAUDIT_POLICY", &file).output();
        assert_eq!(code(&without.expect("it runs")), 1, "a flag goes before the environment");
        assert_eq!(code(&run(&["--no-policy", "--policy", &file])), 2);
    });
}

#[test]
fn a_new_policy_is_one_that_the_host_satisfies() {
    inside(|| {
        loopback::up();
        let folder = folder();
        let path = folder.path().join("new.toml");
        let path = path.to_str().expect("UTF-8");
        let listeners: Vec<TcpListener> = [33_060, 50_010, 47_001]
            .iter()
            .map(|port| TcpListener::bind(("127.0.0.1", *port)).expect("a listener"))
            .collect();
        let hosts = [
            ("1024", "32768 60999", "8080"),
            ("1024", "1024 65535", ""),
            ("1024", "49152 65535", ""),
            ("1024", "50000 50100", ""),
            ("500", "500 40000", "600-700"),
        ];
        let measures: [&[&str]; 4] = [
            &[],
            &["--profile", "kubernetes"],
            &["--profile", "rfc6056", "--services", "hadoop,mysql"],
            &["--profile", "vendor", "--fail-on", "info"],
        ];
        for (start, range, reserved) in hosts {
            set("ip_unprivileged_port_start", "0");
            set("ip_local_port_range", range);
            set("ip_unprivileged_port_start", start);
            set("ip_local_reserved_ports", reserved);
            for measure in measures {
                let made = run(&[&["policy", "new", "--force", "-o", path], measure].concat());
                assert_eq!(code(&made), 0, "{}", stderr(&made));
                assert_eq!(code(&run(&["policy", "check", path])), 0);
                let (document, exit) = json(&["--policy", path]);
                let text = fs::read_to_string(path).expect("a policy");
                assert_eq!(exit, 0, "{range} {measure:?}: {}\n{text}", document["findings"]);
                assert_eq!(document["policy"]["file"], path);
                if document["policy"]["fail_on"] != "info" {
                    assert_ne!(verdict(&document, "stale-waiver"), "fail", "each waiver is needed");
                }
            }
        }
        set("ip_unprivileged_port_start", "0");
        set("ip_local_port_range", "32768 60999");
        assert_eq!(code(&run(&["policy", "new", "-o", path])), 2, "it is there already");
        run(&["policy", "new", "--force", "-o", path]);
        set("ip_local_port_range", "20000 60999");
        assert_eq!(code(&run(&["--policy", path])), 1, "it is no policy for whatever comes");
        drop(listeners);
    });
}

#[test]
fn what_is_waived_stays_in_the_report_until_its_day() {
    inside(|| {
        let folder = folder();
        let of = |waivers: &str| write(folder.path(), waivers);
        let waiver = |rule: &str, more: &str| {
            format!(
                "[[waiver]]\nrule = \"{rule}\"\nreason = \"next window\"\nowner = \"net\"\n{more}\n"
            )
        };
        let both = |more: &str| {
            waiver("outside-dynamic-ports", more) + &waiver("overlaps-user-ports", more)
        };
        let file = of(&both("expires = 9999-12-31"));
        let (document, exit) = json(&["--policy", &file]);
        assert_eq!((exit, document["status"].as_str()), (0, Some("compliant")));
        assert_eq!(verdict(&document, "outside-dynamic-ports"), "waived");
        let findings = document["findings"].as_array().expect("findings");
        assert_eq!(findings.len(), 2);
        for finding in findings {
            assert_eq!(finding["waived"], "next window (net, until 9999-12-31)");
        }
        let table = stdout(&run(&["--policy", &file, "-v"]));
        assert!(table.contains("WAIVED") && table.contains("2 waived"), "{table}");

        let (document, exit) = json(&["--policy", &of(&both("expires = 2026-01-31"))]);
        assert_eq!((exit, verdict(&document, "outside-dynamic-ports")), (1, "fail"));
        assert_eq!(verdict(&document, "stale-waiver"), "fail");
        assert_eq!(json(&["--policy", &of(&both("host = \"other*\""))]).1, 1);
        assert_eq!(json(&["--policy", &of(&both("scope = \"net:*\""))]).1, 0);
        assert_eq!(json(&["--policy", &of(&both("scope = \"host\""))]).1, 1);
        assert_eq!(json(&["--policy", &of(&both("host = \"NOT-*\""))]).1, 1);
        assert_eq!(json(&["--policy", &of(&both("ports = \"32768-49150\""))]).1, 1, "too few");
        // A waiver accepts findings, and no blindness.
        sh("mount", &["--bind", "/dev/null", "/proc/sys/net/ipv4/ip_local_reserved_ports"]);
        assert_eq!(json(&["--policy", &of(&both(""))]).1, 3);
    });
}

#[test]
fn a_rule_weighs_what_the_policy_says() {
    inside(|| {
        let folder = folder();
        let with = |rules: &str| json(&["--policy", &write(folder.path(), rules)]);
        let (document, exit) =
            with("[rules]\noutside-dynamic-ports = \"off\"\noverlaps-user-ports = \"off\"\n");
        assert_eq!((exit, verdict(&document, "overlaps-user-ports")), (0, "not-applicable"));
        let rules =
            "[rules]\noutside-dynamic-ports = \"critical\"\noverlaps-user-ports = \"low\"\n";
        let (document, _) = with(rules);
        let severities: Vec<&str> = document["findings"]
            .as_array()
            .expect("findings")
            .iter()
            .filter_map(|finding| finding["severity"].as_str())
            .collect();
        assert_eq!(severities, ["critical", "low"]);
        // Where no rule is asked nobody complies, and what was not asked is told.
        let table = stdout(&run(&["--policy", &write(folder.path(), rules)]));
        assert!(!table.contains("turned off"), "{table}");
        let (list, _) = json(&["rules"]);
        let list = list["rules"].as_array().expect("rules");
        let all: Vec<String> =
            list.iter().map(|rule| format!("{} = \"off\"\n", rule["rule"])).collect();
        let file = write(folder.path(), &format!("[rules]\n{}", all.concat()));
        let (document, exit) = json(&["--policy", &file]);
        assert_eq!((exit, document["status"].as_str()), (3, Some("undetermined")));
        let off = format!("audit_rules_off {}", list.len());
        for format in ["table", "markdown", "html", "nagios", "prometheus"] {
            let said = stdout(&run(&["--policy", &file, "--format", format]));
            let told = [" turned off by the policy", " off, ", &off];
            assert!(told.iter().any(|words| said.contains(words)), "{format}: {said}");
        }
        // A rule that is off has no gap either.
        sh("mount", &["--bind", "/dev/null", "/proc/sys/net/ipv4/ip_unprivileged_port_start"]);
        let off =
            "allowed-ranges = [\"1024-65535\"]\n[rules]\nunprivileged-start-lowered = \"off\"\n";
        assert_eq!(with(&off.replace("off", "on")).1, 3);
        assert_eq!(with(off).1, 0);
    });
}

/// What only rules read that are off is not read: the processes of listeners, the sockets.
#[test]
fn a_rule_that_is_off_costs_nothing() {
    inside(|| {
        loopback::up();
        // One listener in two ports may be all that one destination uses.
        set("ip_local_port_range", "40002 40003");
        let _listener = TcpListener::bind("127.0.0.1:40002").expect("a listener");
        let folder = folder();
        let with = |off: &[&str]| {
            let off: Vec<String> = off.iter().map(|rule| format!("{rule} = \"off\"\n")).collect();
            let policy = write(folder.path(), &format!("[rules]\n{}", off.concat()));
            let report = json(&["--policy", &policy]).0;
            let saved = folder.path().join("report.json");
            fs::write(&saved, report.to_string()).expect("saved");
            let saved = saved.to_str().expect("UTF-8");
            assert_eq!(code(&run(&["convert", saved])), 0, "it is read again");
            let scope = &report["scopes"][0];
            let pid = &scope["listeners"]["items"][0]["owner"]["pid"];
            (pid.is_u64(), scope["usage"]["method"] == "sock_diag")
        };
        assert_eq!(with(&[]), (true, true));
        assert_eq!(with(&["listener-in-pool", "squatted-port"]), (false, true));
        let of_sockets = [
            "self-connected-socket",
            "self-connect-exposure",
            "destination-near-exhaustion",
            "bound-ports-drain-pool",
            "outbound-on-system-port",
        ];
        assert_eq!(with(&of_sockets[1..]), (true, true), "one is enough");
        assert_eq!(with(&of_sockets), (true, false));
    });
}

/// A port that no socket shows is taken by a client, and `reserve` keeps it.
#[test]
fn a_declared_port_is_found_in_the_pool_and_in_a_clients_hands() {
    inside(|| {
        loopback::up();
        set("ip_local_port_range", "40000 40019");
        let folder = folder();
        let file = write(
            folder.path(),
            "min-pool = 1\nallowed-ranges = [\"1024-65535\"]\n[[service]]\nname = \"NodePort\"\nports = \"40000-40018\"\n",
        );
        let of = |document: &Value, rule: &str| -> Vec<Value> {
            let findings = document["findings"].as_array().expect("findings").iter();
            findings.filter(|finding| finding["rule"] == rule).cloned().collect()
        };
        let (document, exit) = json(&["--policy", &file]);
        assert_eq!(exit, 1);
        let found = of(&document, "declared-service-in-pool");
        assert!(found[0]["title"].as_str().is_some_and(|title| title.contains("40000-40018")));
        assert_eq!(document["services"][0]["first"], 40_000);
        assert_eq!(verdict(&document, "squatted-port"), "pass");

        let server = TcpListener::bind("127.0.0.1:7000").expect("a listener");
        let client = TcpStream::connect("127.0.0.1:7000").expect("a connection");
        let (accepted, _) = server.accept().expect("accepted");
        let taken: SocketAddr = client.local_addr().expect("an address");
        let (document, _) = json(&["--policy", &file]);
        let squatted = of(&document, "squatted-port");
        assert_eq!(squatted.len(), 1, "{squatted:?}");
        assert_eq!(squatted[0]["severity"], "high");
        let said = squatted[0].to_string();
        assert!(said.contains(&format!("{taken} to 127.0.0.1:7000: ESTAB")), "{said}");
        assert!(TcpListener::bind(taken).is_err(), "EADDRINUSE, as it says");
        // The client closes first: TIME_WAIT stays at its end.
        drop(client);
        drop(accepted);
        let (document, _) = json(&["--policy", &file]);
        let waits = of(&document, "squatted-port");
        assert_eq!(waits[0]["severity"], "medium", "{waits:?}");

        set("ip_local_reserved_ports", "40000-40018");
        let (document, _) = json(&["--policy", &file]);
        assert_eq!(verdict(&document, "declared-service-in-pool"), "pass");
        let client = TcpStream::connect("127.0.0.1:7000").expect("the one port that is left");
        assert_eq!(client.local_addr().expect("an address").port(), 40_019);
        // What is served is nobody's squat, whoever is connected to it. (The first client's port is
        // still in TIME_WAIT and no service can have it.)
        set("ip_local_port_range", "41000 41999");
        let port = if taken.port() == 40_018 { 40_016 } else { 40_018 };
        let service = TcpListener::bind(("127.0.0.1", port)).expect("the service");
        let clients: Vec<TcpStream> =
            (0..3).map(|_| TcpStream::connect(("127.0.0.1", port)).expect("a client")).collect();
        let (document, _) = json(&["--policy", &file]);
        let ports: Vec<Value> = of(&document, "squatted-port");
        let there = format!("{port} to");
        assert!(ports.iter().all(|finding| !finding.to_string().contains(&there)), "{ports:?}");
        drop((service, clients));
    });
}
