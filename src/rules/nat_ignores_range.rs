//! Ports that NAT gives away by itself.

use ephaudit_platform::snapshot::{Reading, Scope, Source};

use crate::policy::Policy;
use crate::report::{Evidence, Finding, Severity, Step, Verdict};
use crate::rule::{Check, Facts, Rule, each_scope};

pub static RULE: Rule = Rule {
    name: "nat-ignores-range",
    summary: "the host forwards and has a NAT table, and NAT ignores the ephemeral range",
    severity: |_| Severity::Info,
    needs: &[],
    page: include_str!("nat-ignores-range.md"),
    check: Check::Facts(check),
};

fn check(facts: &Facts<'_>, _policy: &Policy) -> Verdict {
    each_scope(facts, |judgement, scope| {
        let Some(nat) = &scope.nat else {
            return judgement.skip("whether there is NAT is not read on this system");
        };
        let forwarding = match &nat.forwards {
            Reading::Known { value: true, source } => source,
            Reading::Known { .. } => return judgement.pass(),
            Reading::Absent { .. } => return judgement.skip("this kernel forwards no packets"),
            Reading::Unknown { why, .. } => return judgement.gap(scope, "IP forwarding", why),
        };
        match &nat.table {
            Some(Reading::Known { value: true, source }) => {
                judgement.found(finding(scope, forwarding, source));
            }
            // No table of iptables is no sign that there is no NAT: nftables has its own.
            Some(Reading::Known { .. } | Reading::Absent { .. }) | None => judgement.skip(
                "packets are forwarded, and iptables has no NAT table; the rules of nftables are not read",
            ),
            Some(Reading::Unknown { why, .. }) => judgement.skip(format!(
                "packets are forwarded, and whether there is NAT is not known: {}",
                why.detail
            )),
        }
    })
}

fn finding(scope: &Scope, forwarding: &Source, tables: &Source) -> Finding {
    Finding::new(
        RULE.name,
        Severity::Info,
        scope,
        "nat",
        Evidence::new("forwarding", "on".to_owned(), forwarding),
    )
    .with_evidence([Evidence::new("tables of iptables", "nat".to_owned(), tables)])
    .says(
        "packets are forwarded, and iptables has a NAT table",
        "Where one of its rules masquerades, a forwarded connection keeps its port if that is free \
         and otherwise gets one of 1024-65535: neither the ephemeral range nor the reserved ports \
         apply, so other hosts also see source ports from this address that are not in the pool. \
         Whether a rule does so was not read.",
    )
    .advises([
        Step::now("see whether a rule masquerades").by("iptables -t nat -S POSTROUTING"),
        Step::elsewhere(
            "to restrict it to some ports, add --to-ports FIRST-LAST to that rule, for tcp and for \
             udp",
        ),
    ])
}
