//! A printed command is a claim: on random hosts each command of a finding is run as it stands, and
//! must end that finding, bring nothing as bad, and leave a pool that connect() and bind() take
//! ports from. What a step says of the next boot, the real loaders must leave.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::fs::chroot;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::fd::OwnedFd;
use rustix::net::{AddressFamily, SocketType, bind, socket};
use serde_json::Value;

use crate::linux::boot::{LOADERS, number, present};
use crate::linux::support::loopback;
use crate::linux::support::namespace::{aloud, inside_as_root, set, sh};
use crate::linux::support::random::Random;
use crate::support::json;

/// How many hosts, where EPHAUDIT_REMEDY_HOSTS says nothing else.
const HOSTS: u64 = 60;
/// The first of their seeds, where EPHAUDIT_REMEDY_SEED says nothing else.
const SEED: u64 = 7_300_000;

pub(super) const RANGES: [&str; 10] = [
    "32768 60999",
    "49152 65535",
    "1024 65535",
    "10000 20000",
    "40000 40999",
    "49152 60998",
    "33000 33999",
    "50001 50501",
    "800 65535",
    "20000 65000",
];
pub(super) const LISTS: [&str; 6] =
    ["", "8080", "50010,51820", "40000-48000", "49152-65000", "33060,33062,33064"];
const PORTS: [u16; 8] = [5432, 8080, 33_060, 33_500, 40_100, 50_052, 52_000, 60_001];
const SERVICES: [&str; 4] = ["mysql", "postgres", "rabbitmq", "consul"];

/// A host that can be written to: the files of this one below an overlay that goes with the
/// namespace, without the mark of a container.
pub(super) fn become_a_host() {
    let top = std::env::temp_dir().join("host");
    let place = |name: &str| top.join(name).display().to_string();
    fs::create_dir_all(&top).expect("a folder");
    sh("mount", &["-t", "tmpfs", "tmpfs", &top.display().to_string()]);
    for folder in ["upper", "work", "root"] {
        fs::create_dir(top.join(folder)).expect("a folder");
    }
    let layers = format!("lowerdir=/,upperdir={},workdir={}", place("upper"), place("work"));
    sh("mount", &["-t", "overlay", "-o", &layers, "overlay", &place("root")]);
    let root = top.join("root");
    let program = Path::new(env!("CARGO_BIN_EXE_ephaudit")).parent().expect("a folder");
    for folder in ["/proc", "/sys", "/dev"].map(Path::new).into_iter().chain([program]) {
        let inner = root.join(folder.strip_prefix("/").expect("a whole path"));
        fs::create_dir_all(&inner).expect("a folder");
        sh("mount", &["--rbind", &folder.display().to_string(), &inner.display().to_string()]);
    }
    let marked = root.join(".dockerenv");
    if marked.exists() {
        fs::remove_file(marked).expect("it goes");
    }
    for folder in ["etc/sysctl.d", "run/sysctl.d", "usr/lib/sysctl.d", "usr/local/lib/sysctl.d"] {
        let folder = root.join(folder);
        fs::create_dir_all(&folder).expect("a folder");
        sh("mount", &["-t", "tmpfs", "tmpfs", &folder.display().to_string()]);
    }
    chroot(&root).expect("a root");
    std::env::set_current_dir("/").expect("it is there");
}

/// What is set and who has which port.
struct Settings {
    range: &'static str,
    list: &'static str,
    start: &'static str,
    files: BTreeMap<&'static str, String>,
    options: Vec<&'static str>,
}

impl Settings {
    fn random(random: &mut Random) -> Self {
        let range = random.one_of(&RANGES);
        let start =
            if range.starts_with("800") { "0" } else { random.one_of(&["1024", "1024", "80"]) };
        let mut files = BTreeMap::new();
        let line = |key: &str, value: &str| format!("net.ipv4.{key} = {value}\n");
        for place in
            ["/etc/sysctl.d/50-app.conf", "/etc/sysctl.conf", "/etc/sysctl.d/zzz-last.conf"]
        {
            if random.once_in(3) {
                let text = if random.once_in(2) {
                    line("ip_local_port_range", random.one_of(&RANGES[..7]))
                } else {
                    line("ip_local_reserved_ports", random.one_of(&LISTS[1..]))
                };
                files.insert(place, text);
            }
        }
        // The files of the next boot are this host's, whoever's the namespace is.
        let mut options = vec!["--boot", "--root", "/"];
        if random.once_in(3) {
            options.extend(["--services", random.one_of(&SERVICES)]);
        }
        Self { range, list: random.one_of(&LISTS), start, files, options }
    }

    fn apply(&self) {
        reset();
        set("ip_unprivileged_port_start", "0");
        set("ip_local_port_range", self.range);
        set("ip_local_reserved_ports", &format!("{}\n", self.list));
        set("ip_unprivileged_port_start", self.start);
        for folder in ["/etc/sysctl.d", "/run/sysctl.d"] {
            for entry in fs::read_dir(folder).expect("a folder") {
                fs::remove_file(entry.expect("an entry").path()).expect("it goes");
            }
        }
        fs::write("/etc/sysctl.conf", "").expect("written");
        for (place, text) in &self.files {
            fs::write(place, text).expect("written");
        }
    }
}

pub(super) fn reset() {
    set("ip_unprivileged_port_start", "0");
    set("ip_local_port_range", "32768 60999");
    set("ip_local_reserved_ports", "\n");
    set("ip_unprivileged_port_start", "1024");
}

/// Sockets that hold some ports.
pub(super) fn sockets(random: &mut Random) -> (Vec<TcpListener>, Vec<UdpSocket>, Vec<OwnedFd>) {
    let listen = |random: &mut Random| {
        let address = random.one_of(&["0.0.0.0", "127.0.0.1"]);
        TcpListener::bind((address, random.one_of(&PORTS))).ok()
    };
    let tcp = (0..random.below(4)).filter_map(|_| listen(random)).collect();
    let udp = (0..random.below(3))
        .filter_map(|_| UdpSocket::bind(("0.0.0.0", random.one_of(&PORTS))).ok())
        .collect();
    let bound = (0..random.below(20)).filter_map(|at| {
        let socket = socket(AddressFamily::INET, SocketType::STREAM, None).expect("a socket");
        let port = 50_100 + u16::try_from(at).expect("few");
        bind(&socket, &std::net::SocketAddr::from(([127, 0, 0, 1], port))).ok().map(|()| socket)
    });
    (tcp, udp, bound.collect())
}

pub(super) fn array<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

fn rank(severity: &Value) -> usize {
    let known = ["critical", "high", "medium", "low", "info"];
    known.iter().position(|name| severity == name).expect("a severity")
}

/// How many findings of each rule are as severe as that, or more.
fn counts(document: &Value, least: usize) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for finding in array(document, "findings") {
        if rank(&finding["severity"]) <= least {
            *counts.entry(finding["rule"].to_string()).or_default() += 1;
        }
    }
    counts
}

/// The commands of one moment, in their order: those that only set or write. What ends a process is
/// not tried on this one.
fn commands<'a>(finding: &'a Value, when: &str) -> Vec<&'a str> {
    let steps = array(finding, "steps").iter().filter(|step| step["when"] == when);
    let command = steps.filter_map(|step| step["command"].as_str());
    command
        .filter(|line| ["sysctl ", "echo ", "printf ", "sed "].iter().any(|p| line.starts_with(p)))
        .collect()
}

fn works() -> Result<(), String> {
    let server = TcpListener::bind("127.0.0.1:900").map_err(|e| format!("a server: {e}"))?;
    let address = server.local_addr().map_err(|e| e.to_string())?;
    TcpStream::connect(address).map_err(|e| format!("connect(): {e}"))?;
    UdpSocket::bind("127.0.0.1:0").map_err(|e| format!("bind() of UDP: {e}"))?;
    Ok(())
}

pub(super) fn run(command: &str) -> Result<(), String> {
    let shell = Command::new("/bin/sh").args(["-euc", command]).stdin(Stdio::null()).output();
    let output = shell.expect("a shell");
    let aside = String::from_utf8_lossy(&output.stderr);
    if output.status.success() && aside.is_empty() {
        Ok(())
    } else {
        Err(format!("{command}: {}: {aside}", output.status))
    }
}

/// `KEY = VALUE` that a step for the next boot writes.
fn written(command: &str) -> Option<(&str, String)> {
    let (key, rest) = command.split_once("net.ipv4.")?.1.split_once(" = ")?;
    let value = rest.split(['\'', '"', '\\', '|', '\n']).next()?;
    Some((key, value.split_whitespace().collect::<Vec<_>>().join(" ")))
}

/// What each loader leaves of a key after a boot.
fn booted(key: &str) -> Vec<(&'static str, String)> {
    let after = |programs: &[&str]| {
        reset();
        let program = programs.iter().find(|program| Path::new(program).exists());
        let mut command = Command::new(program.expect("the loader"));
        if programs.iter().any(|program| program.ends_with("/sysctl")) {
            command.arg("--system");
        }
        command.env_clear().stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().expect("it starts");
        // One read(2): the list of ports answers no second one.
        let mut buffer = vec![0; 64 * 1024];
        let mut file = File::open(format!("/proc/sys/net/ipv4/{key}")).expect("a sysctl");
        let length = file.read(&mut buffer).expect("a value");
        let text = String::from_utf8_lossy(&buffer[..length]);
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    LOADERS.iter().map(|(loader, programs)| (loader.name(), after(programs))).collect()
}

/// What is wrong with the steps of a finding on this host.
fn tried(settings: &Settings, before: &Value, finding: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    let (rule, severity) = (finding["rule"].to_string(), rank(&finding["severity"]));
    let (now, boot) = (commands(finding, "now"), commands(finding, "boot"));
    // Two ways to make what runs and the files alike, or steps that go together.
    let or = |step: &Value| step["text"].as_str().is_some_and(|text| text.starts_with("or, "));
    let ways = if array(finding, "steps").iter().any(or) {
        vec![now, boot.clone()]
    } else {
        vec![[now, boot.clone()].concat()]
    };
    settings.apply();
    let worked = works().is_ok();
    for way in ways.into_iter().filter(|way| !way.is_empty()) {
        settings.apply();
        wrong.extend(way.iter().filter_map(|command| run(command).err()));
        let (after, _) = json(&settings.options);
        let (old, new) = (counts(before, severity), counts(&after, severity));
        if new.get(&rule).copied().unwrap_or(0) >= old[&rule] {
            wrong.push(format!("{rule} stays after {way:?}"));
        }
        for (other, count) in new.iter().filter(|(other, _)| **other != rule) {
            if *count > old.get(other).copied().unwrap_or(0) {
                wrong.push(format!("{other} comes by {way:?} for {rule}"));
            }
        }
        wrong.extend(
            works().err().filter(|_| worked).map(|what| format!("{what} after {way:?} for {rule}")),
        );
    }
    if boot.is_empty() {
        return wrong;
    }
    settings.apply();
    wrong.extend(boot.iter().filter_map(|command| run(command).err()));
    let lines: Option<BTreeMap<&str, String>> = boot.iter().map(|line| written(line)).collect();
    let Some(lines) = lines else {
        wrong.push(format!("{boot:?} write no setting"));
        return wrong;
    };
    for (key, value) in lines {
        for (loader, left) in booted(key) {
            if left != value {
                wrong.push(format!("{loader} leaves {key} = {left:?} after {boot:?}"));
            }
        }
    }
    wrong
}

#[test]
fn every_printed_command_ends_its_finding_and_brings_nothing_worse() {
    inside_as_root(|| {
        if !present() {
            return;
        }
        let seed = number("EPHAUDIT_REMEDY_SEED").unwrap_or(SEED);
        let hosts = number("EPHAUDIT_REMEDY_HOSTS").unwrap_or(HOSTS);
        become_a_host();
        loopback::up();
        let (mut wrong, mut rules) = (Vec::new(), BTreeMap::<String, usize>::new());
        for at in seed..seed + hosts {
            let random = &mut Random::new(at);
            let settings = Settings::random(random);
            settings.apply();
            let held = sockets(random);
            let (before, _) = json(&settings.options);
            for finding in array(&before, "findings") {
                let has = |when| !commands(finding, when).is_empty();
                if !has("now") && !has("boot") {
                    continue;
                }
                *rules.entry(finding["rule"].to_string()).or_default() += 1;
                let files = &settings.files;
                let what = tried(&settings, &before, finding);
                wrong.extend(what.into_iter().map(|what| format!("seed {at}: {what}: {files:?}")));
            }
            drop(held);
        }
        aloud(&format!("{hosts} hosts, {} wrong; findings with commands: {rules:?}", wrong.len()));
        assert!(wrong.is_empty(), "{} wrong: {:#?}", wrong.len(), &wrong[..wrong.len().min(30)]);
    });
}
