//! Ports that connect() cannot have because bind() holds them.

use ephaudit_platform::bound_in_pool;
use ephaudit_platform::ports::{PortRange, PortSet};
use ephaudit_platform::snapshot::{Bounds, Listener, Scope, Transport, Usage};

use crate::policy::Policy;
use crate::report::{About, Evidence, Finding, Severity, Step, Verdict};
use crate::rule::usage::{
    bound_unseen, is_of_linux, knows_listeners, range_evidence, read_from, ss_ports, usage,
};
use crate::rule::{Check, Facts, Need, Rule, each_scope, pool_gaps};
use crate::text::{counted, grouped, percent, spans};

pub static RULE: Rule = Rule {
    name: "bound-ports-drain-pool",
    summary: "bind() holds a large part of the pool, and connect() skips each of these ports",
    severity: |_| Severity::Medium,
    needs: &[Need::Listeners, Need::Sockets],
    page: include_str!("bound-ports-drain-pool.md"),
    check: Check::Facts(check),
};

/// From these percentages of the pool on.
const LOW_FROM: u32 = 10;
const MEDIUM_FROM: u32 = 50;

fn check(facts: &Facts<'_>, _policy: &Policy) -> Verdict {
    each_scope(facts, |judgement, scope| {
        if !is_of_linux(judgement, facts, scope) {
            return;
        }
        let Some(usage) = usage(judgement, scope) else { return };
        pool_gaps(judgement, scope);
        knows_listeners(judgement, scope, Transport::Tcp);
        let Some(bound) = bound_in_pool(scope) else { return };
        let Some(pool) = scope.pool_of(Transport::Tcp) else { return };
        let bounds = pool.bounds;
        let (held, whole) = (bound.count(), pool.ports.count());
        let severity = match percent(held, whole) {
            MEDIUM_FROM.. => Severity::Medium,
            LOW_FROM.. => Severity::Low,
            _ if percent(held.saturating_add(usage.bound_unseen), whole) < LOW_FROM => {
                return judgement.pass();
            }
            _ => return judgement.gap(scope, "sockets that are only bound", &bound_unseen(usage)),
        };
        judgement.found(
            Finding::new(RULE.name, severity, scope, "tcp", range_evidence(pool))
                .with_evidence(evidence(scope, usage, bounds, &bound))
                .concerning(About::transport(Transport::Tcp))
                .says(
                    format!(
                        "bind() holds {} of the {} ports of the tcp pool ({} %)",
                        grouped(held),
                        grouped(whole),
                        percent(held, whole)
                    ),
                    format!(
                        "connect() skips each of them, for every destination and whatever address \
                         it is bound to: {} left for connect(). {}",
                        are(whole.saturating_sub(held)),
                        idle(scope, &bound)
                    ),
                )
                .advises([
                    Step::now("see which processes have them")
                        .by(format!("ss -Htlnp '{}'", ss_ports(bounds.range()))),
                    Step::elsewhere("move services out of the range, or the range away from them"),
                    Step::elsewhere(
                        "set IP_BIND_ADDRESS_NO_PORT in programs that bind a source address before \
                         they connect",
                    ),
                ]),
        );
    })
}

fn are(ports: u32) -> String {
    format!("{} {}", counted(ports, "port"), if ports == 1 { "is" } else { "are" })
}

fn listeners(scope: &Scope) -> impl Iterator<Item = &Listener> {
    scope.listeners.items.iter().filter(|item| item.transport == Transport::Tcp)
}

/// The bound ports with a listener, and those without.
fn halves(scope: &Scope, bound: &PortSet) -> (PortSet, PortSet) {
    let listened: PortSet = listeners(scope).map(|item| PortRange::single(item.port)).collect();
    (bound.intersection(&listened), bound.difference(&listened))
}

fn idle(scope: &Scope, bound: &PortSet) -> String {
    let (listened, idle) = halves(scope, bound);
    if idle.is_empty() {
        return "Ports that are bound but not listening come on top; --usage full counts them too \
                (Linux 6.8 and later)."
            .to_owned();
    }
    format!(
        "With a listener: {}; bound without one: {}.",
        grouped(listened.count()),
        grouped(idle.count())
    )
}

fn evidence(scope: &Scope, usage: &Usage, bounds: &Bounds, bound: &PortSet) -> Vec<Evidence> {
    let (listened, idle) = halves(scope, bound);
    let evidence = |what, ports: &PortSet, source, option| {
        let value = format!("{}: {}", counted(ports.count(), "port"), spans(ports));
        let command = format!("ss -Htn{option} '{}'", ss_ports(bounds.range()));
        (!ports.is_empty()).then_some(Evidence { what, value, source, line: None, command })
    };
    let one = listeners(scope).find(|item| bound.contains(item.port));
    let of_listeners =
        one.and_then(|at| evidence("listened on", &listened, at.source.clone(), 'l'));
    let census = usage.census.as_ref();
    let of_others =
        census.and_then(|at| evidence("bound", &idle, read_from(at, Transport::Tcp), 'B'));
    of_listeners.into_iter().chain(of_others).collect()
}
