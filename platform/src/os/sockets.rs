//! Listeners: what all systems have in common, and the reader of those whose sockets are told as
//! lines.

use std::net::IpAddr;

use crate::ask::{Ask, Refusal, Reply};
use crate::snapshot::{Family, Listener, Listeners, Owner, Reason, Transport, Why};
use crate::unread::{Subject, Unread};

/// The most sockets that are kept of those that are told as lines.
pub(super) const MAX: usize = 16_384;

/// The listeners of both transports and families, from [`Ask::listeners`].
pub(super) fn read(ask: &dyn Ask) -> Listeners {
    let mut listeners = Listeners::default();
    for &transport in Transport::ALL {
        for &family in Family::ALL {
            let subject = Subject::Sockets { transport: Some(transport), family: Some(family) };
            let Reply { source, outcome } = ask.listeners(family, transport);
            match outcome.map_err(Refusal::why) {
                Ok(listed) if listeners.items.len() + listed.sockets.len() > MAX => {
                    listeners.unread.push(Unread::new(subject, too_many(MAX)));
                }
                Ok(listed) => {
                    for why in listed.hidden {
                        listeners.unread.push(Unread::new(subject.clone(), why));
                    }
                    listeners.items.extend(listed.sockets.into_iter().map(
                        |(address, port, pids)| Listener {
                            transport,
                            address,
                            port,
                            families: families(address, None),
                            source: source.clone(),
                            inodes: Vec::new(),
                            owner: owner(&pids),
                            on_command_line: false,
                            of_socket_unit: false,
                        },
                    ));
                }
                Err(why) => listeners.unread.push(Unread::new(subject, why)),
            }
        }
    }
    listeners.items = merged(listeners.items);
    // What hinders all four is said once.
    if let [Unread { why, .. }, others @ ..] = &listeners.unread[..] {
        if others.len() == 3 && others.iter().all(|other| other.why == *why) {
            let subject = Subject::Sockets { transport: None, family: None };
            listeners.unread = vec![Unread::new(subject, why.clone())];
        }
    }
    listeners
}

/// Why sockets are not kept.
pub(super) fn too_many(max: usize) -> Why {
    Why::new(Reason::Truncated, format!("there are more than {max} sockets"))
}

/// The families that a socket with this local address serves. `[::]` serves both unless IPV6_V6ONLY
/// is set: where that is not told, both are at risk.
pub(super) fn families(address: IpAddr, v6only: Option<bool>) -> &'static [Family] {
    match address {
        IpAddr::V4(_) => &[Family::Ipv4],
        IpAddr::V6(address) if address.to_ipv4_mapped().is_some() => &[Family::Ipv4],
        IpAddr::V6(address) if address.is_unspecified() && v6only != Some(true) => Family::ALL,
        IpAddr::V6(_) => &[Family::Ipv6],
    }
}

/// Sorted; sockets that share a port by SO_REUSEPORT are one listener with several inodes.
pub(super) fn merged(mut items: Vec<Listener>) -> Vec<Listener> {
    // In place: a stable sort takes half of their memory once more.
    items.sort_unstable_by(|a, b| key(a).cmp(&key(b)));
    items.dedup_by(|next, kept| {
        let same = key(next) == key(kept);
        if same {
            kept.inodes.append(&mut next.inodes);
        }
        same
    });
    items
}

fn key(item: &Listener) -> (Transport, u16, IpAddr, &'static [Family]) {
    (item.transport, item.port, item.address, item.families)
}

fn owner(pids: &[u32]) -> Owner {
    match pids.first() {
        Some(&pid) => Owner::Known { pid, command: None, unit: None, container: None },
        None => Owner::Unseen(Why::new(Reason::Unsupported, "the list does not name its process")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ask::{Answer, OpenSockets, Question};
    use crate::snapshot::Source;

    struct Host<F>(F);

    impl<F: Fn(Family, Transport) -> Result<OpenSockets, Refusal>> Ask for Host<F> {
        fn ask(&self, question: Question<'_>) -> Answer {
            panic!("{question:?}")
        }

        fn listeners(&self, family: Family, transport: Transport) -> Reply<OpenSockets> {
            Reply::new(Source::Command("test".into()), self.0(family, transport))
        }
    }

    fn read_with(answer: impl Fn(Family, Transport) -> Result<OpenSockets, Refusal>) -> Listeners {
        read(&Host(answer))
    }

    fn open(text: &str) -> OpenSockets {
        OpenSockets::parse(text.as_bytes()).expect("sockets")
    }

    #[test]
    fn lines_become_listeners() {
        let listeners = read_with(|family, transport| match (family, transport) {
            (Family::Ipv4, Transport::Tcp) => {
                Ok(open("0.0.0.0 5357 4\n0.0.0.0 80 -\n0.0.0.0 80 9\n"))
            }
            (Family::Ipv6, Transport::Tcp) => Ok(open(":: 5357 4\n::1 631 8\n")),
            _ => Ok(open("")),
        });
        let pairs: Vec<_> =
            listeners.items.iter().map(|l| (l.port, l.families, l.owner.clone())).collect();
        let known = |pid| Owner::Known { pid, command: None, unit: None, container: None };
        assert_eq!(pairs.len(), 4, "the two of port 80 are one listener");
        assert!(matches!(pairs[0], (80, _, Owner::Unseen(_))));
        assert_eq!(pairs[1], (631, &[Family::Ipv6][..], known(8)));
        assert_eq!(pairs[2], (5357, &[Family::Ipv4][..], known(4)));
        assert_eq!(pairs[3], (5357, Family::ALL, known(4)), "[::] may serve IPv4 too");
        assert!(listeners.unread.is_empty());
    }

    #[test]
    fn what_is_missing_is_said_and_never_an_empty_list() {
        let partly = read_with(|_, _| Ok(open("unseen the sockets of other users\n")));
        assert_eq!(partly.unread[0].why.reason, Reason::Denied);
        let refused = || Err(Refusal::Failed(Why::new(Reason::Unsupported, "not read here")));
        assert_eq!(read_with(|_, _| refused()).unread.len(), 1, "once is enough");
        let one = read_with(|family, transport| match (family, transport) {
            (Family::Ipv6, Transport::Udp) => Err(Refusal::Failed(Why::unparsable("cut", b""))),
            _ => Ok(open("")),
        });
        assert_eq!(one.unread.len(), 1);
        assert_eq!(one.unread[0].why.reason, Reason::Unparsable);
    }
}
