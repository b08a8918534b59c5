//! Who uses the ports of a pool, counted while the kernel tells it; the sockets themselves are
//! never held.

mod fold;
mod frequent;
mod ports;
mod row;
mod table;
mod tcp;
mod udp;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::files::Proc;
use super::filter;
use super::netlink::{self, FILTERED, Failure};
use crate::ask::{CensusOf, Refusal, Reply};
use crate::parse::netlink::{DumpError, native_u32, walk};
use crate::parse::sock_diag::{self, BY_FAMILY};
use crate::ports::PortRange;
use crate::snapshot::{Family, Reason, Source, Transport, Why};
use crate::usage::CensusRows;
use fold::Fold;
use row::{End, SocketRow};

/// `TCPDIAG_GETSOCK`: the request of TCP before there was one by family, which walks the table that
/// both families share once for both (`inet_diag_dump_compat`, net/ipv4/inet_diag.c).
const GETSOCK: u16 = 18;

/// The census of a transport: by netlink, or by /proc where that is refused.
pub(super) fn census(proc: &Proc, of: &CensusOf<'_>) -> Reply<CensusRows> {
    let refused = match by_netlink(of) {
        Ok(rows) => return Reply::new(asked(of), Ok(rows)),
        Err(refusal) => refusal.why(),
    };
    if of.bound {
        let detail =
            format!("{}; and /proc does not list sockets that are only bound", refused.detail);
        let why = Why::new(Reason::Unsupported, detail);
        return Reply::new(asked(of), Err(Refusal::Failed(why)));
    }
    let path = super::files::socket_table_path(Family::Ipv4, of.transport);
    let outcome = table::census(proc, of).map_err(|refusal| {
        let why = refusal.why();
        let detail = format!("{}; and {}", refused.detail, why.detail);
        Refusal::Failed(Why { detail, ..why })
    });
    Reply::new(Source::File(path.into()), outcome)
}

fn asked(of: &CensusOf<'_>) -> Source {
    let sockets = match of.transport {
        Transport::Tcp if of.bound => "sock_diag: tcp connections and bound sockets",
        Transport::Tcp => "sock_diag: tcp connections",
        Transport::Udp => "sock_diag: udp sockets",
    };
    Source::Netlink(sockets.into())
}

fn by_netlink(of: &CensusOf<'_>) -> Result<CensusRows, Refusal> {
    let at_once = match of.transport {
        Transport::Tcp => Some(at_once(of)),
        // UDP never had such a request.
        Transport::Udp => None,
    };
    let each: Vec<Vec<u8>> = Family::ALL.iter().map(|family| by_family(of, *family)).collect();
    first_understood(of, at_once.as_slice(), &each)
}

/// One walk for both families where the kernel understands that, else one for each.
fn first_understood(
    of: &CensusOf<'_>,
    at_once: &[Vec<u8>],
    each: &[Vec<u8>],
) -> Result<CensusRows, Refusal> {
    netlink::undisturbed(|| match at_once {
        [] => counted(of, each),
        at_once => match counted(of, at_once) {
            Err(Failure::Dump(DumpError::Errno(_))) => counted(of, each),
            connection => connection,
        },
    })
}

fn counted(of: &CensusOf<'_>, requests: &[Vec<u8>]) -> Result<CensusRows, Failure> {
    let mut fold = Fold::new(of);
    for request in requests {
        netlink::dump(request, |datagram| {
            Ok(walk(datagram, |kind, payload| {
                if kind == BY_FAMILY || kind == GETSOCK {
                    fold.add(&row(payload).ok_or(DumpError::Malformed(CUT))?);
                }
                Ok(())
            })?)
        })?;
    }
    Ok(fold.rows())
}

const CUT: &str = "a sock_diag row is cut or of an unknown family";

/// `struct inet_diag_msg` (include/uapi/linux/inet_diag.h).
fn row(payload: &[u8]) -> Option<SocketRow> {
    let socket = sock_diag::socket(payload)?;
    let peer = match socket.address {
        IpAddr::V4(_) => Ipv4Addr::from(<[u8; 4]>::try_from(payload.get(24..28)?).ok()?).into(),
        IpAddr::V6(_) => Ipv6Addr::from(<[u8; 16]>::try_from(payload.get(24..40)?).ok()?).into(),
    };
    Some(SocketRow {
        state: socket.state,
        local: End::new(socket.address, socket.port),
        peer: End::new(peer, u16::from_be_bytes([*payload.get(6)?, *payload.get(7)?])),
        inode: socket.inode,
        uid: native_u32(payload, 64)?,
        interface: native_u32(payload, 40)?,
        v6only: socket.v6only,
    })
}

fn at_once(of: &CensusOf<'_>) -> Vec<u8> {
    // struct inet_diag_req: a family that is not looked at, an all-zero inet_diag_sockid, the
    // states
    let mut body = [0; 60];
    body[52..56].copy_from_slice(&states(of).to_ne_bytes());
    netlink::request(GETSOCK, &body, &filter(of))
}

fn by_family(of: &CensusOf<'_>, family: Family) -> Vec<u8> {
    let body = netlink::by_family(family, of.transport, states(of));
    netlink::request(BY_FAMILY, &body, &filter(of))
}

/// Any state more can make the kernel walk a table more.
fn states(of: &CensusOf<'_>) -> u32 {
    match of.transport {
        Transport::Tcp => tcp::states(of.bound),
        Transport::Udp => udp::STATES,
    }
}

fn filter(of: &CensusOf<'_>) -> Vec<u8> {
    let spans = of.pool.spans();
    let pool = spans.first().zip(spans.last());
    let pool = pool.map(|(low, high)| PortRange::between(low.first(), high.last()));
    match of.transport {
        // A socket may be connected to itself on any port, but none is where somebody listens:
        // what has such a port was accepted, and may be very many.
        Transport::Tcp => {
            let accepted = of.listening.difference(of.pool).difference(&of.beside.into());
            let wanted = accepted.complement();
            match wanted.spans() {
                few if few.len() <= FILTERED => filter::local_ports(few),
                _ => filter::local_ports(&[PortRange::between(0, u16::MAX)]),
            }
        }
        Transport::Udp => filter::local_ports(&pool.into_iter().collect::<Vec<_>>()),
    }
}

#[cfg(test)]
mod tests {
    use std::net::{SocketAddr, TcpListener, TcpStream};

    use super::*;
    use crate::ports::PortSet;

    #[test]
    fn a_row_is_read_whole() {
        let mut payload = [0; 80];
        (payload[0], payload[1]) = (2, 6);
        payload[4..8].copy_from_slice(&[0x9c, 0x40, 0, 80]);
        payload[8..12].copy_from_slice(&[10, 0, 0, 1]);
        payload[24..28].copy_from_slice(&[10, 0, 0, 9]);
        payload[64..68].copy_from_slice(&1000_u32.to_ne_bytes());
        payload[68..72].copy_from_slice(&77_u32.to_ne_bytes());
        let connection_of = |payload: &[u8]| row(payload).map(|row| row.connection());
        let connection = connection_of(&payload).expect("a row");
        assert_eq!(connection.local, "10.0.0.1:40000".parse().expect("an address"));
        assert_eq!(connection.peer, "10.0.0.9:80".parse().expect("an address"));
        assert_eq!((connection.state, connection.inode, connection.uid), (6, 77, 1000));
        payload[0] = 10;
        payload[24..40].fill(0xfd);
        let peer = connection_of(&payload).expect("a row").peer;
        assert_eq!(peer, "[fdfd:fdfd:fdfd:fdfd:fdfd:fdfd:fdfd:fdfd]:80".parse().expect("one"));
        assert_eq!(connection_of(&payload[..71]), None, "cut");
    }

    #[test]
    fn every_way_of_asking_the_real_kernel_tells_the_same() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
        let target = listener.local_addr().expect("an address");
        let opened: Vec<TcpStream> =
            (0..5).map(|_| TcpStream::connect(target).expect("a connection")).collect();
        let port = |address: std::io::Result<SocketAddr>| address.expect("an address").port();
        let pool: PortSet =
            opened.iter().map(|stream| PortRange::single(port(stream.local_addr()))).collect();
        let of = CensusOf {
            transport: Transport::Tcp,
            pool: &pool,
            beside: PortRange::single(1),
            listening: &PortSet::from(PortRange::single(target.port())),
            bound: false,
        };
        let each: Vec<Vec<u8>> = Family::ALL.iter().map(|family| by_family(&of, *family)).collect();
        // DCCPDIAG_GETSOCK
        let unknown = netlink::request(19, &[0; 60], &filter(&of));
        let refused = counted(&of, std::slice::from_ref(&unknown));
        assert!(matches!(refused, Err(Failure::Dump(DumpError::Errno(_)))), "{refused:?}");
        let lines = |outcome: Result<CensusRows, Refusal>| outcome.expect("rows").lines();
        let by_two = lines(first_understood(&of, &[], &each));
        assert!(by_two.starts_with(&format!("used 127.0.0.1 {target} 5\n")), "{by_two}");
        assert_eq!(lines(first_understood(&of, &[at_once(&of)], &[])), by_two);
        assert_eq!(lines(first_understood(&of, &[unknown], &each)), by_two);
        assert_eq!(lines(table::census(&Proc::of_the_system(), &of)), by_two);
    }
}
