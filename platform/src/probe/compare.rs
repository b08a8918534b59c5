//! Whether ports could have come from the settings. What another reason may account for proves
//! nothing, and is no agreement either.

use super::random::{Uneven, uneven};
use super::{Call, Disagreement, ENOUGH, Wish, counted};
use crate::os::Allocator;
use crate::ports::PortRange;
use crate::snapshot::{Pool, Transport};

/// What ports are held against.
pub(super) struct PortSettings<'a> {
    pub(super) pool: &'a Pool<'a>,
    pub(super) allocator: Allocator,
}

/// What a comparison says.
pub(super) enum Compared {
    Agrees,
    Disagrees(Disagreement),
    /// It can't tell, and why.
    Unknown(String),
}

use Compared::{Agrees, Disagrees, Unknown};

/// All that can be said of these ports.
pub(super) fn compare(wish: Wish, settings: &PortSettings<'_>, ports: &[u16]) -> [Compared; 2] {
    let outside: Vec<u16> =
        ports.iter().copied().filter(|port| !settings.pool.ports.contains(*port)).collect();
    let by_order = if in_sequence(wish, settings.pool, ports) {
        Disagrees(Disagreement::InSequence { wish })
    } else if outside.is_empty() {
        evenly(wish, settings, ports)
    } else {
        Agrees
    };
    let by_value = if outside.is_empty() {
        parity(wish, settings, ports)
    } else {
        Disagrees(Disagreement::Outside {
            wish,
            times: counted(outside.len()),
            ports: outside.into_iter().map(PortRange::single).collect(),
        })
    };
    [by_value, by_order]
}

/// How many of the ports can be in use, with room for those that are opened meanwhile.
fn in_use(wish: Wish, allocator: Allocator) -> Option<u32> {
    /// A range of few ports is scanned one short where it is odd-sized.
    const SPARE: u32 = 16;
    let at_most = match wish.transport {
        Transport::Tcp => allocator.tcp_in_use,
        Transport::Udp => allocator.udp_in_use,
    };
    Some(at_most?.saturating_mul(2).saturating_add(SPARE))
}

/// `inet_csk_find_open_port` and `__inet_hash_connect` take the last parity only when no port of
/// the first is free, by whatever ip_local_port_step_width: the kernel doubles the step.
fn parity(wish: Wish, settings: &PortSettings<'_>, ports: &[u16]) -> Compared {
    let PortSettings { pool, allocator } = settings;
    let (range, bounds) = (pool.range, pool.bounds);
    if wish.transport != Transport::Tcp || range.tcp_by_parity == Some(false) {
        return Agrees;
    }
    let low_is_odd = bounds.range().first() % 2 == 1;
    let odd_first = match wish.call {
        Call::Connect => low_is_odd,
        Call::Bind => !low_is_odd,
    };
    let last = counted(ports.iter().filter(|port| (*port % 2 == 1) != odd_first).count());
    let of_the_first = pool.ports.count_parity(odd_first);
    if last == 0 || of_the_first == 0 {
        return Agrees;
    }
    let (last_name, first_name) = if odd_first { ("even", "odd") } else { ("odd", "even") };
    let begin = format!("{last} of {} ports are {last_name}, which go last", ports.len());
    if range.tcp_by_parity.is_none() {
        return Unknown(format!("{begin} on most kernels; whether on this one could not be read"));
    }
    match in_use(wish, *allocator) {
        Some(in_use) if of_the_first >= in_use => {
            Disagrees(Disagreement::Parity { wish, times: last, odd_first })
        }
        Some(_) => Unknown(format!(
            "{begin}; so many sockets are open that the {first_name} ones may be used up"
        )),
        None => {
            Unknown(format!("{begin}; whether the {first_name} ones are used up could not be read"))
        }
    }
}

/// Whether ports are drawn at random (RFC 6056). TCP's connect() to one destination goes on from
/// port to port.
const fn is_random(wish: Wish) -> bool {
    matches!((wish.transport, wish.call), (Transport::Udp, _) | (_, Call::Bind))
}

/// Whether ports that are drawn at random came each right after the one before, or the one after
/// that.
fn in_sequence(wish: Wish, pool: &Pool<'_>, ports: &[u16]) -> bool {
    /// A smaller pool makes runs by chance.
    const POOL: u32 = 1024;
    if !is_random(wish) || counted(ports.len()) < ENOUGH || pool.ports.count() < POOL {
        return false;
    }
    let next = ports.windows(2).filter(|pair| matches!(pair[1].wrapping_sub(pair[0]), 1 | 2));
    next.count() * 10 >= (ports.len() - 1) * 9
}

/// Whether ports that are drawn at random are as even as that makes them.
fn evenly(wish: Wish, settings: &PortSettings<'_>, ports: &[u16]) -> Compared {
    let PortSettings { pool, allocator } = settings;
    let bounds = pool.bounds;
    if !is_random(wish) || ports.is_empty() {
        return Agrees;
    }
    let size = bounds.range().count();
    let odd = ports[0] % 2 == 1;
    // Whichever goes first, those of one parity are drawn at random from their like.
    let by_parity =
        wish.transport == Transport::Tcp && ports.iter().all(|port| (port % 2 == 1) == odd);
    let (can, starts): (Vec<u16>, u32) = if by_parity {
        // `inet_csk_find_open_port` leaves the last port of an odd-sized range to one parity only.
        let end = u32::from(bounds.range().first()) + (size & !1);
        let can = |port: &u16| (port % 2 == 1) == odd && u32::from(*port) < end;
        (pool.ports.iter().filter(can).collect(), size / 2)
    } else {
        (pool.ports.iter().collect(), size)
    };
    let Some(found) = uneven(ports, &can, starts, 0) else { return Agrees };
    let begin = match found {
        Uneven::Repeats { distinct } => {
            format!("only {distinct} of {} ports are different", ports.len())
        }
        Uneven::Hole { from, to, count } => {
            format!("none of the {count} ports from {from} to {to} was given")
        }
        Uneven::OneParity { odd } => {
            format!("all {} ports are {}", ports.len(), if odd { "odd" } else { "even" })
        }
    };
    let Some(in_use) = in_use(wish, *allocator) else {
        return Unknown(format!("{begin}; whether the others are used up could not be read"));
    };
    let times = counted(ports.len());
    match uneven(ports, &can, starts, in_use) {
        Some(Uneven::Repeats { distinct }) => {
            Disagrees(Disagreement::Repeats { wish, times, distinct, of: counted(can.len()) })
        }
        Some(Uneven::Hole { from, to, count }) => {
            let range = bounds.range();
            let ports = if from <= to {
                PortRange::between(from, to).into()
            } else {
                let ends = [(from, range.last()), (range.first(), to)];
                ends.into_iter().map(|(a, b)| PortRange::between(a, b)).collect()
            };
            Disagrees(Disagreement::Hole { wish, times, ports, count })
        }
        Some(Uneven::OneParity { odd }) => Disagrees(Disagreement::OneParity { wish, times, odd }),
        None => {
            Unknown(format!("{begin}; so many sockets are open that the others may be used up"))
        }
    }
}
