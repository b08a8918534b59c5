//! What `explain` says that a service would meet, against what bind() and listen() then do.

use std::time::Duration;

use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::net::sockopt::set_ipv6_v6only;
use rustix::net::{Shutdown, SocketType, accept, bind, connect, listen};

use super::explain::{SERVER, at, explained, fresh, two_families};
use crate::support::namespace::inside;

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

/// Holds every row of what is said against what the kernel does. `reuses` tells whether the holder set SO_REUSEADDR.
fn holds(label: &str, kind: SocketType, port: u16, reuses: bool, state: &str) {
    let transport = if kind == SocketType::STREAM { "tcp" } else { "udp" };
    let said = explained(&format!("{port}/{transport}"));
    let on = &said["transports"][0];
    assert_eq!(on["state"], state, "{label}: {on:#}");
    let rows = on["if_wanted"].as_array().expect("rows");
    assert!(rows.len() >= 4, "{label}: {rows:?}");
    for row in rows {
        let address = match (row["address"].as_str(), row["family"].as_str()) {
            (Some(address), _) => address,
            (None, Some("ipv4")) => "127.0.0.9",
            (None, _) => "fd00::9",
        };
        for (key, reuse) in [("without_reuseaddr", false), ("with_reuseaddr", true)] {
            let expected = match row[key].as_str().expect("a word") {
                "works" => true,
                "in-use" => false,
                "in-use-unless-holder-reuses" => reuses,
                other => panic!("{label}: {other}"),
            };
            let real = can_have(kind, address, port, reuse);
            assert_eq!(real, expected, "{label}: a service on {address} {key}: {row}");
        }
    }
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
            for reuse in [false, true] {
                let mut client =
                    |how: &str, state: &str, then: &dyn Fn(OwnedFd, OwnedFd) -> Vec<OwnedFd>| {
                        port += 1;
                        let client = fresh(SocketType::STREAM, address, reuse);
                        bind(&client, &at(address, port)).expect("bound");
                        connect(&client, &at(address, SERVER)).expect("connected");
                        let accepted = accept(&server).expect("accepted");
                        let held = then(client, accepted);
                        holds(
                            &format!("{how} {address} {reuse}"),
                            SocketType::STREAM,
                            port,
                            reuse,
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
                let itself = fresh(SocketType::STREAM, address, reuse);
                bind(&itself, &at(address, port)).expect("bound");
                connect(&itself, &at(address, port)).expect("connected to itself");
                holds("itself", SocketType::STREAM, port, reuse, "self-connected");
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
                    holds(&format!("{state} {address} {reuse}"), kind, port, reuse, state);
                }
            }
        }
        for (address, reuse) in [("127.0.0.1", false), ("127.0.0.1", true), ("::1", false)] {
            port += 1;
            let held = fresh(SocketType::DGRAM, address, reuse);
            bind(&held, &at(address, port)).expect("bound");
            connect(&held, &at(address, 9)).expect("a peer");
            holds("udp with a peer", SocketType::DGRAM, port, reuse, "connected");
        }
        for kind in [SocketType::STREAM, SocketType::DGRAM] {
            holds("nobody", kind, port + 1, false, "free");
        }
    });
}
