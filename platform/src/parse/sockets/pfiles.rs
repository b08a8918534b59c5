//! pfiles(1) of illumos and Solaris: the sockets among the open files of a process. It is a part of
//! the sockets by its nature, and says whose they are.

use super::{Socket, ends};
use crate::parse::sysctl_text::lines;
use crate::snapshot::{Family, Transport};

/// The sockets that wait, with their process.
pub(super) fn sockets(text: &str) -> Vec<Socket> {
    let mut reader = PfilesReader::default();
    for line in lines(text) {
        reader.take(line.text.trim(), line.number);
    }
    reader.end();
    reader.sockets
}

#[derive(Default)]
struct PfilesReader {
    sockets: Vec<Socket>,
    pid: Option<u32>,
    file: Option<SocketFile>,
}

/// An open file that is a socket.
#[derive(Default)]
struct SocketFile {
    line: usize,
    transport: Option<Transport>,
    listens: bool,
    connected: bool,
    local: Option<(std::net::IpAddr, u16)>,
}

impl PfilesReader {
    fn take(&mut self, line: &str, number: usize) {
        let numbered = line.split_once(':').and_then(|(id, rest)| Some((id.parse().ok()?, rest)));
        if let Some((id, rest)) = numbered {
            self.end();
            if rest.trim_start().starts_with("S_IF") {
                let socket = rest.contains("S_IFSOCK");
                self.file = socket.then(|| SocketFile { line: number, ..SocketFile::default() });
            } else {
                self.pid = Some(id);
            }
            return;
        }
        let Some(file) = &mut self.file else { return };
        let end = |text: &str| {
            let (family, rest) = match text.trim().split_once(' ')? {
                ("AF_INET", rest) => (Family::Ipv4, rest),
                ("AF_INET6", rest) => (Family::Ipv6, rest),
                _ => return None,
            };
            let (address, port) = rest.split_once("port:")?;
            Some((ends::address(address.trim(), family)?, port.trim().parse().ok()?))
        };
        match line.split_once(':') {
            Some(("sockname", name)) => file.local = end(name),
            Some(("peername", _)) => file.connected = true,
            _ if line.starts_with("SOCK_STREAM") => file.transport = Some(Transport::Tcp),
            _ if line.starts_with("SOCK_DGRAM") => file.transport = Some(Transport::Udp),
            _ => {}
        }
        file.listens |= line.contains("SO_ACCEPTCONN");
    }

    fn end(&mut self) {
        let Some(SocketFile { line, transport, listens, connected, local }) = self.file.take()
        else {
            return;
        };
        let (Some(transport), Some((address, port))) = (transport, local) else { return };
        let waits = match transport {
            Transport::Tcp => listens,
            Transport::Udp => !connected,
        };
        if waits && port != 0 && self.sockets.len() < super::SOCKETS_MAX {
            self.sockets.push(Socket { line, transport, address, port, pid: self.pid });
        }
    }
}
