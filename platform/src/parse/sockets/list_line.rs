//! What a line of a list of sockets tells.

use std::net::{IpAddr, SocketAddr};

use super::ends;
use crate::snapshot::{Family, Transport};

/// What a line is.
pub(super) enum ListLine {
    Socket(Waits),
    /// A socket that waits for nobody.
    Connection(Transport, &'static [Family], ShownEnds),
    /// A line of a list that could not be read.
    Damaged(&'static str),
    /// No line of this list.
    Other,
}

/// The ends of a socket that waits for nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ShownEnds {
    /// It has no port.
    Portless,
    /// A list of this form is not read for them, or the row shows them cut.
    Unread,
    /// Its own, and the other one where there is one; its state as Linux numbers them, 0 where that
    /// is translated.
    Whole(SocketAddr, Option<SocketAddr>, u8),
}

/// A socket that waits for others.
pub(super) struct Waits {
    pub(super) transport: Transport,
    pub(super) families: &'static [Family],
    pub(super) address: IpAddr,
    pub(super) port: u16,
    pub(super) pid: Option<u32>,
}

/// Where the process stands in a list of netstat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PidColumn {
    /// So many columns behind the state.
    At(usize),
    /// In a word NAME:PID; the name may have blanks.
    Named,
}

pub(super) const CUT: &str = "the row is cut";

pub(super) const ANY: &[Family] = Family::ALL;
pub(super) const V4: &[Family] = &[Family::Ipv4];
pub(super) const V6: &[Family] = &[Family::Ipv6];

/// Transport and families of a protocol's name.
pub(super) fn protocol(name: &str) -> Option<(Transport, &'static [Family])> {
    let (transport, rest) = if let Some(rest) = name.strip_prefix("tcp") {
        (Transport::Tcp, rest)
    } else {
        (Transport::Udp, name.strip_prefix("udp")?)
    };
    match rest {
        "" | "4" => Some((transport, V4)),
        "6" => Some((transport, V6)),
        "46" | "64" => Some((transport, ANY)),
        _ => None,
    }
}

pub(super) fn is_number(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit())
}

/// A socket that waits for nobody, as a list of netstat shows it.
pub(super) fn connects(
    (transport, families): (Transport, &'static [Family]),
    local: &str,
    remote: &str,
    state: u8,
) -> ListLine {
    let family = if families.contains(&Family::Ipv6) { Family::Ipv6 } else { Family::Ipv4 };
    let own = ends::local(local, family).map(SocketAddr::from);
    let other = if ends::is_any(remote) {
        Some(None)
    } else {
        ends::local(remote, family).map(|end| Some(SocketAddr::from(end)))
    };
    let ends = match (own, other) {
        (Some(own), Some(other)) => ShownEnds::Whole(own, other, state),
        _ if local.ends_with('*') => ShownEnds::Portless,
        _ => ShownEnds::Unread,
    };
    ListLine::Connection(transport, families, ends)
}

pub(super) fn waits(
    (transport, families): (Transport, &'static [Family]),
    local: &str,
    pid: Option<u32>,
) -> ListLine {
    let family = if families.contains(&Family::Ipv6) { Family::Ipv6 } else { Family::Ipv4 };
    match ends::local(local, family) {
        Some((address, port)) => {
            ListLine::Socket(Waits { transport, families, address, port, pid })
        }
        // A UDP socket that is bound to no port waits for nobody.
        None if local.ends_with(['*']) => {
            ListLine::Connection(transport, families, ShownEnds::Portless)
        }
        None => ListLine::Damaged("the local end is not an address and a port number"),
    }
}
