//! Settings that a reboot changes.

use ephaudit_platform::boot::{Boot, Entry, Running, State};
use ephaudit_platform::snapshot::{Os, Reason, Scope, Why};

use crate::policy::Policy;
use crate::report::{About, Cure, Evidence, Finding, Severity, Verdict};
use crate::rule::boot::{each_boot, each_key, lasting, now, outcome, weight, who, winner};
use crate::rule::{Check, Facts, Need, Rule};
use crate::text::{setting, setting_value};

pub static RULE: Rule = Rule {
    name: "running-differs-from-boot",
    summary: "with --boot: a setting is not what the persisted files give at the next boot",
    severity: |_| Severity::Medium,
    needs: &[Need::Boot],
    page: include_str!("running-differs-from-boot.md"),
    check: Check::Facts(check),
};

fn check(facts: &Facts<'_>, _policy: &Policy) -> Verdict {
    each_boot(facts, |judgement, scope, boot| {
        for (running, entries) in each_key(boot) {
            let entries = lasting(&entries);
            if let Some(why) = running.value.why() {
                judgement.gap(scope, format!("running value of {}", running.key), why);
            } else if is_left_out(facts, running, &entries) {
                let why = "no line sets it, and this kernel's default is not known";
                let what = format!("boot value of {}", running.key);
                judgement.gap(scope, what, &Why::new(Reason::Unsupported, why));
            } else if let Some(found) = compare(scope, boot, running, &entries) {
                judgement.found(found);
            }
        }
    })
}

/// Whether the kernel's default stays, and nobody knows which. That Linux makes one of the memory
/// that it has is no gap.
fn is_left_out(facts: &Facts<'_>, running: &Running, entries: &[&Entry]) -> bool {
    let by_memory =
        facts.snapshot.host.os == Os::Linux && running.key == "net.ipv4.tcp_max_tw_buckets";
    let absent = entries.iter().any(|entry| entry.state == State::Absent);
    absent && running.default.is_none() && !by_memory
}

/// What either loader leaves is no difference: which of them runs, `boot-depends-on-loader` is
/// about.
fn compare(scope: &Scope, boot: &Boot, running: &Running, entries: &[&Entry]) -> Option<Finding> {
    let value = running.value.known()?;
    // A gap stands for what is not known; a default that depends on the machine can't be compared.
    let then: Vec<&str> =
        entries.iter().map(|entry| outcome(entry, running)).collect::<Option<_>>()?;
    if then.is_empty() || then.contains(&value.as_str()) {
        return None;
    }
    let one = then.windows(2).all(|pair| pair.first() == pair.last());
    let after = if one {
        then.first().map(|then| setting_value(then)).unwrap_or_default()
    } else {
        let each = entries.iter().zip(&then);
        let each: Vec<String> = each
            .map(|(entry, then)| format!("{} by {}", setting_value(then), who(entry.loader)))
            .collect();
        each.join(" or ")
    };
    let set = entries.iter().any(|entry| matches!(entry.state, State::Known { .. }));
    let (key, is) = (setting(running.key), setting_value(value));
    let title = format!("{key} is {is} now, and {after} after the next boot");
    let mut message = if set {
        "It was changed after the files were applied, or the files were changed and not applied."
            .to_owned()
    } else {
        "No file that is read at boot sets it: it was written to the kernel directly, and the next \
         boot restores the kernel's default, unless it is written again."
            .to_owned()
    };
    if boot.suspects.is_empty() {
        message.push_str(" Who wrote it is not known, and may do so again.");
    }
    let suspects: Vec<&str> = boot.suspects.iter().map(|suspect| suspect.what.as_str()).collect();
    if !suspects.is_empty() {
        message.push_str(" Found on this host, and able to set it at every boot: ");
        message.push_str(&suspects.join("; "));
        message.push('.');
    }
    let shown_by = boot
        .suspects
        .iter()
        .map(|suspect| Evidence::new("suspect", suspect.what.clone(), &suspect.source));
    let finding = Finding::new(RULE.name, weight(running.key), scope, running.key, now(running)?)
        .with_evidence(entries.iter().filter_map(|entry| winner(entry)))
        .with_evidence(shown_by)
        .concerning(About::setting(running.key))
        .says(title, message);
    let back = then.first().copied().filter(|_| one);
    Some(finding.cured_by(Cure::Settle {
        key: running.key,
        now: value.clone(),
        then: back.map(str::to_owned),
    }))
}
