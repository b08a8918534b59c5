//! One range for TCP and another for UDP.

use ephaudit_platform::snapshot::{Family, Transport};

use crate::policy::Policy;
use crate::report::{Evidence, Finding, Severity, Verdict};
use crate::rule::{Check, Facts, Rule, each_scope, range_gaps, should_be_one};

pub static RULE: Rule = Rule {
    name: "transports-differ",
    summary: "TCP and UDP have different ephemeral ranges",
    severity: |_| Severity::Low,
    needs: &[],
    page: include_str!("transports-differ.md"),
    check: Check::Facts(check),
};

fn check(facts: &Facts<'_>, _policy: &Policy) -> Verdict {
    each_scope(facts, |judgement, scope| {
        if scope.ephemeral().any(|range| range.transports == Transport::ALL) {
            return judgement.skip("one range governs both transports here");
        }
        range_gaps(judgement, scope);
        // Where both families share the ranges, one finding says it all.
        let shared = scope.ephemeral().all(|range| range.families == Family::ALL);
        for &family in &Family::ALL[usize::from(shared)..] {
            let pair = ((family, Transport::Tcp), (family, Transport::Udp));
            should_be_one(judgement, scope, pair, |[(tcp, a), (udp, b)]| {
                let over = match family {
                    _ if shared => "",
                    Family::Ipv4 => " over IPv4",
                    Family::Ipv6 => " over IPv6",
                };
                let subject = format!("transports{over}");
                let first = Evidence::new("tcp range", a.to_string(), tcp.bounds.source());
                Finding::new(RULE.name, Severity::Low, scope, &subject, first)
                    .with_evidence([Evidence::new("udp range", b.to_string(), udp.bounds.source())])
                    .says(
                        format!("the range is {a} for tcp and {b} for udp{over}"),
                        "A firewall rule or a reservation made for one transport does not fit the \
                         other; usually one of the two was forgotten.",
                    )
            });
        }
    })
}
