//! The lines of /proc/net/{tcp,tcp6,udp,udp6} (proc_net(5)), the fallback where netlink is refused.

use std::net::SocketAddr;

use procfs_core::net::{TcpNetEntries, TcpNetEntry, UdpNetEntries, UdpNetEntry};
use procfs_core::{ExplicitSystemInfo, FromBufReadSI, ProcResult};

use crate::snapshot::{Connection, Transport, Why};

/// The addresses are words in the host's byte order; ticks and page size play no part in these
/// files.
pub(crate) const SYSTEM: ExplicitSystemInfo = ExplicitSystemInfo {
    boot_time_secs: 0,
    ticks_per_second: 100,
    page_size: 4096,
    is_little_endian: cfg!(target_endian = "little"),
};

/// The local address and inode of each line.
pub(crate) fn sockets(bytes: &[u8], transport: Transport) -> Result<Vec<(SocketAddr, u64)>, Why> {
    Ok(rows(bytes, transport)?.into_iter().map(|row| (row.local, row.inode)).collect())
}

/// What each line tells.
pub(crate) fn rows(bytes: &[u8], transport: Transport) -> Result<Vec<Connection>, Why> {
    let parsed: ProcResult<Vec<_>> = match transport {
        Transport::Tcp => TcpNetEntries::from_buf_read(bytes, &SYSTEM).map(|rows| {
            let tcp = |row: TcpNetEntry| Connection {
                local: row.local_address,
                peer: row.remote_address,
                state: row.state.to_u8(),
                inode: row.inode,
                uid: row.uid,
            };
            rows.0.into_iter().map(tcp).collect()
        }),
        Transport::Udp => UdpNetEntries::from_buf_read(bytes, &SYSTEM).map(|rows| {
            let udp = |row: UdpNetEntry| Connection {
                local: row.local_address,
                peer: row.remote_address,
                state: row.state.to_u8(),
                inode: row.inode,
                uid: row.uid,
            };
            rows.0.into_iter().map(udp).collect()
        }),
    };
    parsed.map_err(|error| Why::unparsable(error.to_string(), bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TCP: &[u8] = b"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4242 1 0000000000000000 100 0 0 10 0\n";

    #[test]
    #[cfg(target_endian = "little")]
    fn a_line_is_read() {
        let rows = sockets(TCP, Transport::Tcp).expect("one line");
        assert_eq!(rows, [("127.0.0.1:8080".parse().expect("an address"), 4242)]);
        let line = String::from_utf8_lossy(TCP).replace("00000000:0000 0A", "0200007F:0050 06");
        let rows = super::rows(line.as_bytes(), Transport::Tcp).expect("one line");
        assert_eq!((rows[0].peer.to_string(), rows[0].state), ("127.0.0.2:80".to_owned(), 6));
    }

    #[test]
    fn one_bad_line_is_an_error_and_never_fewer_sockets() {
        let cut = &TCP[..TCP.len() - 60];
        assert!(sockets(cut, Transport::Tcp).is_err());
    }
}
