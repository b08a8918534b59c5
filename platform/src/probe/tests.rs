use std::cell::RefCell;

use super::*;
use crate::ask::{Answer, Question, Refusal};
use crate::snapshot::Source;

/// A host of these settings; the range is asked for anew each time.
fn answer(question: Question<'_>, range: &str, reserved: &str, sockets: u32) -> Answer {
    let missing = || Err(Refusal::NotFound("nothing".to_owned()));
    let outcome = match question {
        Question::Uname => Ok(b"Linux\0web1\x006.18.0\0#1\0x86_64\0".to_vec()),
        Question::Tunable("net.ipv4.ip_local_port_range") if range.is_empty() => {
            Err(Refusal::Failed(Why::new(Reason::Denied, "refused")))
        }
        Question::Tunable("net.ipv4.ip_local_port_range") => Ok(format!("{range}\n").into()),
        Question::Tunable("net.ipv4.ip_local_reserved_ports") => Ok(format!("{reserved}\n").into()),
        Question::File("/proc/thread-self/net/sockstat") => {
            let tcp = format!("TCP: inuse 1 orphan 0 tw 2 alloc {sockets} mem 9");
            Ok(format!("{tcp}\nUDP: inuse {sockets}\n").into())
        }
        _ => missing(),
    };
    Answer::new(Source::File("test".into()), outcome)
}

fn probed(range: &str, reserved: &str, sockets: u32, draw: &Draw<'_>) -> Probe {
    let ask = |question: Question<'_>| answer(question, range, reserved, sockets);
    probe(Os::Linux, &ask, draw, 256).1
}

/// What Linux gives: TCP's connect() even ports and its bind() odd ones, UDP both, all over its
/// default range.
fn linux(wish: Wish, count: u32) -> Given {
    let low = if wish.call == Call::Bind { 32_769 } else { 32_768 };
    let step = if wish.transport == Transport::Tcp { 17_798 } else { 17_799 };
    let at = |i: u32| u16::try_from(low + i * step % 28_000).expect("a port");
    Given::Ports((0..count).map(at).collect(), None)
}

#[test]
fn what_linux_gives_agrees() {
    let asked = RefCell::new(Vec::new());
    let probe = probed("32768\t60999", "", 12, &|wish, count| {
        asked.borrow_mut().push((wish, count));
        linux(wish, count)
    });
    assert_eq!((probe.disagreements, probe.unknown), (vec![], vec![]));
    assert_eq!(probe.drawn.len(), 8);
    assert!(asked.borrow().iter().all(|(_, count)| *count == 256));
    let none = probed("32768\t60999", "", 12, &|wish, count| match wish.family {
        Family::Ipv4 => linux(wish, count),
        Family::Ipv6 => Given::NoSuchFamily,
    });
    assert_eq!((none.disagreements, none.unknown), (vec![], vec![]), "no IPv6 is no gap");
}

#[test]
fn a_port_outside_of_the_pool_disagrees() {
    for (range, reserved) in [("32768\t60999", "32769"), ("32770\t60999", "")] {
        let probe = probed(range, reserved, 12, &linux);
        let outside: Vec<_> = probe
            .disagreements
            .iter()
            .map(|found| match found {
                Disagreement::Outside { ports, times, .. } => (ports.count(), *times > 0),
                other => panic!("{other:?}"),
            })
            .collect();
        assert!(!outside.is_empty() && outside.iter().all(|one| *one == (1, true)), "{outside:?}");
    }
}

#[test]
fn the_other_parity_disagrees_only_where_that_is_certain() {
    let swapped = |wish: Wish, count: u32| match wish.call {
        Call::Bind => linux(Wish { call: Call::Connect, ..wish }, count),
        Call::Connect => linux(Wish { call: Call::Bind, ..wish }, count),
    };
    let parities = |sockets: u32| {
        let probe = probed("32768\t60999", "", sockets, &swapped);
        assert!(probe.disagreements.iter().all(|found| matches!(
            found,
            Disagreement::Parity { wish, times: 256, odd_first }
                if wish.transport == Transport::Tcp && *odd_first == (wish.call == Call::Bind)
        )));
        (probe.disagreements.len(), probe.unknown.len())
    };
    assert_eq!(parities(12), (4, 0), "TCP over both families by both calls");
    assert_eq!(parities(7_048), (4, 0));
    assert_eq!(parities(7_049), (0, 4), "so many sockets may have used one half up");

    let without = |release: &'static [u8]| {
        let ask = |question: Question<'_>| match question {
            Question::Uname => Answer::new(
                Source::File("test".into()),
                Ok([b"Linux\0web1\0", release, b"\0#1\0x86_64\0"].concat()),
            ),
            question => answer(question, "32768\t60999", "", 12),
        };
        let (_, probe) = probe(Os::Linux, &ask, &swapped, 256);
        (probe.disagreements.len(), probe.unknown.len())
    };
    assert_eq!(without(b"6.18.0"), (4, 0));
    assert_eq!(without(b"4.4.0"), (0, 0), "before there was an order");
    assert_eq!(without(b"what"), (0, 4), "which kernel it is could not be read");
}

/// A reserved half is no parity that could go first.
#[test]
fn a_parity_that_the_pool_does_not_have_is_not_missed() {
    let even: Vec<String> = (40_000..=40_199).step_by(2).map(|port| port.to_string()).collect();
    let probe = probed("40000\t40199", &even.join(","), 12, &|_, count| {
        let at = |i: u32| u16::try_from(40_001 + i * 62 % 198 / 2 * 2).expect("a port");
        Given::Ports((0..count).map(at).collect(), None)
    });
    assert_eq!((probe.disagreements, probe.unknown), (vec![], vec![]));
}

#[test]
fn ports_from_a_part_of_the_range_disagree_only_where_the_rest_is_free() {
    // As where another system leaves a slice of 4,096 ports to this one.
    let slice = |wish: Wish, count: u32| {
        let low = if wish.call == Call::Bind { 44_621 } else { 44_620 };
        let step = if wish.transport == Transport::Tcp { 1_798 } else { 1_799 };
        let at = |i: u32| u16::try_from(low + i * step % 4_094).expect("a port");
        Given::Ports((0..count).map(at).collect(), None)
    };
    let chances = |reserved: &str, sockets: u32| {
        let probe = probed("32768\t60999", reserved, sockets, &slice);
        assert!(probe.disagreements.iter().all(|found| matches!(
            found,
            Disagreement::Hole { wish, times: 256, ports, .. } if !ports.contains(45_000)
                && (wish.transport, wish.call) != (Transport::Tcp, Call::Connect)
        )));
        (probe.disagreements.len(), probe.unknown.len())
    };
    assert_eq!(chances("", 12), (6, 0), "all but TCP's connect()");
    assert_eq!(chances("", 5_000), (6, 0));
    assert_eq!(chances("", 12_000), (0, 6), "so many sockets may hold the rest");
    assert_eq!(chances("32768-42699", 12), (6, 0));
    assert_eq!(chances("32768-44000,50000-60999", 12), (0, 0), "who starts there may land here");
    assert_eq!(chances("", 13), (6, 0));
}

#[test]
fn one_port_again_and_again_disagrees_however_few_are_asked_for() {
    let one = |wish: Wish, count: u32| {
        Given::Ports(
            vec![if wish.call == Call::Bind { 40_001 } else { 40_000 }; count as usize],
            None,
        )
    };
    let ask = |question: Question<'_>| answer(question, "32768\t60999", "", 12);
    let (_, found) = probe(Os::Linux, &ask, &one, 8);
    assert_eq!((found.disagreements.len(), found.unknown.len()), (6, 0));
    let repeats = |found: &Disagreement| {
        matches!(found, Disagreement::Repeats { distinct: 1, .. } | Disagreement::Hole { .. })
    };
    assert!(found.disagreements.iter().all(repeats), "{found:?}");
}

#[test]
fn what_disagrees_is_asked_once_more() {
    let asked = RefCell::new(Vec::new());
    let outside = |_: Wish, count: u32| Given::Ports(vec![20_000; count as usize], None);
    let once = probed("32768\t60999", "", 12, &|wish, count| {
        let first = !asked.borrow().contains(&wish);
        asked.borrow_mut().push(wish);
        if first { outside(wish, count) } else { linux(wish, count) }
    });
    assert_eq!((asked.borrow().len(), once.disagreements.len()), (16, 0));
    assert_eq!(once.unknown.len(), 8);
    assert!(
        once.unknown.iter().all(|unread| unread.why.detail.contains("when it was asked again"))
    );
    assert!(once.drawn.iter().all(|drawn| drawn.outside.is_empty()));
    let twice = probed("32768\t60999", "", 12, &outside);
    assert_eq!((twice.disagreements.len(), twice.unknown.len()), (8, 0));
    assert!(twice.drawn.iter().all(|drawn| drawn.outside.count() == 1));
}

#[test]
fn a_filter_that_answers_as_a_kernel_without_ipv6_is_no_absence() {
    let chances = |addresses: Result<&'static [u8], Refusal>| {
        let ask = |question: Question<'_>| match question {
            Question::File("/proc/thread-self/net/if_inet6") => {
                Answer::new(Source::File("test".into()), addresses.clone().map(<[u8]>::to_vec))
            }
            question => answer(question, "32768\t60999", "", 12),
        };
        let draw = |wish: Wish, count: u32| match wish.family {
            Family::Ipv4 => linux(wish, count),
            Family::Ipv6 => Given::NoSuchFamily,
        };
        let (_, probe) = probe(Os::Linux, &ask, &draw, 256);
        probe.unknown.len()
    };
    assert_eq!(chances(Ok(b"")), 0);
    assert_eq!(chances(Ok(b"00000000000000000000000000000001 01 80 10 80 lo\n")), 4);
    assert_eq!(chances(Err(Refusal::Failed(Why::new(Reason::Denied, "refused")))), 4);
}

#[test]
fn ports_in_sequence_disagree_where_they_are_drawn_at_random() {
    let counting = |wish: Wish, count: u32| {
        let low = if wish.call == Call::Bind { 32_769 } else { 32_768 };
        let at = |i: u32| u16::try_from(low + i * 2).expect("a port");
        Given::Ports((0..count).map(at).collect(), None)
    };
    let found = probed("32768\t60999", "", 12, &counting).disagreements;
    assert_eq!(found.len(), 6, "all but TCP's connect(): {found:?}");
    assert!(found.iter().all(|found| matches!(found, Disagreement::InSequence { .. })));
    let small = probed("32768\t33700", "", 12, &counting).disagreements;
    assert!(
        small.iter().all(|found| matches!(found, Disagreement::Hole { .. })),
        "a small pool makes runs, but no holes: {small:?}"
    );
}

#[test]
fn a_refusal_is_unknown_and_what_was_given_counts() {
    let refused = Why::new(Reason::Denied, "refused");
    let probe = probed("32768\t60999", "", 12, &|wish, _| match wish.call {
        Call::Bind => Given::Ports(Vec::new(), Some(refused.clone())),
        Call::Connect => Given::Ports(vec![20_000], Some(refused.clone())),
    });
    assert_eq!((probe.unknown.len(), probe.disagreements.len()), (8, 4));
}

#[test]
fn nothing_is_asked_where_the_pool_is_not_known_or_too_small() {
    let never = |wish: Wish, _: u32| -> Given { panic!("{wish:?}") };
    assert_eq!(probed("", "", 12, &never).unknown.len(), 4);
    assert_eq!(probed("40000\t40000", "", 12, &never).unknown.len(), 8);
    let three = probed("40000\t40003", "40000", 12, &|wish, _| {
        assert_eq!(wish.held(), 1, "a listener and its client would hold two of three");
        Given::Ports(Vec::new(), None)
    });
    assert_eq!(three.unknown.len(), 2);
}

#[test]
fn settings_that_change_meanwhile_prove_nothing() {
    let times = std::cell::Cell::new(0);
    let ask = |question: Question<'_>| {
        if matches!(question, Question::Tunable("net.ipv4.ip_local_port_range")) {
            times.set(times.get() + 1);
        }
        let range = if times.get() < 2 { "40000\t40999" } else { "32768\t60999" };
        answer(question, range, "", 12)
    };
    let (_, probe) = probe(Os::Linux, &ask, &linux, 256);
    assert_eq!(probe.disagreements, []);
    assert!(probe.unknown[0].why.detail.contains("changed"), "{:?}", probe.unknown);
}
