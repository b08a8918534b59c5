//! Whoever may make namespaces and sockets fills a small part of a report: the rest is counted, or
//! a gap.

use std::env;
use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::Value;

use super::all::made::{Sleeper, there};
use crate::linux::support::loopback;
use crate::linux::support::namespace::{inside, set};
use crate::linux::support::within;
use crate::support::{assert_valid, code, run, stderr, stdout};

const MIB: usize = 1024 * 1024;
const HOLDS: &str = "EPHAUDIT_TEST_HOLDS";
/// How many listeners one process holds: fewer than any system lets it have descriptors.
const EACH: u16 = 17_100;

/// A process that holds listeners until it is told to end, at the latest with the test.
struct Holder(Child, Option<BufReader<ChildStdout>>);

impl Drop for Holder {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

/// This very test once more, to hold listeners on `address`: here, or in a namespace of its own.
fn holder(address: &str, apart: bool) -> Holder {
    let test = thread::current().name().expect("a test thread has the test's name").to_owned();
    let me = env::current_exe().expect("this test binary");
    let mut command = Command::new(if apart { "unshare".into() } else { me.clone() });
    if apart {
        command.arg("--net").arg(me);
    }
    let child = command
        .args([&test, "--exact", "--nocapture", "--test-threads=1"])
        .env(HOLDS, address)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let mut holder = Holder(child.expect("it starts"), None);
    let mut said = BufReader::new(holder.0.stdout.take().expect("a pipe"));
    let mut line = String::new();
    while !line.trim_end().ends_with("ready") {
        line.clear();
        assert_ne!(said.read_line(&mut line).expect("a line"), 0, "it holds its listeners");
    }
    // It says more at its end.
    holder.1 = Some(said);
    holder
}

/// Whether this process is one of those that hold, and has done so.
fn held() -> bool {
    let Ok(address) = env::var(HOLDS) else { return false };
    let most = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: most, maximum: most }).expect("a limit");
    let listen = |port| TcpListener::bind((&*address, port)).expect("a listener");
    let all: Vec<TcpListener> = (0..EACH).map(|i| listen(1024 + i)).collect();
    std::io::Write::write_all(&mut std::io::stdout(), b"ready\n").expect("it hears");
    let _ = std::io::stdin().read(&mut [0]);
    drop(all);
    true
}

fn document(output: &std::process::Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {}", stderr(output)))
}

fn array<'a>(value: &'a Value, key: &str) -> &'a Vec<Value> {
    value[key].as_array().unwrap_or_else(|| panic!("{key}"))
}

#[test]
fn a_hundred_thousand_listeners_are_judged_and_a_thousand_are_listed() {
    inside(|| {
        if held() {
            return;
        }
        loopback::up();
        set("ip_local_port_range", "1024 65535");
        let holders: Vec<Holder> =
            (1..=7).map(|i| holder(&format!("127.0.0.{i}"), false)).collect();
        let all = u32::from(EACH) * 7;

        let output = within(64 * MIB, &["--format", "json"]);
        assert_eq!(code(&output), 1);
        assert!(output.stdout.len() <= 2 * MIB, "{} bytes", output.stdout.len());
        let report = document(&output);
        assert_valid(&report);
        let listeners = &report["scopes"][0]["listeners"];
        assert_eq!(listeners["state"], "known");
        assert_eq!((&listeners["count"], &listeners["truncated"]), (&all.into(), &true.into()));
        assert_eq!(listeners["totals"][0]["in_pool"], all);
        assert_eq!(array(listeners, "items").len(), 1000);
        let found = array(&report, "findings").iter();
        let found: Vec<&Value> = found.filter(|f| f["rule"] == "listener-in-pool").collect();
        let others = " more listeners of tcp";
        let together =
            found.iter().filter(|f| f["title"].as_str().is_some_and(|t| t.contains(others)));
        assert_eq!(together.count(), 1, "{others}");

        let page = stdout(&within(64 * MIB, &["--format", "table", "-v"]));
        assert!(page.contains("119,700 tcp, 0 udp; 119,700 in pool"), "{page}");
        let page = stdout(&within(64 * MIB, &["show"]));
        assert!(page.contains("and 118,700 more listeners that are not listed"), "{page}");
        let page = stdout(&within(64 * MIB, &["--format", "html"]));
        assert!(page.contains("118700 anywhere are not listed"), "the picture has a part of them");
        let figures = stdout(&within(64 * MIB, &["--format", "prometheus"]));
        let figure = "ephemeral_port_listeners_in_pool{transport=\"tcp\"} 119700";
        assert!(figures.contains(figure), "{figures}");

        // What a capture can't hold it says, and so does the audit of it.
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("busy.json").display().to_string();
        assert_eq!(code(&within(64 * MIB, &["capture", "--output", &file])), 0);
        drop(holders);
        let replay = || run(&["--from", &file, "--format", "json"]);
        let (first, second) = (replay(), replay());
        assert_eq!(first.stdout, second.stdout);
        let replayed = document(&first);
        let listeners = &replayed["scopes"][0]["listeners"];
        assert_eq!(
            (&listeners["state"], &listeners["reason"]),
            (&"unknown".into(), &"truncated".into())
        );
        let gaps = array(&replayed, "gaps").iter();
        assert!(gaps.filter(|gap| gap["rule"] == "listener-in-pool").count() > 0);
        assert_ne!(code(&first), 0, "never compliant");
    });
}

#[test]
fn namespaces_that_fill_the_room_leave_the_others_unread_and_never_unmentioned() {
    inside(|| {
        if held() {
            return;
        }
        let here = TcpListener::bind("0.0.0.0:23000").expect("a listener");
        let holders: Vec<Holder> = (0..9).map(|_| holder("0.0.0.0", true)).collect();
        let output = within(96 * MIB, &["--all-netns", "--format", "json"]);
        assert!(output.stdout.len() <= 32 * MIB, "{} bytes", output.stdout.len());
        let report = document(&output);
        let scopes = array(&report, "scopes");
        assert_eq!(scopes.len(), 1 + holders.len(), "each is there");
        let own = scopes.iter().find(|scope| scope["current"] == true).expect("it");
        assert_eq!(own["listeners"]["items"][0]["port"], 23_000, "the own one is whole");
        let unread: Vec<&Value> =
            scopes.iter().filter(|scope| scope["ranges"][0]["reason"] == "truncated").collect();
        assert!(!unread.is_empty() && unread.len() < holders.len(), "{}", unread.len());
        for scope in &unread {
            assert_eq!(scope["listeners"]["state"], "unknown");
            assert_eq!(scope["pools"], Value::Array(Vec::new()));
        }
        let mut gaps = array(&report, "gaps").iter();
        let full = |gap: &&Value| gap["rule"] == "namespace-unread" && gap["why"] == "truncated";
        let gap = gaps.find(full).expect("a gap");
        let what = gap["what"].as_str().expect("words");
        assert!(what.starts_with(&format!("{} network namespace", unread.len())), "{gap}");
        for rule in ["namespace-unread", "namespace-differs"] {
            let mut rules = array(&report, "rules").iter();
            let rule = rules.find(|one| one["rule"] == rule).expect("the rule");
            assert_ne!(rule["reason"], Value::Null, "{rule}");
        }
        assert_ne!(code(&output), 0, "never compliant");
        drop((here, holders));
    });
}

/// Every second port reserved, which makes a list as long as there is.
fn reserve_every_second() {
    set("ip_local_port_range", "1024 65535");
    let ports: Vec<String> = (1025..65_534).step_by(2).map(|port: u16| port.to_string()).collect();
    set("ip_local_reserved_ports", &ports.join(","));
}

#[test]
fn long_lists_of_others_are_told_in_part_and_counted() {
    inside(|| {
        // Judging sixty takes a minute where nothing is optimised.
        let number = if cfg!(debug_assertions) { 5 } else { 60 };
        reserve_every_second();
        let others: Vec<Sleeper> = (0..number).map(|_| Sleeper::in_a_namespace()).collect();
        for one in &others {
            there(&one.namespace(), reserve_every_second);
        }
        for (format, usage) in [("ndjson", "full"), ("json", "auto")] {
            let args = ["--all-netns", "--usage", usage, "--format", format];
            let output = within(64 * MIB, &args);
            let most = MIB * (9 + number / 8);
            assert!(output.stdout.len() <= most, "{format}: {} bytes", output.stdout.len());
            let report = document(&output);
            let scopes = array(&report, "scopes");
            assert_eq!(scopes.len(), 1 + number);
            for scope in scopes {
                let own = scope["current"] == true;
                let told = if own { 32_255 } else { 256 };
                let lists = array(scope, "reserved").iter().chain(array(scope, "pools"));
                for list in lists {
                    let whole = list["span_count"].as_u64().expect("a number");
                    assert!((32_254..=32_257).contains(&whole), "{whole}");
                    assert_eq!(list["truncated"], !own);
                    let listed = array(list, "spans").len();
                    assert!(if own { listed as u64 == whole } else { listed == told });
                }
                assert!(scope["pools"][0]["ports"].as_u64().is_some_and(|ports| ports > 32_000));
            }
            if format == "json" {
                let folder = tempfile::tempdir().expect("a folder");
                let file = folder.path().join("saved.json");
                std::fs::write(&file, &output.stdout).expect("written");
                let file = file.display().to_string();
                let page = stdout(&run(&["convert", &file, "--format", "table", "-v"]));
                assert!(page.contains("1027, 1029") && page.contains(" and 32243 more"), "{page}");
                let page = stdout(&run(&["convert", &file, "--format", "html"]));
                assert!(page.contains("and 32243 more"));
            }
        }
    });
}
