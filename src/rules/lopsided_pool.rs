//! Reservations that empty one parity half of the pool.

use ephaudit_platform::ports::PortSet;

use crate::policy::Policy;
use crate::report::{Severity, Step, Verdict};
use crate::rule::{Check, Facts, Rule, by_parity, each_pool};
use crate::text::{counted, grouped, parity};

pub static RULE: Rule = Rule {
    name: "lopsided-pool",
    summary: "reservations leave the even or the odd half of the pool nearly empty",
    severity: |_| Severity::Low,
    needs: &[],
    page: include_str!("lopsided-pool.md"),
    check: Check::Facts(check),
};

/// A half is nearly empty when the other one has more than this many times its ports.
const LOPSIDED: u32 = 10;

fn check(facts: &Facts<'_>, _policy: &Policy) -> Verdict {
    each_pool(facts, |judgement, scope, view| {
        if !by_parity(judgement, scope, view) {
            return;
        }
        let range = PortSet::from(view.bounds.range());
        let low = view.bounds.range().first();
        let low_is_odd = low % 2 == 1;
        let first = view.ports.count_parity(low_is_odd);
        let second = view.ports.count_parity(!low_is_odd);
        let (few, many) = (first.min(second), first.max(second));
        if range == view.ports || many <= few.saturating_mul(LOPSIDED).saturating_add(1) {
            return judgement.pass();
        }
        let (tried_first, other) = (parity(low), if low_is_odd { "even" } else { "odd" });
        let effect = if few == first {
            format!(
                "connect() searches the {tried_first} ports first (the parity of the low bound \
                 {low}), finds almost none free, and only then turns to the {other} ones: \
                 connections pay for that search."
            )
        } else {
            format!(
                "bind() to port 0 searches the {other} ports first, finds almost none, and then \
                 takes {tried_first} ones, which connect() needs most (the parity of the low bound \
                 {low})."
            )
        };
        judgement.found(
            view.of_pool(&RULE, Severity::Low, scope)
                .says(
                    format!(
                        "the pool has {} {tried_first} and {} {other} ports",
                        grouped(first),
                        grouped(second)
                    ),
                    format!(
                        "Reservations took {}. {effect}",
                        counted(range.difference(&view.ports).count(), "port")
                    ),
                )
                .advises([Step::now("reserve whole blocks, not every second port")]),
        );
    })
}
