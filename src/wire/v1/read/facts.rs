//! The facts of a namespace, each held against its own state.

use super::super::{Document, Listeners, Pool, Scope, Span, State, Transport};

/// All ports there are, 0 included.
const PORTS: u32 = 65_536;

/// Fails where a fact has a value and is not known, or is known and has none, and where ports are
/// told that there can't be.
pub(super) fn check(document: &Document) -> Result<(), String> {
    document.scopes.iter().try_for_each(|scope| {
        states(scope).map_err(|what| {
            format!("what it says of the {what} of {} contradicts itself", scope.id)
        })?;
        let reserved = scope.reserved.iter().flat_map(|list| &list.spans);
        let defaults = scope.ranges.iter().filter_map(|range| range.vendor_default.as_ref());
        reserved.chain(defaults).copied().try_for_each(forward)?;
        scope.pools.iter().try_for_each(possible)?;
        left_out(scope)
            .map_err(|what| format!("it does not list as many {what} of {} as it says", scope.id))
    })
}

/// A known fact has a value and no reason, an absent one neither, an unknown one a reason.
const fn coherent(state: State, value: bool, reason: bool) -> bool {
    match state {
        State::Known => value && !reason,
        State::Absent => !value && !reason,
        State::Unknown => !value && reason,
    }
}

/// Fails with the name of the fact.
fn states(scope: &Scope) -> Result<(), &'static str> {
    let held = |what, so: bool| if so { Ok(()) } else { Err(what) };
    for range in &scope.ranges {
        let (value, reason) = (range.first.is_some(), range.reason.is_some());
        let whole = value == range.last.is_some();
        held("ranges", whole && coherent(range.state, value, reason))?;
    }
    for list in &scope.reserved {
        let value = list.state == State::Known || !list.spans.is_empty();
        held("reserved ports", coherent(list.state, value, list.reason.is_some()))?;
    }
    for knob in &scope.randomization {
        let (value, reason) = (knob.random.is_some(), knob.reason.is_some());
        held("randomization", coherent(knob.state, value, reason))?;
    }
    let start = &scope.unprivileged_start;
    let (value, reason) = (start.value.is_some(), start.reason.is_some());
    held("first unprivileged port", coherent(start.state, value, reason))?;
    let wait = &scope.time_wait;
    let (value, reason) = (wait.milliseconds.is_some(), wait.reason.is_some());
    held("TIME_WAIT", coherent(wait.state, value, reason))?;
    let listeners = &scope.listeners;
    let known = listeners.state == State::Known;
    let there = listeners.state != State::Absent;
    held("listeners", there && known == listeners.reason.is_none())?;
    let usage = &scope.usage;
    let (value, reason) = (usage.tcp_sockets.is_some(), usage.reason.is_some());
    held("ports in use", coherent(usage.state, value, reason))?;
    for entry in &scope.boot {
        let (value, reason) = (entry.value.is_some(), entry.reason.is_some());
        held("values after a reboot", coherent(entry.state, value, reason))?;
    }
    for now in &scope.running {
        let (value, reason) = (now.value.is_some(), now.reason.is_some());
        held("running values", coherent(now.state, value, reason))?;
    }
    Ok(())
}

fn forward(span: Span) -> Result<(), String> {
    if span.first <= span.last {
        return Ok(());
    }
    Err(format!("the ports {}-{} run backwards", span.first, span.last))
}

fn possible(pool: &Pool) -> Result<(), String> {
    pool.spans.iter().copied().try_for_each(forward)?;
    let counts =
        [pool.ports, pool.held_back, pool.system_ports, pool.user_ports, pool.dynamic_ports];
    match counts.into_iter().find(|count| *count > PORTS) {
        Some(count) => Err(format!("a pool of {count} ports")),
        None => Ok(()),
    }
}

/// Fails with the name of a list that says it is whole and is not, or the other way round: a part
/// is never taken for the whole.
fn left_out(scope: &Scope) -> Result<(), &'static str> {
    let agrees = |what, listed: usize, count: u32, truncated: bool| {
        let count = count as usize;
        if if truncated { listed < count } else { listed == count } { Ok(()) } else { Err(what) }
    };
    for list in &scope.reserved {
        agrees("reserved ports", list.spans.len(), list.span_count, list.truncated)?;
    }
    for pool in &scope.pools {
        agrees("ports of a pool", pool.spans.len(), pool.span_count, pool.truncated)?;
    }
    let listeners = &scope.listeners;
    agrees("listeners", listeners.items.len(), listeners.count, listeners.truncated)?;
    if totals_agree(listeners) { Ok(()) } else { Err("listeners") }
}

/// Whether there is a total of each transport, none below what is listed, which come to the count.
fn totals_agree(listeners: &Listeners) -> bool {
    let both = [Transport::Tcp, Transport::Udp];
    let transports = listeners.totals.iter().map(|total| total.transport);
    let sum = listeners.totals.iter().map(|total| u64::from(total.count)).sum::<u64>();
    transports.eq(both)
        && sum == u64::from(listeners.count)
        && listeners.totals.iter().all(|total| {
            let listed = listeners.listed(total.transport);
            let whole = total.count == listed.count;
            let inside = match (total.in_pool, listed.in_pool) {
                (Some(all), Some(part)) => {
                    (if whole { all == part } else { all >= part }) && all <= total.count
                }
                (None, None) => true,
                (None, Some(_)) => !whole,
                (Some(_), None) => false,
            };
            total.count >= listed.count && inside
        })
}
