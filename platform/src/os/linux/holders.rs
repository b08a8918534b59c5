//! Every socket that has one of some local ports, with its owner.

use super::listeners::{SocketsAnswer, answer};
use super::owners::OwnerSearch;
use super::version::KernelVersion;
use crate::ask::{Ask, Question};
use crate::holders::{Hold, Holder, Holders};
use crate::parse::sock_diag::{self, DiagEnds};
use crate::parse::socket_table;
use crate::ports::PortSet;
use crate::snapshot::{Family, HostInfo, Owner, Source, Transport, Why};
use crate::unread::{Subject, Unread};
use crate::usage::NO_USER;

/// Sockets that are bound and nothing else are shown since then (commit 91051f003948).
const BOUND_SHOWN_SINCE: KernelVersion = KernelVersion(6, 8, 0);

pub(in crate::os) fn read(
    ask: &dyn Ask,
    host: &HostInfo,
    transport: Transport,
    ports: &PortSet,
) -> Holders {
    let kernel = host.kernel.as_deref().and_then(KernelVersion::parse);
    let mut holders = Holders {
        transport,
        ports: ports.clone(),
        items: Vec::new(),
        sources: Vec::new(),
        bound_shown: kernel.is_some_and(|running| running >= BOUND_SHOWN_SINCE),
        unread: Vec::new(),
    };
    for &family in Family::ALL {
        match sockets(ask, family, transport, ports) {
            Ok((sockets, source)) => {
                // /proc lists no socket that is bound and nothing else.
                holders.bound_shown &= matches!(source, Source::Netlink(_));
                holders.items.extend(sockets.into_iter().map(|s| holder(s, transport)));
                if !holders.sources.contains(&source) {
                    holders.sources.push(source);
                }
            }
            Err(why) => {
                let ports = ports.clone();
                let subject = Subject::PortUsers { transport, family: Some(family), ports };
                holders.unread.push(Unread::new(subject, why));
            }
        }
    }
    if transport == Transport::Udp {
        holders.bound_shown = true;
    }
    holders.items.sort_by_key(|item| (item.hold, item.ends.local, item.ends.peer));
    find_owners(ask, &mut holders.items);
    holders
}

fn sockets(
    ask: &dyn Ask,
    family: Family,
    transport: Transport,
    ports: &PortSet,
) -> Result<(Vec<DiagEnds>, Source), Why> {
    let diag = Question::SockDiagOn(family, transport, ports);
    let table = Question::SocketTableOn(family, transport, ports);
    let (answer, source) = answer(ask, family, diag, table)?;
    let mut sockets = match answer {
        SocketsAnswer::Dump(bytes) => sock_diag::ends(&bytes)?,
        SocketsAnswer::Table(bytes) => socket_table::rows(&bytes, transport)?
            .into_iter()
            .map(|connection| DiagEnds {
                connection,
                v6only: None,
                interface: 0,
                time_wait_left: None,
            })
            .collect(),
        SocketsAnswer::NoSuchFamily => Vec::new(),
    };
    // A kernel that knows no filter sends them all.
    sockets.retain(|socket| ports.contains(socket.connection.local.port()));
    Ok((sockets, source))
}

fn holder(socket: DiagEnds, transport: Transport) -> Holder {
    let DiagEnds { connection, v6only, interface, time_wait_left } = socket;
    let hold = Hold::of(transport, connection.state, time_wait_left.is_some());
    Holder {
        hold,
        // What no process has open has no user, and is shown as root's.
        uid: Some(connection.uid).filter(|uid| connection.inode != 0 && *uid != NO_USER),
        ends: connection,
        v6only,
        on_interface: interface != 0,
        time_wait_left,
        owner: Owner::NotAsked,
    }
}

/// By one search for the first of them. A connection that its process has closed has no owner any
/// more; a socket that never had one is the kernel's.
fn find_owners(ask: &dyn Ask, items: &mut [Holder]) {
    let owned = |item: &&mut Holder| {
        item.ends.inode != 0 || matches!(item.hold, Hold::Listens | Hold::Bound)
    };
    let mut owned: Vec<&mut Holder> =
        items.iter_mut().filter(owned).take(Holders::OWNERS_MAX).collect();
    let inode = |item: &Holder| Some(item.ends.inode).filter(|inode| *inode != 0);
    let inodes: Vec<u64> = owned.iter().filter_map(|item| inode(item)).collect();
    let mut search = OwnerSearch::new(ask, &inodes);
    for item in &mut owned {
        item.owner = search.owner(inode(item).as_slice());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ask::{Answer, Refusal, Reply, SocketOwners};
    use crate::ports::PortRange;
    use crate::snapshot::{Os, Reason};

    fn port() -> PortSet {
        PortRange::single(50_010).into()
    }

    const HEADING: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";

    fn host(kernel: &str) -> HostInfo {
        HostInfo { kernel: Some(kernel.to_owned()), ..HostInfo::of(Os::Linux) }
    }

    /// With a process that has the socket 7.
    struct WithCurl<F>(F);

    impl<F: Fn(Question<'_>) -> Answer> Ask for WithCurl<F> {
        fn ask(&self, question: Question<'_>) -> Answer {
            self.0(question)
        }

        fn owners(&self, inodes: &[u64]) -> Reply<SocketOwners> {
            assert_eq!(inodes, [7]);
            let found = vec![(7, 812, b"curl".to_vec())];
            let owners = SocketOwners { found, ..SocketOwners::default() };
            Reply::new(Source::File("/proc".into()), Ok(owners))
        }
    }

    #[test]
    #[cfg(target_endian = "little")]
    fn the_tables_of_proc_do_where_netlink_is_refused() {
        let line = |state: &str, inode: u64| {
            format!(
                "   0: 0500000A:C35A 0900000A:01BB {state} 00000000:00000000 00:00000000 00000000  1000        0 {inode} 1 0 100 0 0 10 0\n"
            )
        };
        let tables = |question: Question<'_>| {
            let outcome = match question {
                Question::SocketTableOn(Family::Ipv4, Transport::Tcp, ports)
                    if ports.contains(50_010) =>
                {
                    Ok(format!("{HEADING}{}{}", line("06", 0), line("01", 7)).into_bytes())
                }
                Question::SocketTableOn(..) => Ok(HEADING.as_bytes().to_vec()),
                _ => Err(Refusal::Failed(Why::new(Reason::Denied, "refused"))),
            };
            Answer::new(Source::File("test".into()), outcome)
        };
        let ask = WithCurl(tables);
        let holders = read(&ask, &host("6.18.0"), Transport::Tcp, &port());
        let pairs: Vec<_> = holders.items.iter().map(|item| (item.hold, item.uid)).collect();
        assert_eq!(pairs, [(Hold::Connected, Some(1000)), (Hold::Waits, None)]);
        assert!(matches!(&holders.items[0].owner, Owner::Known { pid: 812, .. }));
        assert_eq!(holders.items[1].owner, Owner::NotAsked);
        assert!(!holders.bound_shown && holders.unread.is_empty());
        assert!(read(&ask, &host("6.1.0"), Transport::Udp, &port()).bound_shown);
    }

    #[test]
    fn what_is_refused_is_unread_and_never_an_empty_list() {
        let ask = |_: Question<'_>| {
            let why = Why::new(Reason::Denied, "refused");
            Answer::new(Source::File("test".into()), Err(Refusal::Failed(why)))
        };
        let holders = read(&ask, &host("6.18.0"), Transport::Tcp, &port());
        assert_eq!((holders.items.len(), holders.unread.len()), (0, 2));
    }
}
