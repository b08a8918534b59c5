//! Asks the kernel for ports, on loopback only: each socket is closed before the next is opened,
//! nothing is sent to anybody, and no TIME_WAIT is left.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::{Duration, Instant};

use rustix::fd::{AsRawFd, IntoRawFd, OwnedFd};
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, SocketFlags, SocketType, accept_with, bind, connect, getsockname, listen,
    socket_with, sockopt,
};

use crate::draw::{Call, Given, Wish, family_name};
use crate::snapshot::{Family, Reason, Transport, Why};

/// A UDP socket may have any peer: none is asked whether it is there, and nothing is sent.
const DISCARD: u16 = 9;
/// For each kind of socket: 4,096 take a tenth of a second, but a search of a pool that is all but
/// used up takes long.
const TIME: Duration = Duration::from_secs(5);

/// A call that was refused.
struct RefusedCall(&'static str, Errno);

fn by(call: &'static str) -> impl Fn(Errno) -> RefusedCall {
    move |errno| RefusedCall(call, errno)
}

/// Asks for so many ports, one after the other.
pub(super) fn draw(wish: Wish, count: u32) -> Given {
    draw_until(wish, count, Instant::now() + TIME)
}

fn draw_until(wish: Wish, count: u32, end: Instant) -> Given {
    let listener = match (wish.transport, wish.call) {
        (Transport::Tcp, Call::Connect) => match listener(wish.family) {
            Ok(listener) => Some(listener),
            Err(refused) => return failed(wish, refused, Vec::new()),
        },
        _ => None,
    };
    let mut ports = Vec::new();
    let mut pending = 0;
    for _ in 0..count {
        if Instant::now() >= end {
            let detail = format!("{} of {count} ports in {} s", ports.len(), TIME.as_secs());
            return Given::Ports(ports, Some(Why::new(Reason::TimedOut, detail)));
        }
        let port = match (wish.call, &listener) {
            (Call::Bind, _) => bound(wish),
            (Call::Connect, None) => connected(wish, DISCARD),
            (Call::Connect, Some((listener, port))) => {
                let port = connected(wish, *port);
                pending += 1;
                drain(&mut pending, end, || accepted(listener));
                port
            }
        };
        match port {
            // A sandbox may choose the port later.
            Ok(0) => {
                let why = Why::new(Reason::Unsupported, "getsockname() returned port 0");
                return Given::Ports(ports, Some(why));
            }
            Ok(port) => ports.push(port),
            Err(refused) => return failed(wish, refused, ports),
        }
    }
    Given::Ports(ports, None)
}

fn bound(wish: Wish) -> Result<u16, RefusedCall> {
    let socket = fresh(wish.transport, wish.family)?;
    bind(&socket, &loopback(wish.family, 0)).map_err(by("bind"))?;
    local_port(&socket)
}

/// Closed with SO_LINGER 0 a TCP connection is reset: neither end stays in TIME_WAIT (tcp(7);
/// `tcp_disconnect`).
fn connected(wish: Wish, port: u16) -> Result<u16, RefusedCall> {
    let socket = fresh(wish.transport, wish.family)?;
    if wish.transport == Transport::Tcp {
        sockopt::set_socket_linger(&socket, Some(Duration::ZERO)).map_err(by("setsockopt"))?;
    }
    match connect(&socket, &loopback(wish.family, port)) {
        // The port is chosen by then.
        Ok(()) | Err(Errno::INPROGRESS) => local_port(&socket),
        Err(errno) => Err(RefusedCall("connect", errno)),
    }
}

/// It takes a port of the pool, which nobody means to be his.
fn listener(family: Family) -> Result<(OwnedFd, u16), RefusedCall> {
    let listener = fresh(Transport::Tcp, family)?;
    bind(&listener, &loopback(family, 0)).map_err(by("bind"))?;
    listen(&listener, 16).map_err(by("listen"))?;
    let port = local_port(&listener)?;
    Ok((listener, port))
}

/// What was accepted has been reset by its client, and is closed with no more ado. A filter can
/// make accept4() succeed for ever: there are no more than the connections made.
fn drain(pending: &mut u32, end: Instant, accept: impl Fn() -> bool) {
    while *pending > 0 && Instant::now() < end && accept() {
        *pending -= 1;
    }
}

/// Where a filter has accept4() do nothing and succeed, its 0 is standard input's: that is not to
/// be closed.
fn accepted(listener: &OwnedFd) -> bool {
    const STDERR: i32 = 2;
    match accept_with(listener, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK) {
        Ok(accepted) if accepted.as_raw_fd() <= STDERR => {
            let _not_ours = accepted.into_raw_fd();
            false
        }
        accepted => accepted.is_ok(),
    }
}

/// Whether the loopback has an address of this family: connect() says ADDRNOTAVAIL of a pool used
/// up too.
fn has_address(wish: Wish) -> bool {
    matches!(bound(wish), Ok(_) | Err(RefusedCall("bind", Errno::ADDRINUSE)))
}

/// Without SO_REUSEADDR, which changes what bind() gives; and nothing waits.
fn fresh(transport: Transport, family: Family) -> Result<OwnedFd, RefusedCall> {
    let domain = match family {
        Family::Ipv4 => AddressFamily::INET,
        Family::Ipv6 => AddressFamily::INET6,
    };
    let kind = match transport {
        Transport::Tcp => SocketType::STREAM,
        Transport::Udp => SocketType::DGRAM,
    };
    socket_with(domain, kind, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK, None)
        .map_err(by("socket"))
}

fn loopback(family: Family, port: u16) -> SocketAddr {
    let address: IpAddr = match family {
        Family::Ipv4 => Ipv4Addr::LOCALHOST.into(),
        Family::Ipv6 => Ipv6Addr::LOCALHOST.into(),
    };
    SocketAddr::new(address, port)
}

fn local_port(socket: &OwnedFd) -> Result<u16, RefusedCall> {
    let address = getsockname(socket).map_err(by("getsockname"))?;
    let address = SocketAddr::try_from(address).map_err(|_| Errno::AFNOSUPPORT);
    Ok(address.map_err(by("getsockname"))?.port())
}

fn failed(wish: Wish, RefusedCall(call, errno): RefusedCall, ports: Vec<u16>) -> Given {
    let no_family = call == "socket" && errno == Errno::AFNOSUPPORT;
    let no_address = match call {
        "bind" => errno == Errno::ADDRNOTAVAIL,
        _ => {
            errno == Errno::NETUNREACH
                || (ports.is_empty() && errno == Errno::ADDRNOTAVAIL && !has_address(wish))
        }
    };
    if wish.family == Family::Ipv6 && ports.is_empty() && (no_family || no_address) {
        return Given::NoSuchFamily;
    }
    let (reason, detail) = match errno {
        Errno::ACCESS | Errno::PERM => (
            Reason::Denied,
            format!(
                "{call}() on loopback is refused ({errno}): a seccomp filter, a security module or \
                 a BPF program of the control group does not allow it"
            ),
        ),
        _ if no_address => {
            let family = family_name(wish.family);
            let detail = format!("the loopback has no {family} address ({errno}): is lo up?");
            (Reason::Unsupported, detail)
        }
        Errno::ADDRINUSE | Errno::AGAIN | Errno::ADDRNOTAVAIL => {
            (Reason::Unsupported, format!("{call}() found no port free ({errno})"))
        }
        _ => (Reason::Unsupported, format!("{call}() on loopback: {errno}")),
    };
    Given::Ports(ports, Some(Why::new(reason, detail)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_accepted_than_was_connected() {
        let later = Instant::now() + TIME;
        let mut pending = 3;
        drain(&mut pending, later, || true);
        assert_eq!(pending, 0);
        pending = 3;
        drain(&mut pending, later, || false);
        assert_eq!(pending, 3);
        drain(&mut pending, Instant::now(), || panic!("too late"));
    }

    #[test]
    fn time_is_bounded() {
        for &call in Call::ALL {
            let wish = Wish { transport: Transport::Udp, family: Family::Ipv4, call };
            let Given::Ports(ports, Some(why)) = draw_until(wish, 256, Instant::now()) else {
                panic!("{wish:?}")
            };
            assert_eq!((ports, why.reason), (vec![], Reason::TimedOut));
        }
    }
}
