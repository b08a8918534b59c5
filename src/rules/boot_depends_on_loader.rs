//! Settings that systemd-sysctl and `sysctl --system` leave different.

use ephaudit_platform::boot::{Entry, Rejected, Rejection, Running, State};
use ephaudit_platform::snapshot::Scope;

use crate::policy::Policy;
use crate::report::{About, Evidence, Finding, Severity, Step, Verdict};
use crate::rule::boot::{each_boot, each_key, lines, now, outcome, weight, who, winner};
use crate::rule::{Check, Facts, Need, Rule};
use crate::text::{setting, setting_value};

pub static RULE: Rule = Rule {
    name: "boot-depends-on-loader",
    summary: "with --boot: systemd-sysctl and sysctl --system leave a setting different",
    severity: |_| Severity::Medium,
    needs: &[Need::Boot],
    page: include_str!("boot-depends-on-loader.md"),
    check: Check::Facts(check),
};

fn check(facts: &Facts<'_>, _policy: &Policy) -> Verdict {
    each_boot(facts, |judgement, scope, boot| {
        for (running, entries) in each_key(boot) {
            let of_loaders: Vec<&Entry> =
                entries.into_iter().filter(|entry| !entry.loader.comes_after()).collect();
            if let Some(found) = compare(scope, running, &of_loaders) {
                judgement.found(found);
            }
        }
    })
}

fn compare(scope: &Scope, running: &Running, entries: &[&Entry]) -> Option<Finding> {
    let [one, other] = entries else { return None };
    let unknown = |entry: &&Entry| matches!(entry.state, State::Unknown(_));
    if unknown(one) || unknown(other) || outcome(one, running) == outcome(other, running) {
        return None;
    }
    let says = |entry: &Entry| match outcome(entry, running) {
        Some(value) => format!("{} leaves {}", who(entry.loader), setting_value(value)),
        None => format!("{} leaves the default", who(entry.loader)),
    };
    let title = format!("{}: {}, {}", setting(running.key), says(one), says(other));
    let message = "systemd-sysctl writes it at boot. sysctl --system writes it at boot without \
                   systemd, and whenever an administrator or a package runs it: the setting then \
                   changes while services run.";
    let mut evidence = [winner(one), winner(other), now(running)].into_iter().flatten();
    let only = only_here(one, other).chain(only_here(other, one));
    let passed = lines(running.key, only.map(|line| (line.value.as_str(), &line.origin)));
    let finding =
        Finding::new(RULE.name, weight(running.key), scope, running.key, evidence.next()?)
            .with_evidence(evidence)
            .with_evidence(new(passed, &[winner(one), winner(other)]))
            .concerning(About::setting(running.key))
            .says(title, message);
    Some(finding.advises(steps(one, other)))
}

/// The lines that the first loader rejects and the other does not.
fn only_here<'a>(one: &'a Entry, other: &'a Entry) -> impl Iterator<Item = &'a Rejected> {
    let also = |line: &&Rejected| other.rejected.iter().any(|known| known.origin == line.origin);
    one.rejected.iter().filter(move |line| !also(line))
}

/// Those that are not shown as a winner.
fn new(lines: Vec<Evidence>, winners: &[Option<Evidence>]) -> Vec<Evidence> {
    let known = |line: &Evidence| winners.iter().flatten().any(|w| w.command == line.command);
    lines.into_iter().filter(|line| !known(line)).collect()
}

fn steps(one: &Entry, other: &Entry) -> Vec<Step> {
    let unlinked = [one, other].iter().any(|entry| {
        entry.rejected.iter().any(|line| line.rejection == Rejection::NotReadByLoader)
    });
    let link = unlinked.then(|| {
        Step::boot("let systemd-sysctl read /etc/sysctl.conf too")
            .by("ln -s ../sysctl.conf /etc/sysctl.d/99-sysctl.conf")
    });
    let in_one_line = "set it in one line only, in a file of /etc/sysctl.d named *.conf, and \
                       remove it from the others";
    let or = if unlinked { "or " } else { "" };
    link.into_iter().chain([Step::boot(format!("{or}{in_one_line}"))]).collect()
}
