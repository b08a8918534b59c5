//! One range for IPv4 and another for IPv6.

use ephaudit_platform::snapshot::{Family, Transport};

use crate::policy::Policy;
use crate::report::{Evidence, Finding, Severity, Verdict};
use crate::rule::{Check, Facts, Rule, each_scope, range_gaps, should_be_one};

pub static RULE: Rule = Rule {
    name: "families-differ",
    summary: "IPv4 and IPv6 have different ephemeral ranges",
    severity: |_| Severity::Low,
    needs: &[],
    page: include_str!("families-differ.md"),
    check: Check::Facts(check),
};

fn check(facts: &Facts<'_>, _policy: &Policy) -> Verdict {
    each_scope(facts, |judgement, scope| {
        if scope.ephemeral().any(|range| range.families == Family::ALL) {
            return judgement.skip("one range governs both families here");
        }
        range_gaps(judgement, scope);
        // Where both transports share the ranges, one finding says it all.
        let shared = scope.ephemeral().all(|range| range.transports == Transport::ALL);
        for &transport in &Transport::ALL[usize::from(shared)..] {
            let pair = ((Family::Ipv4, transport), (Family::Ipv6, transport));
            should_be_one(judgement, scope, pair, |[(v4, a), (v6, b)]| {
                let (subject, label) = if shared {
                    ("families".to_owned(), String::new())
                } else {
                    (format!("families/{transport}"), format!("{transport}: "))
                };
                let first = Evidence::new("IPv4 range", a.to_string(), v4.bounds.source());
                Finding::new(RULE.name, Severity::Low, scope, &subject, first)
                    .with_evidence([Evidence::new("IPv6 range", b.to_string(), v6.bounds.source())])
                    .says(
                        format!("{label}the range is {a} over IPv4 and {b} over IPv6"),
                        "A firewall rule or a reservation made for one family does not fit the \
                         other; usually one of the two was forgotten.",
                    )
            });
        }
    })
}
