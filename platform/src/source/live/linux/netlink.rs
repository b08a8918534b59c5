//! `NETLINK_SOCK_DIAG` dumps (sock_diag(7)).

use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink};

use super::filter;
use crate::ask::{Outcome, Refusal};
use crate::parse::netlink::{DumpError, Progress, walk};
use crate::parse::sock_diag::{BY_FAMILY, CLOSE, LISTEN};
use crate::ports::{PortRange, PortSet};
use crate::snapshot::{Family, Reason, Transport, Why};

/// The kernel fills at most about 32 KiB a datagram of a dump.
const DATAGRAM: usize = 32 * 1024;
/// The most that a dump may hold that is kept, in bytes: about 400,000 sockets.
const DUMP: usize = 48 * 1024 * 1024;
/// The same of listeners, of which all are kept until they have been judged: about 200,000.
const LISTENERS: usize = 24 * 1024 * 1024;
/// How often an interrupted dump is begun.
const TRIES: usize = 4;

/// `NLM_F_REQUEST | NLM_F_DUMP`
const DUMP_REQUEST: u16 = 0x1 | 0x300;

/// Why a dump is none.
#[derive(Debug)]
pub(super) enum Failure {
    /// What the kernel sent says so.
    Dump(DumpError),
    /// It can't be asked, or the answer is too long.
    Refused(Refusal),
}

impl From<DumpError> for Failure {
    fn from(error: DumpError) -> Self {
        Self::Dump(error)
    }
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Dump(error) => Self::Failed(error.into()),
            Failure::Refused(refusal) => refusal,
        }
    }
}

/// The TCP sockets in LISTEN, or the UDP sockets in CLOSE (unconnected), of one family.
///
/// Asking for LISTEN alone walks the kernel's listener table only, whatever the number of
/// connections.
pub(super) fn listeners(family: Family, transport: Transport) -> Outcome {
    let request = listeners_request(family, transport);
    whole(&request, LISTENERS)
}

/// All datagrams of a dump in a row.
fn whole(request: &[u8], most: usize) -> Outcome {
    undisturbed(|| {
        let mut bytes = Vec::new();
        dump(request, |datagram| {
            let progress = walk(datagram, |_, _| Ok(()))?;
            bytes.extend_from_slice(datagram);
            if progress == Progress::More && bytes.len() > most {
                let detail = format!("the sockets fill more than {most} bytes");
                let why = Why::new(Reason::Truncated, detail);
                return Err(Failure::Refused(Refusal::Failed(why)));
            }
            Ok(progress)
        })?;
        Ok(bytes)
    })
}

/// Every state there is: `TCP_ESTABLISHED` 1 to `TCP_BOUND_INACTIVE` 13, which stands for sockets
/// that are bound and nothing else and came with Linux 6.8; older kernels pass it over.
const EVERY_STATE: u32 = 0x3ffe;

/// How many ranges a filter names; the kernel goes through them for each socket.
pub(super) const FILTERED: usize = 256;

/// The sockets of one family that have one of these local ports, whatever their state; of very many
/// ranges also those between them.
pub(super) fn sockets_on(family: Family, transport: Transport, ports: &PortSet) -> Outcome {
    let body = by_family(family, transport, EVERY_STATE);
    let spans = ports.spans();
    let hull = || {
        let ends = spans.first().zip(spans.last());
        ends.map(|(low, high)| PortRange::between(low.first(), high.last()))
    };
    let ranges = if spans.len() <= FILTERED { spans } else { &Vec::from_iter(hull()) };
    whole(&request(BY_FAMILY, &body, &filter::local_ports(ranges)), DUMP)
}

fn listeners_request(family: Family, transport: Transport) -> Vec<u8> {
    let state = match transport {
        Transport::Tcp => LISTEN,
        Transport::Udp => CLOSE,
    };
    request(BY_FAMILY, &by_family(family, transport, 1 << state), &[])
}

/// Begins an interrupted dump again, and gives up after a few times.
pub(super) fn undisturbed<T>(mut dump: impl FnMut() -> Result<T, Failure>) -> Result<T, Refusal> {
    for _ in 1..TRIES {
        match dump() {
            Err(Failure::Dump(DumpError::Interrupted)) => {}
            whole => return whole.map_err(Refusal::from),
        }
    }
    dump().map_err(Refusal::from)
}

/// `struct nlmsghdr` with what it holds (include/uapi/linux/netlink.h); both parts are whole words.
pub(super) fn request(kind: u16, body: &[u8], attributes: &[u8]) -> Vec<u8> {
    let length = 16 + body.len() + attributes.len();
    let mut message = Vec::with_capacity(length);
    message.extend(u32::try_from(length).unwrap_or(u32::MAX).to_ne_bytes());
    message.extend(kind.to_ne_bytes());
    message.extend(DUMP_REQUEST.to_ne_bytes());
    message.extend([0; 8]);
    message.extend(body);
    message.extend(attributes);
    message
}

/// `struct inet_diag_req_v2` (include/uapi/linux/inet_diag.h).
pub(super) fn by_family(family: Family, transport: Transport, states: u32) -> [u8; 56] {
    let family = match family {
        Family::Ipv4 => AddressFamily::INET,
        Family::Ipv6 => AddressFamily::INET6,
    };
    // an all-zero inet_diag_sockid: any socket
    let mut body = [0; 56];
    body[0] = family.as_raw().to_le_bytes()[0];
    body[1] = match transport {
        Transport::Tcp => 6,
        Transport::Udp => 17,
    };
    body[4..8].copy_from_slice(&states.to_ne_bytes());
    body
}

/// One dump, each datagram of it handed to `take`, which tells when it was the last.
pub(super) fn dump(
    request: &[u8],
    take: impl FnMut(&[u8]) -> Result<Progress, Failure>,
) -> Result<(), Failure> {
    let socket = connect().map_err(refused)?;
    rustix::net::send(&socket, request, SendFlags::empty()).map_err(refused)?;
    // The kernel fills the first datagram while it takes the request and each next one while one is
    // taken away (`netlink_dump`): there is nothing to wait for.
    let flags = RecvFlags::TRUNC | RecvFlags::DONTWAIT;
    receive(|buffer| rustix::net::recv(&socket, buffer, flags), take)
}

/// Takes datagrams until the last; `next` puts one into the buffer and tells how much of it fitted,
/// and how long it is.
fn receive(
    mut next: impl FnMut(&mut [u8]) -> rustix::io::Result<(usize, usize)>,
    mut take: impl FnMut(&[u8]) -> Result<Progress, Failure>,
) -> Result<(), Failure> {
    let mut datagram = vec![0; DATAGRAM];
    loop {
        let (received, length) = next(&mut datagram).map_err(refused)?;
        if length > received {
            let what = "the kernel sent a longer datagram than it should";
            return Err(DumpError::Malformed(what).into());
        }
        if received == 0 {
            return Err(DumpError::Malformed("the kernel sent an empty datagram").into());
        }
        if take(&datagram[..received])? == Progress::Done {
            return Ok(());
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
    // A connected netlink socket takes messages from its peer only (`netlink_getsockbyportid`):
    // from the kernel.
    rustix::net::connect(&socket, &netlink::SocketAddrNetlink::new(0, 0))?;
    Ok(socket)
}

fn refused(errno: Errno) -> Failure {
    let reason = match errno {
        Errno::ACCESS | Errno::PERM => Reason::Denied,
        Errno::AGAIN => Reason::TimedOut,
        Errno::NOBUFS => Reason::Truncated,
        _ => Reason::Unsupported,
    };
    let why = Why::new(reason, format!("sock_diag is refused ({errno})"));
    Failure::Refused(Refusal::Failed(why))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::netlink::tests::message;

    #[test]
    fn an_interrupted_dump_is_tried_again_and_then_reported() {
        let mut left = 2;
        let calmed = undisturbed(|| {
            left -= 1;
            if left < 0 { Ok(vec![1]) } else { Err(DumpError::Interrupted.into()) }
        });
        assert_eq!(calmed, Ok(vec![1]));

        let mut tries = 0;
        let restless = undisturbed(|| -> Result<(), Failure> {
            tries += 1;
            Err(DumpError::Interrupted.into())
        });
        assert_eq!(tries, TRIES);
        assert!(matches!(restless, Err(Refusal::Failed(why)) if why.reason == Reason::Truncated));
    }

    /// What `receive` makes of these datagrams, the last of them said to be longer by `lost`: how
    /// many rows, or why none.
    fn received(datagrams: &[&[u8]], lost: usize) -> Result<usize, Reason> {
        let mut left = datagrams.iter();
        let mut rows = 0;
        let next = |buffer: &mut [u8]| {
            let datagram = left.next().ok_or(Errno::AGAIN)?;
            buffer[..datagram.len()].copy_from_slice(datagram);
            let lost = if left.len() == 0 { lost } else { 0 };
            Ok((datagram.len(), datagram.len() + lost))
        };
        let take = |datagram: &[u8]| {
            Ok(walk(datagram, |_, _| {
                rows += 1;
                Ok(())
            })?)
        };
        match receive(next, take).map_err(Refusal::from) {
            Ok(()) => Ok(rows),
            Err(refusal) => Err(refusal.why().reason),
        }
    }

    #[test]
    fn a_dump_is_whole_or_an_error() {
        let row = message(20, 2, &[0; 72]);
        let rows = [row.clone(), row.clone()].concat();
        let done = message(3, 2, &0i32.to_ne_bytes());
        let failed = message(3, 2, &(-105i32).to_ne_bytes());
        let torn = message(20, 2 | 0x10, &[0; 72]);
        assert_eq!(received(&[&rows, &row, &done], 0), Ok(3));
        for (case, datagrams, lost, reason) in [
            ("no end", &[&rows[..], &row][..], 0, Reason::TimedOut),
            ("cut by the buffer", &[&rows, &done], 4, Reason::Unparsable),
            ("cut in a row", &[&rows[..100], &done], 0, Reason::Unparsable),
            ("nothing at all", &[&rows, b"", &done], 0, Reason::Unparsable),
            ("an errno at its end", &[&rows, &failed], 0, Reason::Unsupported),
            ("interrupted", &[&rows, &torn, &done], 0, Reason::Truncated),
        ] {
            assert_eq!(received(datagrams, lost), Err(reason), "{case}");
        }
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
        let mut body = by_family(Family::Ipv4, Transport::Tcp, !0);
        body[1] = 250;
        let answer =
            dump(&request(BY_FAMILY, &body, &[]), |datagram| Ok(walk(datagram, |_, _| Ok(()))?));
        assert!(matches!(answer, Err(Failure::Dump(DumpError::Errno(_)))), "{answer:?}");
    }
}
