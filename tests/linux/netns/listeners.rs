//! Who listens, inside and outside of the pool.

use std::collections::BTreeSet;
use std::net::{Ipv6Addr, SocketAddr, TcpListener, UdpSocket};

use ephaudit_platform::ask::{Answer, Ask, Question, Refusal};
use ephaudit_platform::snapshot::{Os, Reason, Source, Why};
use ephaudit_platform::{Host, Live, Needs};
use netstat2::{AddressFamilyFlags, ProtocolFlags, ProtocolSocketInfo, TcpState};
use rustix::net::{AddressFamily, SocketType, bind, listen, socket, sockopt};
use serde_json::Value;

use crate::linux::support::loopback;
use crate::linux::support::namespace::{inside, set};
use crate::support::{code, json, run, stdout};

fn items(document: &Value) -> &Vec<Value> {
    document["scopes"][0]["listeners"]["items"].as_array().expect("items")
}

fn item<'a>(document: &'a Value, address: &str, port: u16) -> &'a Value {
    items(document)
        .iter()
        .find(|item| item["address"] == address && item["port"] == port)
        .unwrap_or_else(|| panic!("{address}:{port} is not listed: {:#?}", items(document)))
}

#[test]
fn listeners_are_told_inside_from_outside_with_their_owner() {
    inside(|| {
        loopback::up();
        set("ip_local_reserved_ports", "50001\n");
        let inside_pool = TcpListener::bind("0.0.0.0:50010").expect("a listener");
        let reserved = TcpListener::bind("0.0.0.0:50001").expect("a listener");
        let outside = TcpListener::bind("127.0.0.1:8080").expect("a listener");
        let dual = TcpListener::bind("[::]:50012").expect("a listener");
        let only6 = socket(AddressFamily::INET6, SocketType::STREAM, None).expect("a socket");
        sockopt::set_ipv6_v6only(&only6, true).expect("an option");
        bind(&only6, &SocketAddr::from((Ipv6Addr::UNSPECIFIED, 50_014))).expect("bound");
        listen(&only6, 1).expect("listening");
        // 33434/udp is assigned (traceroute), 50016 is not; a connected socket is a client.
        let assigned = UdpSocket::bind("0.0.0.0:33434").expect("a socket");
        let unassigned = UdpSocket::bind("0.0.0.0:50016").expect("a socket");
        let connected = UdpSocket::bind("127.0.0.1:50018").expect("a socket");
        connected.connect("127.0.0.1:9").expect("connected");

        let (document, code) = json(&[]);
        assert_eq!(code, 1);
        assert_eq!(document["scopes"][0]["listeners"]["state"], "known");
        for (address, port, in_pool, families) in [
            ("0.0.0.0", 50_010, true, vec!["ipv4"]),
            ("0.0.0.0", 50_001, false, vec!["ipv4"]),
            ("127.0.0.1", 8080, false, vec!["ipv4"]),
            ("::", 50_012, true, vec!["ipv4", "ipv6"]),
            ("::", 50_014, true, vec!["ipv6"]),
            ("0.0.0.0", 33_434, true, vec!["ipv4"]),
            ("0.0.0.0", 50_016, true, vec!["ipv4"]),
        ] {
            let item = item(&document, address, port);
            assert_eq!(item["in_pool"], in_pool, "{item}");
            assert_eq!(item["families"], Value::from(families), "{item}");
        }
        assert_eq!(items(&document).len(), 7, "the connected socket is no listener");

        let found: BTreeSet<&str> = document["findings"]
            .as_array()
            .expect("findings")
            .iter()
            .filter(|finding| finding["rule"] == "listener-in-pool")
            .map(|finding| finding["title"].as_str().expect("a title"))
            .collect();
        // Two UDP sockets of one process, one without a name, are a client's.
        let [found] = found.into_iter().collect::<Vec<_>>()[..] else { panic!("not one finding") };
        assert!(found.ends_with("not reserved: tcp 50010, 50012, 50014"), "{found}");

        let me = std::process::id();
        for (address, port) in [("0.0.0.0", 50_010), ("::", 50_012), ("0.0.0.0", 50_016)] {
            assert_eq!(item(&document, address, port)["owner"]["pid"], me);
        }
        let below = item(&document, "127.0.0.1", 8080);
        assert_eq!(below["owner"], Value::Null, "no finding can name it");
        assert_eq!(below["fixed"], "yes");
        assert_eq!(below["signs"], serde_json::json!(["outside-pool", "iana", "loopback"]));
        drop((inside_pool, reserved, outside, dual, only6, assigned, unassigned, connected));
        assert!(items(&json(&[]).0).is_empty());
    });
}

#[test]
fn an_independent_reader_sees_the_same_tcp_listeners() {
    inside(|| {
        let held: Vec<TcpListener> = (0..300_u16)
            .map(|i| TcpListener::bind(("0.0.0.0", 20_000 + i * 7)).expect("a listener"))
            .chain((0..20).map(|i| TcpListener::bind(("::", 45_000 + i)).expect("a listener")))
            .collect();
        let families = AddressFamilyFlags::IPV4 | AddressFamilyFlags::IPV6;
        let theirs: BTreeSet<(String, u16)> =
            netstat2::get_sockets_info(families, ProtocolFlags::TCP)
                .expect("netstat2 reads")
                .into_iter()
                .filter_map(|info| match info.protocol_socket_info {
                    ProtocolSocketInfo::Tcp(tcp) if tcp.state == TcpState::Listen => {
                        Some((tcp.local_addr.to_string(), tcp.local_port))
                    }
                    _ => None,
                })
                .collect();
        let (document, _) = json(&["show"]);
        let ours: BTreeSet<(String, u16)> = items(&document)
            .iter()
            .map(|item| {
                let port = item["port"].as_u64().and_then(|port| u16::try_from(port).ok());
                (item["address"].as_str().expect("an address").to_owned(), port.expect("a port"))
            })
            .collect();
        assert_eq!(theirs.len(), held.len());
        assert_eq!(ours, theirs);
    });
}

#[test]
fn sockets_that_share_a_port_are_one_listener() {
    inside(|| {
        let shared: Vec<_> = (0..3)
            .map(|_| {
                let fresh =
                    socket(AddressFamily::INET, SocketType::STREAM, None).expect("a socket");
                sockopt::set_socket_reuseport(&fresh, true).expect("an option");
                bind(&fresh, &"0.0.0.0:50010".parse::<SocketAddr>().expect("an address"))
                    .expect("bound");
                listen(&fresh, 1).expect("listening");
                fresh
            })
            .collect();
        let (document, _) = json(&[]);
        assert_eq!(items(&document).len(), 1);
        let findings = document["findings"].as_array().expect("findings");
        assert_eq!(findings.iter().filter(|f| f["rule"] == "listener-in-pool").count(), 1);
        drop(shared);
    });
}

#[test]
fn a_hostile_process_name_never_reaches_the_terminal() {
    inside(|| {
        let name = "\u{1b}[31m\r\nx\u{7f}\t";
        std::fs::write("/proc/self/comm", name).expect("a name");
        let listener = TcpListener::bind("0.0.0.0:50010").expect("a listener");
        let seen = stdout(&run(&["--color", "never", "-v"]));
        assert!(!seen.contains(|c: char| c.is_control() && c != '\n'), "{seen:?}");
        assert!(seen.contains("\\u{1b}[31m"), "{seen}");
        let raw = run(&["--format", "json"]);
        assert_eq!(code(&raw), 1);
        assert!(!stdout(&raw).contains(|c: char| c.is_control() && c != '\n'));
        let (document, _) = json(&[]);
        // The kernel keeps 15 bytes; the name itself is told exactly.
        assert_eq!(item(&document, "0.0.0.0", 50_010)["owner"]["command"], name.trim_end());
        drop(listener);
    });
}

fn refusal() -> Answer {
    let why = Why::new(Reason::Denied, "refused by the test");
    Answer::new(Source::Netlink("test".into()), Err(Refusal::Failed(why)))
}

#[test]
fn without_netlink_the_tables_of_proc_tell_the_same() {
    inside(|| {
        loopback::up();
        let tcp: Vec<TcpListener> =
            ["0.0.0.0:50010", "127.0.0.1:50012", "[::1]:50014", "[::ffff:127.0.0.1]:50016"]
                .iter()
                .map(|address| TcpListener::bind(address).expect("a listener"))
                .collect();
        let udp = UdpSocket::bind("127.0.0.1:53").expect("a socket");
        let client = std::net::TcpStream::connect("127.0.0.1:50012").expect("a connection");
        let by = |refused: bool| {
            let ask = |question: Question<'_>| match question {
                Question::SockDiag(..) if refused => refusal(),
                question => Live.ask(question),
            };
            let snapshot = Host::answering(Os::Linux, &ask).read(&Needs::default());
            let listeners = &snapshot.scopes[0].listeners;
            assert_eq!(listeners.unread, []);
            listeners
                .items
                .iter()
                .map(|item| {
                    (item.transport, item.address, item.port, item.families, item.inodes.clone())
                })
                .collect::<Vec<_>>()
        };
        assert_eq!(by(false).len(), 5);
        assert_eq!(by(true), by(false));
        drop((tcp, udp, client));
    });
}

#[test]
fn where_both_are_refused_the_listeners_are_unknown() {
    let ask = |question: Question<'_>| match question {
        Question::SockDiag(..) | Question::SocketTable(..) => refusal(),
        question => Live.ask(question),
    };
    let snapshot = Host::answering(Os::Linux, &ask).read(&Needs::default());
    let listeners = &snapshot.scopes[0].listeners;
    assert_eq!((listeners.items.len(), listeners.unread.len()), (0, 4));
    assert!(listeners.unread.iter().all(|unread| unread.why.reason == Reason::Denied));
}

/// A resolver opens and closes its sockets while its host is audited, again and again.
#[test]
fn a_resolver_is_a_client_whatever_ports_it_draws() {
    inside(|| {
        loopback::up();
        set("ip_local_port_range", "1024\t65535\n");
        let policy = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(policy.path(), "allowed-ranges = [\"1024-65535\"]\n").expect("written");
        let policy = policy.path().to_str().expect("UTF-8");
        for _ in 0..5 {
            let drawn: Vec<UdpSocket> =
                (0..300).map(|_| UdpSocket::bind("0.0.0.0:0").expect("a socket")).collect();
            let (document, _) = json(&["--policy", policy]);
            let findings = document["findings"].as_array().expect("findings");
            let of_rule = findings.iter().filter(|found| found["rule"] == "listener-in-pool");
            assert_eq!(of_rule.count(), 0, "{findings:#?}");
            let in_pool = items(&document).iter().filter(|item| item["in_pool"] == true);
            assert!(in_pool.clone().count() >= 300);
            assert!(in_pool.clone().all(|item| item["fixed"] == "no"), "{:#?}", items(&document));
            drop(drawn);
        }
    });
}

/// What the kernel draws for bind() to port 0 is never taken for fixed, and what is asked for with
/// the other parity is.
#[test]
fn parity_tells_what_was_asked_for() {
    inside(|| {
        loopback::up();
        set("ip_local_port_range", "40000\t49999\n");
        let drawn: Vec<TcpListener> =
            (0..50).map(|_| TcpListener::bind("0.0.0.0:0").expect("a listener")).collect();
        let asked_for = TcpListener::bind("0.0.0.0:47774").expect("a listener");
        let (document, _) = json(&[]);
        assert_eq!(item(&document, "0.0.0.0", 47_774)["fixed"], "likely");
        for listener in &drawn {
            let port = listener.local_addr().expect("an address").port();
            let seen = item(&document, "0.0.0.0", port);
            let signs: Vec<&str> =
                seen["signs"].as_array().expect("signs").iter().filter_map(Value::as_str).collect();
            assert!(signs.contains(&"bind-parity"), "{seen}");
            assert!(!signs.contains(&"upper-half"), "std sets SO_REUSEADDR: {seen}");
        }
        drop(asked_for);
    });
}
