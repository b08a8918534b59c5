//! The range and the first unprivileged port, written in an order that the kernel refuses.

use ephaudit_platform::boot::{Boot, Entry, Origin, Rejected, Rejection};
use ephaudit_platform::snapshot::Scope;

use crate::policy::Policy;
use crate::report::{About, Finding, Severity, Step, Verdict};
use crate::rule::boot::{each_boot, setting_line, who, winner};
use crate::rule::{Check, Facts, Need, Rule};
use crate::text::{setting, setting_value};

pub static RULE: Rule = Rule {
    name: "boot-order-fails",
    summary: "with --boot: the range and the first unprivileged port are written in an order that fails",
    severity: |_| Severity::Medium,
    needs: &[Need::Boot],
    page: include_str!("boot-order-fails.md"),
    check: Check::Facts(check),
};

fn check(facts: &Facts<'_>, _policy: &Policy) -> Verdict {
    each_boot(facts, |judgement, scope, boot| {
        let mut reported: Vec<(&str, &Origin)> = Vec::new();
        for entry in &boot.entries {
            for refused in entry.rejected.iter().filter(|line| line.rejection == Rejection::Order) {
                let line = (entry.key, &refused.origin);
                if !reported.contains(&line) {
                    reported.push(line);
                    judgement.found(finding(scope, boot, entry, refused));
                }
            }
        }
    })
}

fn finding(scope: &Scope, boot: &Boot, entry: &Entry, refused: &Rejected) -> Finding {
    let is_alike = |other: &&Entry| {
        let same =
            |line: &Rejected| line.rejection == Rejection::Order && line.origin == refused.origin;
        other.key == entry.key && other.rejected.iter().any(same)
    };
    let by: Vec<&str> =
        boot.entries.iter().filter(is_alike).map(|entry| who(entry.loader)).collect();
    let place = refused.origin.place();
    let (key, value) = (setting(entry.key), setting_value(&refused.value));
    let message = format!(
        "Written by {}, the kernel refuses it: {}. The range must not begin below the first unprivileged port at any \
         moment, not only at the end.",
        by.join(" and "),
        refused.detail
    );
    let of_loader = boot.entries.iter().filter(|other| other.loader == entry.loader);
    let both = of_loader.filter(|other| other.key.contains("port_"));
    let subject = format!("{}/{place}", entry.key);
    let evidence = setting_line(entry.key, &refused.value, &refused.origin);
    Finding::new(RULE.name, Severity::Medium, scope, &subject, evidence)
        .with_evidence(both.filter_map(winner))
        .concerning(About::setting(entry.key))
        .says(format!("{key} = {value} at {place} comes too early or too late"), message)
        .advises(STEPS.map(Step::boot))
}

const STEPS: [&str; 2] = [
    "to lower both, put both into one file, with ip_unprivileged_port_start in the line before ip_local_port_range",
    "to raise both, the other way round: the range first",
];
