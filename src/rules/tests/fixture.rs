//! A host in a few words, as the rules' fixtures have it.

use std::collections::BTreeMap;
use std::fs;
use std::net::{SocketAddr, SocketAddrV4};
use std::path::Path;

use clap::ValueEnum;
use ephaudit_platform::ask::{
    Answer, Ask, CensusOf, Place, Question, Refusal, Reply, SocketOwners, Toured, Visitor,
};
use ephaudit_platform::evidence::{Evidence, Piece};
use ephaudit_platform::persisted::Persisted;
use ephaudit_platform::snapshot::{
    CensusRows, Depth, Family, Os, Reason, Snapshot, Source, Transport, Why,
};
use ephaudit_platform::unread::{Namespaces, Subject, Unread};
use ephaudit_platform::{Folder, Host, Needs};
use serde::Deserialize;

use crate::audit::needs_owners;
use crate::cli::EvidenceOs;
use crate::iana::Registry;
use crate::policy::{self, Asked, Policy, Profile};
use crate::report::Severity;
use crate::rules::RULES;

/// The day of every fixture.
const TODAY: &str = "2026-11-22";

/// One Linux host in a few words; what is left out is a clean host on the Dynamic Ports.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fixture {
    /// What the case is, for the reader.
    #[serde(rename = "about")]
    _about: String,
    #[serde(default)]
    vendor_profile: bool,
    /// A policy's file, instead of a profile.
    policy: Option<String>,
    uname: Option<String>,
    /// What another system's tools printed, instead of a Linux host; it is judged as `--from`
    /// judges it.
    evidence: Option<String>,
    /// The evidence's system, as in `--os`.
    os: Option<String>,
    /// Path to content; null where the file does not exist.
    #[serde(default)]
    files: BTreeMap<String, Option<String>>,
    #[serde(default)]
    denied: Vec<String>,
    /// "tcp 0.0.0.0:80", "udp [::]:53 dnsmasq(71)", the holder being java(812) where none is named;
    /// "kernel" where the kernel is it, and "unit" behind it where systemd has it open too. Null
    /// where netlink and /proc/net are refused.
    #[serde(default = "no_sockets")]
    sockets: Option<Vec<String>>,
    /// Whether every process may be looked into.
    #[serde(default)]
    processes_hidden: bool,
    /// Whether the UDP sockets are refused.
    #[serde(default)]
    udp_refused: bool,
    /// The lines of a census by transport (platform/src/capture/census.rs); without it the counters
    /// are all that is looked at. A line of bound ports takes `--usage full`.
    #[serde(default)]
    census: BTreeMap<String, Vec<String>>,
    /// The sockets of declared services' ports, by transport: "10.0.0.5:50010 > 10.0.0.9:443 ESTAB
    /// 7", which ends with the inode. Without it they are refused.
    held: Option<BTreeMap<String, Vec<String>>>,
    /// Its other namespaces; without them only its own is asked for, as without `--all-netns`.
    namespaces: Option<Vec<Namespace>>,
    /// How many processes do not show theirs.
    #[serde(default)]
    closed_processes: usize,
    /// The ports on the command lines of processes, by their ids.
    #[serde(default)]
    command_lines: BTreeMap<u32, String>,
    /// The files that settings persist in, by their paths; null is one that is too large to be
    /// read. Without it they are not asked for.
    boot: Option<BTreeMap<String, Option<String>>>,
    pub(super) expect: Expectation,
}

/// Another namespace, clean where it says nothing else.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Namespace {
    name: String,
    #[serde(default)]
    files: BTreeMap<String, Option<String>>,
    #[serde(default)]
    sockets: Vec<String>,
    /// Whether it was found and not entered.
    #[serde(default)]
    closed: bool,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Expectation {
    pub(super) verdict: String,
    /// Of the most severe finding.
    pub(super) severity: Option<String>,
    /// What the case is about: each stands in the rendered findings and gaps, however their lines
    /// are broken.
    #[serde(default)]
    pub(super) says: Vec<String>,
    /// None of these stands there.
    #[serde(default)]
    pub(super) never_says: Vec<String>,
}

// serde's default must have the field's own type.
#[allow(clippy::unnecessary_wraps)]
fn no_sockets() -> Option<Vec<String>> {
    Some(Vec::new())
}

/// A fixture, and the folder with the files that settings persist in.
struct FixtureHost<'a>(&'a Fixture, &'a Path);

impl Ask for FixtureHost<'_> {
    fn ask(&self, question: Question<'_>) -> Answer {
        self.0.answer(question)
    }

    fn census(&self, of: &CensusOf<'_>) -> Reply<CensusRows> {
        self.0.count(of)
    }

    fn owners(&self, inodes: &[u64]) -> Reply<SocketOwners> {
        self.0.search(inodes)
    }

    fn persisted(&self, os: Os) -> Result<Persisted, Why> {
        Ok(Folder::open(self.1).expect("a folder").persisted(os))
    }

    fn tour(&self, visit: &mut Visitor<'_>) -> Option<Toured> {
        Some(self.0.visit(visit))
    }
}

impl Fixture {
    fn answer(&self, question: Question<'_>) -> Answer {
        let file = |path: &str| Source::File(path.to_owned().into());
        match question {
            Question::Tunable(name) => {
                let path = format!("/proc/sys/{}", name.replace('.', "/"));
                Answer::new(file(&path), self.file(&path))
            }
            Question::File(path) => Answer::new(file(path), self.file(path)),
            Question::Link(path @ "/proc/self/ns/pid") => {
                let first = if self.is_container() { "4026532177" } else { "4026531836" };
                Answer::new(file(path), Ok(format!("pid:[{first}]").into_bytes()))
            }
            // Its files are its own, whoever's they are.
            Question::Link(path @ "/proc/1/ns/mnt") => Answer::new(file(path), Err(refused())),
            Question::Link(path) => Answer::new(file(path), Ok(b"net:[4026531840]".to_vec())),
            Question::Uname => {
                let stock = "Linux\nweb1\n6.1.0-28-amd64\n#1 SMP\nx86_64\n";
                let uname = self.uname.as_deref().unwrap_or(stock);
                let fields = uname.replace('\n', "\0").into_bytes();
                Answer::new(Source::Command("uname".into()), Ok(fields))
            }
            Question::SockDiag(_, Transport::Udp) if self.udp_refused => {
                Answer::new(Source::Netlink("fixture".into()), Err(refused()))
            }
            Question::SockDiag(family, transport) => {
                let outcome = self.sockets.as_ref().map(|sockets| dump(sockets, family, transport));
                Answer::new(Source::Netlink("fixture".into()), outcome.ok_or_else(refused))
            }
            Question::Netsh(..) | Question::NetSetting(_) => {
                Answer::new(Source::Command("netsh".into()), Err(refused()))
            }
            Question::SockDiagOn(family, transport, _) if self.has_kernels_own() => {
                let outcome = self.sockets.as_ref().map(|sockets| dump(sockets, family, transport));
                Answer::new(Source::Netlink("fixture".into()), outcome.ok_or_else(refused))
            }
            Question::SocketTable(..) | Question::SockDiagOn(..) => {
                Answer::new(file("/proc/net"), Err(refused()))
            }
            Question::SocketTableOn(Family::Ipv6, ..) if self.held.is_some() => {
                Answer::new(file("/proc/net"), Ok(HEADING.into()))
            }
            Question::SocketTableOn(_, transport, _) => {
                let lines = |held: &BTreeMap<String, Vec<String>>| {
                    let lines = held.get(transport.name()).into_iter().flatten();
                    lines.map(|line| table_line(line)).collect::<String>()
                };
                let outcome = self.held.as_ref().map(|held| format!("{HEADING}{}", lines(held)));
                Answer::new(file("/proc/net"), outcome.map(Into::into).ok_or_else(refused))
            }
        }
    }

    fn count(&self, of: &CensusOf<'_>) -> Reply<CensusRows> {
        let lines = self.census.get(of.transport.name());
        let text = lines.map(|lines| lines.join("\n") + "\n").unwrap_or_default();
        let text = format!("uncounted 0\n{text}end\n");
        let damaged = |error| Refusal::Failed(Why::unparsable(error, text.as_bytes()));
        let rows = CensusRows::parse(text.as_bytes(), of.transport).map_err(damaged);
        Reply::new(Source::Netlink("fixture".into()), rows)
    }

    fn search(&self, inodes: &[u64]) -> Reply<SocketOwners> {
        let owners = if self.processes_hidden {
            SocketOwners { unreadable: 3, ..SocketOwners::default() }
        } else {
            self.holders(inodes)
        };
        Reply::new(Source::File("/proc".into()), Ok(owners))
    }

    fn is_container(&self) -> bool {
        let marks = ["/.dockerenv", "/run/.containerenv", "/run/systemd/container"];
        marks.iter().any(|mark| self.files.contains_key(*mark))
    }

    /// A host with that range and these sockets.
    pub(super) fn of(
        range: &str,
        sockets: &[String],
        command_lines: &BTreeMap<u32, String>,
        policy: Option<&str>,
    ) -> Self {
        let key = "/proc/sys/net/ipv4/ip_local_port_range".to_owned();
        Self {
            files: BTreeMap::from([(key, Some(range.replace(' ', "\t") + "\n"))]),
            sockets: Some(sockets.to_vec()),
            command_lines: command_lines.clone(),
            policy: policy.map(str::to_owned),
            ..Self::default()
        }
    }

    /// Whether its processes may be looked into.
    pub(super) const fn hide_processes(&mut self, hidden: bool) {
        self.processes_hidden = hidden;
    }

    fn has_kernels_own(&self) -> bool {
        self.sockets.iter().flatten().any(|socket| socket.ends_with(" kernel"))
    }

    fn holders(&self, inodes: &[u64]) -> SocketOwners {
        let sockets = self.sockets.iter().flatten().zip(1000_u64..);
        let mut owners = SocketOwners { whole_host: true, ..SocketOwners::default() };
        for &inode in inodes {
            let socket = sockets.clone().find(|(_, known)| *known == inode);
            let mut words = socket.map_or("", |(socket, _)| socket).split(' ').skip(2);
            let holder = words.next().unwrap_or("java(812)");
            if words.next() == Some("unit") {
                owners.of_socket_units.push(inode);
            }
            if holder != "kernel" {
                let (name, pid) = holder.trim_end_matches(')').split_once('(').expect("NAME(PID)");
                let pid = pid.parse().expect("a process id");
                owners.found.push((inode, pid, name.as_bytes().to_vec()));
            }
        }
        let named = self.command_lines.iter();
        owners.on_command_lines =
            named.map(|(pid, ports)| (*pid, ports.parse().expect("ports"))).collect();
        owners
    }

    fn file(&self, path: &str) -> Result<Vec<u8>, Refusal> {
        if self.denied.iter().any(|denied| denied == path) {
            return Err(refused());
        }
        let clean = match path {
            "/proc/thread-self/net/sockstat" => Some(
                "sockets: used 23\nTCP: inuse 12 orphan 0 tw 3 alloc 17 mem 9\nUDP: inuse 4 mem 1\n",
            ),
            "/proc/thread-self/net/sockstat6" => Some("TCP6: inuse 5\nUDP6: inuse 2\n"),
            "/proc/sys/net/ipv4/ip_local_port_range" => Some("49152\t65535\n"),
            "/proc/sys/net/ipv4/ip_local_reserved_ports" => Some("\n"),
            "/proc/sys/net/ipv4/ip_unprivileged_port_start" => Some("1024\n"),
            "/proc/sys/net/ipv4/ip_forward" => Some("0\n"),
            "/proc/sys/net/ipv4/tcp_fin_timeout" if self.boot.is_some() => Some("60\n"),
            "/proc/sys/net/ipv4/tcp_max_tw_buckets" if self.boot.is_some() => Some("131072\n"),
            "/proc/sys/net/ipv4/tcp_tw_reuse" if self.boot.is_some() => Some("2\n"),
            _ => None,
        };
        let content = match self.files.get(path) {
            Some(content) => content.as_deref(),
            None => clean,
        };
        content
            .map(|text| text.as_bytes().to_vec())
            .ok_or_else(|| Refusal::NotFound(format!("{path} does not exist")))
    }

    pub(super) fn policy(&self) -> Policy {
        let registry = Registry::built_in();
        let profile = if self.vendor_profile { Profile::Vendor } else { Profile::Iana };
        let mut policy = match &self.policy {
            None => Policy::of(profile, Some(Severity::Medium), registry),
            Some(text) => {
                let names: Vec<&str> = RULES.iter().map(|rule| rule.name).collect();
                policy::file::read(text, "policy.toml", &names, &Asked::default(), registry)
                    .unwrap_or_else(|mistake| panic!("{mistake}"))
            }
        };
        TODAY.clone_into(&mut policy.today);
        policy
    }

    /// What is read of the host; `top` is an empty folder for the files that settings persist in.
    pub(super) fn snapshot(&self, policy: &Policy, top: &Path) -> Snapshot {
        let held = Transport::ALL.iter().map(|&of| (of, policy.declared_ports(of))).collect();
        if let Some(text) = &self.evidence {
            let piece = Piece { name: "evidence.txt".to_owned(), bytes: text.clone().into_bytes() };
            let os = self.os.as_deref().map(|name| {
                EvidenceOs::from_str(name, false).unwrap_or_else(|error| panic!("{error}")).os()
            });
            let evidence = Evidence::read(vec![piece], Vec::new(), os)
                .unwrap_or_else(|error| panic!("{error}"));
            return Host::of_evidence(evidence).read(&Needs::default().held(held));
        }
        let depth = if self.census.is_empty() {
            Depth::Counters
        } else if self.census.values().flatten().any(|line| line.starts_with("bound ")) {
            Depth::Full
        } else {
            Depth::Top
        };
        let needs = Needs::default()
            .depth(depth)
            .all_namespaces(self.namespaces.is_some())
            .boot(self.boot.is_some())
            .held(held);
        if let Some(files) = &self.boot {
            write(top, files);
        }
        let asked = FixtureHost(self, top);
        let host = Host::answering(Os::Linux, &asked);
        let mut snapshot = host.read(&needs);
        let named = needs_owners(policy, &snapshot);
        host.owners(&mut snapshot, &named);
        snapshot
    }

    fn visit(&self, visit: &mut Visitor<'_>) -> Toured {
        let mut unread = Vec::new();
        let denied = |which: Namespaces| {
            Unread::new(Subject::Namespaces(which), Why::new(Reason::Denied, "refused"))
        };
        for (inode, namespace) in (4_026_532_000_u64..).zip(self.namespaces.iter().flatten()) {
            let path = format!("/run/netns/{}", namespace.name);
            let (id, named) = (format!("net:[{inode}]"), vec![path.clone()]);
            let place = Place { id, path, named, process: None };
            if namespace.closed {
                unread.push(denied(Namespaces::Found(1)));
                let _ = visit(place, &|_: Question<'_>| {
                    Answer::new(Source::File("x".into()), Err(refused()))
                });
                continue;
            }
            let inside = Fixture {
                files: namespace.files.clone(),
                sockets: Some(namespace.sockets.clone()),
                ..Fixture::default()
            };
            let asked = visit(place, &FixtureHost(&inside, Path::new("")));
            assert!(asked.is_continue(), "fixtures are small");
        }
        if self.closed_processes > 0 {
            unread.push(denied(Namespaces::OfProcesses(self.closed_processes)));
        }
        Toured { own: None, unread }
    }
}

fn write(top: &Path, files: &BTreeMap<String, Option<String>>) {
    fs::create_dir_all(top.join("usr/lib/sysctl.d")).expect("folders");
    for (path, text) in files {
        let path = top.join(path.trim_start_matches('/'));
        fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
        match text {
            Some(text) => fs::write(path, text),
            None => fs::File::create(path).and_then(|file| file.set_len(1 << 30)),
        }
        .expect("a file");
    }
}

/// Of /proc/net/tcp.
const HEADING: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";

/// The states that fixtures have, as ss(8) and include/net/tcp_states.h name them.
const STATES: [(&str, u8); 5] =
    [("ESTAB", 1), ("FIN-WAIT-2", 5), ("TIME-WAIT", 6), ("UNCONN", 7), ("LISTEN", 10)];

fn table_line(socket: &str) -> String {
    let words: Vec<&str> = socket.split(' ').collect();
    let [local, ">", remote, state, inode] = words[..] else {
        panic!("{socket}: LOCAL > REMOTE STATE INODE")
    };
    let address = |text: &str| {
        let address: SocketAddrV4 = text.parse().unwrap_or_else(|_| panic!("{socket}: {text}"));
        format!("{:08X}:{:04X}", u32::from_le_bytes(address.ip().octets()), address.port())
    };
    let (local, remote) = (address(local), address(remote));
    let state = STATES.iter().find(|(name, _)| *name == state);
    let (_, state) = state.unwrap_or_else(|| panic!("{socket}: there are {STATES:?}"));
    format!(
        "   0: {local} {remote} {state:02X} 00000000:00000000 00:00000000 00000000  1000        0 {inode} 1 0 100 0 0 10 0\n"
    )
}

fn refused() -> Refusal {
    Refusal::Failed(Why::new(Reason::Denied, "refused by the fixture"))
}

/// The sockets of that family and transport as a netlink dump.
fn dump(sockets: &[String], family: Family, transport: Transport) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (inode, socket) in (1000_u32..).zip(sockets) {
        let mut words = socket.split(' ');
        let [word, address] = [(); 2].map(|()| words.next().expect("TRANSPORT ADDRESS"));
        let address: SocketAddr = address.parse().expect("an address");
        if word != transport.name() || address.is_ipv6() != (family == Family::Ipv6) {
            continue;
        }
        let mut row = [0_u8; 72];
        (row[0], row[1]) = match transport {
            Transport::Tcp => (if address.is_ipv6() { 10 } else { 2 }, 10),
            Transport::Udp => (if address.is_ipv6() { 10 } else { 2 }, 7),
        };
        row[4..6].copy_from_slice(&address.port().to_be_bytes());
        match address {
            SocketAddr::V4(v4) => row[8..12].copy_from_slice(&v4.ip().octets()),
            SocketAddr::V6(v6) => row[8..24].copy_from_slice(&v6.ip().octets()),
        }
        row[68..].copy_from_slice(&inode.to_ne_bytes());
        bytes.extend(message(20, &row));
    }
    bytes.extend(message(3, &[0; 4]));
    bytes
}

fn message(kind: u16, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(16 + payload.len()).expect("small");
    let mut message = length.to_ne_bytes().to_vec();
    message.extend(kind.to_ne_bytes());
    message.extend([0; 10]);
    message.extend(payload);
    message
}
