//! Verdicts against the facts beside them: what anybody can work out from the report alone. Of a
//! report of another version only that version knows what its rules make of the facts.

use super::super::{Document, Pool, Range, Scope, Span, State, Verdict};

/// Fails where a fact is missing that every audit of such a host tells, or a rule passes against
/// the facts that are told.
pub(super) fn check(document: &Document) -> Result<(), String> {
    let linux = document.host.os == "linux" && document.host.environment.is_none();
    let other = document.host.os == "unsupported";
    for scope in &document.scopes {
        let lacks = |what: &str| Err(format!("it has no {what} of {}", scope.id));
        if !other && ephemeral(scope).next().is_none() {
            return lacks("ephemeral range");
        }
        if linux && scope.reserved.is_empty() {
            return lacks("list of reserved ports");
        }
        if linux && scope.usage.state == State::Absent {
            return lacks("ports in use");
        }
        if let Some(what) = missing_pool(scope) {
            return lacks(what);
        }
        if scope.pools.iter().any(|pool| !in_a_range(pool, scope)) {
            return Err(format!("a pool of {} reaches beyond its range", scope.id));
        }
    }
    let Some(policy) = &document.policy else { return Ok(()) };
    if policy.file.is_none() {
        if !policy.off.is_empty() {
            return Err("it turns rules off, and names no policy".to_owned());
        }
        if document.findings.iter().any(|finding| finding.waived.is_some()) {
            return Err("it waives findings, and names no policy".to_owned());
        }
    }
    let pass = |name: &str| {
        document.rules.iter().any(|rule| rule.rule == name && rule.verdict == Verdict::Pass)
    };
    let against = |name: &str| Err(format!("{name} is called pass, against its own facts"));
    let allowed = |range: Span| policy.allowed.iter().any(|span| holds(*span, range));
    let mut ranges = document.scopes.iter().flat_map(ephemeral).filter_map(known);
    if pass("outside-dynamic-ports") && !ranges.all(allowed) {
        return against("outside-dynamic-ports");
    }
    let pools = || document.scopes.iter().flat_map(|scope| &scope.pools);
    let usable = |pool: &Pool| pool.ports.saturating_sub(pool.held_back);
    if pass("narrow-pool") && pools().any(|pool| usable(pool) < policy.min_pool) {
        return against("narrow-pool");
    }
    if pass("overlaps-system-ports") && pools().any(|pool| pool.system_ports > 0) {
        return against("overlaps-system-ports");
    }
    Ok(())
}

fn ephemeral(scope: &Scope) -> impl Iterator<Item = &Range> {
    scope.ranges.iter().filter(|range| range.role == "ephemeral")
}

/// Its bounds; FreeBSD takes them in either order.
fn known(range: &Range) -> Option<Span> {
    let (one, other) = (range.first?, range.last?);
    Some(Span { first: one.min(other), last: one.max(other) })
}

fn holds(outer: Span, inner: Span) -> bool {
    outer.first <= inner.first && inner.last <= outer.last
}

/// A pool follows from its range and from what is reserved.
fn missing_pool(scope: &Scope) -> Option<&'static str> {
    let all_known = scope.reserved.iter().all(|list| list.state != State::Unknown);
    let mut transports = ephemeral(scope)
        .filter(|range| all_known && range.state == State::Known)
        .flat_map(|range| &range.transports);
    let there = |transport| scope.pools.iter().any(|pool| pool.transport == transport);
    transports.any(|transport| !there(*transport)).then_some("pool")
}

fn in_a_range(pool: &Pool, scope: &Scope) -> bool {
    if ephemeral(scope).any(|range| range.state != State::Known) {
        return true;
    }
    let in_one = |span: &Span| ephemeral(scope).filter_map(known).any(|range| holds(range, *span));
    pool.spans.iter().all(in_one)
}
