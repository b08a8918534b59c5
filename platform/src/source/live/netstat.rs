//! macOS and Windows: the sockets that the crate netstat2 lists.
//!
//! It asks libproc for the descriptors of every process it may look into, and GetExtendedTcpTable
//! and GetExtendedUdpTable of iphlpapi. A UDP socket's peer is told by neither.

use netstat2::{
    AddressFamilyFlags, ProtocolFlags, ProtocolSocketInfo, SocketInfo, TcpState, get_sockets_info,
};

use crate::ask::{OpenSockets, Refusal, Reply};
use crate::snapshot::{Family, Reason, Source, Transport, Why};

/// The TCP listeners or UDP sockets of a family.
pub(super) fn listeners(family: Family, transport: Transport) -> Reply<OpenSockets> {
    let families = match family {
        Family::Ipv4 => AddressFamilyFlags::IPV4,
        Family::Ipv6 => AddressFamilyFlags::IPV6,
    };
    let protocols = match transport {
        Transport::Tcp => ProtocolFlags::TCP,
        Transport::Udp => ProtocolFlags::UDP,
    };
    // By itself for each: one failure loses the whole list.
    let outcome = get_sockets_info(families, protocols).map(listed).map_err(|error| {
        let detail = format!("the list of {transport} sockets: {error}");
        Refusal::Failed(Why::new(Reason::Unsupported, detail))
    });
    Reply::new(Source::Command(COMMAND.into()), outcome)
}

fn listed(sockets: Vec<SocketInfo>) -> OpenSockets {
    let listens = |socket: &SocketInfo| match &socket.protocol_socket_info {
        ProtocolSocketInfo::Tcp(tcp) => tcp.state == TcpState::Listen,
        ProtocolSocketInfo::Udp(udp) => udp.local_port != 0,
    };
    let row =
        |socket: SocketInfo| (socket.local_addr(), socket.local_port(), socket.associated_pids);
    OpenSockets {
        sockets: sockets.into_iter().filter(listens).map(row).collect(),
        hidden: hidden().map(|why| Why::new(Reason::Denied, why)).into_iter().collect(),
    }
}

/// The command that shows the same.
#[cfg(windows)]
const COMMAND: &str = "netstat -ano";
/// The command that shows the same.
#[cfg(target_os = "macos")]
const COMMAND: &str = "lsof -nP -i";

/// Windows lists everybody's sockets.
#[cfg(windows)]
const fn hidden() -> Option<&'static str> {
    None
}

/// macOS passes over the processes of other users without a word, unless root asks.
#[cfg(target_os = "macos")]
fn hidden() -> Option<&'static str> {
    (!rustix::process::geteuid().is_root())
        .then_some("the sockets of other users are not shown; run as root")
}
