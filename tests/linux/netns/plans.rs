//! A plan is a claim: on random hosts its commands are run as they stand. The kernel then holds the
//! plan, the audit finds what was foretold, a second plan is empty, and the way back leads to what
//! was there before.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::process::Command;

use serde_json::Value;

use super::remedies::{LISTS, RANGES, array, become_a_host, reset, run, sockets};
use crate::linux::boot::{LOADERS, number, present};
use crate::linux::support::loopback;
use crate::linux::support::namespace::{aloud, inside_as_root, set};
use crate::linux::support::random::Random;
use crate::support::{json, run as ephaudit, stdout};

/// How many hosts, where EPHAUDIT_PLAN_HOSTS says nothing else.
const HOSTS: u64 = 200;
/// The first of their seeds, where EPHAUDIT_PLAN_SEED says nothing else.
const SEED: u64 = 9_100_000;

const RANGE: &str = "ip_local_port_range";
const LIST: &str = "ip_local_reserved_ports";

/// What a plan that meets the demand leaves none of, from medium on: low is a listener of which
/// nothing tells whether it is a service.
const ENDED: [&str; 4] =
    ["outside-dynamic-ports", "listener-in-pool", "declared-service-in-pool", "narrow-pool"];

/// A setting, byte for byte: the list answers no second read(2).
fn raw(key: &str) -> String {
    let mut buffer = vec![0; 64 * 1024];
    let mut file = File::open(format!("/proc/sys/net/ipv4/{key}")).expect("a sysctl");
    let length = file.read(&mut buffer).expect("a value");
    String::from_utf8_lossy(&buffer[..length]).into_owned()
}

/// What the audit and the plan are asked with.
fn options(random: &mut Random) -> Vec<&'static str> {
    let mut options = vec!["--no-policy"];
    if random.once_in(3) {
        options.extend(["--profile", random.one_of(&["kubernetes", "rfc6056", "vendor"])]);
    }
    if random.once_in(3) {
        options.extend(["--services", random.one_of(&["mysql", "postgres", "consul"])]);
    }
    options
}

/// What only a plan is asked with.
fn wishes(random: &mut Random) -> Vec<&'static str> {
    let mut wishes = vec!["--prefer", random.one_of(&["auto", "auto", "least", "capacity"])];
    if random.once_in(4) {
        wishes.extend(["--rate", random.one_of(&["100", "250"])]);
    }
    if random.once_in(6) {
        wishes.extend(["--set", random.one_of(&["reserved=+50123", "range=keep"])]);
    }
    wishes
}

/// How many findings there are of each rule, as grave as they are.
fn counts<'a>(findings: impl Iterator<Item = &'a Value>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for finding in findings {
        *counts.entry(format!("{} {}", finding["rule"], finding["severity"])).or_default() += 1;
    }
    counts
}

/// What is wrong with the plan of this host.
fn tried(options: &[&str], wishes: &[&str]) -> Vec<String> {
    let mut wrong = Vec::new();
    let arguments = [&["plan"], options, wishes].concat();
    let (document, code) = json(&arguments);
    let scope = &document["scopes"][0];
    let plan = &scope["proposal"];
    if plan.is_null() {
        wrong.push(format!("{arguments:?}: no plan: {}", scope["refused"]));
        return wrong;
    }
    let before = (raw(RANGE), raw(LIST));
    for step in array(plan, "steps").iter().filter(|step| step["when"] == "now") {
        wrong.extend(run(step["command"].as_str().expect("a command")).err());
    }
    let settings = &plan["settings"];
    let range = format!("{}\t{}\n", settings["range"]["first"], settings["range"]["last"]);
    let list = format!("{}\n", settings["reserved_text"].as_str().expect("a list"));
    if (raw(RANGE), raw(LIST)) != (range, list) {
        wrong.push(format!("the kernel has {:?} {:?} and not {settings}", raw(RANGE), raw(LIST)));
    }
    let (audit, audited) = json(options);
    let unwaived = array(&audit, "findings").iter().filter(|finding| finding["waived"].is_null());
    let (found, foretold) = (counts(unwaived), counts(array(scope, "after").iter()));
    if found != foretold {
        wrong.push(format!("{found:?} is found, and {foretold:?} was foretold"));
    }
    let met = plan["short"] == 0 && array(plan, "exposed").is_empty();
    if met && code != audited {
        wrong.push(format!("the plan ends with {code}, and the audit with {audited}"));
    }
    if met && !wishes.contains(&"range=keep") {
        let grave = |name: &&String| !name.contains("\"low\"") && !name.contains("\"info\"");
        let grave: Vec<&String> = found.keys().filter(grave).collect();
        let stays = ENDED.iter().filter(|rule| grave.iter().any(|name| name.contains(**rule)));
        wrong.extend(stays.map(|rule| format!("{rule} is found after the plan")));
    }
    let (again, _) = json(&arguments);
    if again["scopes"][0]["proposal"]["nothing_to_do"] != true {
        wrong.push(format!("a second plan: {}", again["scopes"][0]["proposal"]["settings"]));
    }
    for step in array(plan, "rollback").iter().filter(|step| step["when"] == "now") {
        wrong.extend(run(step["command"].as_str().expect("a command")).err());
    }
    if (raw(RANGE), raw(LIST)) != before {
        wrong.push(format!("{:?} {:?} is not {before:?}", raw(RANGE), raw(LIST)));
    }
    wrong.into_iter().map(|what| format!("{arguments:?}: {what}")).collect()
}

#[test]
fn what_a_plan_prints_gives_what_it_says() {
    inside_as_root(|| {
        let seed = number("EPHAUDIT_PLAN_SEED").unwrap_or(SEED);
        let hosts = number("EPHAUDIT_PLAN_HOSTS").unwrap_or(HOSTS);
        become_a_host();
        loopback::up();
        let mut wrong = Vec::new();
        for at in seed..seed + hosts {
            let random = &mut Random::new(at);
            reset();
            set(RANGE, random.one_of(&RANGES[..8]));
            set(LIST, &format!("{}\n", random.one_of(&LISTS)));
            let held = sockets(random);
            let (options, wishes) = (options(random), wishes(random));
            let what = tried(&options, &wishes);
            wrong.extend(what.into_iter().map(|what| format!("seed {at}: {what}")));
            drop(held);
        }
        aloud(&format!("{hosts} plans, {} wrong", wrong.len()));
        assert!(wrong.is_empty(), "{} wrong: {:#?}", wrong.len(), &wrong[..wrong.len().min(20)]);
    });
}

/// The settings that the loaders leave of the snippet for sysctl.d(5).
#[test]
fn the_file_of_a_plan_is_what_each_loader_makes_of_it() {
    inside_as_root(|| {
        if !present() {
            return;
        }
        become_a_host();
        loopback::up();
        reset();
        let kept = std::net::TcpListener::bind("0.0.0.0:50001").expect("a listener");
        let plan = ["plan", "--no-policy", "--protect", "all-listeners"];
        let text = stdout(&ephaudit(&[&plan[..], &["--snippet", "sysctl.d"]].concat()));
        let file = "/etc/sysctl.d/99-zz-ip-local-reserved-ports.conf";
        let (document, _) = json(&plan);
        let snippets = array(&document["scopes"][0]["proposal"], "snippets");
        let own = snippets.iter().find(|snippet| snippet["name"] == "sysctl.d").expect("it");
        assert_eq!((own["file"].as_str(), own["text"].as_str()), (Some(file), Some(&*text)));
        // What the advice of single findings has written before does not win over it.
        let older = "/etc/sysctl.d/99-zz-ip-local-port-range.conf";
        fs::write(older, "net.ipv4.ip_local_port_range = 40000 40999\n").expect("written");
        fs::write(file, &text).expect("written");
        for (loader, programs) in LOADERS {
            reset();
            let program = programs.iter().find(|path| std::path::Path::new(path).exists());
            let mut command = Command::new(program.expect("the loader"));
            if programs.iter().any(|program| program.ends_with("/sysctl")) {
                command.arg("--system");
            }
            let output = command.env_clear().output().expect("it starts");
            assert!(output.status.success(), "{}: {output:?}", loader.name());
            assert_eq!((raw(RANGE), raw(LIST)), ("49152\t65535\n".into(), "50001\n".into()));
        }
        drop(kept);
    });
}
