//! `NETLINK_SOCK_DIAG` dumps (sock_diag(7)).

use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink};

use crate::ask::{Outcome, Refusal};
use crate::parse::netlink::{DumpError, Progress, walk};
use crate::parse::sock_diag::{BY_FAMILY, CLOSE, LISTEN};
use crate::snapshot::{Family, Reason, Transport, Why};

/// The kernel fills at most about 32 KiB a datagram of a dump.
const DATAGRAM: usize = 32 * 1024;
/// The most that a dump may hold, in bytes: about 400,000 sockets.
const DUMP: usize = 48 * 1024 * 1024;
/// How often an interrupted dump is begun.
const TRIES: usize = 4;

/// `NLM_F_REQUEST | NLM_F_DUMP`
const DUMP_REQUEST: u16 = 0x1 | 0x300;

/// The TCP sockets in LISTEN, or the UDP sockets in CLOSE (unconnected), of one family.
///
/// Asking for LISTEN alone walks the kernel's listener table only, whatever the number of connections.
pub(super) fn listeners(family: Family, transport: Transport) -> Outcome {
    let request = listeners_request(family, transport);
    undisturbed(|| dump(&request))
}

fn listeners_request(family: Family, transport: Transport) -> Vec<u8> {
    let (protocol, state): (u8, u8) = match transport {
        Transport::Tcp => (6, LISTEN),
        Transport::Udp => (17, CLOSE),
    };
    request(family, protocol, 1 << state)
}

/// Begins an interrupted dump again, and gives up after a few times.
fn undisturbed(mut dump: impl FnMut() -> Result<Result<Vec<u8>, DumpError>, Refusal>) -> Outcome {
    for _ in 1..TRIES {
        match dump()? {
            Err(DumpError::Interrupted) => {}
            whole => return whole.map_err(|error| Refusal::Failed(error.into())),
        }
    }
    dump()?.map_err(|error| Refusal::Failed(error.into()))
}

/// `struct nlmsghdr` and `struct inet_diag_req_v2` (include/uapi/linux/inet_diag.h).
fn request(family: Family, protocol: u8, states: u32) -> Vec<u8> {
    let family = match family {
        Family::Ipv4 => AddressFamily::INET,
        Family::Ipv6 => AddressFamily::INET6,
    };
    let mut message = Vec::with_capacity(72);
    message.extend(72u32.to_ne_bytes());
    message.extend(BY_FAMILY.to_ne_bytes());
    message.extend(DUMP_REQUEST.to_ne_bytes());
    message.extend([0; 8]);
    message.extend([family.as_raw().to_le_bytes()[0], protocol, 0, 0]);
    message.extend(states.to_ne_bytes());
    // an all-zero inet_diag_sockid: any socket
    message.resize(72, 0);
    message
}

/// One dump: every datagram in a row, up to and with the kernel's end. The outer error is one of talking at all.
fn dump(request: &[u8]) -> Result<Result<Vec<u8>, DumpError>, Refusal> {
    let socket = connect().map_err(refused)?;
    rustix::net::send(&socket, request, SendFlags::empty()).map_err(refused)?;
    let mut bytes = Vec::new();
    let mut datagram = vec![0; DATAGRAM];
    // The kernel fills the first datagram while it takes the request and each next one while one is taken away
    // (`netlink_dump`): there is nothing to wait for.
    let flags = RecvFlags::TRUNC | RecvFlags::DONTWAIT;
    loop {
        let (received, length) =
            rustix::net::recv(&socket, datagram.as_mut_slice(), flags).map_err(refused)?;
        if length > received {
            return Ok(Err(DumpError::Malformed(
                "the kernel sent a longer datagram than it should",
            )));
        }
        if received == 0 {
            return Ok(Err(DumpError::Malformed("the kernel sent an empty datagram")));
        }
        let new = &datagram[..received];
        match walk(new, |_, _| Ok(())) {
            Err(error) => return Ok(Err(error)),
            Ok(progress) => {
                bytes.extend_from_slice(new);
                if progress == Progress::Done {
                    return Ok(Ok(bytes));
                }
            }
        }
        if bytes.len() > DUMP {
            let detail = format!("the sockets fill more than {DUMP} bytes");
            return Err(Refusal::Failed(Why::new(Reason::Truncated, detail)));
        }
    }
}

fn connect() -> rustix::io::Result<OwnedFd> {
    let socket = rustix::net::socket_with(
        AddressFamily::NETLINK,
        SocketType::RAW,
        SocketFlags::CLOEXEC,
        Some(netlink::SOCK_DIAG),
    )?;
    // A connected netlink socket takes messages from its peer only (`netlink_getsockbyportid`): from the kernel.
    rustix::net::connect(&socket, &netlink::SocketAddrNetlink::new(0, 0))?;
    Ok(socket)
}

fn refused(errno: Errno) -> Refusal {
    let reason = match errno {
        Errno::ACCESS | Errno::PERM => Reason::Denied,
        Errno::AGAIN => Reason::TimedOut,
        Errno::NOBUFS => Reason::Truncated,
        _ => Reason::Unsupported,
    };
    Refusal::Failed(Why::new(reason, format!("sock_diag is refused ({errno})")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interrupted_dump_is_tried_again_and_then_told() {
        let mut left = 2;
        let calmed = undisturbed(|| {
            left -= 1;
            Ok(if left < 0 { Ok(vec![1]) } else { Err(DumpError::Interrupted) })
        });
        assert_eq!(calmed, Ok(vec![1]));

        let mut tries = 0;
        let restless = undisturbed(|| {
            tries += 1;
            Ok(Err(DumpError::Interrupted))
        });
        assert_eq!(tries, TRIES);
        assert!(matches!(restless, Err(Refusal::Failed(why)) if why.reason == Reason::Truncated));
    }

    #[test]
    fn only_the_states_that_matter_are_asked_for() {
        // Any other state would make the kernel walk every connection of the machine.
        let states = |transport| {
            let request = listeners_request(Family::Ipv6, transport);
            (request[17], u32::from_ne_bytes(request[20..24].try_into().expect("four bytes")))
        };
        assert_eq!(states(Transport::Tcp), (6, 1 << 10));
        assert_eq!(states(Transport::Udp), (17, 1 << 7));
    }

    #[test]
    fn an_unknown_protocol_is_an_error_of_the_real_kernel_and_not_an_empty_dump() {
        let answer = dump(&request(Family::Ipv4, 250, !0)).expect("netlink is allowed");
        assert!(matches!(answer, Err(DumpError::Errno(_))), "{answer:?}");
    }
}
