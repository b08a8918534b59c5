//! Advice of old: a knob that is gone, and one that does not do what it is set for.

use ephaudit_platform::boot::{Boot, State};
use ephaudit_platform::snapshot::Scope;

use crate::policy::Policy;
use crate::report::{Finding, Severity, Step, Verdict};
use crate::rule::boot::{each_boot, lines, winner};
use crate::rule::{Check, Facts, Need, Rule};
use crate::text::seconds;

pub static RULE: Rule = Rule {
    name: "stale-knob",
    summary: "with --boot: a file sets tcp_tw_recycle, which no longer exists, or lowers \
              tcp_fin_timeout",
    severity: |_| Severity::Low,
    needs: &[Need::Boot],
    page: include_str!("stale-knob.md"),
    check: Check::Facts(check),
};

const RECYCLE: &str = "net.ipv4.tcp_tw_recycle";
const FIN_TIMEOUT: &str = "net.ipv4.tcp_fin_timeout";
/// The kernel's own (TCP_FIN_TIMEOUT, include/net/tcp.h), in seconds.
const USUAL: i64 = 60;

fn check(facts: &Facts<'_>, _policy: &Policy) -> Verdict {
    each_boot(facts, |judgement, scope, boot| {
        for finding in [recycle(scope, boot), fin_timeout(scope, boot)].into_iter().flatten() {
            judgement.found(finding);
        }
    })
}

fn recycle(scope: &Scope, boot: &Boot) -> Option<Finding> {
    let written = boot.written.iter().filter(|line| line.key == RECYCLE);
    let mut evidence = lines(RECYCLE, written.map(|line| (line.value.as_str(), &line.origin)));
    if evidence.is_empty() {
        return None;
    }
    let first = evidence.remove(0);
    let finding =
        Finding::new(RULE.name, Severity::Low, scope, RECYCLE, first).with_evidence(evidence).says(
            "tcp_tw_recycle is set, but Linux 4.12 removed it",
            "The line does nothing. On the kernels that had it, it broke connections from clients \
         behind NAT. The line follows advice of that time: check the other lines of the file too.",
        );
    Some(finding.advises([Step::boot("remove the line")]))
}

fn fin_timeout(scope: &Scope, boot: &Boot) -> Option<Finding> {
    let mut lowered = boot.entries.iter().filter_map(|entry| match &entry.state {
        State::Known { value, .. } if entry.key == FIN_TIMEOUT => {
            value.parse().ok().filter(|value: &i64| *value < USUAL).and_then(|_| winner(entry))
        }
        _ => None,
    });
    let first = lowered.next()?;
    let finding = Finding::new(RULE.name, Severity::Info, scope, FIN_TIMEOUT, first)
        .with_evidence(lowered)
        .says(
            "tcp_fin_timeout is lowered, which does not shorten TIME_WAIT",
            format!(
                "It bounds how long an orphaned connection waits in FIN_WAIT_2 for a peer that \
                 does not close. {}: ports come back no sooner.",
                scope.time_wait.known().map_or_else(
                    || "TIME_WAIT is another timer".to_owned(),
                    |&length| format!("TIME_WAIT lasts {} whatever it is", seconds(length)),
                )
            ),
        );
    Some(
        finding
            .advises([Step::elsewhere("nothing, if that is what it is for; for more ports see")
                .by("ephaudit explain narrow-pool")]),
    )
}
