//! The rows of both programs.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::LinuxSocket;
use super::command::Shown;
use super::kernel_table::{self, KernelTable};
use crate::snapshot::{Connection, Transport};
use crate::usage::NO_USER;

/// A row of a list.
pub(super) enum LinuxRow {
    Socket(LinuxSocket),
    Damaged(&'static str),
    /// Of sockets that have no port.
    OfAnotherKind,
}

/// The columns of a list.
#[derive(Debug, Clone, Copy)]
pub(super) enum LinuxColumns {
    /// ss(8): perhaps the kind of socket, state, two queues, two ends, and more by name.
    Ss { netid: bool, owners: bool },
    /// netstat(8): protocol, two queues, two ends, perhaps a state, and what the heads name.
    Netstat { inode: bool, owners: bool },
    /// `/proc/net/{tcp,udp}[6]`.
    Kernel(KernelTable),
}

const CUT: &str = "the row is cut";
const NAMED: &str = "ports are told by name here: list them with -n";
const MARKED: &str = "this row of the list is damaged";

impl LinuxColumns {
    /// The list that begins below a line of heads.
    pub(super) fn of_heads(line: &str) -> Option<Self> {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let has = |word: &str| words.contains(&word);
        let of_ss = has("Recv-Q") && has("Send-Q") && line.contains("Address:Port");
        match words.first() {
            Some(&"Netid") if of_ss && words.get(1) == Some(&"State") => {
                Some(Self::Ss { netid: true, owners: has("Process") })
            }
            Some(&"State") if of_ss => Some(Self::Ss { netid: false, owners: has("Process") }),
            Some(&"Proto") if has("Recv-Q") && has("Foreign") && has("Send-Q") => {
                // Those of other systems call it "(state)".
                has("State").then(|| Self::Netstat {
                    inode: has("User") && has("Inode"),
                    owners: has("PID/Program"),
                })
            }
            _ => KernelTable::of_heads(line).map(Self::Kernel),
        }
    }

    pub(super) const fn tells_owners(self) -> bool {
        match self {
            Self::Ss { owners, .. } | Self::Netstat { owners, .. } => owners,
            Self::Kernel(_) => false,
        }
    }

    /// The transport of a list that has no column for it.
    pub(super) fn only_transport(
        self,
        sockets: &[LinuxSocket],
        shown: Option<Shown>,
    ) -> Option<Transport> {
        let Self::Ss { netid: false, .. } = self else { return None };
        let of_states = || {
            let udp = sockets.iter().any(|socket| socket.connection.state == 7);
            if udp { Transport::Udp } else { Transport::Tcp }
        };
        Some(shown.and_then(Shown::only).unwrap_or_else(of_states))
    }

    pub(super) fn row(self, line: &str) -> LinuxRow {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let read = match self {
            Self::Ss { netid: true, .. } => match words.split_first() {
                Some((&"tcp", rest)) => ss(Transport::Tcp, rest),
                Some((&"udp", rest)) => ss(Transport::Udp, rest),
                Some((netid, _)) if OTHERS.contains(netid) => return LinuxRow::OfAnotherKind,
                _ => Err(MARKED),
            },
            Self::Ss { netid: false, .. } => {
                let udp = words.first() == Some(&"UNCONN");
                ss(if udp { Transport::Udp } else { Transport::Tcp }, &words)
            }
            Self::Netstat { inode, owners } => match words.split_first() {
                Some((&("tcp" | "tcp6"), rest)) => netstat(Transport::Tcp, rest, inode, owners),
                Some((&("udp" | "udp6"), rest)) => netstat(Transport::Udp, rest, inode, owners),
                Some((protocol, _)) if OTHERS.contains(protocol) => {
                    return LinuxRow::OfAnotherKind;
                }
                _ => Err(MARKED),
            },
            Self::Kernel(table) => {
                return table.row(line).map_or(LinuxRow::Damaged(MARKED), LinuxRow::Socket);
            }
        };
        match read {
            Ok(socket) => LinuxRow::Socket(socket),
            Err(what) => LinuxRow::Damaged(what),
        }
    }
}

/// Kinds of sockets that both programs name and that have no port of TCP or UDP.
const OTHERS: [&str; 25] = [
    "nl", "p_raw", "p_dgr", "u_str", "u_dgr", "u_seq", "raw", "raw6", "icmp", "icmp6", "dccp",
    "sctp", "sctp6", "mptcp", "v_str", "v_dgr", "ti_rd", "ti_sq", "ti_dg", "xdp", "udplite",
    "udplite6", "udpl6", "unix", "???",
];

impl LinuxColumns {
    /// Whether a line begins as a row of the list does.
    pub(super) fn begins_row(self, line: &str) -> bool {
        match self {
            Self::Kernel(_) => kernel_table::begins_row(line),
            Self::Ss { .. } | Self::Netstat { .. } => begins_row(line),
        }
    }

    /// Whether a line that begins otherwise is one that somebody marked, or that lost its beginning.
    pub(super) fn is_of_row(self, line: &str) -> bool {
        match self {
            Self::Kernel(_) => kernel_table::is_of_row(line),
            Self::Ss { .. } | Self::Netstat { .. } => is_of_row(line),
        }
    }
}

/// With a kind of socket, or a state.
fn begins_row(line: &str) -> bool {
    let word = line.split_ascii_whitespace().next().unwrap_or_default();
    matches!(word, "tcp" | "tcp6" | "udp" | "udp6") || OTHERS.contains(&word) || is_state(word)
}

fn is_of_row(line: &str) -> bool {
    let mut words = line.split_ascii_whitespace();
    words.any(|word| matches!(word, "tcp" | "tcp6" | "udp" | "udp6") || is_state(word))
        || line.contains("users:((")
        || line.split_ascii_whitespace().filter(|word| end(word).is_ok()).count() > 1
}

/// `UNKNOWN` too, which no socket of TCP or UDP has.
fn is_state(word: &str) -> bool {
    state_of(word).is_some() || word == "UNKNOWN"
}

fn ss(transport: Transport, words: &[&str]) -> Result<LinuxSocket, &'static str> {
    let [state, receive, send, local, peer, rest @ ..] = words else { return Err(CUT) };
    let state = state_of(state).ok_or(MARKED)?;
    if !is_number(receive) || !is_number(send) {
        return Err(MARKED);
    }
    let (local, peer) = ends(local, peer)?;
    let value = |name: &str| rest.iter().find_map(|word| word.strip_prefix(name));
    Ok(LinuxSocket {
        transport,
        connection: Connection {
            local,
            peer,
            state,
            inode: value("ino:").and_then(|text| text.parse().ok()).unwrap_or(0),
            uid: value("uid:").and_then(|text| text.parse().ok()).unwrap_or(NO_USER),
        },
        owners: users(&rest.join(" "))?,
    })
}

/// `users:(("nginx",pid=7,fd=3),("nginx",pid=8,fd=3))`, of older ones `("nginx",7,3)`.
fn users(text: &str) -> Result<Vec<(u32, String)>, &'static str> {
    let Some(at) = text.find("users:(") else { return Ok(Vec::new()) };
    let mut rest = &text[at + "users:(".len()..];
    let mut owners = Vec::new();
    while let Some(begun) = rest.strip_prefix("(\"") {
        // A name may have anything in it but what ends it here.
        let (name, behind) = begun.split_once("\",").ok_or(CUT)?;
        let (inside, behind) = behind.split_once(')').ok_or(CUT)?;
        let number = inside.split(',').next().unwrap_or_default();
        let number = number.strip_prefix("pid=").unwrap_or(number);
        owners.push((number.parse().map_err(|_| MARKED)?, name.to_owned()));
        rest = behind.strip_prefix(',').unwrap_or(behind);
    }
    if rest.starts_with(')') { Ok(owners) } else { Err(CUT) }
}

fn netstat(
    transport: Transport,
    words: &[&str],
    inode: bool,
    owners: bool,
) -> Result<LinuxSocket, &'static str> {
    let [receive, send, local, peer, rest @ ..] = words else { return Err(CUT) };
    if !is_number(receive) || !is_number(send) {
        return Err(MARKED);
    }
    // A UDP socket that is not connected has no state.
    let (state, rest) = match rest.split_first() {
        Some((word, rest)) if state_of(word).is_some() => (state_of(word), rest),
        _ if transport == Transport::Udp => (state_of("CLOSE"), rest),
        None => return Err(CUT),
        Some(_) => return Err(MARKED),
    };
    let (local, peer) = ends(local, peer)?;
    let (uid, number, rest) = match rest {
        // A user is told by name where nobody asked for numbers.
        [uid, number, rest @ ..] if inode => {
            (uid.parse().unwrap_or(NO_USER), number.parse().map_err(|_| MARKED)?, rest)
        }
        _ if inode => return Err(CUT),
        rest => (NO_USER, 0, rest),
    };
    let owners = match (owners, rest.first()) {
        (false, _) | (true, Some(&"-")) => Vec::new(),
        (true, Some(word)) => {
            let (pid, name) = word.split_once('/').ok_or(MARKED)?;
            vec![(pid.parse().map_err(|_| MARKED)?, name.trim_end_matches(':').to_owned())]
        }
        (true, None) => return Err(CUT),
    };
    let state = state.ok_or(MARKED)?;
    Ok(LinuxSocket {
        transport,
        connection: Connection { local, peer, state, inode: number, uid },
        owners,
    })
}

fn is_number(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit())
}

/// The number of a state (include/net/tcp_states.h).
fn state_of(word: &str) -> Option<u8> {
    Some(match word {
        "ESTAB" | "ESTABLISHED" => 1,
        "SYN-SENT" | "SYN_SENT" => 2,
        "SYN-RECV" | "SYN_RECV" => 3,
        "FIN-WAIT-1" | "FIN_WAIT1" => 4,
        "FIN-WAIT-2" | "FIN_WAIT2" => 5,
        "TIME-WAIT" | "TIME_WAIT" => 6,
        "UNCONN" | "CLOSE" => 7,
        "CLOSE-WAIT" | "CLOSE_WAIT" => 8,
        "LAST-ACK" | "LAST_ACK" => 9,
        "LISTEN" => 10,
        "CLOSING" => 11,
        _ => return None,
    })
}

/// Both ends; `*` is any address of the family that the other end has, of both where that is `*`
/// too.
fn ends(local: &str, peer: &str) -> Result<(SocketAddr, SocketAddr), &'static str> {
    let (local, port) = end(local)?;
    let (peer, peer_port) = end(peer)?;
    let any = |other: Option<IpAddr>| match other {
        Some(IpAddr::V4(_)) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        _ => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    };
    let address = local.unwrap_or_else(|| any(peer));
    let other = peer.unwrap_or_else(|| any(Some(address)));
    if address.is_ipv4() != other.is_ipv4() {
        return Err(MARKED);
    }
    Ok((SocketAddr::new(address, port), SocketAddr::new(other, peer_port)))
}

/// `0.0.0.0:22`, `[::]:22`, `:::22`, `127.0.0.53%lo:53`, `[fe80::1]%eth0:546`, `*:*`.
fn end(text: &str) -> Result<(Option<IpAddr>, u16), &'static str> {
    let (address, port) = text.rsplit_once(':').ok_or(MARKED)?;
    let port = match port {
        "*" => 0,
        port if is_number(port) => port.parse().map_err(|_| MARKED)?,
        _ => return Err(NAMED),
    };
    let bare = address.split('%').next().unwrap_or_default();
    let bare = bare.strip_prefix('[').map_or(bare, |bare| bare.trim_end_matches(']'));
    match bare {
        "*" => Ok((None, port)),
        bare => Ok((Some(bare.parse().map_err(|_| MARKED)?), port)),
    }
}
