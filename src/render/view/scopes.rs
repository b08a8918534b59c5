//! The scopes beside the one that the program ran in, a line each.

use super::facts::{reserved_value, unread};
use crate::text::{counted, grouped};
use crate::wire::v1::{Document, Scope, State};

/// "and 3 other namespaces, 1 of them unread"; nothing where there are none.
pub fn count(document: &Document) -> String {
    let others = || document.scopes.iter().filter(|scope| !scope.current);
    let unread = others().filter(|scope| is_unread(scope)).count();
    let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    match (others().count(), unread) {
        (0, _) => String::new(),
        (all, 0) => format!(" and {}", counted(number(all), "other namespace")),
        (all, unread) => {
            let all = counted(number(all), "other namespace");
            format!(" and {all}, {} of them not entered", grouped(number(unread)))
        }
    }
}

/// A line each behind a heading, and how many there are more; no row where there are none. Those
/// with something to see come first: unread ones, then by the listeners in their pools and the
/// sockets in use.
pub fn rows(document: &Document, lines: usize) -> (Vec<Vec<String>>, usize) {
    let mut others: Vec<&Scope> = document.scopes.iter().filter(|scope| !scope.current).collect();
    if others.is_empty() {
        return (Vec::new(), 0);
    }
    others.sort_by_cached_key(|scope| {
        let key = (is_unread(scope), in_pool(scope), scope.usage.tcp_sockets);
        (std::cmp::Reverse(key), label(scope))
    });
    let head = ["NAMESPACE", "RANGE", "RESERVED", "TCP POOL", "LISTENERS", "IN POOL", "TCP IN USE"];
    let rows = others.iter().take(lines).map(|scope| line(scope));
    let rows = std::iter::once(head.map(str::to_owned).to_vec()).chain(rows);
    (rows.collect(), others.len().saturating_sub(lines))
}

fn is_unread(scope: &Scope) -> bool {
    scope.ranges.iter().all(|range| range.state == State::Unknown)
}

fn in_pool(scope: &Scope) -> u32 {
    scope.listeners.seen().1
}

/// The best name, or the identity where there is none.
pub fn label(scope: &Scope) -> String {
    scope.names.first().unwrap_or(&scope.id).clone()
}

fn line(scope: &Scope) -> Vec<String> {
    let range = scope.ranges.first().map(|range| match (range.first, range.last) {
        (Some(first), Some(last)) => format!("{first}-{last}"),
        _ => unread(range.state, range.reason.as_deref()),
    });
    let reserved = scope.reserved.first().map(|list| match list.state {
        State::Known => reserved_value(list),
        _ => "?".to_owned(),
    });
    let pool = scope.pools.first().map(|pool| grouped(pool.ports));
    let known = scope.listeners.state == State::Known;
    let listeners = |count: u32| if known { count.to_string() } else { format!("{count}?") };
    let in_use = scope.usage.tcp_sockets.map(grouped);
    let cell = |value: Option<String>| value.unwrap_or_else(|| "?".to_owned());
    vec![
        label(scope),
        cell(range),
        cell(reserved),
        cell(pool),
        listeners(scope.listeners.seen().0),
        listeners(in_pool(scope)),
        cell(in_use),
    ]
}
