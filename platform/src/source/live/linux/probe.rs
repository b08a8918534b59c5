//! Asks the kernel for ports, on loopback only: each socket is closed before the next is opened, nothing is sent to
//! anybody, and no TIME_WAIT is left.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, SocketFlags, SocketType, accept_with, bind, connect, getsockname, listen,
    socket_with, sockopt,
};

use crate::probe::{Call, Given, Wish, family_name};
use crate::snapshot::{Family, Reason, Transport, Why};

/// A UDP socket may have any peer: none is asked whether it is there, and nothing is sent.
const DISCARD: u16 = 9;

/// Asks for so many ports, one after the other.
pub fn draw(wish: Wish, count: u32) -> Given {
    let listener = match (wish.transport, wish.call) {
        (Transport::Tcp, Call::Connect) => match listener(wish.family) {
            Ok(listener) => Some(listener),
            Err(errno) => return failed(wish, errno, Vec::new()),
        },
        _ => None,
    };
    let mut ports = Vec::new();
    for _ in 0..count {
        let port = match (wish.call, &listener) {
            (Call::Bind, _) => bound(wish),
            (Call::Connect, None) => connected(wish, DISCARD),
            (Call::Connect, Some((listener, port))) => {
                connected(wish, *port).inspect(|_| drain(listener))
            }
        };
        match port {
            Ok(port) => ports.push(port),
            Err(errno) => return failed(wish, errno, ports),
        }
    }
    Given::Ports(ports, None)
}

fn bound(wish: Wish) -> Result<u16, Errno> {
    let socket = fresh(wish.transport, wish.family)?;
    bind(&socket, &loopback(wish.family, 0))?;
    local_port(&socket)
}

/// Closed with SO_LINGER 0 a TCP connection is reset: neither end stays in TIME_WAIT (tcp(7); `tcp_disconnect`).
fn connected(wish: Wish, port: u16) -> Result<u16, Errno> {
    let socket = fresh(wish.transport, wish.family)?;
    if wish.transport == Transport::Tcp {
        sockopt::set_socket_linger(&socket, Some(Duration::ZERO))?;
    }
    match connect(&socket, &loopback(wish.family, port)) {
        // The port is chosen by then.
        Ok(()) | Err(Errno::INPROGRESS) => local_port(&socket),
        Err(errno) => Err(errno),
    }
}

/// It takes a port of the pool, which nobody means to be his.
fn listener(family: Family) -> Result<(OwnedFd, u16), Errno> {
    let listener = fresh(Transport::Tcp, family)?;
    bind(&listener, &loopback(family, 0))?;
    listen(&listener, 16)?;
    let port = local_port(&listener)?;
    Ok((listener, port))
}

/// What was accepted has been reset by its client, and is closed with no more ado.
fn drain(listener: &OwnedFd) {
    while accept_with(listener, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK).is_ok() {}
}

/// Without SO_REUSEADDR, which changes what bind() gives; and nothing waits.
fn fresh(transport: Transport, family: Family) -> Result<OwnedFd, Errno> {
    let domain = match family {
        Family::Ipv4 => AddressFamily::INET,
        Family::Ipv6 => AddressFamily::INET6,
    };
    let kind = match transport {
        Transport::Tcp => SocketType::STREAM,
        Transport::Udp => SocketType::DGRAM,
    };
    socket_with(domain, kind, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK, None)
}

fn loopback(family: Family, port: u16) -> SocketAddr {
    let address: IpAddr = match family {
        Family::Ipv4 => Ipv4Addr::LOCALHOST.into(),
        Family::Ipv6 => Ipv6Addr::LOCALHOST.into(),
    };
    SocketAddr::new(address, port)
}

fn local_port(socket: &OwnedFd) -> Result<u16, Errno> {
    Ok(SocketAddr::try_from(getsockname(socket)?).map_err(|_| Errno::AFNOSUPPORT)?.port())
}

fn failed(wish: Wish, errno: Errno, ports: Vec<u16>) -> Given {
    let no_address = match wish.call {
        Call::Bind => errno == Errno::ADDRNOTAVAIL,
        // connect() says so of the pool too.
        Call::Connect => {
            errno == Errno::NETUNREACH || (ports.is_empty() && errno == Errno::ADDRNOTAVAIL)
        }
    };
    if wish.family == Family::Ipv6 && (errno == Errno::AFNOSUPPORT || no_address) {
        return Given::NoSuchFamily;
    }
    let call = wish.call.name();
    let why = match errno {
        Errno::ACCESS | Errno::PERM => Why::new(
            Reason::Denied,
            format!(
                "{call}() on loopback is refused ({errno}): a seccomp filter, a security module or a BPF program of the \
                 control group does not allow it"
            ),
        ),
        Errno::ADDRINUSE | Errno::AGAIN => {
            Why::new(Reason::Unsupported, format!("{call}() found no port free ({errno})"))
        }
        _ if no_address => Why::new(
            Reason::Unsupported,
            format!(
                "the loopback has no {} address ({errno}): is lo up?",
                family_name(wish.family)
            ),
        ),
        Errno::ADDRNOTAVAIL => {
            Why::new(Reason::Unsupported, format!("{call}() found no port free ({errno})"))
        }
        _ => Why::new(Reason::Unsupported, format!("{call}() on loopback: {errno}")),
    };
    Given::Ports(ports, Some(why))
}
