//! `--all-netns`: every namespace is found, entered and read as itself, and what is not is told.

pub(super) mod made;

use std::fs::{self, File};
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::process::Command;
use std::thread;

use ephaudit_platform::{Host, Needs};
use rustix::io::Errno;
use serde_json::Value;

use crate::linux::support::namespace::{inside, set, sh};
use crate::linux::support::refuse::{forbid, forbid_netlink};
use crate::support::{assert_valid, code, json, run, spans, stdout};
use made::{
    Made, Sleeper, add, folder_of_names, id, made, name, range, services, there,
    with_each_kind_of_holder,
};

fn scope<'a>(document: &'a Value, id: &str) -> &'a Value {
    let scopes = document["scopes"].as_array().expect("scopes");
    let mut same = scopes.iter().filter(|scope| scope["id"] == id);
    let found = same.next().unwrap_or_else(|| panic!("{id} is not found: {:#}", document["gaps"]));
    assert!(same.next().is_none(), "{id} is found twice");
    found
}

fn ports(scope: &Value) -> Vec<u64> {
    let items = scope["listeners"]["items"].as_array().expect("items");
    items.iter().map(|item| item["port"].as_u64().expect("a port")).collect()
}

/// What could not be seen, as the rule about that tells it, or as nobody does.
fn gaps(document: &Value, what: &str) -> Vec<Value> {
    let gaps = document["gaps"].as_array().expect("gaps").iter();
    let gaps = gaps.filter(|gap| gap["rule"] != "namespace-differs");
    gaps.filter(|gap| gap["what"].as_str().is_some_and(|w| w.contains(what))).cloned().collect()
}

fn verdict<'a>(document: &'a Value, name: &str) -> &'a Value {
    let rules = document["rules"].as_array().expect("rules");
    &rules.iter().find(|rule| rule["rule"] == name).expect("the rule")["verdict"]
}

/// Holds what was told of each namespace against what it is.
fn told_as_they_are(document: &Value, made: &[&Made]) {
    for one in made {
        let scope = scope(document, &one.id);
        let (first, last) = range(one.number);
        assert_eq!(scope["current"], false);
        assert_eq!(scope["ranges"][0]["raw"], format!("{first}\t{last}\n"), "{}", one.number);
        let reserved = spans(&scope["reserved"][0]["spans"]);
        assert_eq!(reserved, [(first, first + one.number)], "{}", one.number);
        let mut services = services(one.number).map(u64::from).to_vec();
        let mut seen = ports(scope);
        services.sort_unstable();
        seen.sort_unstable();
        assert_eq!(seen, services, "its own listeners and no other's");
        assert_eq!(scope["listeners"]["state"], "known");
        assert_eq!(
            (&scope["usage"]["tcp_sockets"], &scope["usage"]["udp_sockets"]),
            (&2.into(), &1.into())
        );
    }
}

#[test]
fn each_holder_is_found_and_each_namespace_read_as_itself() {
    inside(|| {
        let here = TcpListener::bind("0.0.0.0:23000").expect("a listener");
        with_each_kind_of_holder(|made| {
            let (document, code) = json(&["--all-netns"]);
            assert_eq!(code, 1);
            told_as_they_are(&document, made);
            let own = id(&File::open("/proc/self/ns/net").expect("a namespace"));
            let own = scope(&document, &own);
            assert_eq!((&own["current"], &own["path"]), (&true.into(), &Value::Null));
            assert_eq!(ports(own), [23_000]);
            assert_eq!(own["ranges"][0]["raw"], "32768\t60999\n");

            let ids: Vec<&str> = document["scopes"]
                .as_array()
                .expect("scopes")
                .iter()
                .map(|scope| scope["id"].as_str().expect("an id"))
                .collect();
            assert!(ids.is_sorted(), "{ids:?}");
            for one in made {
                let scope = scope(&document, &one.id);
                let path = scope["path"].as_str().expect("a path");
                assert_eq!(id(&File::open(path).expect("it leads there")), one.id);
                let command = format!("nsenter --net={path} sysctl net.ipv4.ip_local_port_range");
                let findings = document["findings"].as_array().expect("findings");
                let of_it: Vec<&Value> =
                    findings.iter().filter(|finding| finding["scope"] == one.id.as_str()).collect();
                assert!(
                    of_it
                        .iter()
                        .any(|finding| finding["evidence"][0]["command"] == command.as_str())
                );
                let advice = of_it[0]["remediation"].to_string();
                let entry = match path.strip_prefix("/run/netns/") {
                    Some(name) => format!("ip netns exec {name}"),
                    None => format!("nsenter --net={path}"),
                };
                assert!(advice.contains(&format!("{entry} sysctl -w ")), "{advice}");
                assert!(!advice.contains("sysctl.d"), "that is for the host: {advice}");
                let in_pool = services(one.number)[1];
                let items = scope["listeners"]["items"].as_array().expect("items");
                let item = items.iter().find(|item| item["port"] == in_pool).expect("it");
                assert_eq!(item["owner"]["pid"], std::process::id());
            }
            let names = |made: &Made| scope(&document, &made.id)["names"].to_string();
            let pid = made[0].sleeper.pid();
            assert_eq!(names(made[0]), format!(r#"["linked","sleep (pid {pid})"]"#));
            assert_eq!(names(made[3]), r#"["web"]"#);
            assert!(!names(made[4]).contains("web"), "another's mounts name nothing");
            assert_eq!(verdict(&document, "namespace-differs"), "fail");
        });
        drop(here);
    });
}

#[test]
fn by_every_way_of_reading_each_namespace_is_itself() {
    inside(|| {
        let here = TcpListener::bind("0.0.0.0:23000").expect("a listener");
        with_each_kind_of_holder(|made| {
            let (last, others) = made.split_last().expect("some");
            // openat2(2) has one number on every architecture; it is what follows another process's
            // mounts.
            let ways: [(fn(), bool); 2] =
                [(forbid_netlink, true), (|| forbid(437, Vec::new(), Errno::NOSYS), false)];
            for (way, everywhere) in ways {
                let reader = thread::spawn(move || {
                    way();
                    json(&["show", "--all-netns"]).0
                });
                let read = reader.join().expect("read");
                told_as_they_are(&read, if everywhere { made } else { others });
                let state = &scope(&read, &last.id)["ranges"][0]["state"];
                assert_eq!(state, if everywhere { "known" } else { "unknown" });
                assert_eq!(gaps(&read, "1 network namespace").len(), usize::from(!everywhere));
                let scopes = read["scopes"].as_array().expect("scopes").iter();
                let own: Vec<_> =
                    scopes.filter(|scope| scope["current"] == true).map(ports).collect();
                assert_eq!(own, [[23_000]]);
            }
        });
        drop(here);
    });
}

#[test]
fn a_procfs_of_its_own_shows_each_namespace_as_itself() {
    inside(|| {
        folder_of_names();
        let made = [made(1), made(2), made(3)];
        for one in &made {
            name(&one.sleeper.link(), &format!("n{}", one.number));
        }
        // A procfs is its pid namespace's, so the program may mount one in a pid namespace of its
        // own; nobody but its own procfs can show what is masked here.
        let script = "mount --bind /dev/null /proc/sys/net/ipv4/ip_local_port_range && exec \"$@\"";
        let (document, code) =
            audit_by("unshare", &["--pid", "--fork", "--mount-proc", "sh", "-c", script, "sh"]);
        told_as_they_are(&document, &made.each_ref());
        let own = id(&File::open("/proc/self/ns/net").expect("a namespace"));
        assert_eq!(scope(&document, &own)["ranges"][0]["state"], "unknown");
        assert_eq!(code, 1);
    });
}

#[test]
fn a_folder_that_shows_where_it_was_mounted_is_not_believed() {
    inside(|| {
        let made = made(1);
        // Here the program may mount no procfs: it goes by /proc. runc binds /proc/sys over itself,
        // which shows each reader what is its own.
        sh("mount", &["--bind", "/proc/sys/net", "/mnt"]);
        sh("mount", &["--bind", "/proc/sys", "/proc/sys"]);
        told_as_they_are(&without_fsopen(), &[&made]);
        // LXC: /proc/sys/net over that again
        sh("mount", &["--bind", "/mnt", "/proc/sys/net"]);
        let document = without_fsopen();
        assert_eq!(scope(&document, &made.id)["ranges"][0]["state"], "unknown");
        assert!(!gaps(&document, "ephemeral range").is_empty());
    });
}

fn without_fsopen() -> Value {
    let refused = thread::spawn(|| {
        forbid(430, Vec::new(), Errno::PERM);
        json(&["show", "--all-netns"]).0
    });
    refused.join().expect("read")
}

#[test]
fn the_reader_stays_where_it_is() {
    inside(|| {
        let made = made(1);
        let where_we_are = || {
            ["/proc/self/ns/net", "/proc/thread-self/ns/net"]
                .map(|link| fs::read_link(link).expect("a link"))
        };
        let before = where_we_are();
        let snapshot = Host::live().read(&Needs::default().all_namespaces(true));
        assert!(snapshot.scopes.iter().any(|scope| scope.id == made.id && !scope.current));
        assert_eq!(where_we_are(), before);
        assert_eq!(
            Host::live().read(&Needs::default()).scopes.len(),
            1,
            "only where all are wanted"
        );
    });
}

/// Every namespace that can be read is as the profile wants it.
fn compliant() {
    set("ip_local_port_range", "49152 65535");
    assert_eq!(code(&run(&[])), 0);
    folder_of_names();
    let gone = Sleeper::in_a_namespace();
    there(&gone.namespace(), || set("ip_local_port_range", "49152 65535"));
    name(&gone.link(), "web");
}

/// The audit by another user, so to speak.
fn audit_by(program: &str, args: &[&str]) -> (Value, i32) {
    let audit = [env!("CARGO_BIN_EXE_ephaudit"), "--all-netns", "--format", "json"];
    let output = Command::new(program).args(args).args(audit).output().expect("it starts");
    let document: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_valid(&document);
    (document, code(&output))
}

#[test]
fn what_cannot_be_entered_is_counted_and_listed_and_never_passes() {
    inside(|| {
        compliant();
        let web = id(&File::open("/run/netns/web").expect("a namespace"));
        for (program, args) in [
            // root of a user namespace below this one, which owns none of these
            ("unshare", &["--user", "--map-root-user"][..]),
            ("setpriv", &["--bounding-set=-all", "--inh-caps=-all"][..]),
        ] {
            let (document, code) = audit_by(program, args);
            assert_eq!((code, &document["status"]), (3, &Value::from("undetermined")), "{program}");
            let closed = scope(&document, &web);
            assert_eq!(closed["names"][0], "web");
            assert_eq!(
                (&closed["ranges"][0]["state"], &closed["ranges"][0]["reason"]),
                (&"unknown".into(), &"denied".into())
            );
            assert_eq!(closed["listeners"]["state"], "unknown");
            assert_eq!(closed["pools"], Value::Array(Vec::new()));
            for rule in [
                "namespace-unread",
                "namespace-differs",
                "outside-dynamic-ports",
                "listener-in-pool",
            ] {
                assert_eq!(verdict(&document, rule), "unknown", "{program}: {rule}");
            }
            let [counted] = &gaps(&document, "1 network namespace")[..] else {
                panic!("{:#}", document["gaps"])
            };
            assert_eq!(counted["why"], "denied");
            assert!(
                counted["detail"].as_str().is_some_and(|detail| detail.contains(&web)),
                "{counted}"
            );
            // In a container those outside of its pid namespace are a gap of their own.
            let hidden = gaps(&document, "network namespaces of ");
            let denied: Vec<&Value> = hidden.iter().filter(|gap| gap["why"] == "denied").collect();
            let [denied] = denied[..] else { panic!("{:#}", document["gaps"]) };
            assert_eq!(denied["rule"], "namespace-unread");
        }
        let shown = run(&["show", "--all-netns"]);
        assert_eq!(code(&shown), 0, "facts are no verdict");
    });
}

#[test]
fn processes_that_may_not_be_looked_into_are_counted() {
    inside(|| {
        set("ip_local_port_range", "49152 65535");
        // Three processes that may do everything, in a pid namespace with nobody else, and one that
        // may do nothing.
        let script = "sleep 1000 & sleep 1000 & sleep 1000 & exec \"$@\"";
        let capless = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"];
        for (reader, unseen) in
            [(&capless[..], vec!["network namespaces of 3 processes"]), (&[], Vec::new())]
        {
            let alone = ["--pid", "--fork", "--mount-proc", "sh", "-c", script, "sh"];
            let (document, code) = audit_by("unshare", &[&alone, reader].concat());
            let counted = gaps(&document, "network namespaces of ");
            let counted = counted.iter().filter(|gap| gap["why"] == "denied");
            let counted =
                counted.inspect(|gap| assert!(gap["detail"].to_string().contains("(pid ")));
            let what: Vec<&Value> = counted.map(|gap| &gap["what"]).collect();
            assert_eq!(what, unseen);
            assert_eq!((code, verdict(&document, "namespace-unread")), (3, &"unknown".into()));
            assert_eq!(
                verdict(&document, "namespace-differs"),
                "unknown",
                "what is unseen may differ"
            );
        }
    });
}

#[test]
fn hidden_processes_are_no_silence() {
    inside(|| {
        set("ip_local_port_range", "49152 65535");
        let script = "mount -o remount,hidepid=4 /proc && setpriv --bounding-set=-all --inh-caps=-all \"$@\"";
        for (reason, args) in [
            ("unsupported", &["--pid", "--fork", "--mount-proc"][..]),
            ("denied", &["--pid", "--fork", "--mount-proc", "sh", "-c", script, "sh"][..]),
        ] {
            let (document, code) = audit_by("unshare", args);
            let [gap] = &gaps(&document, "hidden processes")[..] else {
                panic!("{:#}", document["gaps"])
            };
            assert_eq!(gap["why"], reason);
            assert_eq!(code, 3);
        }
    });
}

#[test]
fn a_page_about_many_namespaces_stays_short() {
    inside(|| {
        folder_of_names();
        for number in 0..40 {
            add(&format!("n{number}"));
        }
        let held = Sleeper::in_a_namespace();
        let busy = there(&held.namespace(), || TcpListener::bind("0.0.0.0:50010").expect("one"));
        let screen = stdout(&run(&["--all-netns"]));
        assert!(screen.lines().count() <= 24, "{screen}");
        let shape = "MEDIUM  42          32768-60999  28,232  ····░░░░  this one, n0-n39";
        assert!(screen.contains(shape), "{screen}");
        let page = stdout(&run(&["--all-netns", "-v"]));
        let lines: Vec<&str> = page.lines().collect();
        assert!(lines.len() < 200, "{page}");
        assert!(page.contains("and 41 other namespaces"), "{page}");
        let table = lines.iter().position(|line| line.starts_with("NAMESPACE")).expect("a table");
        assert!(
            lines[table + 1].starts_with("sleep (pid "),
            "those with listeners go first: {page}"
        );
        assert!(page.contains("and 11 more; --format json lists them all"), "{page}");
        let told = lines.iter().filter(|line| line.contains("  outside-dynamic-ports")).count();
        // The move leaves another number of ports where a service is kept out of them, and only
        // the reader's own namespace has a rate.
        assert!((2..=3).contains(&told), "what is alike is told once: {page}");
        assert!(page.contains("(here), "), "{page}");
        let (document, _) = json(&["--all-netns"]);
        let findings = document["findings"].as_array().expect("findings").iter();
        assert_eq!(findings.filter(|f| f["rule"] == "outside-dynamic-ports").count(), 42);
        drop(busy);
    });
}

/// The commands of the screen: each begins with two blanks, and goes on behind a backslash.
fn commands(screen: &str) -> Vec<String> {
    let lines = screen.replace("\\\n    ", "");
    let lines = lines.lines().skip_while(|line| !line.starts_with("DO NOW"));
    lines
        .filter_map(|line| line.strip_prefix("  ").filter(|line| !line.starts_with(' ')))
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_commands_of_a_screen_end_the_cause_in_every_namespace() {
    inside(|| {
        folder_of_names();
        for name in ["web", "db", "n-1"] {
            add(name);
        }
        set("ip_local_port_range", "49152 65535");
        let held = Sleeper::in_a_namespace();
        let screen = stdout(&run(&["--all-netns"]));
        let commands = commands(&screen);
        let looped = "for n in db n-1 web; do ip netns exec $n sysctl -w \
                      net.ipv4.ip_local_port_range='49152 65535'; done";
        assert!(commands.iter().any(|command| command == looped), "{commands:?} {screen}");
        for command in &commands {
            let done = Command::new("sh").args(["-euc", command]).output().expect("it starts");
            assert!(done.status.success(), "{command}: {done:?}");
        }
        let (document, _) = json(&["--all-netns"]);
        let findings = document["findings"].as_array().expect("findings");
        assert!(!findings.iter().any(|f| f["rule"] == "outside-dynamic-ports"), "{screen}");
        drop(held);
    });
}

#[test]
fn a_socket_is_told_to_be_held_by_a_process_that_has_moved_elsewhere() {
    inside(|| {
        let listener = TcpListener::bind("0.0.0.0:50010").expect("a listener");
        let held = Sleeper::holding(OwnedFd::from(listener), &["--net", "sleep", "1000"]);
        let (document, _) = json(&[]);
        let item = &document["scopes"][0]["listeners"]["items"][0];
        assert_eq!((&item["port"], &item["owner"]["pid"]), (&50_010.into(), &held.pid().into()));
    });
}
