//! What each command asks of the kernel: the system calls, files and sockets of
//! `syscalls/allowed.rs`, and no others.

mod allowed;
mod trace;

use std::fs;
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::path::Path;
use std::process::{Command, Stdio};

use self::allowed::{
    BOOT, Group, HOST, NAMED, NAMESPACES, OUTPUT, POLICY, PRINT, PROBE, SOCKETS, START, TREE,
};
use self::trace::{Call, Trace, wrong};
use crate::linux::support::loopback;
use crate::linux::support::namespace::{aloud, inside};
use crate::support::run;

const LIVE: &[&Group] = &[&HOST, &SOCKETS];
const AUDIT: &[&Group] = &[&HOST, &SOCKETS, &POLICY];

/// Every command: what it may do beside starting and printing. FOLDER is the test's own.
const COMMANDS: &[(&str, &[&Group])] = &[
    ("--help", &[]),
    ("--version", &[]),
    ("explain listener-in-pool", &[]),
    ("rules", &[]),
    ("rules --format json", &[]),
    ("schema", &[]),
    ("completions bash", &[]),
    ("man", &[]),
    ("man explain", &[]),
    ("policy services", &[]),
    ("--no-such-option", &[]),
    ("convert FOLDER/report.json", &[&NAMED]),
    ("convert FOLDER/report.json --format html", &[&NAMED]),
    ("convert FOLDER/report.json --format json --output FOLDER/c.json", &[&NAMED, &OUTPUT]),
    ("policy check FOLDER/policy.toml", &[&NAMED]),
    ("--no-policy --from FOLDER/capture.json", &[&NAMED]),
    ("--no-policy --from FOLDER/sysctl.txt --os linux --boot", &[&NAMED]),
    ("--no-policy --root FOLDER/root", &[&NAMED]),
    ("boot --root FOLDER/root", &[&NAMED]),
    ("boot --root /", &[&NAMED, &TREE, &BOOT]),
    ("explain 8080 --from FOLDER/capture.json", &[&NAMED]),
    ("", AUDIT),
    ("audit --format json", AUDIT),
    ("audit --policy FOLDER/policy.toml", &[&HOST, &SOCKETS, &NAMED]),
    ("--usage top", AUDIT),
    ("--usage full", AUDIT),
    ("--boot", &[&HOST, &SOCKETS, &POLICY, &BOOT]),
    ("boot", &[&HOST, &SOCKETS, &BOOT]),
    ("--all-netns --usage full", &[&HOST, &SOCKETS, &POLICY, &NAMESPACES]),
    ("show", LIVE),
    ("explain 8080", LIVE),
    ("policy new", LIVE),
    ("policy new --output FOLDER/new.toml", &[&HOST, &SOCKETS, &OUTPUT]),
    ("capture", LIVE),
    ("capture --output FOLDER/new.json", &[&HOST, &SOCKETS, &OUTPUT]),
    (
        "--format json --output FOLDER/r.json --emit prometheus=FOLDER/m.prom",
        &[&HOST, &SOCKETS, &POLICY, &OUTPUT],
    ),
    ("plan --format json", &[&HOST, &SOCKETS, &POLICY]),
    ("plan --snippet sysctl.d --output FOLDER/p.conf", &[&HOST, &SOCKETS, &POLICY, &OUTPUT]),
    ("probe --count 8", &[&HOST, &SOCKETS, &PROBE]),
];

#[test]
fn every_command_makes_the_calls_on_its_list_and_no_others() {
    if !can_trace() {
        let why = "strace is missing here, or may trace nothing";
        assert!(std::env::var_os("CI").is_none(), "{why}, and CI needs it");
        return aloud(&format!("SKIPPED the list of system calls: {why}"));
    }
    inside(|| {
        loopback::up();
        let listener = TcpListener::bind("127.0.0.1:8080").expect("a listener");
        let busy: Vec<_> = (0..20)
            .map(|_| {
                let client = TcpStream::connect("127.0.0.1:8080").expect("a connection");
                (client, listener.accept().expect("its other end"))
            })
            .collect();
        let others = [
            UdpSocket::bind("0.0.0.0:40000").expect("a socket"),
            UdpSocket::bind("[::]:40001").expect("a socket"),
        ];
        let mut elsewhere = Command::new("unshare")
            .args(["--net", "sleep", "600"])
            .stdin(Stdio::null())
            .spawn()
            .expect("another namespace");
        let folder = tempfile::tempdir().expect("a folder");
        prepare(folder.path());
        let complaints: Vec<String> =
            COMMANDS.iter().flat_map(|(line, groups)| held(line, groups, folder.path())).collect();
        elsewhere.kill().expect("it is there still");
        elsewhere.wait().expect("it ends");
        drop((busy, others));
        assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    });
}

fn can_trace() -> bool {
    let mut strace = Command::new("strace");
    strace.args(["-qq", "-o", "/dev/null", "true"]).stdout(Stdio::null()).stderr(Stdio::null());
    strace.status().is_ok_and(|status| status.success())
}

/// What the commands read, written by the program itself where it can.
fn prepare(folder: &Path) {
    let at = |name: &str| folder.join(name).display().to_string();
    run(&["--format", "json", "--output", &at("report.json")]);
    run(&["capture", "--output", &at("capture.json")]);
    fs::write(at("policy.toml"), "profile = \"vendor\"\n").expect("a policy");
    fs::write(at("sysctl.txt"), "net.ipv4.ip_local_port_range = 32768\t60999\n").expect("a text");
    fs::create_dir_all(at("root/etc/sysctl.d")).expect("a root");
    let line = "net.ipv4.ip_local_port_range = 49152 65535\n";
    fs::write(at("root/etc/sysctl.d/50-ports.conf"), line).expect("a file");
}

/// What a command did that is not on its list.
fn held(line: &str, groups: &[&Group], folder: &Path) -> Vec<String> {
    let own = folder.display().to_string();
    let args: Vec<String> =
        line.split_whitespace().map(|arg| arg.replace("FOLDER", &own)).collect();
    let log = folder.join("trace");
    let mut strace = Command::new("strace");
    strace
        .args(["-f", "-qq", "-y", "-s", "4096", "-o"])
        .arg(&log)
        .arg(env!("CARGO_BIN_EXE_ephaudit"))
        .args(&args)
        .env_clear()
        .env("LANG", "C.UTF-8")
        .current_dir(folder)
        .stdin(Stdio::null());
    let output = strace.output().expect("strace starts");
    let text = fs::read_to_string(&log).expect("a trace");
    let calls: Vec<Call<'_>> = text.lines().filter_map(Call::of).collect();
    assert!(
        calls.len() > 20 && calls.iter().any(|call| call.name.starts_with("exit")),
        "ephaudit {line}: no trace: {text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let groups = [&[&START, &PRINT], groups].concat();
    let names_files = groups.iter().any(|group| group.why == NAMED.why);
    let writes = groups.iter().any(|group| group.why == OUTPUT.why);
    let probes = groups.iter().any(|group| group.why == PROBE.why);
    let trace = Trace { groups: &groups, own: &own, names_files, writes, probes };
    let mut complaints: Vec<String> = calls
        .iter()
        .enumerate()
        .filter_map(|(index, call)| wrong(&trace, index, call))
        .map(|what| format!("ephaudit {line}: {what}"))
        .collect();
    complaints.dedup();
    complaints
}

/// A list that lets everything pass would hold nothing.
#[test]
fn what_is_on_no_list_is_named() {
    let own = "/tmp/own";
    let groups: [&Group; 5] = [&START, &PRINT, &HOST, &SOCKETS, &POLICY];
    let trace = Trace { groups: &groups, own, names_files: false, writes: false, probes: false };
    for (line, words) in [
        ("1 mkdir(\"/tmp/x\", 0777) = 0", "mkdir is on no list"),
        ("1 unlink(\"/tmp/own/x\") = 0", "unlink is on no list"),
        ("1 setns(3</proc/7/ns/net>, CLONE_NEWNET) = 0", "setns is on no list"),
        ("1 execve(\"/bin/sh\", [\"sh\"], 0x7ff /* 2 vars */) = 0", "executes another"),
        ("1 openat(AT_FDCWD</>, \"/etc/shadow\", O_RDONLY|O_CLOEXEC) = 3</etc/shadow>", "opens"),
        ("1 openat(AT_FDCWD</>, \"/etc/shadow\", O_RDONLY) = -1 EACCES (Permission)", "opens"),
        ("1 openat(AT_FDCWD</>, \"/etc/os-release\", O_RDONLY) = 3</etc/shadow>", "opens"),
        ("1 openat(3</proc>, \"sys/net/ipv4/ip_forward\", O_RDWR) = 4</proc/sys>", "for writing"),
        ("1 openat(AT_FDCWD</>, \"/tmp/own/x\", O_WRONLY|O_CREAT, 0666) = 3", "for writing"),
        ("1 openat2(3</proc/sys>, \"kernel/x\", {flags=O_RDONLY}, 24) = -1 ENOENT (No)", "opens"),
        ("1 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3<socket:[1]>", "socket"),
        ("1 socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE) = 3<socket:[1]>", "socket"),
        ("1 connect(3<socket:[1]>, {sa_family=AF_UNIX, sun_path=\"/x\"}, 9) = 0", "connect"),
        ("1 ioctl(3</x>, FS_IOC_SETFLAGS, 1) = 0", "ioctl"),
        ("1 write(3</tmp/own/x>, \"a\", 1) = 1", "writes"),
        ("1 mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_SHARED, 3</x>, 0) = 0x7f", "mmap"),
        ("1 prlimit64(0, RLIMIT_NOFILE, {rlim_cur=1}, NULL) = 0", "prlimit64"),
    ] {
        let call = Call::of(line).expect("a call");
        let complaint = wrong(&trace, 7, &call).unwrap_or_else(|| panic!("{line} passes"));
        assert!(complaint.contains(words), "{line}: {complaint}");
    }
    let probing = Trace { probes: true, groups: &[&PROBE, &SOCKETS], ..trace };
    for (address, passes) in [
        ("{sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr(\"127.0.0.1\")}", true),
        ("{sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr(\"0.0.0.0\")}", false),
        ("{sa_family=AF_INET6, sin6_port=htons(0), inet_pton(AF_INET6, \"::1\", &x)}", true),
        ("{sa_family=AF_INET6, sin6_port=htons(0), inet_pton(AF_INET6, \"::\", &x)}", false),
    ] {
        let line = format!("1 bind(3<socket:[1]>, {address}, 16) = 0");
        let call = Call::of(&line).expect("a call");
        assert_eq!(wrong(&probing, 7, &call).is_none(), passes, "{line}");
    }
}
