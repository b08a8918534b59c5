//! Pieces of the rules about who uses the ports.

use std::net::{IpAddr, SocketAddr};

use ephaudit_platform::ports::PortRange;
use ephaudit_platform::snapshot::{
    Census, Connection, Os, Pool, Reading, Reason, Scope, Source, Transport, Usage, Why,
};

use super::{Facts, Judgement};
use crate::report::{Evidence, Gap};
use crate::text::counted;

/// The usage of a scope, where it is known.
pub fn usage<'a>(judgement: &mut Judgement, scope: &'a Scope) -> Option<&'a Usage> {
    match &scope.usage {
        Reading::Known { value, .. } => Some(value),
        Reading::Absent { .. } => {
            judgement.skip("who uses the ports is not read on this system yet");
            None
        }
        Reading::Unknown { why, .. } => {
            judgement.gap(scope, "ports in use", why);
            None
        }
    }
}

/// What the sockets told, where they were looked at. Nobody has to look: a rule that only they can
/// answer then says nothing.
pub fn census<'a>(judgement: &mut Judgement, scope: &'a Scope) -> Option<&'a Census> {
    let census = usage(judgement, scope)?.census.as_ref();
    if census.is_none() {
        let why = "connections were not examined; use --usage top";
        judgement.not_asked("--usage top", why);
    }
    census
}

/// Whether a rule about Linux has something to judge; where others tell who uses their ports, the
/// verdict says so.
pub fn is_of_linux(judgement: &mut Judgement, facts: &Facts<'_>, scope: &Scope) -> bool {
    let other =
        facts.snapshot.host.os != Os::Linux && !matches!(scope.usage, Reading::Absent { .. });
    if other {
        judgement.skip("which ports connect() passes over is known of Linux alone");
    }
    !other
}

/// Why it is not known what all bound sockets hold.
pub fn bound_unseen(usage: &Usage) -> Why {
    let detail = format!(
        "up to {} that are not listed may be bound to a port; use --usage full, on Linux 6.8 or \
         later",
        counted(usage.bound_unseen, "socket"),
    );
    Why::new(Reason::NotCaptured, detail)
}

/// Whether every listener of a transport was seen; what was not is a gap.
pub fn knows_listeners(judgement: &mut Judgement, scope: &Scope, transport: Transport) -> bool {
    let mut unread = scope.listeners.unread_of(transport).peekable();
    let all = unread.peek().is_none();
    judgement.gaps(unread.map(|unread| Gap::of(scope, unread)));
    all
}

/// The evidence for the range of a pool.
pub fn range_evidence(pool: &Pool<'_>) -> Evidence {
    let value = format!("{}-{}", pool.bounds.first, pool.bounds.last);
    Evidence::new("ephemeral range", value, pool.range.bounds.source())
}

/// Where the sockets of a transport were seen.
pub fn read_from(census: &Census, transport: Transport) -> Source {
    let place = Transport::ALL.iter().position(|&known| known == transport);
    let source = place.and_then(|place| census.sources.get(place));
    source.cloned().unwrap_or(Source::Command("ss -Han".into()))
}

/// The command that shows the TCP sockets between a source and a peer.
pub fn ss_to(source: IpAddr, peer: SocketAddr) -> String {
    format!("ss -Htan 'src {} and dst {}'", host(source), end(peer))
}

/// The command that shows the sockets whose ports of that range are in the way of a source: those
/// of the source and, of UDP, those without an address.
pub fn ss_from(transport: Transport, source: IpAddr, range: PortRange) -> String {
    let ports = ss_ports(range);
    match (transport, source) {
        (Transport::Tcp, source) => format!("ss -Htan 'src {} and {ports}'", host(source)),
        (Transport::Udp, any) if any.is_unspecified() => format!("ss -Huan '{ports}'"),
        (Transport::Udp, IpAddr::V4(four)) => {
            format!("ss -Huan '( src {four} or src 0.0.0.0 or src [::] ) and {ports}'")
        }
        (Transport::Udp, IpAddr::V6(six)) => {
            format!("ss -Huan '( src [{six}] or src [::] ) and {ports}'")
        }
    }
}

/// The part of a filter that keeps to the ports of a range.
pub fn ss_ports(range: PortRange) -> String {
    format!("sport >= :{} and sport <= :{}", range.first(), range.last())
}

/// A connection as evidence.
pub fn connection(census: &Census, source: &Connection, note: &str) -> Evidence {
    // In TIME_WAIT there is no owner any more, and the kernel says 0 for it.
    let user = if source.inode == 0 { String::new() } else { format!(", uid {}", source.uid) };
    Evidence {
        what: "connection",
        value: format!("{} to {}{note}: {}{user}", source.local, source.peer, source.state_name()),
        source: read_from(census, Transport::Tcp),
        line: None,
        command: if census.settings.is_empty() {
            // Only Linux has such settings.
            "netstat -an".to_owned()
        } else {
            format!("ss -Htanp 'src {} and dst {}'", end(source.local), end(source.peer))
        },
    }
}

/// An address as ss(8) takes it in a filter.
fn host(address: IpAddr) -> String {
    match address {
        IpAddr::V4(four) => four.to_string(),
        IpAddr::V6(six) => format!("[{six}]"),
    }
}

fn end(socket: SocketAddr) -> String {
    format!("{}:{}", host(socket.ip()), socket.port())
}
