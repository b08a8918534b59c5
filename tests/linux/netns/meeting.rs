//! What `explain` says that a service would meet, against what bind() and listen() then do.

use std::net::SocketAddr;
use std::time::Duration;

use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::net::sockopt::set_ipv6_v6only;
use rustix::net::{Shutdown, SocketType, accept, bind, connect, getsockname, listen};

use super::explain::{SERVER, at, explained, fresh, two_families};
use crate::linux::support::kernel_lists_bound;
use crate::linux::support::namespace::inside;

/// Whether a service can have the address and port now.
fn can_have(kind: SocketType, address: &str, port: u16, reuse: bool) -> bool {
    let service = fresh(kind, address, reuse);
    let bound = bind(&service, &at(address, port));
    let served = match kind {
        SocketType::STREAM => bound.and_then(|()| listen(&service, 1)),
        _ => bound,
    };
    match served {
        Ok(()) => true,
        Err(Errno::ADDRINUSE) => false,
        Err(error) => panic!("{address} {port}: {error}"),
    }
}

/// What no kernel shows of a holder, or not always.
#[derive(Debug, Clone, Copy, Default)]
struct Hidden {
    reuses: bool,
    v6only: bool,
}

/// Holds every row of what is said against what the kernel does.
fn holds(label: &str, kind: SocketType, port: u16, hidden: Hidden, state: &str) {
    let Hidden { reuses, v6only } = hidden;
    let transport = if kind == SocketType::STREAM { "tcp" } else { "udp" };
    let said = explained(&format!("{port}/{transport}"));
    let on = &said["transports"][0];
    let all = kind != SocketType::STREAM || kernel_lists_bound();
    let state = if all || !["free", "bound"].contains(&state) { state } else { "unknown" };
    assert_eq!(on["state"], state, "{label}: {on:#}");
    let rows = on["if_wanted"].as_array().expect("rows");
    assert!(rows.len() >= 4, "{label}: {rows:?}");
    for row in rows {
        let addresses = match (row["address"].as_str(), row["family"].as_str()) {
            (Some(address), _) => vec![address],
            (None, Some("ipv4")) => {
                // The second is the IPv4 side of an IPv6 socket, and may have a row of its own.
                let mut others = vec!["127.0.0.9", "127.0.0.6"];
                others.retain(|other| rows.iter().all(|row| row["address"] != **other));
                others
            }
            (None, _) => vec!["fd00::9"],
        };
        for (key, reuse) in [("without_reuseaddr", false), ("with_reuseaddr", true)] {
            let expected = match row[key].as_str().expect("a word") {
                "works" if all => true,
                // The one socket of this test may be what the kernel does not list.
                "works-as-seen" if !all && state == "unknown" => continue,
                "works-as-seen" if !all => true,
                "in-use" => false,
                "in-use-unless-holder-reuses" => reuses,
                "in-use-unless-holder-v6only" => v6only,
                "in-use-unless-holder-reuses-or-v6only" => reuses || v6only,
                other => panic!("{label}: {other}"),
            };
            for address in &addresses {
                let real = can_have(kind, address, port, reuse);
                assert_eq!(real, expected, "{label}: a service on {address} {key}: {row}");
            }
        }
    }
}

fn port_of(socket: &OwnedFd) -> u16 {
    let name = getsockname(socket).expect("a name");
    SocketAddr::try_from(name).expect("an address").port()
}

#[test]
fn a_service_meets_what_is_said_whatever_state_the_holder_is_in() {
    inside(|| {
        two_families();
        let mut port = 50_000;
        for address in ["127.0.0.1", "::1", "::ffff:127.0.0.1"] {
            let server = fresh(SocketType::STREAM, address, true);
            bind(&server, &at(address, SERVER)).expect("bound");
            listen(&server, 16).expect("listening");
            for reuses in [false, true] {
                // By bind() to an IPv6 address.
                let hidden = Hidden { reuses, v6only: address == "::1" };
                let mut client =
                    |how: &str, state: &str, then: &dyn Fn(OwnedFd, OwnedFd) -> Vec<OwnedFd>| {
                        port += 1;
                        let client = fresh(SocketType::STREAM, address, reuses);
                        bind(&client, &at(address, port)).expect("bound");
                        connect(&client, &at(address, SERVER)).expect("connected");
                        let accepted = accept(&server).expect("accepted");
                        let held = then(client, accepted);
                        holds(
                            &format!("{how} {address} {reuses}"),
                            SocketType::STREAM,
                            port,
                            hidden,
                            state,
                        );
                        held
                    };
                client("ESTAB", "connected", &|client, accepted| vec![client, accepted]);
                client("FIN-WAIT-2", "connected", &|client, accepted| {
                    rustix::net::shutdown(&client, Shutdown::Write).expect("half closed");
                    vec![client, accepted]
                });
                client("CLOSE-WAIT", "connected", &|client, accepted| {
                    drop(accepted);
                    vec![client]
                });
                client("TIME-WAIT", "waiting", &|client, accepted| {
                    drop(client);
                    drop(accepted);
                    Vec::new()
                });
                // The kernel keeps a closed connection in FIN_WAIT2 as it keeps one in TIME_WAIT.
                client("FIN-WAIT-2 of nobody", "waiting", &|client, accepted| {
                    drop(client);
                    // Until the other end acknowledges, which it delays, it is in FIN_WAIT1.
                    std::thread::sleep(Duration::from_millis(300));
                    vec![accepted]
                });
                port += 1;
                let itself = fresh(SocketType::STREAM, address, reuses);
                bind(&itself, &at(address, port)).expect("bound");
                connect(&itself, &at(address, port)).expect("connected to itself");
                holds("itself", SocketType::STREAM, port, hidden, "self-connected");
            }
        }
    });
}

#[test]
fn a_service_meets_what_is_said_whatever_address_the_holder_has() {
    inside(|| {
        two_families();
        let mut port = 50_000;
        for address in ["0.0.0.0", "127.0.0.1", "::", "only ::", "::1", "::ffff:127.0.0.1"] {
            for reuse in [false, true] {
                for (kind, listens, state) in [
                    (SocketType::STREAM, true, "served"),
                    (SocketType::STREAM, false, "bound"),
                    (SocketType::DGRAM, false, "open"),
                ] {
                    port += 1;
                    let plain = address.trim_start_matches("only ");
                    let held = fresh(kind, plain, reuse);
                    if plain != address {
                        set_ipv6_v6only(&held, true).expect("an option");
                    }
                    bind(&held, &at(plain, port)).expect("bound");
                    if listens {
                        listen(&held, 1).expect("listening");
                    }
                    let hidden = Hidden { reuses: reuse, v6only: plain != address };
                    holds(&format!("{state} {address} {reuse}"), kind, port, hidden, state);
                }
            }
        }
        for (address, reuse) in [("127.0.0.1", false), ("127.0.0.1", true), ("::1", false)] {
            port += 1;
            let held = fresh(SocketType::DGRAM, address, reuse);
            bind(&held, &at(address, port)).expect("bound");
            connect(&held, &at(address, 9)).expect("a peer");
            let hidden = Hidden { reuses: reuse, v6only: address == "::1" };
            holds("udp with a peer", SocketType::DGRAM, port, hidden, "connected");
        }
        for kind in [SocketType::STREAM, SocketType::DGRAM] {
            holds("nobody", kind, port + 1, Hidden::default(), "free");
        }
    });
}

/// An IPv6 socket that bind() gave no address keeps the port from IPv4 too, unless it is IPv6 only,
/// which the kernel shows of none that has a peer.
#[test]
fn a_connection_over_ipv6_keeps_ipv4_out_unless_it_is_ipv6_only() {
    inside(|| {
        two_families();
        for (i, (reuses, v6only, binds)) in (20_100..).step_by(10).zip(each_client()) {
            let hidden = Hidden { reuses, v6only };
            let fresh = |kind| {
                let fresh = fresh(kind, "::", reuses);
                set_ipv6_v6only(&fresh, v6only).expect("an option");
                fresh
            };
            let client = |kind, nth: u16| {
                let client = fresh(kind);
                if binds {
                    bind(&client, &at("::", i + nth)).expect("bound");
                }
                client
            };
            let holds = |label: &str, kind, port: u16, state: &str| {
                holds(&format!("{label} {hidden:?} {binds}"), kind, port, hidden, state);
            };
            let tcp = SocketType::STREAM;
            let server = fresh(tcp);
            bind(&server, &at("::", i)).expect("bound");
            listen(&server, 0).expect("listening");
            let connected = |nth| {
                let client = client(tcp, nth);
                connect(&client, &at("::1", i)).expect("connected");
                let (port, accepted) = (port_of(&client), accept(&server).expect("accepted"));
                (client, accepted, port)
            };

            let (one, accepted, port) = connected(1);
            holds("ESTAB", tcp, port, "connected");
            rustix::net::shutdown(&one, Shutdown::Write).expect("half closed");
            // As above: until then it is in FIN_WAIT1.
            std::thread::sleep(Duration::from_millis(300));
            holds("FIN-WAIT-2", tcp, port, "connected");
            drop(one);
            holds("FIN-WAIT-2 of nobody", tcp, port, "waiting");
            drop(accepted);
            holds("TIME-WAIT", tcp, port, "waiting");

            let (one, accepted, port) = connected(2);
            drop(accepted);
            holds("CLOSE-WAIT", tcp, port, "connected");
            drop(one);

            // The queue has room for one, and who is second gets no answer.
            let queued = client(tcp, 3);
            connect(&queued, &at("::1", i)).expect("connected");
            let unanswered = client(tcp, 4);
            rustix::io::ioctl_fionbio(&unanswered, true).expect("an option");
            assert_eq!(connect(&unanswered, &at("::1", i)), Err(Errno::INPROGRESS));
            holds("SYN-SENT", tcp, port_of(&unanswered), "connected");
            drop((queued, unanswered, accept(&server)));

            let (one, accepted, _) = connected(5);
            drop(server);
            holds("accepted, ESTAB", tcp, i, "connected");
            drop(accepted);
            drop(one);
            holds("accepted, TIME-WAIT", tcp, i, "waiting");

            let udp = client(SocketType::DGRAM, 6);
            connect(&udp, &at("::1", 9)).expect("a peer");
            holds("udp", SocketType::DGRAM, port_of(&udp), "connected");
        }
    });
}

/// With SO_REUSEADDR or without, IPv6 only or not, bound to a port or not.
fn each_client() -> impl Iterator<Item = (bool, bool, bool)> {
    (0..8).map(|bits| (bits & 1 != 0, bits & 2 != 0, bits & 4 != 0))
}
