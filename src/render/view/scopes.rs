//! The scopes: those beside the one that the program ran in a line each, and all by their shapes.

use std::cmp::Reverse;
use std::collections::HashMap;

use super::facts::reserved_value;
use super::rows::unread;
use crate::text::{counted, grouped};
use crate::wire::v1::{Document, Scope, Severity, State};

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
        (Reverse(key), label(scope))
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
    scope.listeners.shown().1
}

/// The best name, or the identity where there is none.
pub fn label(scope: &Scope) -> String {
    scope.names.first().unwrap_or(&scope.id).clone()
}

fn line(scope: &Scope) -> Vec<String> {
    let range = range(scope);
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
        listeners(scope.listeners.shown().0),
        listeners(in_pool(scope)),
        cell(in_use),
    ]
}

/// Sorts ns2 before ns10: runs of digits by their number.
pub fn natural(name: &str) -> Vec<(String, u64)> {
    let mut parts: Vec<(String, u64)> = Vec::new();
    let mut rest = name;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        let (text, tail) = rest.split_at(digits);
        let end = tail.find(|c: char| !c.is_ascii_digit()).unwrap_or(tail.len());
        let (number, after) = tail.split_at(end);
        parts.push((text.to_owned(), number.parse().unwrap_or(u64::MAX)));
        rest = after;
    }
    parts
}

/// Namespaces that look the same.
pub struct NamespaceShape<'a> {
    /// The most severe finding in each of them; none where there is none.
    pub worst: Option<Severity>,
    /// Its range, in words.
    pub range: String,
    /// How many ports its pool has, in words.
    pub pool: String,
    /// Its members, in the natural order of their names, the program's own first.
    pub members: Vec<&'a Scope>,
}

/// The namespaces by what they look like, worst first, and then the many.
pub fn shapes(document: &Document) -> Vec<NamespaceShape<'_>> {
    let mut worst: HashMap<&str, Severity> = HashMap::new();
    for finding in document.unwaived() {
        let known = worst.entry(&finding.scope).or_insert(finding.severity);
        *known = (*known).min(finding.severity);
    }
    let mut shapes: Vec<NamespaceShape<'_>> = Vec::new();
    let mut places: HashMap<(Option<Severity>, String, String), usize> = HashMap::new();
    for scope in &document.scopes {
        let worst = worst.get(&*scope.id).copied();
        let range = range(scope).unwrap_or_else(|| "?".to_owned());
        let pool = scope.pools.first().map_or_else(|| "?".to_owned(), |pool| grouped(pool.ports));
        let at = *places.entry((worst, range.clone(), pool.clone())).or_insert(shapes.len());
        if at == shapes.len() {
            shapes.push(NamespaceShape { worst, range, pool, members: Vec::new() });
        }
        shapes[at].members.push(scope);
    }
    for shape in &mut shapes {
        shape.members.sort_by_cached_key(|scope| (!scope.current, natural(&label(scope))));
    }
    let rank =
        |shape: &NamespaceShape<'_>| shape.worst.map_or(usize::MAX, |severity| severity as usize);
    shapes.sort_by_key(|shape| (rank(shape), Reverse(shape.members.len())));
    shapes
}

/// Names that follow one another by number.
struct NameRun {
    first: String,
    last: Option<String>,
    /// The text before the number of the last, and that number.
    at: Option<(String, u64)>,
}

/// The members by their names; of neighbours by number the first and the last.
pub fn members(shape: &[&Scope]) -> String {
    let mut runs: Vec<NameRun> = Vec::new();
    for scope in shape {
        let name = if scope.current { "this one".to_owned() } else { label(scope) };
        let at = match &natural(&name)[..] {
            [(text, number)] if *number != u64::MAX => Some((text.clone(), *number)),
            _ => None,
        };
        let follows = |run: &NameRun| match (&run.at, &at) {
            (Some((text, last)), Some((other, number))) => {
                text == other && last.checked_add(1) == Some(*number)
            }
            _ => false,
        };
        match runs.last_mut() {
            Some(run) if follows(run) => {
                run.last = Some(name);
                run.at = at;
            }
            _ => runs.push(NameRun { first: name, last: None, at }),
        }
    }
    let words = |run: NameRun| match run.last {
        Some(last) => format!("{}-{last}", run.first),
        None => run.first,
    };
    runs.into_iter().map(words).collect::<Vec<_>>().join(", ")
}

fn range(scope: &Scope) -> Option<String> {
    let range = scope.ranges.first()?;
    Some(match (range.first, range.last) {
        (Some(first), Some(last)) => format!("{first}-{last}"),
        _ => unread(range.state, range.reason.as_deref()),
    })
}
