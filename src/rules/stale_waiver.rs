//! Waivers that hold no more, or were never needed.

use ephaudit_platform::snapshot::{Reason, Scope, Snapshot, Source, Why};

use crate::policy::Policy;
use crate::policy::waiver::Waiver;
use crate::report::{Evidence, Finding, Severity, Step, Verdict};
use crate::rule::{Check, Facts, Outcome, Rule, each_scope};

pub static RULE: Rule = Rule {
    name: "stale-waiver",
    summary: "a waiver of the policy has expired, or matches nothing",
    severity: |_| Severity::Medium,
    needs: &[],
    page: include_str!("stale-waiver.md"),
    check: Check::Others(check),
};

/// What became of a waiver.
enum Fate {
    /// Something is accepted by it.
    Used,
    /// It is of another host.
    Elsewhere,
    /// Its last day is over.
    Expired,
    /// Its rule was answered, and nothing it is for was found.
    Unmatched,
    /// Its rule was not answered, so nobody knows.
    Untold(String),
    /// Its rule was not asked: by this option it would be.
    Unasked(&'static str, String),
    /// Its last day is over, and whether it is of this host is not known.
    Nameless,
    /// Whether its last day is over is not known.
    Undated(Why),
}

const NAMELESS: &str = "the host's name, by which waivers are matched, is not known";

fn check(facts: &Facts<'_>, policy: &Policy, others: &[Outcome]) -> Verdict {
    if policy.waivers.is_empty() {
        return Verdict::not_asked("--policy", "the policy has no waivers");
    }
    each_scope(facts, |judgement, scope| {
        if !scope.current {
            return;
        }
        for waiver in &policy.waivers {
            match fate(facts.snapshot, policy, others, waiver) {
                Fate::Used => judgement.pass(),
                Fate::Elsewhere => judgement.skip("the waivers are for other hosts"),
                Fate::Untold(why) => judgement.skip(why),
                Fate::Unasked(option, why) => judgement.not_asked(option, why),
                Fate::Nameless => {
                    let why = Why::new(Reason::NotCaptured, NAMELESS);
                    judgement.gap(
                        scope,
                        format!("which host the waiver on line {} is for", waiver.line),
                        &why,
                    );
                }
                Fate::Undated(why) => {
                    let what = format!("whether the waiver on line {} has expired", waiver.line);
                    judgement.gap(scope, what, &why);
                }
                Fate::Expired => judgement.found(expired(scope, policy, waiver)),
                Fate::Unmatched => judgement.found(unmatched(scope, policy, waiver)),
            }
        }
    })
}

fn fate(snapshot: &Snapshot, policy: &Policy, others: &[Outcome], waiver: &Waiver) -> Fate {
    match (waiver.is_for(&snapshot.host), waiver.holds(&policy.today)) {
        (Some(true), Ok(true)) => {}
        (Some(true), Ok(false)) => return Fate::Expired,
        (Some(false), _) => return Fate::Elsewhere,
        (_, Err(why)) => return Fate::Undated(why),
        (None, Ok(false)) => return Fate::Nameless,
        // It accepts nothing, and whether it should is for those to say who know the host.
        (None, Ok(true)) => return Fate::Untold(NAMELESS.to_owned()),
    }
    let Some(outcome) = others.iter().find(|outcome| outcome.rule.name == waiver.rule) else {
        return Fate::Untold(format!("{} is judged after the waivers", waiver.rule));
    };
    let covered = |finding: &Finding| waiver.covers(snapshot, outcome.rule.name, finding);
    match &outcome.verdict {
        Verdict::Fail { findings, .. } if findings.iter().any(covered) => Fate::Used,
        Verdict::NotApplicable(why) => Fate::Untold(format!("{}: {why}", waiver.rule)),
        Verdict::NotAsked { option, why } => {
            Fate::Unasked(option, format!("{}: {why}", waiver.rule))
        }
        verdict if !verdict.gaps().is_empty() => {
            Fate::Untold(format!("{} could not be answered", waiver.rule))
        }
        _ => Fate::Unmatched,
    }
}

fn expired(scope: &Scope, policy: &Policy, waiver: &Waiver) -> Finding {
    let last = waiver.expires.as_deref().unwrap_or_default();
    stale(scope, policy, waiver, Severity::Medium)
        .says(
            format!("the waiver for {} expired on {last}", waiver.rule),
            "Its findings count again: the agreed date has passed.",
        )
        .advises([Step::elsewhere("fix the finding, or agree on a new date with the owner")])
}

fn unmatched(scope: &Scope, policy: &Policy, waiver: &Waiver) -> Finding {
    stale(scope, policy, waiver, Severity::Low)
        .says(
            format!("the waiver for {} matches nothing", waiver.rule),
            "Either the finding was fixed, or the waiver never matched it: another scope, other \
             ports, or too few of them. Left in place it would silently accept the finding if it \
             comes back.",
        )
        .advises([Step::elsewhere(
            "remove it from the policy, or run `ephaudit --no-policy` to see what it should \
                 match",
        )])
}

fn stale(scope: &Scope, policy: &Policy, waiver: &Waiver, severity: Severity) -> Finding {
    let file = Source::File(policy.file.clone().unwrap_or_default().into());
    let value = format!("line {}: {waiver}", waiver.line);
    let evidence =
        Evidence { line: u32::try_from(waiver.line).ok(), ..Evidence::new("waiver", value, &file) };
    let subject = format!("{}/{}/{}/{}", waiver.rule, waiver.host, waiver.scope, waiver.reason);
    Finding::new(RULE.name, severity, scope, &subject, evidence)
}
