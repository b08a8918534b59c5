//! How a line of each list is read.

use std::net::IpAddr;

use super::ends;
use crate::snapshot::{Family, Transport};

/// What a line is.
pub(super) enum ListLine {
    Socket(Waits),
    /// A socket that waits for nobody.
    Connection(Transport, &'static [Family]),
    /// A line of a list that could not be read.
    Damaged(&'static str),
    /// No line of this list.
    Other,
}

/// A socket that waits for others.
pub(super) struct Waits {
    pub(super) transport: Transport,
    pub(super) families: &'static [Family],
    pub(super) address: IpAddr,
    pub(super) port: u16,
    pub(super) pid: Option<u32>,
}

/// A list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// netstat(1) of the BSDs, macOS, AIX and Linux: protocol, two queues, two ends, state. The
    /// columns behind the state in which the process stands, counted from it.
    Netstat { pid: Option<usize> },
    /// netstat of Windows: protocol, two ends, state, process.
    Windows,
    /// netstat(8) of illumos and Solaris: a list for each transport and family.
    Solaris(Transport, Family),
    /// sockstat(1) of FreeBSD and NetBSD: user, command, process, descriptor, protocol, two ends.
    Sockstat,
    /// lsof(8): command, process, user, descriptor, type, device, offset, protocol, ends.
    Lsof,
    /// `Get-NetTCPConnection | Format-Table`: address, port, address, port, state, …, process.
    NetTcp,
}

impl Form {
    /// The list that begins below a line of heads.
    pub(super) fn of_heads(line: &str) -> Option<Self> {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let has = |word: &str| words.contains(&word);
        match words[..] {
            ["UDP:", "IPv4"] => Some(Self::Solaris(Transport::Udp, Family::Ipv4)),
            ["UDP:", "IPv6"] => Some(Self::Solaris(Transport::Udp, Family::Ipv6)),
            ["TCP:", "IPv4"] => Some(Self::Solaris(Transport::Tcp, Family::Ipv4)),
            ["TCP:", "IPv6"] => Some(Self::Solaris(Transport::Tcp, Family::Ipv6)),
            ["USER", "COMMAND", "PID", "FD", "PROTO", ..] => Some(Self::Sockstat),
            ["COMMAND", "PID", ..] if has("NODE") && has("NAME") => Some(Self::Lsof),
            ["LocalAddress", "LocalPort", "RemoteAddress", "RemotePort", "State", ..] => {
                Some(Self::NetTcp)
            }
            ["Proto", ..] | [_, "Proto", ..] if has("Recv-Q") && has("Local") => {
                let state = words
                    .iter()
                    .position(|word| matches!(*word, "(state)" | "State" | "state" | "TCP-State"));
                let pid = words.iter().position(|word| *word == "pid" || *word == "PID/Program");
                Some(Self::Netstat { pid: state.zip(pid).map(|(state, pid)| pid - state) })
            }
            _ => None,
        }
    }

    /// The list that a line by itself is of.
    pub(super) fn of_row(line: &str) -> Option<Self> {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        match words[..] {
            ["TCP", local, remote, _, ..] if local.contains(':') && remote.contains(':') => {
                Some(Self::Windows)
            }
            ["UDP", local, "*:*", ..] if local.contains(':') => Some(Self::Windows),
            [proto, recv, send, _, _, ..]
                if protocol(proto).is_some() && is_number(recv) && is_number(send) =>
            {
                Some(Self::Netstat { pid: None })
            }
            _ => None,
        }
    }

    /// Whether a line that is no row of this list is one that somebody marked or cut: it has a
    /// protocol or the state of a row in it, or is the beginning of one.
    pub(super) fn is_of_list(self, line: &str) -> bool {
        let words = || line.split(|c: char| !c.is_ascii_alphanumeric() && c != '*');
        let named = words().any(|word| {
            protocol(&word.to_ascii_lowercase()).is_some()
                || matches!(word, "LISTEN" | "LISTENING" | "Listen" | "Idle")
        });
        let is_prompt = line.contains(['#', '$', '%', '>']);
        // Sockets of the file system have six columns or more.
        let cut = self == Self::Sockstat && !is_prompt && line.split_ascii_whitespace().count() < 6;
        named || cut
    }

    pub(super) fn row(self, line: &str) -> ListLine {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        match self {
            Self::Netstat { pid } => netstat(&words, pid),
            Self::Windows => windows(&words),
            Self::Solaris(transport, family) => solaris(&words, transport, family),
            Self::Sockstat => sockstat(&words),
            Self::Lsof => lsof(&words),
            Self::NetTcp => net_tcp(&words),
        }
    }
}

const CUT: &str = "the row is cut";

const ANY: &[Family] = Family::ALL;
const V4: &[Family] = &[Family::Ipv4];
const V6: &[Family] = &[Family::Ipv6];

/// Transport and families of a protocol's name.
fn protocol(name: &str) -> Option<(Transport, &'static [Family])> {
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

fn is_number(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit())
}

fn waits(
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
        None if local.ends_with(['*']) => ListLine::Connection(transport, families),
        None => ListLine::Damaged("the local end is not an address and a port number"),
    }
}

fn netstat(words: &[&str], pid: Option<usize>) -> ListLine {
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
    let listens = matches!(state, "LISTEN" | "LISTENING");
    let stated = usize::from(of.0 == Transport::Tcp);
    let process = pid
        .and_then(|at| rest.get(at - 1 + stated))
        .and_then(|word| word.split('/').next().and_then(|pid| pid.parse().ok()));
    match of.0 {
        Transport::Tcp if listens => waits(of, local, process),
        Transport::Udp if ends::is_any(remote) => waits(of, local, process),
        Transport::Tcp if state.is_empty() => ListLine::Damaged("the state is missing"),
        _ => ListLine::Connection(of.0, of.1),
    }
}

fn windows(words: &[&str]) -> ListLine {
    let of = |transport, local: &str| (transport, if local.starts_with('[') { V6 } else { V4 });
    match words {
        // The state is translated: what waits has no other end.
        ["TCP", local, remote, _, rest @ ..] if ends::is_any(remote) => {
            waits(of(Transport::Tcp, local), local, pid(rest))
        }
        ["TCP", local, _, _, ..] => {
            let (transport, families) = of(Transport::Tcp, local);
            ListLine::Connection(transport, families)
        }
        ["UDP", local, "*:*", rest @ ..] => waits(of(Transport::Udp, local), local, pid(rest)),
        ["UDP", ..] => ListLine::Damaged("expected *:* behind the local end"),
        ["TCP", ..] => ListLine::Damaged(CUT),
        _ => ListLine::Other,
    }
}

fn pid(rest: &[&str]) -> Option<u32> {
    rest.first().and_then(|word| word.parse().ok())
}

fn solaris(words: &[&str], transport: Transport, family: Family) -> ListLine {
    let families = if family == Family::Ipv4 { V4 } else { V6 };
    match words {
        [local, .., "LISTEN"] if transport == Transport::Tcp => {
            waits((transport, families), local, None)
        }
        [local, .., "Idle"] if transport == Transport::Udp => {
            waits((transport, families), local, None)
        }
        ["Local", ..] => ListLine::Other,
        [rule, ..] if rule.starts_with("--") => ListLine::Other,
        [local, ..] if local.contains('.') => ListLine::Connection(transport, families),
        _ => ListLine::Other,
    }
}

fn sockstat(words: &[&str]) -> ListLine {
    let [_, _, pid, fd, proto, local, remote, ..] = words else {
        // Sockets of the file system have fewer columns.
        let of_list = words.get(2).is_some_and(|pid| is_number(pid))
            && words.get(4).is_none_or(|proto| protocol(proto).is_some());
        return if of_list { ListLine::Damaged(CUT) } else { ListLine::Other };
    };
    let Some(of) = protocol(proto).filter(|_| is_number(pid) && (is_number(fd) || *fd == "?"))
    else {
        return ListLine::Other;
    };
    if ends::is_any(remote) {
        waits(of, local, pid.parse().ok())
    } else {
        ListLine::Connection(of.0, of.1)
    }
}

fn lsof(words: &[&str]) -> ListLine {
    let Some(at) = words.iter().position(|word| matches!(*word, "IPv4" | "IPv6")) else {
        return ListLine::Other;
    };
    let families = if words[at] == "IPv4" { V4 } else { V6 };
    let Some(node) = words.iter().skip(at).position(|word| matches!(*word, "TCP" | "UDP")) else {
        return ListLine::Other;
    };
    let transport = if words[at + node] == "TCP" { Transport::Tcp } else { Transport::Udp };
    let pid = words.get(1).and_then(|word| word.parse().ok());
    let Some(name) = words.get(at + node + 1) else {
        return ListLine::Damaged("the ends are missing");
    };
    let listens = words.last() == Some(&"(LISTEN)");
    match transport {
        Transport::Tcp if listens => waits((transport, families), name, pid),
        Transport::Udp if !name.contains("->") => waits((transport, families), name, pid),
        _ => ListLine::Connection(transport, families),
    }
}

fn net_tcp(words: &[&str]) -> ListLine {
    let [local, port, _, _, state, .., pid] = words else { return ListLine::Other };
    let Ok(port) = port.parse() else { return ListLine::Other };
    let families = if local.contains(':') { V6 } else { V4 };
    let Some(address) = ends::address(local, Family::Ipv4) else {
        return ListLine::Damaged("the local address is none");
    };
    if *state == "Listen" {
        let pid = pid.parse().ok();
        ListLine::Socket(Waits { transport: Transport::Tcp, families, address, port, pid })
    } else {
        ListLine::Connection(Transport::Tcp, families)
    }
}
