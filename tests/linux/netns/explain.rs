//! What `explain` says of a port, held against what the kernel then does.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::Command;

use ephaudit_platform::ask::{Answer, Ask, Question, Refusal};
use ephaudit_platform::holders::Holders;
use ephaudit_platform::ports::PortRange;
use ephaudit_platform::snapshot::{Os, Reason, Source, Transport, Why};
use ephaudit_platform::{Host, Live, Needs};
use rustix::fd::OwnedFd;
use rustix::net::sockopt::set_socket_reuseaddr;
use rustix::net::{AddressFamily, SocketType, bind, connect, socket};
use serde_json::Value;

use crate::linux::support::kernel_lists_bound;
use crate::linux::support::loopback;
use crate::linux::support::namespace::{inside, set};
use crate::support::{code, json, run, stderr, stdout};

/// Outside of every pool that a test sets.
pub(super) const SERVER: u16 = 20_001;

pub(super) fn at(address: &str, port: u16) -> SocketAddr {
    SocketAddr::new(address.parse().expect("an address"), port)
}

/// A socket without the SO_REUSEADDR that std sets.
pub(super) fn fresh(kind: SocketType, address: &str, reuse: bool) -> OwnedFd {
    let family = if address.contains(':') { AddressFamily::INET6 } else { AddressFamily::INET };
    let fresh = socket(family, kind, None).expect("a socket");
    set_socket_reuseaddr(&fresh, reuse).expect("an option");
    fresh
}

pub(super) fn explained(subject: &str) -> Value {
    let (said, code) = json(&["explain", subject]);
    assert_eq!((code, &said["kind"]), (0, &Value::from("explanation")));
    said
}

pub(super) fn two_families() {
    loopback::up();
    loopback::add("fd00::9".parse().expect("an address"));
}

#[test]
fn a_squatter_is_told_with_its_peer_and_its_process() {
    inside(|| {
        loopback::up();
        // One port: the client is given it, without asking.
        set("ip_local_port_range", "33060 33061");
        let server = TcpListener::bind(("127.0.0.1", SERVER)).expect("a listener");
        let client = TcpStream::connect(("127.0.0.1", SERVER)).expect("connected");
        let accepted = server.accept().expect("accepted");
        assert_eq!(
            client.local_addr().expect("an address").port(),
            33_060,
            "the low bound's parity"
        );

        let said = explained("33060");
        assert_eq!((&said["port"], &said["class"]), (&33_060.into(), &"user".into()));
        assert_eq!(said["privileged"], false);
        let [tcp, udp] = &said["transports"].as_array().expect("both")[..] else { panic!() };
        assert_eq!((&tcp["transport"], &udp["transport"]), (&"tcp".into(), &"udp".into()));
        assert_eq!((&tcp["service"], &tcp["state"]), (&"mysqlx".into(), &"connected".into()));
        assert_eq!((&udp["state"], &udp["self_connect"]), (&"free".into(), &Value::Null));
        for key in ["in_range", "in_pool"] {
            assert_eq!((&tcp[key], &udp[key]), (&true.into(), &true.into()), "{key}");
        }
        assert_eq!(tcp["self_connect"]["exposure"], "exposed");
        let [holder] = &tcp["holders"].as_array().expect("holders")[..] else { panic!("{tcp:#}") };
        assert_eq!(holder["state"], "ESTAB");
        assert_eq!(holder["local"], "127.0.0.1:33060");
        assert_eq!(holder["peer"], format!("127.0.0.1:{SERVER}"));
        assert_eq!(holder["owner"]["pid"], std::process::id());
        assert_eq!(holder["uid"], 0);
        assert_eq!(holder["time_wait_left"], Value::Null);
        let steps = said["remediation"].as_array().expect("steps");
        let kill = format!("`kill {}`", std::process::id());
        assert!(steps.iter().any(|step| step.as_str().is_some_and(|s| s.ends_with(&kill))));
        let page = stdout(&run(&["explain", "33060/tcp"]));
        assert!(page.starts_with("TAKEN  tcp 33060 (mysqlx): "), "{page}");

        // Closed, it stays for a minute, and nobody holds it.
        drop(client);
        drop(accepted);
        let said = explained("33060/tcp");
        let holder = &said["transports"][0]["holders"][0];
        assert_eq!((&holder["state"], &holder["owner"]), (&"TIME-WAIT".into(), &Value::Null));
        assert_eq!(holder["uid"], Value::Null, "the kernel forgets it");
        let left = holder["time_wait_left"].as_u64().expect("told");
        assert!((50_000..=60_000).contains(&left), "{left}");
        let gaps = said["gaps"].as_array().map(Vec::len);
        assert_eq!(gaps, Some(usize::from(!kernel_lists_bound())), "{said:#}");
    });
}

#[test]
fn reserving_does_not_take_a_port_away() {
    inside(|| {
        set("ip_local_reserved_ports", "50010\n");
        let said = explained("50010/tcp");
        let on = &said["transports"][0];
        assert_eq!((&on["reserved"], &on["in_pool"]), (&true.into(), &false.into()));
        assert_eq!(on["self_connect"]["exposure"], "immune");
        assert_eq!(said["remediation"], Value::from(Vec::<Value>::new()));
        let held = fresh(SocketType::STREAM, "127.0.0.1", false);
        loopback::up();
        bind(&held, &at("127.0.0.1", 50_010)).expect("bound");
        let said = explained("50010/tcp");
        if !kernel_lists_bound() {
            assert_eq!(said["transports"][0]["state"], "unknown");
            return;
        }
        assert_eq!(said["transports"][0]["state"], "bound");
        assert_eq!(said["remediation"].as_array().map(Vec::len), Some(1), "to let it go");
    });
}

/// The parity that is said to be exposed is the one that loops, and what is said to be immune never
/// does.
#[test]
fn a_client_is_connected_to_itself_where_that_is_said() {
    inside(|| {
        loopback::up();
        set("ip_local_port_range", "40000 40199");
        set("ip_local_reserved_ports", "40020\n");
        // As a retry loop does while its service is down; each way round the even half is 100
        // ports.
        let tried = |port: u16, times: u32| {
            let target = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
            (0..times).find_map(|_| TcpStream::connect(target).ok())
        };
        for (port, exposure) in [(40_011, "exposed-late"), (40_020, "immune"), (39_998, "immune")] {
            let said = explained(&format!("{port}/tcp"));
            assert_eq!(said["transports"][0]["self_connect"]["exposure"], exposure, "{port}");
            assert!(tried(port, 2000).is_none(), "{port}");
        }
        let said = explained("40010/tcp");
        assert_eq!(said["transports"][0]["self_connect"]["exposure"], "exposed");
        let itself = tried(40_010, 20_000).expect("sooner or later");
        assert_eq!(itself.local_addr().expect("one"), itself.peer_addr().expect("the same"));
        let said = explained("40010/tcp");
        assert_eq!(said["transports"][0]["state"], "self-connected");
        let page = || stdout(&run(&["explain", "40010/tcp"]));
        assert!(page().contains("is connected to itself"), "{}", page());
        drop(itself);
        assert!(page().contains("an unknown process was connected to itself"), "{}", page());

        // No client is given it, and yet one that binds it can be.
        for (kind, subject) in [(SocketType::STREAM, "8080/tcp"), (SocketType::DGRAM, "8080/udp")] {
            let bound = fresh(kind, "127.0.0.1", false);
            bind(&bound, &at("127.0.0.1", 8080)).expect("bound");
            connect(&bound, &at("127.0.0.1", 8080)).expect("connected to itself");
            let page = stdout(&run(&["explain", subject]));
            assert!(page.contains("is connected to itself"), "{page}");
            assert!(!page.contains("service is down") && !page.contains("none can"), "{page}");
        }
    });
}

#[test]
fn of_a_busy_service_the_first_hundred_sockets_are_told() {
    inside(|| {
        loopback::up();
        let service = TcpListener::bind("127.0.0.1:8080").expect("a listener");
        let held: Vec<_> = (0..150)
            .map(|_| (TcpStream::connect("127.0.0.1:8080").expect("one"), service.accept()))
            .collect();
        let said = explained("8080");
        let on = &said["transports"][0];
        assert_eq!((&on["state"], &on["sockets"]), (&"served".into(), &151.into()));
        let holders = on["holders"].as_array().expect("holders");
        assert_eq!((holders.len(), &holders[0]["state"]), (100, &"LISTEN".into()));
        assert!(holders.iter().all(|holder| holder["owner"]["pid"] == std::process::id()));
        let page = stdout(&run(&["explain", "8080/tcp"]));
        // With what the kernel does not list, and what follows from that.
        let most = if kernel_lists_bound() { 40 } else { 60 };
        assert!(page.contains("and 145 more sockets") && page.lines().count() <= most, "{page}");
        drop(held);
    });
}

#[test]
fn without_netlink_the_tables_of_proc_tell_the_same() {
    inside(|| {
        two_families();
        let server = TcpListener::bind(("::1", SERVER)).expect("a listener");
        let open = TcpStream::connect(("::1", SERVER)).expect("connected");
        let accepted = server.accept().expect("accepted");
        drop(TcpStream::connect(("::1", SERVER)).expect("connected"));
        drop(server.accept().expect("accepted"));
        let udp = std::net::UdpSocket::bind(("127.0.0.1", SERVER)).expect("a socket");
        let by = |refused: bool, transport: Transport, port: u16| -> Holders {
            let ask = |question: Question<'_>| match question {
                Question::SockDiagOn(..) if refused => {
                    let why = Why::new(Reason::Denied, "refused by the test");
                    Answer::new(Source::Netlink("test".into()), Err(Refusal::Failed(why)))
                }
                question => Live.ask(question),
            };
            let host = Host::answering(Os::Linux, &ask);
            let snapshot = host.read(&Needs::default());
            host.holders(&snapshot.host, transport, &PortRange::single(port).into())
        };
        let client = open.local_addr().expect("an address").port();
        for (transport, port, sockets) in
            [(Transport::Tcp, SERVER, 2), (Transport::Tcp, client, 1), (Transport::Udp, SERVER, 1)]
        {
            let settled = || by(false, transport, port).items.len() == sockets;
            // The last acknowledgement of the closed connection may be on its way.
            assert!((0..100).any(|_| {
                std::thread::sleep(std::time::Duration::from_millis(10));
                settled()
            }));
            let (netlink, proc) = (by(false, transport, port), by(true, transport, port));
            assert_eq!((netlink.items.len(), netlink.unread.len()), (sockets, 0));
            let told = |holders: &Holders| {
                let items = holders.items.iter();
                items
                    .map(|item| (item.hold, item.ends.clone(), item.owner.clone()))
                    .collect::<Vec<_>>()
            };
            assert_eq!(told(&netlink), told(&proc), "{transport} {port}");
            let udp = transport == Transport::Udp;
            assert_eq!(netlink.bound_shown, udp || kernel_lists_bound());
            assert_eq!(proc.bound_shown, udp);
        }
        drop((open, accepted, udp));
    });
}

/// A copy of /proc holds the connections, a capture only the listeners; what neither holds is not
/// known.
#[test]
fn evidence_explains_as_far_as_it_goes() {
    inside(|| {
        loopback::up();
        let service = TcpListener::bind("127.0.0.1:50010").expect("a listener");
        let client = TcpStream::connect("127.0.0.1:50010").expect("connected");
        let squatted = client.local_addr().expect("an address").port();
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name).display().to_string();
        assert_eq!(code(&run(&["capture", "--output", &path("web1.json")])), 0);
        let copy = format!(
            "mkdir -p {0}/proc/net {0}/proc/sys/net/ipv4 && for f in tcp tcp6 udp udp6; do cat \
             /proc/net/$f > {0}/proc/net/$f; done && for f in ip_local_port_range \
             ip_local_reserved_ports ip_unprivileged_port_start; do cat /proc/sys/net/ipv4/$f > \
             {0}/proc/sys/net/ipv4/$f; done",
            path("tree")
        );
        let copied = Command::new("sh").args(["-c", &copy]).status().expect("sh starts");
        assert!(copied.success());
        drop((service, client));

        let from = |subject: &str, evidence: &str| {
            let (said, code) = json(&["explain", subject, "--from", &path(evidence)]);
            assert_eq!(code, 0);
            said
        };
        let state = |said: &Value| said["transports"][0]["state"].clone();
        let said = from("50010/tcp", "web1.json");
        assert_eq!(state(&said), "served");
        let on = &said["transports"][0];
        assert_eq!(on["holders"][0]["owner"]["pid"], std::process::id(), "the audit asked for it");
        assert_eq!(on["if_wanted"][0]["with_reuseaddr"], "in-use");
        assert!(said["gaps"][0]["why"] == "not-captured", "{said:#}");
        let said = from(&format!("{squatted}/tcp"), "web1.json");
        assert_eq!(state(&said), "unknown", "a capture holds no connections");
        assert_eq!(said["transports"][0]["if_wanted"][0]["without_reuseaddr"], "unknown");
        assert_eq!(said["transports"][0]["in_pool"], true);

        let said = from(&format!("{squatted}/tcp"), "tree");
        assert_eq!(state(&said), "connected");
        assert_eq!(said["transports"][0]["holders"][0]["peer"], "127.0.0.1:50010");
        let said = from("8080", "tree");
        assert_eq!(state(&said), "unknown", "/proc lists no bound socket");
        assert_eq!(said["transports"][0]["if_wanted"][0]["without_reuseaddr"], "works-as-seen");

        fs::write(path("range.txt"), "net.ipv4.ip_local_port_range = 32768\t60999\n")
            .expect("a file");
        let said = from("33060", "range.txt");
        assert_eq!(state(&said), "unknown");
        assert_eq!(said["transports"][0]["in_range"], true);
        assert_eq!(said["transports"][0]["in_pool"], Value::Null, "nothing says what is reserved");
    });
}

#[test]
fn a_hostile_process_name_commands_nothing() {
    inside(|| {
        fs::write("/proc/self/comm", "`reboot`\u{1b}[2J").expect("a name");
        let held = fresh(SocketType::STREAM, "0.0.0.0", false);
        bind(&held, &at("0.0.0.0", 50_010)).expect("bound");
        let page = run(&["explain", "50010/tcp"]);
        assert_eq!(code(&page), 0, "{}", stderr(&page));
        let page = stdout(&page);
        assert!(!page.contains(|c: char| c.is_control() && c != '\n'), "{page:?}");
        assert!(page.contains("`reboot`\\u{1b}[2J") == kernel_lists_bound(), "{page}");
        let commands: Vec<&str> =
            page.lines().filter_map(|line| line.strip_prefix("        ")).collect();
        assert!(commands.iter().all(|line| !line.contains("reboot")), "{commands:?}");
    });
}
