//! Who uses the pool, held against what was opened and against what the kernel then still gives.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::thread;

use ephaudit_platform::ask::{Answer, Ask, CensusOf, Question, Reply};
use ephaudit_platform::snapshot::{CensusRows, Depth, Os};
use ephaudit_platform::{Host, Live, Needs};
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketType, bind, connect, getsockname, socket, sockopt};
use serde_json::Value;

use crate::linux::support::kernel_lists_bound;
use crate::linux::support::loopback;
use crate::linux::support::namespace::{inside, set};
use crate::linux::support::refuse::forbid_netlink;
use crate::support::json;

const TCP: SocketType = SocketType::STREAM;
const UDP: SocketType = SocketType::DGRAM;

fn at(text: &str) -> SocketAddr {
    text.parse().expect("an address")
}

/// A namespace with loopback, this range, and TIME_WAIT that keeps its ports.
fn range(first_last: &str) {
    loopback::up();
    set("ip_local_port_range", first_last);
    set("tcp_tw_reuse", "0");
}

/// A client's socket: bound where it says from where, connected where it says to where.
fn client(kind: SocketType, from: Option<&str>, to: Option<&str>) -> Result<OwnedFd, Errno> {
    let family = match at(from.or(to).expect("an end")) {
        SocketAddr::V4(_) => AddressFamily::INET,
        SocketAddr::V6(_) => AddressFamily::INET6,
    };
    let fresh = socket(family, kind, None).expect("a socket");
    if let Some(from) = from {
        bind(&fresh, &at(from))?;
    }
    if let Some(to) = to {
        connect(&fresh, &at(to))?;
    }
    Ok(fresh)
}

fn clients(n: usize, kind: SocketType, from: Option<&str>, to: Option<&str>) -> Vec<OwnedFd> {
    (0..n).map(|_| client(kind, from, to).expect("a port")).collect()
}

/// As many as the kernel gives.
fn until_refused(kind: SocketType, from: Option<&str>, to: Option<&str>) -> Vec<OwnedFd> {
    let mut held = Vec::new();
    loop {
        match client(kind, from, to) {
            Ok(fresh) => held.push(fresh),
            // connect(), bind(), and connect() of UDP
            Err(Errno::ADDRNOTAVAIL | Errno::ADDRINUSE | Errno::AGAIN) => return held,
            Err(error) => panic!("{error}"),
        }
    }
}

fn local(socket: &OwnedFd) -> SocketAddr {
    SocketAddr::try_from(getsockname(socket).expect("a name")).expect("an address")
}

fn listen(address: &str) -> TcpListener {
    TcpListener::bind(address).expect("a listener")
}

/// Connections whose client closed first, so that its end is in TIME_WAIT; their local ports.
fn time_waits(n: usize, server: &TcpListener) -> Vec<u16> {
    let one = |_| {
        let target = server.local_addr().expect("an address");
        let stream = TcpStream::connect(target).expect("a connection");
        let (mut accepted, _) = server.accept().expect("a connection");
        let port = stream.local_addr().expect("an address").port();
        drop(stream);
        assert_eq!(accepted.read(&mut [0]).expect("the end"), 0);
        port
    };
    (0..n).map(one).collect()
}

fn usage(depth: &str) -> Value {
    let (document, code) = json(&["show", "--usage", depth, "--top", "1000"]);
    assert_eq!(code, 0);
    document["scopes"][0]["usage"].clone()
}

/// "tcp 10.0.0.1 10.0.0.9:80", or without the peer, and its ports.
fn all_used(usage: &Value) -> BTreeMap<String, u64> {
    assert_eq!((&usage["state"], &usage["uncounted"]), (&"known".into(), &0.into()), "{usage}");
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let destinations = usage["destinations"].as_array().expect("destinations").iter();
    let used = destinations.map(|used| {
        let peer = used["port"].as_u64().map(|port| {
            let address: IpAddr = text(&used["destination"]).parse().expect("an address");
            let port = u16::try_from(port).expect("a port");
            format!(" {}", SocketAddr::from((address, port)))
        });
        let (transport, source) = (text(&used["transport"]), text(&used["source"]));
        let key = format!("{transport} {source}{}", peer.unwrap_or_default());
        (key, used["ports_used"].as_u64().expect("a number"))
    });
    used.collect()
}

/// How many more ports it says there are for one of `all_used`.
fn left(usage: &Value, key: &str) -> usize {
    let transport = key.split(' ').next().expect("a transport");
    let destinations = usage["destinations"].as_array().expect("destinations");
    let of_transport = destinations.iter().find(|used| used["transport"] == transport);
    let usable = of_transport.expect("one")["ports_usable"].as_u64().expect("a number");
    let used = all_used(usage).get(key).copied().unwrap_or(0);
    usize::try_from(usable - used).expect("small")
}

/// How many ports these have, and those sockets.
fn used_anywhere(ports: &BTreeSet<u16>, sockets: &[&[OwnedFd]]) -> u64 {
    let others = sockets.iter().copied().flatten().map(|socket| local(socket).port());
    others.chain(ports.iter().copied()).collect::<BTreeSet<u16>>().len() as u64
}

#[test]
fn the_counts_are_what_was_opened() {
    inside(|| {
        range("40000 40999");
        let listeners: Vec<TcpListener> =
            ["127.0.0.1:20001", "127.0.0.2:20001", "[::1]:20002", "127.0.0.1:40500"]
                .map(listen)
                .into();
        let mut four = clients(7, TCP, None, Some("127.0.0.1:20001"));
        four.extend(clients(3, TCP, None, Some("[::ffff:127.0.0.1]:20001")));
        four.extend(clients(5, TCP, None, Some("127.0.0.2:20001")));
        four.extend(clients(2, TCP, None, Some("127.0.0.1:40500")));
        let other_source = clients(4, TCP, Some("127.0.0.5:0"), Some("127.0.0.1:20001"));
        let six = clients(6, TCP, None, Some("[::1]:20002"));
        let mut sources: BTreeSet<u16> = four.iter().map(|socket| local(socket).port()).collect();

        sources.extend(time_waits(8, &listen("127.0.0.1:20003")));
        let used = BTreeMap::from([
            ("tcp 127.0.0.1 127.0.0.1:20001".to_owned(), 10),
            ("tcp 127.0.0.1 127.0.0.2:20001".to_owned(), 5),
            ("tcp 127.0.0.1 127.0.0.1:40500".to_owned(), 2),
            ("tcp 127.0.0.1 127.0.0.1:20003".to_owned(), 8),
            ("tcp 127.0.0.5 127.0.0.1:20001".to_owned(), 4),
            ("tcp ::1 [::1]:20002".to_owned(), 6),
            ("tcp 127.0.0.1".to_owned(), sources.len() as u64),
            ("tcp 127.0.0.5".to_owned(), 4),
            ("tcp ::1".to_owned(), 6),
        ]);
        let everywhere = used_anywhere(&sources, &[&other_source, &six]);
        let used = used.into_iter().chain([("tcp ::".to_owned(), everywhere)]).collect();
        let seen = usage("top");
        assert_eq!(all_used(&seen), used);
        assert_eq!((&seen["tcp_time_wait"], &seen["method"]), (&8.into(), &"sock_diag".into()));
        let usable: BTreeSet<u64> = seen["destinations"]
            .as_array()
            .expect("destinations")
            .iter()
            .map(|used| used["ports_usable"].as_u64().expect("a number"))
            .collect();
        assert_eq!(usable, BTreeSet::from([999]), "without the listener in the pool");
        drop((listeners, four, other_source, six));
    });
}

#[test]
fn connect_is_refused_at_the_predicted_count_of_each_destination() {
    inside(|| {
        range("40000 40099");
        let (a, b) = ("127.0.0.1:20001", "127.0.0.1:20002");
        let servers = [listen(a), listen(b)];
        time_waits(10, &servers[0]);
        let to_a = clients(20, TCP, None, Some(a));
        let seen = usage("top");
        assert_eq!(left(&seen, "tcp 127.0.0.1 127.0.0.1:20001"), 70);
        let more = until_refused(TCP, None, Some(a));
        assert_eq!(more.len(), 70);
        assert_eq!(left(&usage("top"), "tcp 127.0.0.1 127.0.0.1:20001"), 0);
        assert_eq!(left(&usage("top"), "tcp 127.0.0.1 127.0.0.1:20002"), 100);
        assert_eq!(until_refused(TCP, None, Some(b)).len(), 100);
        drop((to_a, more, servers));
    });
}

#[test]
fn what_bind_holds_is_kept_from_connect_to_every_destination() {
    inside(|| {
        range("40000 40099");
        let (a, b) = ("127.0.0.1:20001", "127.0.0.1:20002");
        let servers = [listen(a), listen(b)];
        // On an address that no connection uses: connect() passes over their ports all the same.
        let listening: Vec<TcpListener> =
            (40_000..40_020).map(|port| listen(&format!("127.0.0.9:{port}"))).collect();
        let bound: Vec<OwnedFd> = (40_020..40_025)
            .map(|port| client(TCP, Some(&format!("127.0.0.9:{port}")), None).expect("a port"))
            .collect();
        let to_a = clients(10, TCP, None, Some(a));
        for depth in ["top", "full"] {
            let seen = usage(depth);
            if kernel_lists_bound() {
                assert_eq!(seen["bound_in_pool"], 25);
                assert_eq!(left(&seen, "tcp 127.0.0.1 127.0.0.1:20001"), 65);
            } else {
                assert_eq!(
                    (&seen["bound_in_pool"], &seen["bound_unseen"]),
                    (&20.into(), &5.into())
                );
            }
        }
        let more = until_refused(TCP, None, Some(a));
        assert_eq!(more.len(), 65);
        assert_eq!(until_refused(TCP, None, Some(b)).len(), 75);
        drop(bound);
        assert_eq!(usage("full")["bound_in_pool"], 20);
        drop((to_a, more, servers, listening));
    });
}

#[test]
fn bind_before_connect_is_refused_at_the_predicted_count_of_each_source() {
    inside(|| {
        range("40000 40099");
        let [a, b, c] = ["127.0.0.1:20001", "127.0.0.1:20002", "127.0.0.1:20003"];
        let servers = [a, b, c].map(listen);
        let held = [
            clients(10, TCP, None, Some(a)),
            clients(15, TCP, Some("127.0.0.1:0"), Some(a)),
            clients(15, TCP, Some("127.0.0.1:0"), Some(b)),
        ];
        let seen = usage("top");
        assert_eq!(left(&seen, "tcp 127.0.0.1"), 60);
        let more = until_refused(TCP, Some("127.0.0.1:0"), Some(b));
        assert_eq!(more.len(), 60);
        assert_eq!(until_refused(TCP, Some("127.0.0.1:0"), Some(a)).len(), 0, "nor to another");
        let other = until_refused(TCP, Some("127.0.0.7:0"), Some(c));
        assert_eq!(other.len(), 100, "another source has ports of its own");
        assert_eq!(left(&usage("top"), "tcp 127.0.0.7"), 0);
        drop((held, more, other, servers));
    });
}

#[test]
fn udp_is_refused_at_the_predicted_count_of_each_source() {
    inside(|| {
        range("40000 40099");
        let held = [
            clients(30, UDP, Some("127.0.0.1:0"), None),
            clients(7, UDP, Some("127.0.0.2:0"), Some("127.0.0.1:9")),
            clients(10, UDP, Some("0.0.0.0:0"), None),
            clients(5, UDP, Some("[::]:0"), None),
            clients(3, UDP, Some("[::1]:0"), None),
        ];
        let only6: Vec<OwnedFd> = (0..2)
            .map(|_| {
                let fresh = socket(AddressFamily::INET6, UDP, None).expect("a socket");
                sockopt::set_ipv6_v6only(&fresh, true).expect("an option");
                bind(&fresh, &at("[::]:0")).expect("a port");
                fresh
            })
            .collect();
        let seen = usage("top");
        for (key, from, to) in [
            ("udp 127.0.0.1", Some("127.0.0.1:0"), None),
            ("udp 127.0.0.2", Some("127.0.0.2:0"), Some("127.0.0.1:9")),
            ("udp ::1", Some("[::1]:0"), None),
            ("udp 0.0.0.0", None, Some("127.0.0.1:9")),
            ("udp 0.0.0.0", None, Some("127.0.0.1:10")),
            ("udp ::", Some("[::]:0"), None),
        ] {
            let given = until_refused(UDP, from, to).len();
            assert!((1..100).contains(&given));
            assert_eq!(given, left(&seen, key), "{key} to {to:?}");
        }
        assert_eq!(left(&seen, "udp 127.0.0.1"), 100 - 30 - 10 - 5);
        assert!(!all_used(&seen).keys().any(|key| key.starts_with("tcp")));
        drop((held, only6));
    });
}

#[test]
fn a_connection_with_itself_and_one_from_a_system_port_are_listed() {
    inside(|| {
        range("40000 40099");
        set("ip_unprivileged_port_start", "0");
        let server = listen("127.0.0.1:20001");
        let itself = client(TCP, Some("127.0.0.1:40010"), Some("127.0.0.1:40010"));
        let six = client(TCP, Some("[::1]:40011"), Some("[::1]:40011"));
        let mapped = "[::ffff:127.0.0.1]:40012";
        let mapped = client(TCP, Some(mapped), Some(mapped));
        let ordinary = client(TCP, None, Some("127.0.0.1:20001")).expect("a connection");
        let system = client(TCP, Some("127.0.0.1:700"), Some("127.0.0.1:20001"));
        // accepted on a System Port, and not made here
        let on_701 = listen("127.0.0.1:701");
        let accepted = client(TCP, None, Some("127.0.0.1:701"));
        let seen = usage("top");
        let ends = |list: &Value| -> BTreeSet<String> {
            let list = list.as_array().expect("connections").iter();
            list.map(|c| format!("{} {}", c["local"], c["peer"]).replace('"', "")).collect()
        };
        let expected = [
            "127.0.0.1:40010 127.0.0.1:40010",
            "[::1]:40011 [::1]:40011",
            "127.0.0.1:40012 127.0.0.1:40012",
        ];
        assert_eq!(ends(&seen["self_connected"]), expected.map(str::to_owned).into());
        let expected = ["127.0.0.1:700 127.0.0.1:20001".to_owned()];
        assert_eq!(ends(&seen["from_system_ports"]), expected.into());
        assert_eq!(seen["self_connected"][0]["state"], "ESTAB");
        drop((server, ordinary, itself, six, mapped, system, on_701, accepted));
        let gone = usage("top");
        assert_eq!(gone["self_connected"][0]["state"], "TIME-WAIT", "{gone}");
    });
}

/// The kernel, and how often it counted its sockets.
#[derive(Default)]
struct Counted(Cell<u32>);

impl Ask for Counted {
    fn ask(&self, question: Question<'_>) -> Answer {
        Live.ask(question)
    }

    fn census(&self, of: &CensusOf<'_>) -> Reply<CensusRows> {
        self.0.set(self.0.get() + 1);
        Live.census(of)
    }
}

#[test]
fn the_sockets_are_asked_where_the_counters_prove_nothing() {
    inside(|| {
        // The kernel counts the sockets of programs that have just ended for a moment longer: a few
        // in a wide pool.
        range("40000 41999");
        let server = listen("127.0.0.1:20001");
        let asked = |depth| {
            let counted = Counted::default();
            Host::answering(Os::Linux, &counted).read(&Needs::default().depth(depth));
            counted.0.get()
        };
        let held = clients(20, TCP, None, Some("127.0.0.1:20001"));
        // 20 clients, their accepted ends and the listener, for 2,000 ports. How many sockets the
        // whole machine has, which else decides, is not the test's.
        assert!(asked(Depth::Auto(2)) >= 2);
        assert!(asked(Depth::Counters) == 0 && asked(Depth::Top) >= 2);
        let few = usage("top");
        assert_eq!((&few["method"], &few["tcp_sockets"]), (&"sock_diag".into(), &41.into()));
        assert_eq!(all_used(&few)["tcp 127.0.0.1 127.0.0.1:20001"], 20);
        range("40000 40199");
        let other = listen("127.0.0.1:20002");
        let more = clients(60, TCP, None, Some("127.0.0.1:20002"));
        let seen = usage("auto");
        assert_eq!(seen["method"], "sock_diag");
        assert_eq!(all_used(&seen)["tcp 127.0.0.1 127.0.0.1:20002"], 60);
        assert_eq!(usage("counters")["method"], "counters");
        drop((server, other, held, more));
    });
}

#[test]
fn where_netlink_is_refused_proc_tells_the_same_but_what_is_only_bound() {
    inside(|| {
        range("40000 40999");
        let servers = ["127.0.0.1:20001", "[::1]:20002", "127.0.0.1:40500"].map(listen);
        let held = [
            clients(1, TCP, Some("127.0.0.1:40010"), Some("127.0.0.1:40010")),
            // more than the lines of one read
            clients(120, TCP, None, Some("127.0.0.1:20001")),
            clients(5, TCP, None, Some("[::ffff:127.0.0.1]:20001")),
            clients(6, TCP, None, Some("[::1]:20002")),
            clients(2, TCP, None, Some("127.0.0.1:40500")),
            clients(1, TCP, Some("127.0.0.1:700"), Some("127.0.0.1:20001")),
            clients(4, UDP, Some("127.0.0.1:0"), None),
            clients(3, UDP, Some("0.0.0.0:0"), None),
            clients(2, UDP, Some("[::1]:0"), Some("[::1]:9")),
        ];
        let mut by_netlink = usage("top");
        assert_eq!(all_used(&by_netlink)["tcp 127.0.0.1 127.0.0.1:20001"], 125);
        let refused = thread::spawn(|| {
            forbid_netlink();
            (usage("top"), usage("full"), usage("counters"))
        });
        let (by_proc, full, counters) = refused.join().expect("read");
        assert_eq!(by_netlink["method"].take(), "sock_diag");
        let mut told = by_proc.clone();
        assert_eq!(told["method"].take(), "proc");
        // The sockets of programs that have just ended are counted for a moment.
        by_netlink["bound_unseen"] = told["bound_unseen"].clone();
        assert_eq!(told, by_netlink);
        // /proc does not list a socket that is only bound: that there is none, nobody can say.
        assert_eq!(full["destinations"], by_proc["destinations"]);
        assert_eq!(counters["method"], "counters");

        // Nor whether one on [::] takes IPv4 ports too.
        let any = clients(2, UDP, Some("[::]:0"), None);
        let refused = thread::spawn(|| {
            forbid_netlink();
            usage("top")["uncounted"].clone()
        });
        assert_eq!(refused.join().expect("read"), 2);
        assert_eq!(usage("top")["uncounted"], 0);
        drop((servers, held, any));
    });
}
