//! The listeners of a scope: all are counted, and those that matter most are listed.

use ephaudit_platform::ports::PortSet;
use ephaudit_platform::snapshot as facts;

use super::words::{families, reason, source, transport};
use super::{Listener, ListenerTotal, Listeners, Owner, State};
use crate::audit::named_listeners;
use crate::fixed::{self, Weighed, in_pool};
use crate::policy::Policy;

/// How many of a transport are listed: anybody may open a hundred thousand.
const LISTED: usize = 1000;

/// The listeners of a scope with these pools.
pub(super) fn listeners(
    scope: &facts::Scope,
    pools: &[facts::Pool<'_>],
    policy: &Policy,
) -> Listeners {
    let facts::Listeners { items, unread, .. } = &scope.listeners;
    let listed = listed(scope, pools, policy);
    let weighed = fixed::weigh(policy, scope, pools);
    Listeners {
        state: if unread.is_empty() { State::Known } else { State::Unknown },
        reason: unread.first().map(|unread| reason(unread.why.reason)),
        count: number(items.len()),
        truncated: listed.len() < items.len(),
        totals: facts::Transport::ALL.iter().map(|&of| total(of, items, pools)).collect(),
        items: listed
            .into_iter()
            .filter_map(|index| items.get(index).zip(weighed.get(index)))
            .map(|(item, weighed)| listener(item, weighed, pools, policy))
            .collect(),
    }
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn total(
    of: facts::Transport,
    items: &[facts::Listener],
    pools: &[facts::Pool<'_>],
) -> ListenerTotal {
    let items = || items.iter().filter(|item| item.transport == of);
    let mut inside = Some(0_u32);
    for item in items() {
        inside = inside.zip(in_pool(pools, item)).map(|(sum, one)| sum + u32::from(one));
    }
    ListenerTotal { transport: transport(of), count: number(items().count()), in_pool: inside }
}

/// The indices of those that are listed, ascending.
fn listed(scope: &facts::Scope, pools: &[facts::Pool<'_>], policy: &Policy) -> Vec<usize> {
    let items = &scope.listeners.items;
    let of = |wanted: facts::Transport| {
        let all = items.iter().enumerate().filter(move |(_, item)| item.transport == wanted);
        all.map(|(index, _)| index)
    };
    let mut listed: Vec<usize> = Vec::new();
    let mut named: Option<Vec<usize>> = None;
    for &wanted in facts::Transport::ALL {
        if of(wanted).count() <= LISTED {
            listed.extend(of(wanted));
            continue;
        }
        let named = named.get_or_insert_with(|| named_listeners(policy, scope));
        let declared = policy.declared_ports(wanted);
        let pool = pools
            .iter()
            .filter(|pool| pool.transport == wanted)
            .fold(PortSet::new(), |all, pool| all.union(&pool.ports));
        let mut ranked: Vec<(u8, u32, usize)> = of(wanted)
            .filter_map(|index| Some((index, items.get(index)?)))
            .map(|(index, item)| {
                let rank = match () {
                    () if named.binary_search(&index).is_ok() => 0,
                    () if declared.contains(item.port) => 1,
                    () => 2,
                };
                (rank, distance(&pool, item.port), index)
            })
            .collect();
        ranked.sort_unstable();
        listed.extend(ranked.into_iter().take(LISTED).map(|(.., index)| index));
    }
    listed.sort_unstable();
    listed
}

/// How far a port is from the nearest of a set: 0 where it is in it.
fn distance(ports: &PortSet, port: u16) -> u32 {
    let spans = ports.spans();
    let after = spans.partition_point(|span| span.last() < port);
    let above = spans.get(after).map(|span| span.first().saturating_sub(port));
    let below = after.checked_sub(1).and_then(|before| spans.get(before));
    let below = below.map(|span| port.saturating_sub(span.last()));
    above.into_iter().chain(below).min().map_or(u32::MAX, u32::from)
}

fn listener(
    item: &facts::Listener,
    weighed: &Weighed,
    pools: &[facts::Pool<'_>],
    policy: &Policy,
) -> Listener {
    Listener {
        transport: transport(item.transport),
        address: item.address.to_string(),
        port: item.port,
        families: families(item.families),
        in_pool: in_pool(pools, item),
        owner: owner(&item.owner),
        service: policy.registry.service(item.transport, item.port).map(str::to_owned),
        fixed: Some(weighed.fixed.name().into()),
        signs: weighed.signs.iter().map(|sign| sign.name().into()).collect(),
        source: source(&item.source),
    }
}

pub(super) fn owner(owner: &facts::Owner) -> Option<Owner> {
    match owner {
        facts::Owner::Known { pid, command, unit, container } => Some(Owner {
            pid: *pid,
            command: command.clone(),
            unit: unit.clone(),
            container: container.clone(),
        }),
        facts::Owner::NotAsked | facts::Owner::Kernel | facts::Owner::Unseen(_) => None,
    }
}
