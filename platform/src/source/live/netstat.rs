//! macOS and Windows: the sockets that the crate netstat2 lists.
//!
//! It asks libproc for the descriptors of every process it may look into, and GetExtendedTcpTable
//! and GetExtendedUdpTable of iphlpapi. A UDP socket's peer is told by neither.

use std::fmt::Write;

use netstat2::{
    AddressFamilyFlags, ProtocolFlags, ProtocolSocketInfo, SocketInfo, TcpState, get_sockets_info,
};

use crate::ask::{Answer, Refusal};
use crate::snapshot::{Family, Reason, Source, Transport, Why};

/// The TCP listeners or UDP sockets of a family, as lines of `parse::listener_lines`.
pub(super) fn listeners(family: Family, transport: Transport) -> Answer {
    let families = match family {
        Family::Ipv4 => AddressFamilyFlags::IPV4,
        Family::Ipv6 => AddressFamilyFlags::IPV6,
    };
    let protocols = match transport {
        Transport::Tcp => ProtocolFlags::TCP,
        Transport::Udp => ProtocolFlags::UDP,
    };
    // By itself for each: one failure loses the whole list.
    let outcome = get_sockets_info(families, protocols)
        .map(|sockets| lines(&sockets).into_bytes())
        .map_err(|error| {
            let detail = format!("the list of {transport} sockets: {error}");
            Refusal::Failed(Why::new(Reason::Unsupported, detail))
        });
    Answer::new(Source::Command(COMMAND.into()), outcome)
}

fn lines(sockets: &[SocketInfo]) -> String {
    let mut text = String::new();
    for socket in sockets {
        let listens = match &socket.protocol_socket_info {
            ProtocolSocketInfo::Tcp(tcp) => tcp.state == TcpState::Listen,
            ProtocolSocketInfo::Udp(udp) => udp.local_port != 0,
        };
        if listens {
            let pids: Vec<String> = socket.associated_pids.iter().map(u32::to_string).collect();
            let pids = if pids.is_empty() { "-".to_owned() } else { pids.join(",") };
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{} {} {pids}", socket.local_addr(), socket.local_port());
        }
    }
    if let Some(why) = unseen() {
        let _ = writeln!(text, "unseen {why}");
    }
    text
}

/// The command that shows the same.
#[cfg(windows)]
const COMMAND: &str = "netstat -ano";
/// The command that shows the same.
#[cfg(target_os = "macos")]
const COMMAND: &str = "lsof -nP -i";

/// Windows lists everybody's sockets.
#[cfg(windows)]
const fn unseen() -> Option<&'static str> {
    None
}

/// macOS passes over the processes of other users without a word, unless root asks.
#[cfg(target_os = "macos")]
fn unseen() -> Option<&'static str> {
    (!rustix::process::geteuid().is_root())
        .then_some("the sockets of other users are not shown; run as root")
}
