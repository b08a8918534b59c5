//! The answer in one line, and what can be done.

use ephaudit_platform::holders::{Hold, Holder, Holders};
use ephaudit_platform::ports::{PortRange, PortSet};
use ephaudit_platform::probe::family_name;
use ephaudit_platform::snapshot::{Family, Owner, Scope, Snapshot, Transport};

use super::{Exclusion, OnTransport, PortState};
use crate::remedy::{self, exclusion};
use crate::report::Step;
use crate::text::{run_by, seconds};

/// The first of those that hold the port so, in words.
fn who(holders: &Holders, holds: impl Fn(&Holder) -> bool) -> Option<(&Holder, String)> {
    let holder = holders.items.iter().find(|item| holds(item))?;
    let word = match (&holder.owner, holder.uid) {
        (Owner::Known { pid, command, unit, container }, _) => {
            let command = command.as_deref().unwrap_or("a process");
            let run_by = run_by(unit.as_deref(), container.as_deref());
            format!("{command} (pid {pid}{run_by})")
        }
        (_, Some(uid)) => format!("a process of uid {uid}"),
        _ => "an unknown process".to_owned(),
    };
    Some((holder, word))
}

pub(super) fn answer(on: &OnTransport<'_>) -> String {
    let holds = |wanted: Hold| who(on.holders, |item| item.hold == wanted);
    let named = |found: Option<(&Holder, String)>| found.map(|(_, who)| who).unwrap_or_default();
    match on.state {
        PortState::Served => {
            let who = named(holds(Hold::Listens));
            let down = match on.in_pool {
                Some(true) => {
                    "; while the service is down the kernel may give the port to any client"
                }
                _ => "",
            };
            format!("{who} listens on it{down}")
        }
        PortState::Open => {
            format!("{} has it open for datagrams from any peer", named(holds(Hold::Listens)))
        }
        PortState::Bound => {
            format!(
                "{} has bound it but neither listens nor is connected",
                named(holds(Hold::Bound))
            )
        }
        PortState::SelfConnected => {
            let found = who(on.holders, Holder::is_its_own_peer);
            let over = found.as_ref().is_some_and(|(item, _)| item.hold == Hold::Waits);
            let (is, now) = if over {
                ("was", format!("; TIME_WAIT keeps the port{}", for_more(on.holders)))
            } else {
                ("is", String::new())
            };
            let how = match (on.transport, on.in_pool) {
                (Transport::Udp, _) => ", and receives what it sends",
                (Transport::Tcp, Some(true)) => ", as happens to a client whose service is down",
                (Transport::Tcp, Some(false)) => {
                    " (the port is outside the pool now: it was bound explicitly, or the pool \
                     changed)"
                }
                (Transport::Tcp, None) => "",
            };
            format!("{} {is} connected to itself there{how}{now}", named(found))
        }
        PortState::Connected => {
            let open = who(on.holders, |item| item.hold == Hold::Connected && !item.is_closed());
            match open.or_else(|| holds(Hold::Connected)) {
                Some((holder, who)) => {
                    let peer = holder.peer().map_or_else(String::new, |peer| format!(" to {peer}"));
                    if holder.is_closed() {
                        format!(
                            "a connection{peer} holds it, closed but not yet ended, and nobody listens"
                        )
                    } else {
                        format!("{who} holds it by a connection{peer}, and nobody listens")
                    }
                }
                None => String::new(),
            }
        }
        PortState::Waiting if in_fin_wait(on.holders) => {
            let left = time_wait_left(on.holders).map_or_else(String::new, |left| {
                format!(" or {} have passed", seconds(left.div_ceil(1000) * 1000))
            });
            format!(
                "a connection that its process has closed keeps it in FIN-WAIT-2, until its peer \
                 closes too{left}; TIME_WAIT may follow"
            )
        }
        PortState::Waiting => {
            format!("a closed connection keeps it in TIME_WAIT{}", for_more(on.holders))
        }
        PortState::Free => match (on.in_pool, on.in_range, on.reserved) {
            (Some(true), ..) => "nobody holds it; any client can be given it".to_owned(),
            (_, Some(true), Some(true)) => {
                "nobody holds it, and it is reserved: no client is given it".to_owned()
            }
            (Some(false), ..) => "nobody holds it, and no client is given it".to_owned(),
            _ => "nobody holds it".to_owned(),
        },
        PortState::Unknown if on.holders.unread.is_empty() => {
            "no socket is seen on it; one that is bound and nothing else would not be, and would \
             hold it"
                .to_owned()
        }
        PortState::Excluded => {
            format!(
                "Windows has excluded it, in the block {}: bind() fails there with WSAEACCES \
                 (10013) although nobody listens",
                blocks(&on.excluded)
            )
        }
        PortState::Unknown if !on.administered.is_empty() => format!(
            "Windows keeps it for a program that asks for it, in the administered block {}: no \
             client is given it there. Who holds it could not be read",
            blocks(&on.administered)
        ),
        PortState::Unknown => "who holds it could not be read".to_owned(),
    }
}

fn blocks(exclusions: &[Exclusion]) -> String {
    let of = |exclusion: &Exclusion| {
        format!("{} over {}", exclusion.block, family_name(exclusion.family))
    };
    exclusions.iter().map(of).collect::<Vec<_>>().join(" and ")
}

/// Whether a closed connection still waits for its peer to close: TIME_WAIT comes after that, and
/// another setting ends it.
fn in_fin_wait(holders: &Holders) -> bool {
    /// `TCP_FIN_WAIT2`, include/net/tcp_states.h.
    const FIN_WAIT_2: u8 = 5;
    let waits = |item: &Holder| item.hold == Hold::Waits && item.ends.state == FIN_WAIT_2;
    holders.items.iter().any(waits)
}

fn for_more(holders: &Holders) -> String {
    time_wait_left(holders).map_or_else(String::new, |left| {
        format!(", for {} more", seconds(left.div_ceil(1000) * 1000))
    })
}

fn time_wait_left(holders: &Holders) -> Option<u32> {
    holders.items.iter().filter_map(|item| item.time_wait_left).max()
}

/// First what keeps the port from being taken again, then what frees it.
pub(super) fn steps(
    snapshot: &Snapshot,
    scope: &Scope,
    port: u16,
    transports: &[OnTransport<'_>],
) -> Vec<Step> {
    let in_pool = transports.iter().any(|on| on.in_pool == Some(true));
    let wanted = PortSet::from(PortRange::single(port));
    let mut steps = if in_pool { remedy::keep_out(snapshot, scope, &wanted) } else { Vec::new() };
    for on in transports {
        let families: Vec<Family> = on.excluded.iter().map(|excluded| excluded.family).collect();
        steps.extend(exclusion::claim(&wanted, on.transport, &families));
        let alive = |item: &Holder| matches!(item.hold, Hold::Connected | Hold::Bound);
        let alive = on.holders.items.iter().any(alive);
        match on.state {
            PortState::Connected | PortState::SelfConnected | PortState::Bound if alive => {
                steps.extend(remedy::let_go(on.holders));
                if on.holders.items.iter().any(Holder::is_closed) {
                    let wait = "wait for the connections that are closed already: the kernel ends \
                                them";
                    steps.push(Step::now(wait));
                }
            }
            PortState::Waiting if in_fin_wait(on.holders) => {
                steps.push(Step::now(
                    "wait until the peer closes: without it FIN-WAIT-2 ends after \
                     net.ipv4.tcp_fin_timeout, as that was when it began",
                ));
                steps.push(
                    Step::now("or end it at once, as root, where the kernel has INET_DIAG_DESTROY")
                        .by(format!("ss -K -tn state fin-wait-2 'sport = :{port}'")),
                );
            }
            PortState::Waiting | PortState::SelfConnected => {
                let left = time_wait_left(on.holders).or(scope.time_wait.known().copied());
                let left = left.map_or_else(String::new, |left| {
                    format!(" for {} at most", seconds(left.div_ceil(1000) * 1000))
                });
                steps.push(Step::now(format!(
                    "wait{left}: TIME_WAIT ends by itself, and no setting shortens it"
                )));
            }
            _ => {}
        }
    }
    if in_pool {
        steps.push(Step::elsewhere(remedy::MOVE));
    }
    remedy::first(steps, Vec::new())
}
