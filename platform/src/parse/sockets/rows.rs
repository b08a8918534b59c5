//! The rows of the lists of Unix.

use super::ends;
use super::list_line::{
    CUT, ListLine, PidColumn, ShownEnds, V4, V6, connects, is_number, protocol, waits,
};
use crate::snapshot::{Family, Transport};

/// The states of TCP as the systems write them, without what parts their words, by the numbers that
/// Linux has for them (include/net/tcp_states.h).
const STATES: [(&str, u8); 18] = [
    ("LISTEN", 10),
    ("LISTENING", 10),
    ("ESTABLISHED", 1),
    ("SYNSENT", 2),
    ("SYNRCVD", 3),
    ("SYNRECV", 3),
    ("SYNRECEIVED", 3),
    ("NEWSYNRECV", 3),
    ("CLOSEWAIT", 8),
    ("FINWAIT1", 4),
    ("FINWAIT2", 5),
    ("CLOSING", 11),
    ("LASTACK", 9),
    ("TIMEWAIT", 6),
    ("CLOSED", 7),
    ("CLOSE", 7),
    ("BOUND", 7),
    ("IDLE", 7),
];

pub(super) fn state_of(word: &str) -> Option<u8> {
    let bare: String = word.chars().filter(|c| !matches!(c, '_' | '-')).collect();
    STATES.iter().find(|(state, _)| state.eq_ignore_ascii_case(&bare)).map(|(_, number)| *number)
}

fn is_state(word: &str) -> bool {
    state_of(word).is_some()
}

const STATE: &str = "the state is missing or damaged";
const REMOTE: &str = "the other end is damaged";

pub(super) fn netstat(words: &[&str], pid: Option<PidColumn>) -> ListLine {
    // `-A` sets the address of a control block before it.
    let first = usize::from(words.first().is_some_and(|word| protocol(word).is_none()));
    let [proto, recv, send, local, remote, rest @ ..] = &words[first.min(words.len())..] else {
        let of_list = words.iter().take(2).any(|word| protocol(word).is_some());
        return if of_list { ListLine::Damaged(CUT) } else { ListLine::Other };
    };
    let Some(of) = protocol(proto).filter(|_| is_number(recv) && is_number(send)) else {
        return ListLine::Other;
    };
    let state = rest.first().copied().unwrap_or_default();
    let of_tcp = of.0 == Transport::Tcp;
    if of_tcp && !is_state(state) {
        return ListLine::Damaged(STATE);
    }
    let process = match pid {
        None => None,
        Some(PidColumn::At(at)) => {
            let Some(word) = rest.get(at - 1 + usize::from(of_tcp)) else {
                return ListLine::Damaged(CUT);
            };
            word.split('/').next().and_then(|pid| pid.parse().ok())
        }
        Some(PidColumn::Named) => {
            let named = |word: &&str| word.rsplit_once(':').and_then(|(_, pid)| pid.parse().ok());
            let Some(pid) = rest.iter().find_map(named) else { return ListLine::Damaged(CUT) };
            Some(pid)
        }
    };
    match of.0 {
        Transport::Tcp if matches!(state, "LISTEN" | "LISTENING") => waits(of, local, process),
        Transport::Udp if ends::is_any(remote) => waits(of, local, process),
        Transport::Udp if !ends::is_peer(remote) => ListLine::Damaged(REMOTE),
        _ => connects(of, local, remote, state_of(state).unwrap_or_default()),
    }
}

/// The interface may stand behind the state of IPv6; `-u` sets user, process and command behind the
/// ends.
pub(super) fn solaris(words: &[&str], transport: Transport, family: Family) -> ListLine {
    let of = (transport, if family == Family::Ipv4 { V4 } else { V6 });
    let is_end = |word: &str| word.contains('.') || word.contains(':');
    let Some(local) = words.first().filter(|word| is_end(word)) else { return ListLine::Other };
    let of_udp = |word: &str| matches!(word, "Idle" | "Unbound" | "Connected");
    let is_state = |word: &&&str| match transport {
        Transport::Tcp => is_state(word),
        Transport::Udp => of_udp(word),
    };
    let Some(state) = words.iter().skip(1).rev().take(2).find(is_state) else {
        return ListLine::Damaged(STATE);
    };
    let behind_user = words.windows(2).take(3).find(|pair| !is_end(pair[0]) && is_number(pair[1]));
    let pid = behind_user.filter(|pair| !is_number(pair[0])).and_then(|pair| pair[1].parse().ok());
    match *state {
        "LISTEN" | "Idle" => waits(of, local, pid),
        // UDP that is connected to nobody has one end.
        state => {
            let remote = words.get(1).filter(|word| is_end(word)).unwrap_or(&"*.*");
            connects(of, local, remote, state_of(state).unwrap_or_default())
        }
    }
}

/// A `?` stands for the process where none has the socket; names of commands may have blanks.
pub(super) fn sockstat(words: &[&str]) -> ListLine {
    let known = |word: &str| is_number(word) || word == "?";
    let at = words.iter().skip(4).position(|word| protocol(word).is_some()).map(|at| at + 4);
    let Some((at, of)) = at.and_then(|at| Some((at, protocol(words[at])?))) else {
        // Sockets of the file system have fewer columns.
        let of_list = words.get(2).is_some_and(|pid| known(pid)) && words.len() < 5;
        return if of_list { ListLine::Damaged(CUT) } else { ListLine::Other };
    };
    if !known(words[at - 1]) || !known(words[at - 2]) {
        return ListLine::Other;
    }
    let (Some(local), Some(remote)) = (words.get(at + 1), words.get(at + 2)) else {
        return ListLine::Damaged(CUT);
    };
    if ends::is_any(remote) {
        waits(of, local, words[at - 2].parse().ok())
    } else if ends::is_peer(remote) {
        ListLine::Connection(of.0, of.1, ShownEnds::Unread)
    } else {
        ListLine::Damaged(REMOTE)
    }
}

pub(super) fn lsof(words: &[&str]) -> ListLine {
    let Some(at) = words.iter().position(|word| matches!(*word, "IPv4" | "IPv6")) else {
        let cut = words.len() < 8 && words.get(1).is_some_and(|pid| is_number(pid));
        return if cut { ListLine::Damaged(CUT) } else { ListLine::Other };
    };
    let families = if words[at] == "IPv4" { V4 } else { V6 };
    let Some(node) = words.iter().skip(at).position(|word| matches!(*word, "TCP" | "UDP")) else {
        let other = words.len() > at + 3;
        return if other { ListLine::Other } else { ListLine::Damaged(CUT) };
    };
    let transport = if words[at + node] == "TCP" { Transport::Tcp } else { Transport::Udp };
    // lsof writes the blanks of a command as `\x20`.
    let Some(pid) = words.get(1).and_then(|word| word.parse().ok()) else {
        return ListLine::Damaged("the process is damaged");
    };
    let Some(name) = words.get(at + node + 1) else {
        return ListLine::Damaged("the ends are missing");
    };
    let state = words.last().and_then(|word| word.strip_prefix('(')?.strip_suffix(')'));
    match transport {
        Transport::Tcp if !state.is_some_and(is_state) => ListLine::Damaged(STATE),
        Transport::Tcp if state == Some("LISTEN") => waits((transport, families), name, Some(pid)),
        Transport::Udp if !name.contains("->") => waits((transport, families), name, Some(pid)),
        _ => ListLine::Connection(transport, families, ShownEnds::Unread),
    }
}

/// What is connected has an arrow and another end.
pub(super) fn fstat(words: &[&str]) -> ListLine {
    let families = match words.get(4) {
        Some(&"internet") => V4,
        Some(&"internet6") => V6,
        Some(word) if "internet".starts_with(word) => return ListLine::Damaged(CUT),
        None if words.get(2).is_some_and(|pid| is_number(pid)) => return ListLine::Damaged(CUT),
        _ => return ListLine::Other,
    };
    let Some(proto) = words.get(6) else { return ListLine::Damaged(CUT) };
    let Some((transport, _)) = protocol(proto) else { return ListLine::Other };
    let pid = words.get(2).and_then(|word| word.parse().ok());
    // TCP has the address of its control block before the ends.
    let block = words.get(7).is_some_and(|word| word.starts_with("0x"));
    match words.get(7 + usize::from(block)..) {
        Some([local]) => waits((transport, families), local, pid),
        Some([_, arrow, _, ..]) if matches!(*arrow, "<--" | "-->" | "<->") => {
            ListLine::Connection(transport, families, ShownEnds::Unread)
        }
        _ => ListLine::Damaged("the ends are missing"),
    }
}
