//! Too few usable ports.

use ephaudit_platform::snapshot::{Os, Scope};

use crate::policy::Policy;
use crate::remedy::figures::new_a_second;
use crate::remedy::targets;
use crate::report::{Cure, Severity, Step, Verdict};
use crate::rule::{Check, Facts, Rule, each_pool};
use crate::text::{counted, grouped};

pub static RULE: Rule = Rule {
    name: "narrow-pool",
    summary: "too few usable ports are left for outgoing connections",
    severity: |_| Severity::Critical,
    needs: &[],
    page: include_str!("narrow-pool.md"),
    check: Check::Facts(check),
};

/// Below this many ports a host denies service to itself.
const HIGH_BELOW: u32 = 1024;

fn check(facts: &Facts<'_>, policy: &Policy) -> Verdict {
    each_pool(facts, |judgement, scope, view| {
        let usable = view.usable;
        if usable >= policy.min_pool {
            return judgement.pass();
        }
        let range = view.bounds.range();
        let severity = match usable {
            0 => Severity::Critical,
            1..HIGH_BELOW => Severity::High,
            _ => Severity::Medium,
        };
        let fewer = (range.count() >= policy.min_pool)
            .then(|| Step::now("or reserve fewer ports: only those that your services use"));
        judgement.found(
            view.of_pool(&RULE, severity, scope)
            .says(
                format!("{}only {} usable for outgoing connections", view.label(), are(usable)),
                format!(
                    "The range has {}, and {} reserved or out of reach; at least {} are wanted. \
                     {}Source ports are also easier to guess (RFC 6056).",
                    counted(range.count(), "port"),
                    are_plain(range.count() - usable),
                    grouped(policy.min_pool),
                    on_linux(facts.snapshot.host.os, usable, scope),
                ),
            )
            .cured_by(Cure::Range(targets(policy, view.vendor_default())))
.advises(fewer),
        );
    })
}

/// What so few ports allow, as measured on Linux.
fn on_linux(os: Os, usable: u32, scope: &Scope) -> String {
    if os != Os::Linux {
        return String::new();
    }
    let rate = new_a_second(scope, usable).map_or_else(String::new, |rate| {
        format!(", and {} new ones a second where it closes first", grouped(rate))
    });
    format!(
        "One source address can have {} at a time to one destination address and port (UDP, and \
         sockets bound before they connect: to all destinations together){rate}. ",
        counted(usable, "connection"),
    )
}

fn are(ports: u32) -> String {
    format!("{} {}", counted(ports, "port"), if ports == 1 { "is" } else { "are" })
}

fn are_plain(ports: u32) -> String {
    format!("{} {}", grouped(ports), if ports == 1 { "is" } else { "are" })
}
