//! The pool is what the kernel gives: bind port 0, or connect, until it refuses.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};

use rustix::fd::OwnedFd;
use rustix::net::{AddressFamily, SocketType, bind, getsockname, ipproto, socket, sockopt};

use crate::linux::support::loopback;
use crate::linux::support::namespace::{inside, set};
use crate::linux::support::ports;
use crate::support::json;

/// An odd-sized range is scanned one slot short, from a random start: one refusal is not the last
/// word.
const REFUSALS: usize = 60;

/// Every port that bind(0) gives on fresh sockets held open, without the SO_REUSEADDR that std
/// sets.
fn given(family: AddressFamily, kind: SocketType) -> BTreeSet<u16> {
    let any: SocketAddr = match family {
        AddressFamily::INET => (Ipv4Addr::UNSPECIFIED, 0).into(),
        _ => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let mut held: Vec<OwnedFd> = Vec::new();
    let mut given = BTreeSet::new();
    let mut refusals = 0;
    while refusals < REFUSALS {
        let fresh = socket(family, kind, None).expect("a socket");
        match bind(&fresh, &any) {
            Ok(()) => {
                let bound =
                    SocketAddr::try_from(getsockname(&fresh).expect("a name")).expect("an address");
                assert!(given.insert(bound.port()), "port {} twice", bound.port());
                held.push(fresh);
            }
            Err(rustix::io::Errno::ADDRINUSE) => refusals += 1,
            Err(error) => panic!("bind: {error}"),
        }
    }
    given
}

fn pool_equals_the_kernels(first: u16, last: u16, reserved: &str) {
    set("ip_local_port_range", &format!("{first} {last}"));
    set("ip_local_reserved_ports", &format!("{reserved}\n"));
    let (document, _) = json(&["show"]);
    let pools = document["scopes"][0]["pools"].as_array().expect("pools");
    for (pool, kind) in pools.iter().zip([SocketType::STREAM, SocketType::DGRAM]) {
        let claimed: BTreeSet<u16> = ports(&pool["spans"]).into_iter().collect();
        for family in [AddressFamily::INET, AddressFamily::INET6] {
            let real = given(family, kind);
            assert_eq!(
                claimed, real,
                "{} {family:?}: range {first}-{last}, reserved {reserved:?}",
                pool["transport"]
            );
        }
    }
}

#[test]
fn bind_gives_exactly_the_pool() {
    inside(|| {
        for size in 1..=9_u16 {
            for first in [40_000, 40_001] {
                pool_equals_the_kernels(first, first + size - 1, "");
            }
        }
        pool_equals_the_kernels(65_532, 65_535, "");
        pool_equals_the_kernels(40_000, 40_099, "");
    });
}

#[test]
fn bind_never_gives_a_reserved_port() {
    inside(|| {
        pool_equals_the_kernels(40_000, 40_019, "40003,40007-40012,40019");
        pool_equals_the_kernels(40_000, 40_019, "1-39999");
        pool_equals_the_kernels(40_000, 40_019, "0-65535");
        pool_equals_the_kernels(40_000, 40_009, "40000,40002,40004,40006,40008");
        pool_equals_the_kernels(40_000, 40_009, "40001,40003,40005,40007,40009");
        for reserved in ["40000", "40001", "40002", "40000,40002"] {
            pool_equals_the_kernels(40_000, 40_002, reserved);
        }
    });
}

/// Every port that connect() gives towards one listener, until it refuses.
fn connected(listener: &TcpListener) -> BTreeSet<u16> {
    let target = listener.local_addr().expect("an address");
    let mut held = Vec::new();
    let mut refusals = 0;
    while refusals < REFUSALS {
        match TcpStream::connect(target) {
            Ok(stream) => {
                held.push((stream, listener.accept().expect("a connection")));
            }
            Err(error)
                if error.raw_os_error() == Some(rustix::io::Errno::ADDRNOTAVAIL.raw_os_error()) =>
            {
                refusals += 1;
            }
            Err(error) => panic!("connect: {error}"),
        }
    }
    held.iter().map(|(stream, _)| stream.local_addr().expect("an address").port()).collect()
}

#[test]
fn connect_takes_exactly_the_pool() {
    inside(|| {
        loopback::up();
        set("ip_unprivileged_port_start", "0");
        let fresh =
            socket(AddressFamily::INET, SocketType::STREAM, Some(ipproto::TCP)).expect("a socket");
        sockopt::set_socket_reuseaddr(&fresh, true).expect("an option");
        let mut at = 20_000;
        for (first, last, reserved) in [
            (40_000, 40_000, ""),
            (40_000, 40_001, ""),
            (40_000, 40_002, ""),
            (40_001, 40_003, ""),
            (40_000, 40_003, ""),
            (40_000, 40_019, "40003,40007-40012"),
        ] {
            set("ip_local_port_range", &format!("{first} {last}"));
            set("ip_local_reserved_ports", &format!("{reserved}\n"));
            // A listener of its own each time: TIME_WAIT of the last round is towards another port.
            at += 1;
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, at)).expect("a listener");
            let (document, _) = json(&["show"]);
            let claimed: BTreeSet<u16> =
                ports(&document["scopes"][0]["pools"][0]["spans"]).into_iter().collect();
            assert_eq!(claimed, connected(&listener), "{first}-{last} less {reserved:?}");
        }
    });
}
