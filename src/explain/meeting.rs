//! What a service meets at a port, and whether a client can meet itself there.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ephaudit_platform::holders::{Hold, Holder, Holders};
use ephaudit_platform::snapshot::{Environment, Family, HostInfo, Os, Range, Transport};

use super::{Bind, Exposure, Meeting, SelfConnect};
use crate::text::parity;

/// What an IPv6 socket that got its address by connect() has for its IPv4 side: `LOOPBACK4_IPV6`,
/// include/net/transp_v6.h.
const IPV4_SIDE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 6);

/// What bind() and listen() meet on the two unspecified addresses, on those that are held, and on
/// all others.
pub(super) fn all(host: &HostInfo, holders: &Holders) -> Vec<Meeting> {
    /// More addresses than this are no answer but a list.
    const ADDRESSES_MAX: usize = 8;
    let mut addresses: Vec<IpAddr> =
        holders.items.iter().map(Holder::address).filter(|a| !a.is_unspecified()).collect();
    if holders.items.iter().any(|item| has_ipv4_side(holders.transport, item)) {
        addresses.push(IPV4_SIDE.into());
    }
    addresses.sort_unstable();
    addresses.dedup();
    let cut = addresses.len() > ADDRESSES_MAX;
    addresses.truncate(ADDRESSES_MAX);
    let family = |address: IpAddr| match address {
        IpAddr::V4(_) => Family::Ipv4,
        IpAddr::V6(_) => Family::Ipv6,
    };
    let unspecified = [Ipv4Addr::UNSPECIFIED.into(), Ipv6Addr::UNSPECIFIED.into()];
    unspecified
        .into_iter()
        .chain(addresses)
        .map(|address| (family(address), Some(address)))
        .chain(Family::ALL.iter().map(|&family| (family, None)))
        .map(|(family, address)| {
            let (without, with) = if is_linux_itself(host) {
                meeting(holders, family, address)
            } else {
                (Bind::Unknown, Bind::Unknown)
            };
            // Among all others are those that the list has no room for.
            let of_the_rest = |bind| match bind {
                Bind::Works | Bind::WorksAsSeen if cut && address.is_none() => Bind::Unknown,
                other => other,
            };
            let (without, with) = (of_the_rest(without), of_the_rest(with));
            Meeting { family, address, without, with }
        })
        .collect()
}

/// Whether the answers of Linux are this host's: WSL 1 ("4.4.0-19041-Microsoft") and gVisor have
/// stacks of their own.
fn is_linux_itself(host: &HostInfo) -> bool {
    host.os == Os::Linux
        && host.environment != Some(Environment::Gvisor)
        && !host.kernel.as_deref().is_some_and(|release| release.ends_with("-Microsoft"))
}

/// UDP compares it as any other address; TCP looks for one address only among those that are seen
/// (`inet_bhash2_bucket_find`).
fn has_ipv4_side(transport: Transport, item: &Holder) -> bool {
    transport == Transport::Udp
        && item.address().is_ipv6()
        && item.peer().is_some()
        && item.on_ipv4() != Some(false)
}

/// `inet_csk_bind_conflict` and `udp_lib_lport_inuse`, net/ipv4: two sockets whose addresses meet
/// go together only where both set SO_REUSEADDR, and a TCP listener with none. Linux 6.18;
/// tests/netns/meeting.rs holds it against the kernel.
fn meeting(holders: &Holders, family: Family, address: Option<IpAddr>) -> (Bind, Bind) {
    let met = |item: &&Holder| {
        // What is half open has the port of its listener.
        item.hold != Hold::HalfOpen
            && match address {
                Some(address) if address == IPV4_SIDE => {
                    item.meets(address) || has_ipv4_side(holders.transport, item)
                }
                Some(address) => item.meets(address),
                None => item.meets_every(family),
            }
    };
    let met: Vec<&Holder> = holders.items.iter().filter(met).collect();
    // A socket on an interface of a VRF stands in nobody's way outside of it.
    let (surely, unless_v6only): (Vec<&Holder>, _) = met
        .iter()
        .filter(|item| !item.on_interface)
        .partition(|item| family == Family::Ipv6 || item.on_ipv4().is_some());
    let listens = |item: &&Holder| item.hold == Hold::Listens;
    let one_listens =
        |items: &[&Holder]| holders.transport == Transport::Tcp && items.iter().any(listens);
    let both = match () {
        () if one_listens(&surely) => Bind::InUse,
        () if !surely.is_empty() => return (Bind::InUse, Bind::InUseUnlessHolderReuses),
        () if one_listens(&unless_v6only) => Bind::InUseUnlessHolderV6Only,
        () if !unless_v6only.is_empty() => {
            return (Bind::InUseUnlessHolderV6Only, Bind::InUseUnlessHolderReusesOrV6Only);
        }
        () if !met.is_empty() || !holders.unread.is_empty() => Bind::Unknown,
        () if !holders.bound_shown => Bind::WorksAsSeen,
        () => Bind::Works,
    };
    (both, both)
}

/// `__inet_hash_connect`, net/ipv4/inet_hashtables.c, passes over what is not in the pool and what
/// is bound, and tries the parity of the low bound first.
pub(super) fn self_connect(range: Option<&Range>, in_pool: Option<bool>, port: u16) -> SelfConnect {
    let answer = |exposure, reason: String| SelfConnect { exposure, reason };
    match in_pool {
        None => {
            return answer(Exposure::Unknown, "whether it is in the pool is not known".to_owned());
        }
        Some(false) => {
            let reason = "the kernel gives it to no client, so only a client that binds it can be \
                          connected to itself there";
            return answer(Exposure::Immune, reason.to_owned());
        }
        Some(true) => {}
    }
    let loops = "a client on this host that keeps trying it while nobody listens can be given this \
                 very port and be connected to itself, which keeps the service from starting";
    let low = range.and_then(|range| Some((range.bounds.known()?, range.tcp_by_parity?)));
    match low {
        Some((bounds, true)) if bounds.range().first() % 2 != port % 2 => {
            let first = parity(bounds.range().first());
            let reason = format!(
                "{loops}; but connect() takes {first} ports first, so only once those are used up, \
                 or if the client binds an address first"
            );
            answer(Exposure::ExposedLate, reason)
        }
        Some((_, true)) => {
            let first = parity(port);
            let reason = format!("{loops}; connect() takes {first} ports first, and this is one");
            answer(Exposure::Exposed, reason)
        }
        _ => answer(Exposure::Exposed, loops.to_owned()),
    }
}
