//! `struct inet_diag_msg` and its attributes (include/uapi/linux/inet_diag.h, sock_diag(7)).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::netlink::{DumpError, Progress, native_u16, native_u32, walk};
use crate::snapshot::Connection;

/// `SOCK_DIAG_BY_FAMILY`: the type of both the request and its rows.
pub(crate) const BY_FAMILY: u16 = 20;
/// `TCP_LISTEN` (include/net/tcp_states.h).
pub(crate) const LISTEN: u8 = 10;
/// `TCP_CLOSE`: what an unconnected UDP socket reports.
pub(crate) const CLOSE: u8 = 7;
const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;
const MESSAGE: usize = 72;
const SKV6ONLY: u16 = 11;

/// One socket as the kernel reports it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DiagSocket {
    pub(crate) state: u8,
    pub(crate) address: IpAddr,
    pub(crate) port: u16,
    /// 0 where no process holds it.
    pub(crate) inode: u64,
    /// `IPV6_V6ONLY`, which IPv6 sockets report.
    pub(crate) v6only: Option<bool>,
}

/// Both ends of a socket, and what else tells who holds its port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DiagEnds {
    pub(crate) connection: Connection,
    /// `IPV6_V6ONLY`, which IPv6 sockets report.
    pub(crate) v6only: Option<bool>,
    /// The interface that it is bound to (`SO_BINDTODEVICE`, a link-local address, a VRF); 0 where
    /// to none.
    pub(crate) interface: u32,
    /// How long its timer for TIME_WAIT still runs, in milliseconds.
    pub(crate) time_wait_left: Option<u32>,
}

/// Every socket of a whole dump; a dump without its end is an error.
pub(crate) fn sockets(bytes: &[u8]) -> Result<Vec<DiagSocket>, DumpError> {
    rows(bytes, socket)
}

/// The same with both ends.
pub(crate) fn ends(bytes: &[u8]) -> Result<Vec<DiagEnds>, DumpError> {
    rows(bytes, both_ends)
}

fn rows<T>(bytes: &[u8], read: impl Fn(&[u8]) -> Option<T>) -> Result<Vec<T>, DumpError> {
    let mut sockets = Vec::new();
    let progress = walk(bytes, |kind, payload| {
        if kind == BY_FAMILY {
            let short = DumpError::Malformed("a sock_diag row is cut or of an unknown family");
            sockets.push(read(payload).ok_or(short)?);
        }
        Ok(())
    })?;
    match progress {
        Progress::Done => Ok(sockets),
        Progress::More => Err(DumpError::Malformed("the dump has no end")),
    }
}

/// The address that begins at `at` in a row.
fn address(row: &[u8], at: usize) -> Option<IpAddr> {
    Some(match *row.first()? {
        AF_INET => Ipv4Addr::from(<[u8; 4]>::try_from(row.get(at..at + 4)?).ok()?).into(),
        AF_INET6 => Ipv6Addr::from(<[u8; 16]>::try_from(row.get(at..at + 16)?).ok()?).into(),
        _ => return None,
    })
}

fn both_ends(payload: &[u8]) -> Option<DiagEnds> {
    /// The `idiag_timer` of a socket in TIME_WAIT (`inet_twsk_diag_fill`, net/ipv4/inet_diag.c).
    const TIMER_OF_TIME_WAIT: u8 = 3;
    let row = payload.get(..MESSAGE)?;
    let DiagSocket { state, address: local, port, inode, v6only } = socket(payload)?;
    let peer = (address(row, 24)?, u16::from_be_bytes([row[6], row[7]])).into();
    let local = (local, port).into();
    let expires = native_u32(row, 52)?;
    Some(DiagEnds {
        connection: Connection { local, peer, state, inode, uid: native_u32(row, 64)? },
        v6only,
        interface: native_u32(row, 40)?,
        time_wait_left: (row[2] == TIMER_OF_TIME_WAIT).then_some(expires),
    })
}

/// One row.
pub(crate) fn socket(payload: &[u8]) -> Option<DiagSocket> {
    let row = payload.get(..MESSAGE)?;
    Some(DiagSocket {
        state: row[1],
        address: address(row, 8)?,
        port: u16::from_be_bytes([row[4], row[5]]),
        inode: native_u32(row, 68)?.into(),
        v6only: (row[0] == AF_INET6)
            .then(|| attribute(&payload[MESSAGE..], SKV6ONLY))
            .flatten()
            .and_then(|value| value.first().map(|b| *b != 0)),
    })
}

/// The value of the attribute `wanted`, rtnetlink(7) style.
fn attribute(mut rest: &[u8], wanted: u16) -> Option<&[u8]> {
    loop {
        let (length, kind) = (usize::from(native_u16(rest, 0)?), native_u16(rest, 2)?);
        let value = rest.get(4..length)?;
        if kind == wanted {
            return Some(value);
        }
        rest = rest.get(length.next_multiple_of(4)..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::super::netlink::tests::message;
    use super::*;

    fn row(
        family: u8,
        state: u8,
        port: u16,
        address: &[u8],
        inode: u32,
        v6only: Option<u8>,
    ) -> Vec<u8> {
        let mut row = vec![0; MESSAGE];
        (row[0], row[1]) = (family, state);
        row[4..6].copy_from_slice(&port.to_be_bytes());
        row[8..8 + address.len()].copy_from_slice(address);
        row[68..72].copy_from_slice(&inode.to_ne_bytes());
        if let Some(value) = v6only {
            // an unrelated attribute of odd length first, then SKV6ONLY
            row.extend([5, 0, 8, 0, 9, 0, 0, 0].map(|b: u8| b));
            row.extend([5u16.to_ne_bytes(), SKV6ONLY.to_ne_bytes()].concat());
            row.extend([value, 0, 0, 0]);
        }
        row
    }

    fn done() -> Vec<u8> {
        message(3, 2, &0i32.to_ne_bytes())
    }

    #[test]
    fn rows_are_read() {
        let v4 = row(AF_INET, LISTEN, 8080, &[127, 0, 0, 1], 77, None);
        let v6 = row(AF_INET6, CLOSE, 53, &[0; 16], 0, Some(1));
        let dump = [message(20, 2, &v4), message(20, 2, &v6), done()].concat();
        let got = sockets(&dump).expect("a whole dump");
        assert_eq!(got.len(), 2);
        assert_eq!(
            got[0],
            DiagSocket {
                state: LISTEN,
                address: Ipv4Addr::LOCALHOST.into(),
                port: 8080,
                inode: 77,
                v6only: None
            }
        );
        assert_eq!((got[1].address, got[1].v6only), (Ipv6Addr::UNSPECIFIED.into(), Some(true)));
    }

    #[test]
    fn both_ends_are_read() {
        let mut waiting = row(AF_INET, 6, 50_010, &[10, 0, 0, 5], 0, None);
        waiting[2] = 3;
        waiting[6..8].copy_from_slice(&443u16.to_be_bytes());
        waiting[24..28].copy_from_slice(&[10, 0, 0, 9]);
        waiting[52..56].copy_from_slice(&41_000u32.to_ne_bytes());
        let mut open = row(AF_INET6, 1, 50_010, &[0; 16], 77, Some(0));
        open[40..44].copy_from_slice(&3u32.to_ne_bytes());
        open[52..56].copy_from_slice(&200u32.to_ne_bytes());
        open[64..68].copy_from_slice(&1000u32.to_ne_bytes());
        let dump = [message(20, 2, &waiting), message(20, 2, &open), done()].concat();
        let got = ends(&dump).expect("a whole dump");
        let (local, peer) = (got[0].connection.local, got[0].connection.peer);
        assert_eq!(format!("{local} {peer}"), "10.0.0.5:50010 10.0.0.9:443");
        assert_eq!((got[0].time_wait_left, got[0].interface), (Some(41_000), 0));
        assert_eq!((got[1].time_wait_left, got[1].interface), (None, 3), "another timer");
        assert_eq!((got[1].connection.uid, got[1].connection.inode), (1000, 77));
        assert!(ends(&dump[..dump.len() - 20]).is_err());
    }

    #[test]
    fn a_cut_dump_is_not_an_empty_one() {
        assert!(sockets(b"").is_err());
        let v4 = row(AF_INET, LISTEN, 8080, &[127, 0, 0, 1], 77, None);
        assert!(sockets(&message(20, 2, &v4)).is_err(), "no NLMSG_DONE");
        let behind = [done(), message(20, 2, &v4)].concat();
        assert!(sockets(&behind).is_err(), "a listener behind it is none that was passed over");
        assert!(sockets(&[message(20, 2, &v4[..71]), done()].concat()).is_err());
        assert!(sockets(&[message(20, 2, &row(1, 1, 1, &[], 1, None)), done()].concat()).is_err());
    }
}
