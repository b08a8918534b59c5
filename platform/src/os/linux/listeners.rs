//! TCP listeners and unconnected UDP sockets: sock_diag first, /proc/thread-self/net where netlink
//! is refused.

use std::net::IpAddr;

use super::super::sockets::{self, families};
use super::owners::OwnerSearch;
use crate::ask::{Answer, Ask, Question, Refusal};
use crate::parse::{sock_diag, socket_table};
use crate::ports::{PortRange, PortSet};
use crate::snapshot::{
    Family, Listener, ListenerId, Listeners, Owner, Reason, Snapshot, Source, Transport, Why,
};
use crate::unread::{Subject, Unread};

/// An IPv6 socket table exists on every kernel that has IPv6 at all; so does this file.
const IPV6_PROOF: &str = "/proc/thread-self/net/if_inet6";

/// The most sockets that are kept of those that sock_diag tells, which is faster than lines: some
/// 30 MiB.
const MAX_OF_DUMPS: usize = 131_072;

struct ListedSocket {
    address: IpAddr,
    port: u16,
    inode: u64,
    /// `None` where the answer doesn't tell.
    v6only: Option<bool>,
}

/// Those of `empty` are known to have no socket, and nobody asks for them.
pub(super) fn read(
    ask: &dyn Ask,
    empty: impl Fn(Family, Transport) -> bool,
    notes: &mut Vec<Unread>,
) -> Listeners {
    let mut listeners = Listeners::default();
    for &transport in Transport::ALL {
        for &family in Family::ALL {
            if empty(family, transport) {
                continue;
            }
            match sockets(ask, family, transport, listeners.items.len()) {
                Ok((sockets, source)) => {
                    add(&mut listeners, transport, sockets, &source, notes);
                }
                Err(why) => {
                    let subject =
                        Subject::Sockets { transport: Some(transport), family: Some(family) };
                    listeners.unread.push(Unread::new(subject, why));
                }
            }
        }
    }
    listeners.items = sockets::merged(listeners.items);
    listeners
}

/// The sockets of a table; `before` is how many there are already.
fn sockets(
    ask: &dyn Ask,
    family: Family,
    transport: Transport,
    before: usize,
) -> Result<(Vec<ListedSocket>, Source), Why> {
    let diag = Question::SockDiag(family, transport);
    let (answer, source) = answer(ask, family, diag, Question::SocketTable(family, transport))?;
    let sockets = match answer {
        SocketsAnswer::Dump(bytes) => {
            let sockets = diag_sockets(&bytes, transport)?;
            if before + sockets.len() > MAX_OF_DUMPS {
                return Err(sockets::too_many(MAX_OF_DUMPS));
            }
            sockets
        }
        SocketsAnswer::Table(bytes) => {
            let lines = bytes.split(|byte| *byte == b'\n').count();
            // The heading is no socket, nor what follows the last newline.
            if before + lines > sockets::MAX + 2 {
                return Err(sockets::too_many(sockets::MAX));
            }
            table_sockets(&bytes, transport)?
        }
        SocketsAnswer::NoSuchFamily => Vec::new(),
    };
    Ok((sockets, source))
}

/// How sockets were told.
pub(super) enum SocketsAnswer {
    /// As a dump of sock_diag.
    Dump(Vec<u8>),
    /// As lines of /proc.
    Table(Vec<u8>),
    /// There are none: the kernel has no such family.
    NoSuchFamily,
}

/// Asks sock_diag, and /proc where that is refused.
pub(super) fn answer(
    ask: &dyn Ask,
    family: Family,
    diag: Question<'_>,
    table: Question<'_>,
) -> Result<(SocketsAnswer, Source), Why> {
    let Answer { source, outcome } = ask.ask(diag);
    let refused = match outcome {
        Ok(bytes) => return Ok((SocketsAnswer::Dump(bytes), source)),
        Err(refusal) => refusal.why(),
    };
    let Answer { source, outcome } = ask.ask(table);
    match outcome {
        Ok(bytes) => Ok((SocketsAnswer::Table(bytes), source)),
        Err(Refusal::NotFound(_)) if family == Family::Ipv6 && !kernel_has_ipv6(ask) => {
            Ok((SocketsAnswer::NoSuchFamily, source))
        }
        Err(Refusal::NotFound(detail)) => {
            Err(Why::new(refused.reason, format!("{}; and {detail}", refused.detail)))
        }
        Err(Refusal::Failed(why)) if why == refused => Err(why),
        Err(Refusal::Failed(why)) => {
            Err(Why::new(why.reason, format!("{}; and {}", refused.detail, why.detail)))
        }
    }
}

/// Without IPv6 in the kernel its tables are missing while the IPv4 ones are there to read.
fn kernel_has_ipv6(ask: &dyn Ask) -> bool {
    let missing = matches!(ask.ask(Question::File(IPV6_PROOF)).outcome, Err(Refusal::NotFound(_)));
    let ipv4_there = ask.ask(Question::SocketTable(Family::Ipv4, Transport::Tcp)).outcome.is_ok();
    !(missing && ipv4_there)
}

fn diag_sockets(bytes: &[u8], transport: Transport) -> Result<Vec<ListedSocket>, Why> {
    let state = match transport {
        Transport::Tcp => sock_diag::LISTEN,
        Transport::Udp => sock_diag::CLOSE,
    };
    let rows = sock_diag::sockets(bytes)?;
    Ok(rows
        .into_iter()
        // An unbound UDP socket has no port yet.
        .filter(|row| row.state == state && row.port != 0)
        .map(|row| ListedSocket {
            address: row.address,
            port: row.port,
            inode: row.inode,
            v6only: row.v6only,
        })
        .collect())
}

fn table_sockets(bytes: &[u8], transport: Transport) -> Result<Vec<ListedSocket>, Why> {
    let rows = socket_table::sockets(bytes, transport)?;
    Ok(rows
        .into_iter()
        .filter(|(local, _)| local.port() != 0)
        .map(|(local, inode)| ListedSocket {
            address: local.ip(),
            port: local.port(),
            inode,
            v6only: None,
        })
        .collect())
}

fn add(
    listeners: &mut Listeners,
    transport: Transport,
    sockets: Vec<ListedSocket>,
    source: &Source,
    notes: &mut Vec<Unread>,
) {
    let mut unsure = 0;
    // A hundred thousand that grow by doubling are two copies for a while.
    listeners.items.reserve_exact(sockets.len());
    for socket in sockets {
        if matches!(socket.address, IpAddr::V6(address) if address.is_unspecified()) {
            unsure += usize::from(socket.v6only.is_none());
        }
        listeners.items.push(Listener {
            transport,
            address: socket.address,
            port: socket.port,
            families: families(socket.address, socket.v6only),
            source: source.clone(),
            inodes: Some(socket.inode).filter(|inode| *inode != 0).into_iter().collect(),
            owner: Owner::NotAsked,
            on_command_line: false,
            of_socket_unit: false,
        });
    }
    if unsure > 0 {
        let detail = format!(
            "/proc does not show IPV6_V6ONLY: {unsure} {transport} sockets on [::] may serve IPv4 \
             too"
        );
        let why = Why::new(Reason::Unsupported, detail);
        notes.push(Unread::new(Subject::DualStack(transport), why));
    }
}

/// Finds the process behind each of these listeners, by one search for all of them: an inode is one
/// socket's, whatever its namespace.
pub(in crate::os) fn find_owners(ask: &dyn Ask, snapshot: &mut Snapshot, of: &[ListenerId]) {
    let inodes: Vec<u64> = of
        .iter()
        .filter_map(|id| snapshot.listener(*id))
        .flat_map(|item| &item.inodes)
        .copied()
        .collect();
    let mut search = OwnerSearch::new(ask, &inodes);
    for id in of {
        if let Some(item) = snapshot.listener_mut(*id) {
            item.owner = search.owner(&item.inodes);
            item.on_command_line = search.on_command_line(&item.inodes, item.port);
            item.of_socket_unit = search.of_socket_unit(&item.inodes);
        }
    }
    // Sockets elsewhere cannot be looked at again from here.
    for scope in snapshot.scopes.iter_mut().filter(|scope| scope.current && search.is_whole()) {
        find_kernels_own(ask, &mut scope.listeners.items);
    }
}

/// A socket that no process has open, though all were searched, was closed meanwhile, or is the
/// kernel's own: then it is still there.
fn find_kernels_own(ask: &dyn Ask, items: &mut Vec<Listener>) {
    for &transport in Transport::ALL {
        let nobodys = |item: &Listener| {
            item.transport == transport
                && !item.inodes.is_empty()
                && matches!(item.owner, Owner::Unseen(_))
        };
        let ports: PortSet =
            items.iter().filter(|item| nobodys(item)).map(|i| PortRange::single(i.port)).collect();
        // Where that cannot be asked, the reason stays that no process was found.
        let Some(there) = still_there(ask, transport, &ports) else { continue };
        let is_there = |inode: &u64| there.binary_search(inode).is_ok();
        items.retain(|item| !nobodys(item) || item.inodes.iter().any(is_there));
        for item in items.iter_mut().filter(|item| nobodys(item)) {
            item.owner = Owner::Kernel;
        }
    }
}

/// The inodes of the sockets that have these ports, ascending.
fn still_there(ask: &dyn Ask, transport: Transport, ports: &PortSet) -> Option<Vec<u64>> {
    if ports.is_empty() {
        return None;
    }
    let mut inodes = Vec::new();
    for &family in Family::ALL {
        let answer = ask.ask(Question::SockDiagOn(family, transport, ports));
        let ends = sock_diag::ends(&answer.outcome.ok()?).ok()?;
        inodes.extend(ends.into_iter().map(|ends| ends.connection.inode));
    }
    inodes.sort_unstable();
    Some(inodes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ask::Outcome;
    use crate::snapshot::Source;

    /// Netlink refused, and what /proc then says of a path.
    fn read_with(table: impl Fn(&str) -> Outcome) -> Listeners {
        let refused = || Refusal::Failed(Why::new(Reason::Denied, "refused"));
        let ask = |question: Question<'_>| {
            let path = match question {
                Question::SocketTable(family, transport) => {
                    format!("{transport}{}", if family == Family::Ipv6 { "6" } else { "" })
                }
                Question::File(path) => path.to_owned(),
                _ => return Answer::new(Source::Netlink("test".into()), Err(refused())),
            };
            let outcome = table(&path);
            Answer::new(Source::File(path.into()), outcome)
        };
        read(&ask, |_, _| false, &mut Vec::new())
    }

    const EMPTY: &[u8] = b"  sl  local_address rem_address   st\n";

    fn missing() -> Outcome {
        Err(Refusal::NotFound("does not exist".to_owned()))
    }

    #[test]
    fn missing_tables_are_unread_and_never_empty() {
        assert_eq!(read_with(|_| missing()).unread.len(), 4);
    }

    #[test]
    fn a_kernel_without_ipv6_has_no_ipv6_sockets() {
        let only4 = |path: &str| if path.ends_with('6') { missing() } else { Ok(EMPTY.to_vec()) };
        assert_eq!(read_with(only4).unread, []);
        // where IPv6 is there, its missing tables hide something
        let hidden = |path: &str| match path {
            "tcp6" | "udp6" => missing(),
            _ => Ok(EMPTY.to_vec()),
        };
        assert_eq!(read_with(hidden).unread.len(), 2);
    }
}
