//! What the rules about ports in use claim, held against the kernel.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketType, bind, connect, getsockname, socket};
use serde_json::Value;

use crate::linux::support::kernel_lists_bound;
use crate::linux::support::loopback;
use crate::linux::support::namespace::{inside, set};
use crate::support::json;

fn range(first_last: &str) {
    loopback::up();
    set("ip_local_port_range", first_last);
    set("tcp_tw_reuse", "0");
}

fn listen(port: u16) -> TcpListener {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).expect("a listener")
}

fn here(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

/// The rule's verdict, its gravest severity and all that its findings say.
fn judged(rule: &str, depth: &str) -> (String, String, String) {
    let mut answer = judged_now(rule, depth);
    // There the counters bound what the kernel does not list, and a busy kernel counts for a moment
    // sockets that are gone.
    for _ in 0..20 {
        if kernel_lists_bound() || answer.0 != "unknown" {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
        answer = judged_now(rule, depth);
    }
    answer
}

fn judged_now(rule: &str, depth: &str) -> (String, String, String) {
    let (document, _) = json(&["--usage", depth]);
    let of_rule = |value: &&Value| value["rule"] == rule;
    let rules = document["rules"].as_array().expect("rules");
    let verdict = &rules.iter().find(of_rule).expect("the rule")["verdict"];
    let findings: Vec<&Value> =
        document["findings"].as_array().expect("findings").iter().filter(of_rule).collect();
    let gravest = findings.first().map_or("", |found| found["severity"].as_str().expect("a word"));
    let said = findings.iter().map(ToString::to_string).collect::<Vec<String>>().join("\n");
    (verdict.as_str().expect("a word").to_owned(), gravest.to_owned(), said)
}

/// Connections to a server until the kernel refuses; at most `most`.
fn connected(server: &TcpListener, most: usize) -> Vec<(TcpStream, TcpStream)> {
    let mut held = Vec::new();
    while held.len() < most {
        match TcpStream::connect(server.local_addr().expect("an address")) {
            Ok(stream) => held.push((stream, server.accept().expect("a connection").0)),
            Err(error) if error.raw_os_error() == Some(Errno::ADDRNOTAVAIL.raw_os_error()) => break,
            Err(error) => panic!("{error}"),
        }
    }
    held
}

#[test]
fn connect_uses_up_the_parity_of_the_low_bound_before_it_takes_the_other() {
    inside(|| {
        for (range_of, low) in [("40000 40099", 0), ("41001 41100", 1)] {
            range(range_of);
            let server = listen(20_001 + low);
            let parities = |held: &[(TcpStream, TcpStream)]| -> Vec<u16> {
                held.iter().map(|(s, _)| s.local_addr().expect("an address").port() % 2).collect()
            };
            let mut held = connected(&server, 49);
            assert_eq!(judged("destination-near-exhaustion", "top").0, "pass");
            held.extend(connected(&server, 1));
            assert_eq!(parities(&held), [low; 50]);
            let (verdict, severity, said) = judged("destination-near-exhaustion", "auto");
            assert_eq!((verdict.as_str(), severity.as_str()), ("fail", "medium"), "{said}");
            assert!(said.contains("all 50 of these are taken"), "{said}");
            assert!(said.contains("With 50 more in use connect() to it fails"), "{said}");
            let rest = connected(&server, 100);
            assert_eq!(parities(&rest), [1 - low; 50]);
            let (_, severity, said) = judged("destination-near-exhaustion", "auto");
            assert_eq!(severity, "high");
            assert!(said.contains("No port is left"), "{said}");
        }
    });
}

/// Tries to connect like a client that waits for its service, until it is connected to itself.
fn is_connected_to_itself(port: u16) -> Option<TcpStream> {
    // The port that connect() tries first goes up by two with every try: once round, and some for
    // chance.
    (0..1000).find_map(|_| match TcpStream::connect(here(port)) {
        Ok(stream) => {
            assert_eq!(
                stream.local_addr().expect("one end"),
                stream.peer_addr().expect("the other")
            );
            Some(stream)
        }
        Err(error) => {
            assert_eq!(error.raw_os_error(), Some(Errno::CONNREFUSED.raw_os_error()));
            None
        }
    })
}

#[test]
fn a_client_that_waits_for_a_service_that_is_gone_connects_to_itself() {
    inside(|| {
        range("40000 40099");
        let rule = "self-connect-exposure";
        let service = listen(40_010);
        let (clients, accepted): (Vec<_>, Vec<_>) = connected(&service, 3).into_iter().unzip();
        assert_eq!(judged(rule, "top").0, "pass", "it is there");
        drop(service);
        assert_eq!(judged(rule, "top").1, "low");
        assert!(is_connected_to_itself(40_010).is_none(), "what it accepted holds the port");
        drop(clients);
        drop(accepted);
        let (_, severity, said) = judged(rule, "top");
        assert_eq!(severity, "low", "TIME_WAIT of the clients is left: {said}");
        assert!(said.contains("tcp port 40010 has local clients"), "{said}");
        assert_eq!(judged("self-connected-socket", "top").0, "pass");

        assert!(is_connected_to_itself(40_011).is_none(), "the other parity");
        let elsewhere = TcpListener::bind("127.0.0.9:40012").expect("a listener");
        assert!(is_connected_to_itself(40_012).is_none(), "held by bind() at another address");
        set("ip_local_reserved_ports", "40014\n");
        assert!(is_connected_to_itself(40_014).is_none(), "reserved");

        let itself = is_connected_to_itself(40_010).expect("it happens within once round");
        let (verdict, severity, said) = judged("self-connected-socket", "top");
        assert_eq!((verdict.as_str(), severity.as_str()), ("fail", "critical"));
        assert!(said.contains("tcp port 40010 is connected to itself: 127.0.0.1:40010"), "{said}");
        assert!(TcpListener::bind(here(40_010)).is_err(), "std sets SO_REUSEADDR");
        drop((itself, elsewhere));
        let (_, severity, said) = judged("self-connected-socket", "top");
        assert_eq!(severity, "critical");
        assert!(said.contains("was connected to itself"), "{said}");
        assert!(TcpListener::bind(here(40_010)).is_err(), "TIME_WAIT");
    });
}

#[test]
fn without_a_look_at_the_sockets_nothing_is_said_of_connections() {
    inside(|| {
        range("40000 40099");
        let server = listen(20_001);
        let held = connected(&server, 30);
        for rule in ["self-connected-socket", "self-connect-exposure", "outbound-on-system-port"] {
            assert_eq!(judged(rule, "counters").0, "not-asked", "{rule}");
            assert_eq!(judged(rule, "top").0, "pass", "{rule}");
        }
        assert_eq!(judged("destination-near-exhaustion", "counters").0, "unknown");
        assert_eq!(judged("destination-near-exhaustion", "top").0, "pass");
        drop(held);
    });
}

#[test]
fn a_client_on_a_system_port_and_ports_that_bind_holds_are_found() {
    inside(|| {
        range("40000 40999");
        let server = listen(2049);
        let client = socket(AddressFamily::INET, SocketType::STREAM, None).expect("a socket");
        bind(&client, &here(742)).expect("a System Port");
        connect(&client, &here(2049)).expect("a connection");
        let (_, severity, said) = judged("outbound-on-system-port", "top");
        assert_eq!(severity, "info");
        assert!(said.contains("127.0.0.1:742 to 127.0.0.1:2049 (NFS): ESTAB"), "{said}");
        drop(server);

        let rule = "bound-ports-drain-pool";
        let listeners: Vec<TcpListener> = (40_001..=40_005).map(listen).collect();
        assert_eq!(judged(rule, "counters").0, "pass");
        let idle: Vec<_> = (40_100..40_195)
            .map(|port| {
                let idle = socket(AddressFamily::INET, SocketType::STREAM, None).expect("a socket");
                bind(&idle, &here(port)).expect("a port");
                idle
            })
            .collect();
        assert_eq!(
            judged(rule, "counters").0,
            "unknown",
            "the counters tell that there may be some"
        );
        for depth in ["top", "full"] {
            let (verdict, severity, said) = judged(rule, depth);
            if !kernel_lists_bound() {
                assert_eq!(verdict, "unknown");
                continue;
            }
            assert_eq!(severity, "low");
            assert!(said.contains("bind() holds 100 of the 1,000 ports"), "{said}");
        }
        drop((listeners, idle));
    });
}

#[test]
fn ports_that_are_only_bound_do_not_pass_for_free_ones() {
    inside(|| {
        range("40000 40199");
        let server = listen(20_001);
        let idle: Vec<_> = (40_000..40_110)
            .map(|port| {
                let idle = socket(AddressFamily::INET, SocketType::STREAM, None).expect("a socket");
                bind(&idle, &here(port)).expect("a port");
                idle
            })
            .collect();
        // A connection has two sockets here: 41 of 90 ports, and no more than 82 sockets of 200.
        let mut held = connected(&server, 41);
        if !kernel_lists_bound() {
            assert_eq!(judged("destination-near-exhaustion", "auto").0, "unknown");
            return;
        }
        assert_eq!(judged("destination-near-exhaustion", "auto").0, "pass");
        held.extend(connected(&server, 4));
        let (_, severity, said) = judged("destination-near-exhaustion", "auto");
        assert_eq!(severity, "medium", "{said}");
        assert_eq!(judged("bound-ports-drain-pool", "auto").1, "medium");
        held.extend(connected(&server, 200));
        assert_eq!(held.len(), 90);
        drop((idle, held));
    });
}

#[test]
fn a_service_that_closed_first_and_is_gone_is_told_by_its_own_ends() {
    inside(|| {
        range("40000 40999");
        let server = listen(40_010);
        for (client, accepted) in connected(&server, 3) {
            accepted.shutdown(std::net::Shutdown::Write).expect("closed first");
            drop(client);
            drop(accepted);
        }
        assert_eq!(judged("self-connect-exposure", "top").0, "pass", "it listens still");
        drop(server);
        let (_, severity, said) = judged("self-connect-exposure", "top");
        assert_eq!(severity, "low", "{said}");
        assert!(said.contains("tcp port 40010 has local clients"), "{said}");
    });
}

#[test]
fn forwarding_alone_is_no_nat() {
    inside(|| {
        let rule = "nat-ignores-range";
        set("ip_forward", "0");
        assert_eq!(judged(rule, "auto").0, "pass");
        set("ip_forward", "1");
        assert_eq!(judged(rule, "auto").0, "not-applicable");
    });
}

#[test]
fn whose_connections_use_up_a_destination_is_told_from_half_of_the_pool_on() {
    inside(|| {
        range("40000 40099");
        let server = listen(8080);
        let few = connected(&server, 40);
        let users = || {
            let (document, _) = json(&["--usage", "top"]);
            let usage = &document["scopes"][0]["usage"];
            usage["busiest_users"].as_array().expect("a list").clone()
        };
        assert_eq!(users(), [Value::Null; 0], "less than half");
        let more = connected(&server, 20);
        let [user] = &users()[..] else { panic!("{:?}", users()) };
        assert_eq!((&user["pid"], &user["ports"]), (&std::process::id().into(), &60.into()));
        drop((few, more));
    });
}

/// The share of a port among what is drawn, in percent.
fn share(port: u16, drawn: &[u16]) -> usize {
    drawn.iter().filter(|other| **other == port).count() * 100 / drawn.len()
}

#[test]
fn the_port_behind_a_reserved_block_is_drawn_as_often_as_is_foretold() {
    inside(|| {
        range("40000 40999");
        set("ip_local_reserved_ports", "40100-40699\n");
        let (_, severity, said) = judged("skewed-allocation", "counters");
        assert_eq!(severity, "medium");
        for foretold in ["40701 gets 60 % of all bind()", "40700 gets 60 % of connect()"] {
            assert!(said.contains(foretold), "{said}");
        }
        let bound: Vec<u16> = (0..1000)
            .map(|_| {
                // Without SO_REUSEADDR, which std sets.
                let one = socket(AddressFamily::INET, SocketType::STREAM, None).expect("one");
                bind(&one, &here(0)).expect("a port");
                let end = SocketAddr::try_from(getsockname(&one).expect("an address"));
                end.expect("an address of IPv4").port()
            })
            .collect();
        assert!((52..=68).contains(&share(40_701, &bound)), "{}", share(40_701, &bound));
        let server = TcpListener::bind("0.0.0.0:900").expect("a listener");
        let connected: Vec<u16> = (1..=400_u16)
            .map(|number| {
                let [high, low] = number.to_be_bytes();
                let to = SocketAddr::from((Ipv4Addr::new(127, 9, high, low), 900));
                let client = TcpStream::connect(to).expect("a connection");
                // The server closes first, and keeps TIME_WAIT.
                drop(server.accept().expect("a connection"));
                client.local_addr().expect("an address").port()
            })
            .collect();
        assert!((48..=72).contains(&share(40_700, &connected)), "{}", share(40_700, &connected));
    });
}
