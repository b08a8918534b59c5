use std::net::{IpAddr, SocketAddr};

use ephaudit_platform::ask::{Answer, Question, Refusal};
use ephaudit_platform::ports::PortRange;
use ephaudit_platform::snapshot::{Connection, Source};
use ephaudit_platform::unread::{Subject, Unread};
use ephaudit_platform::{Host, Needs};

use super::*;
use crate::report::When;

/// A stock host with this kernel, range and reserved list; what is not given is refused.
fn host(kernel: &str, range: Option<&str>, reserved: Option<&str>) -> Snapshot {
    let uname = format!("Linux\0web1\0{kernel}\0#1 SMP\0x86_64\0");
    let ask = |question: Question<'_>| {
        let refused = || Err(Refusal::Failed(Why::new(Reason::Denied, "refused")));
        let file =
            |text: Option<&str>| text.map_or_else(refused, |text| Ok(format!("{text}\n").into()));
        let outcome = match question {
            Question::Uname => Ok(uname.clone().into()),
            Question::Tunable("net.ipv4.ip_local_port_range") => file(range),
            Question::Tunable("net.ipv4.ip_local_reserved_ports") => file(reserved),
            Question::Tunable("net.ipv4.ip_unprivileged_port_start") => file(Some("1024")),
            Question::File(_) => Err(Refusal::NotFound("nothing".to_owned())),
            _ => refused(),
        };
        Answer::new(Source::File("test".into()), outcome)
    };
    Host::answering(Os::Linux, &ask).read(&Needs::default())
}

fn stock() -> Snapshot {
    host("6.18.0", Some("32768\t60999"), Some(""))
}

fn known(pid: u32, unit: Option<&str>) -> Owner {
    let unit = unit.map(str::to_owned);
    Owner::Known { pid, command: Some("x`rm -rf /".to_owned()), unit, container: None }
}

fn socket(hold: Hold, address: &str, owner: Owner) -> Holder {
    let local = SocketAddr::new(address.parse().expect("an address"), 50_010);
    let (state, peer) = match hold {
        Hold::Listens => (10, "0.0.0.0:0"),
        Hold::Bound => (7, "0.0.0.0:0"),
        Hold::Connected => (1, "10.0.0.9:443"),
        Hold::Waits => (6, "10.0.0.9:443"),
        Hold::HalfOpen => (3, "10.0.0.9:443"),
    };
    let inode = if hold == Hold::Waits { 0 } else { 7 };
    Holder {
        hold,
        ends: Connection { local, peer: peer.parse().expect("an address"), state, inode, uid: 0 },
        v6only: None,
        on_interface: false,
        uid: (hold != Hold::Waits).then_some(1000),
        time_wait_left: (hold == Hold::Waits).then_some(41_500),
        owner,
    }
}

fn held(port: u16, items: Vec<Holder>) -> Holders {
    let sources = vec![Source::Netlink("test".into())];
    Holders {
        transport: Transport::Tcp,
        ports: PortRange::single(port).into(),
        items,
        sources,
        bound_shown: true,
        unread: Vec::new(),
    }
}

/// Connected to itself, or so until it was closed.
fn itself(hold: Hold) -> Holder {
    let mut holder = socket(hold, "127.0.0.1", known(812, None));
    if hold == Hold::Waits {
        holder.owner = Owner::NotAsked;
    }
    holder.ends.peer = holder.ends.local;
    holder
}

/// What is said of one port of TCP, handed to `check`.
fn explained(
    snapshot: &Snapshot,
    holders: Holders,
    check: impl Fn(&Explanation<'_>, &OnTransport<'_>),
) {
    let registry = Registry::built_in();
    let port = holders.ports.spans()[0].first();
    let all = [holders];
    let explained = explain(snapshot, &registry, port, &all).expect("a scope");
    check(&explained, &explained.transports[0]);
}

fn meeting_on(on: &OnTransport<'_>, address: &str) -> (Bind, Bind) {
    let address: IpAddr = address.parse().expect("an address");
    let found = on.if_wanted.iter().find(|meeting| meeting.address == Some(address));
    found.map(|meeting| (meeting.without, meeting.with)).expect("a meeting")
}

#[test]
fn a_port_is_in_the_pool_or_not_or_that_is_not_known() {
    let three = |range: Option<&str>, reserved: Option<&str>, port: u16| {
        let snapshot = host("6.18.0", range, reserved);
        let answer = std::cell::Cell::new((None, None, None));
        explained(&snapshot, held(port, Vec::new()), |_, on| {
            answer.set((on.in_range, on.reserved, on.in_pool));
        });
        answer.get()
    };
    let (yes, no) = (Some(true), Some(false));
    let stock = Some("32768\t60999");
    assert_eq!(three(stock, Some(""), 32_768), (yes, no, yes));
    assert_eq!(three(stock, Some(""), 60_999), (yes, no, yes));
    assert_eq!(three(stock, Some(""), 61_000), (no, no, no));
    assert_eq!(three(stock, Some("33060"), 33_060), (yes, yes, no));
    assert_eq!(three(stock, Some("80"), 80), (no, yes, no));
    assert_eq!(three(None, Some("33060"), 33_060), (None, yes, None));
    assert_eq!(three(stock, None, 33_060), (yes, None, None));
    assert_eq!(three(stock, None, 80), (no, None, no), "outside, whatever is reserved");
}

#[test]
fn privilege_goes_by_this_hosts_own_start() {
    let snapshot = stock();
    for (port, privileged) in [(1023, true), (1024, false)] {
        explained(&snapshot, held(port, Vec::new()), |explained, _| {
            assert_eq!(explained.privileged, Some(privileged), "{port}");
        });
    }
}

#[test]
fn what_is_going_on_is_told_in_one_word() {
    let snapshot = stock();
    let one = |hold| socket(hold, "10.0.0.5", known(812, None));
    let closed = || {
        let mut holder = socket(Hold::Connected, "10.0.0.5", Owner::NotAsked);
        (holder.ends.inode, holder.uid) = (0, None);
        holder
    };
    for (items, state, words) in [
        (vec![closed()], PortState::Connected, "closed but not yet ended"),
        (vec![closed(), one(Hold::Connected)], PortState::Connected, "(pid 812) holds it by"),
        (vec![], PortState::Free, "nobody holds it; any client can be given it"),
        (vec![one(Hold::Listens), one(Hold::Connected)], PortState::Served, "listens on it; while"),
        (vec![one(Hold::Bound)], PortState::Bound, "has bound it"),
        (vec![one(Hold::Connected), one(Hold::Waits)], PortState::Connected, "to 10.0.0.9:443"),
        (
            vec![one(Hold::Connected), itself(Hold::Connected)],
            PortState::SelfConnected,
            "is connected to itself there, as happens to a client",
        ),
        (
            vec![itself(Hold::Waits)],
            PortState::SelfConnected,
            "an unknown process was connected to itself there, as happens to a \
             client whose service is down; TIME_WAIT keeps the port, for 42 s more",
        ),
        (vec![one(Hold::Waits)], PortState::Waiting, "TIME_WAIT, for 42 s more"),
        (
            vec![{
                let mut orphan = one(Hold::Waits);
                orphan.ends.state = 5;
                orphan
            }],
            PortState::Waiting,
            "in FIN-WAIT-2, until its peer closes too or 42 s have passed; TIME_WAIT may follow",
        ),
    ] {
        explained(&snapshot, held(50_010, items), |_, on| {
            assert_eq!(on.state, state);
            assert!(on.answer.contains(words), "{}", on.answer);
        });
    }
}

#[test]
fn a_self_connection_is_laid_to_a_service_that_is_down_only_where_a_client_is_given_the_port() {
    let (tcp, udp) = (Transport::Tcp, Transport::Udp);
    for (transport, port, words) in [
        (tcp, 50_010, "itself there, as happens to a client whose service is down"),
        (
            tcp,
            8080,
            "itself there (the port is outside the pool now: it was bound explicitly, or the pool \
             changed)",
        ),
        (udp, 50_010, "itself there, and receives what it sends"),
        (udp, 8080, "itself there, and receives what it sends"),
    ] {
        let holders = Holders { transport, ..held(port, vec![itself(Hold::Connected)]) };
        explained(&stock(), holders, |_, on| {
            assert!(on.answer.ends_with(words), "{}", on.answer);
            let reason = on.self_connect.as_ref().map_or("", |answer| answer.reason.as_str());
            assert!(!reason.contains("none can"), "{reason}");
        });
    }
    let snapshot = host("6.18.0", None, None);
    explained(&snapshot, held(50_010, vec![itself(Hold::Connected)]), |_, on| {
        assert!(on.answer.ends_with("is connected to itself there"), "{}", on.answer);
    });
}

#[test]
fn nothing_works_for_sure_where_something_was_not_seen() {
    let snapshot = stock();
    let unread = || {
        let (transport, family) = (Transport::Tcp, Some(Family::Ipv6));
        let ports = PortRange::single(50_010).into();
        let subject = Subject::PortUsers { transport, family, ports };
        vec![Unread::new(subject, Why::new(Reason::Denied, "refused"))]
    };
    explained(
        &snapshot,
        Holders { unread: unread(), ..held(50_010, Vec::new()) },
        |explained, on| {
            assert_eq!(on.state, PortState::Unknown);
            assert_eq!(meeting_on(on, "0.0.0.0"), (Bind::Unknown, Bind::Unknown));
            assert_eq!(explained.gaps[0].what, "tcp sockets with port 50010 over IPv6");
        },
    );
    let listener = vec![socket(Hold::Listens, "10.0.0.5", Owner::NotAsked)];
    explained(&snapshot, Holders { unread: unread(), ..held(50_010, listener) }, |_, on| {
        assert_eq!(meeting_on(on, "0.0.0.0"), (Bind::InUse, Bind::InUse), "this much is sure");
    });
    explained(
        &snapshot,
        Holders { bound_shown: false, ..held(50_010, Vec::new()) },
        |explained, on| {
            assert_eq!(on.state, PortState::Unknown, "a bound socket may hold it");
            assert!(on.answer.contains("bound and nothing else"), "{}", on.answer);
            assert_eq!(meeting_on(on, "::"), (Bind::WorksAsSeen, Bind::WorksAsSeen));
            assert_eq!(explained.gaps.len(), 1);
        },
    );
    let mut in_a_vrf = socket(Hold::Listens, "0.0.0.0", Owner::NotAsked);
    in_a_vrf.on_interface = true;
    explained(&snapshot, held(50_010, vec![in_a_vrf]), |_, on| {
        assert_eq!(meeting_on(on, "0.0.0.0"), (Bind::Unknown, Bind::Unknown));
    });
    let unless_v6only = (Bind::InUseUnlessHolderV6Only, Bind::InUseUnlessHolderV6Only);
    explained(
        &snapshot,
        held(50_010, vec![socket(Hold::Listens, "::", Owner::NotAsked)]),
        |_, on| {
            assert_eq!(meeting_on(on, "0.0.0.0"), unless_v6only, "IPv6 only?");
            assert_eq!(meeting_on(on, "::"), (Bind::InUse, Bind::InUse));
        },
    );
    for other in ["5.4.0-gvisor", "4.4.0-19041-Microsoft"] {
        let snapshot = host(other, Some("32768\t60999"), Some(""));
        explained(&snapshot, held(50_010, Vec::new()), |_, on| {
            assert_eq!(meeting_on(on, "0.0.0.0"), (Bind::Unknown, Bind::Unknown), "{other}");
        });
    }
}

#[test]
fn addresses_that_the_list_has_no_room_for_are_not_said_to_work() {
    let at = |last: u8| socket(Hold::Connected, &format!("10.0.0.{last}"), Owner::NotAsked);
    for (sockets, others) in [(8, Bind::Works), (9, Bind::Unknown)] {
        explained(&stock(), held(50_010, (1..=sockets).map(at).collect()), |_, on| {
            let rest = on.if_wanted.iter().find(|meeting| meeting.address.is_none());
            assert_eq!(rest.map(|meeting| meeting.without), Some(others));
        });
    }
}

#[test]
fn the_half_open_hold_nothing_of_their_own() {
    explained(
        &stock(),
        held(50_010, vec![socket(Hold::HalfOpen, "10.0.0.5", Owner::NotAsked)]),
        |_, on| {
            assert_eq!(on.state, PortState::Free);
            assert_eq!(meeting_on(on, "0.0.0.0"), (Bind::Works, Bind::Works));
        },
    );
}

#[test]
fn self_connection_goes_by_the_parity_of_the_low_bound() {
    let exposure = |kernel: &str, range: &str, port: u16| {
        let snapshot = host(kernel, Some(range), Some("33060"));
        let answer = std::cell::Cell::new(Exposure::Unknown);
        explained(&snapshot, held(port, Vec::new()), |_, on| {
            answer.set(on.self_connect.as_ref().expect("tcp").exposure);
        });
        answer.get()
    };
    assert_eq!(exposure("6.18.0", "32768\t60999", 50_010), Exposure::Exposed);
    assert_eq!(exposure("6.18.0", "32768\t60999", 50_011), Exposure::ExposedLate);
    assert_eq!(exposure("6.18.0", "32769\t60999", 50_011), Exposure::Exposed);
    assert_eq!(exposure("6.18.0", "32768\t60999", 33_060), Exposure::Immune, "reserved");
    assert_eq!(exposure("6.18.0", "32768\t60999", 8080), Exposure::Immune);
    assert_eq!(exposure("4.4.0", "32768\t60999", 50_011), Exposure::Exposed, "no parity then");
    assert_eq!(exposure("next", "32768\t60999", 50_011), Exposure::Exposed, "who knows");
    assert_eq!(exposure("6.18.0", "60999\t32768", 50_010), Exposure::Unknown, "no range");
}

#[test]
fn the_steps_keep_the_port_first_and_free_it_then() {
    let unit = |unit| socket(Hold::Connected, "10.0.0.5", known(812, unit));
    for (items, command) in [
        (vec![unit(None)], "kill 812"),
        (vec![unit(Some("nightly.service"))], "systemctl restart -- 'nightly.service'"),
        (vec![unit(Some("user@1000.service"))], "kill 812"),
        (vec![unit(Some("-Hroot@evil.example.service"))], "kill 812"),
        (vec![unit(Some("session-3.scope"))], "kill 812"),
    ] {
        explained(&stock(), held(50_010, items), |explained, _| {
            let [now, boot, free, other] = &explained.steps[..] else {
                panic!("{:?}", explained.steps)
            };
            let reserves = "sysctl -w net.ipv4.ip_local_reserved_ports=50010";
            assert_eq!((now.when, now.command.as_deref()), (When::Now, Some(reserves)));
            assert_eq!((boot.when, other.when), (When::Boot, When::Elsewhere));
            assert_eq!((free.when, free.command.as_deref()), (When::Now, Some(command)));
        });
    }
    let hidden = Owner::Unseen(Why::new(Reason::Denied, "run as root"));
    let items = vec![
        socket(Hold::Connected, "10.0.0.5", hidden.clone()),
        socket(Hold::Connected, "10.0.0.6", hidden),
    ];
    explained(&stock(), held(8080, items), |explained, _| {
        let see = Step::now("as root, see what holds it").by("ss -Htanp 'sport = :8080'");
        assert_eq!(explained.steps, [see]);
        assert_eq!(explained.gaps.len(), 1, "the same reason once");
    });
    explained(
        &stock(),
        held(8080, vec![socket(Hold::Waits, "10.0.0.5", Owner::NotAsked)]),
        |explained, _| {
            assert_eq!(explained.steps.len(), 1);
            assert!(
                explained.steps[0].words.starts_with("wait for 42 s at most"),
                "{:?}",
                explained.steps
            );
        },
    );
    for (hold, step) in
        [(Hold::Connected, "stop the process that holds it"), (Hold::Waits, "wait for 42 s")]
    {
        explained(&stock(), held(8080, vec![itself(hold)]), |explained, _| {
            assert_eq!(explained.steps.len(), 1);
            assert!(explained.steps[0].words.starts_with(step), "{:?}", explained.steps);
        });
    }
    explained(&stock(), held(8080, Vec::new()), |explained, _| assert!(explained.steps.is_empty()));
}

#[test]
fn one_that_holds_is_enough_and_one_unknown_spoils_a_no() {
    assert_eq!(any([None, Some(true)].into_iter()), Some(true));
    assert_eq!(any([Some(false), None].into_iter()), None);
    assert_eq!(any([Some(false)].into_iter()), Some(false));
    assert_eq!(any(std::iter::empty()), Some(false));
}
