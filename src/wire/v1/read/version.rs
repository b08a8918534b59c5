//! What this very version always writes: of a report of another one nobody knows its rules, nor
//! what they need.

use std::collections::HashSet;

use super::super::{Document, Rule, Scope, State, Verdict};
use super::beside;
use super::judged::same_severity;
use crate::policy::Profile;
use crate::rules::{self, RULES};

/// Fails where a report of this version is not as this version writes one.
pub(super) fn check(document: &Document) -> Result<(), String> {
    let Some(policy) = document.policy.as_ref().filter(|_| is_of_this(document)) else {
        return Ok(());
    };
    beside::check(document)?;
    let names = || document.rules.iter().map(|rule| &*rule.rule);
    if !names().eq(RULES.iter().map(|rule| rule.name)) {
        return Err(format!("its rules are not the {} of its version", RULES.len()));
    }
    let is_its = |profile: &&Profile| profile.name() == document.profile;
    let profile = Profile::ALL.iter().find(is_its).copied();
    let profile = profile.ok_or_else(|| format!("{:?} is not a profile", document.profile))?;
    if let Some(off) = policy.off.iter().find(|off| rules::find(off).is_none()) {
        return Err(format!("its policy turns off {off:?}, which is not a rule"));
    }
    let found: HashSet<&str> = document.findings.iter().map(|finding| &*finding.rule).collect();
    for rule in &document.rules {
        let is_off = policy.off.contains(&rule.rule);
        if is_off && rule.verdict != Verdict::NotApplicable {
            return Err(format!("its policy turns off {}, which has a verdict", rule.rule));
        }
        if let Some(own) = rules::find(&rule.rule).filter(|_| !found.contains(&*rule.rule)) {
            same_severity(
                &rule.rule,
                rule.severity,
                super::super::make::severity((own.severity)(profile)),
            )?;
        }
        if !is_off {
            needs(document, rule)?;
        }
    }
    Ok(())
}

fn is_of_this(document: &Document) -> bool {
    document.tool.version == env!("CARGO_PKG_VERSION")
}

/// A fact of a namespace that may be missing, and what has a gap then.
struct NeededFact {
    what: &'static str,
    missing: fn(&Scope) -> bool,
    rules: &'static [&'static str],
}

/// Rules that say, before they look, that they have nothing to say about such a host, policy or
/// run.
const CONDITIONAL: [&str; 4] = [
    "drift-from-vendor-default",
    "declared-service-in-pool",
    "excluded-from-pool",
    "namespace-differs",
];

/// Rules that apply wherever a range is known.
const ALWAYS: [&str; 5] = [
    "outside-dynamic-ports",
    "overlaps-system-ports",
    "overlaps-user-ports",
    "listener-in-pool",
    "narrow-pool",
];

const NEEDS: [NeededFact; 10] = [
    NeededFact {
        what: "range",
        missing: no_range,
        rules: &[
            "outside-dynamic-ports",
            "overlaps-system-ports",
            "overlaps-user-ports",
            "drift-from-vendor-default",
            "listener-in-pool",
            "declared-service-in-pool",
            "narrow-pool",
            "lopsided-pool",
            "reserved-outside-range",
            "same-parity-bounds",
            "excluded-from-pool",
            "namespace-differs",
        ],
    },
    NeededFact {
        what: "reserved ports",
        missing: no_reserved,
        rules: &[
            "overlaps-system-ports",
            "overlaps-user-ports",
            "listener-in-pool",
            "declared-service-in-pool",
            "narrow-pool",
            "lopsided-pool",
            "namespace-differs",
        ],
    },
    NeededFact {
        what: "range of each family",
        missing: |scope| no_range(scope) && ephemeral(scope).all(|range| range.families.len() < 2),
        rules: &["families-differ"],
    },
    NeededFact {
        what: "range of each transport",
        missing: |scope| {
            no_range(scope) && ephemeral(scope).all(|range| range.transports.len() < 2)
        },
        rules: &["transports-differ"],
    },
    NeededFact {
        what: "listeners",
        missing: |scope| scope.listeners.state == State::Unknown,
        rules: &["listener-in-pool"],
    },
    NeededFact {
        what: "first unprivileged port",
        missing: |scope| scope.unprivileged_start.state == State::Unknown,
        rules: &["unprivileged-start-lowered"],
    },
    NeededFact {
        what: "randomization",
        missing: |scope| scope.randomization.iter().any(|knob| knob.state == State::Unknown),
        rules: &["sequential-ports"],
    },
    NeededFact {
        what: "ports in use",
        missing: |scope| scope.usage.state == State::Unknown,
        rules: &[
            "self-connected-socket",
            "self-connect-exposure",
            "destination-near-exhaustion",
            "bound-ports-drain-pool",
            "outbound-on-system-port",
        ],
    },
    NeededFact {
        what: "pool whose ports are in use",
        missing: |scope| {
            scope.usage.state == State::Known && (no_range(scope) || no_reserved(scope))
        },
        rules: &["destination-near-exhaustion", "bound-ports-drain-pool"],
    },
    NeededFact {
        what: "values after a reboot",
        missing: |scope| scope.boot.iter().any(|entry| entry.state == State::Unknown),
        rules: &[
            "running-differs-from-boot",
            "boot-depends-on-loader",
            "setting-never-applies",
            "boot-order-fails",
            "octal-number",
            "stale-knob",
        ],
    },
];

fn ephemeral(scope: &Scope) -> impl Iterator<Item = &super::super::Range> {
    scope.ranges.iter().filter(|range| range.role == "ephemeral")
}

fn no_range(scope: &Scope) -> bool {
    ephemeral(scope).any(|range| range.state == State::Unknown)
}

fn no_reserved(scope: &Scope) -> bool {
    scope.reserved.iter().any(|list| list.state == State::Unknown)
}

/// Fails where a rule is answered without what it needs, or does not apply although it could be
/// answered.
fn needs(document: &Document, rule: &Rule) -> Result<(), String> {
    let name = &*rule.rule;
    let applies = !matches!(rule.verdict, Verdict::NotApplicable | Verdict::NotAsked);
    let known = |scope: &Scope| ephemeral(scope).any(|range| range.state == State::Known);
    if !applies && ALWAYS.contains(&name) && document.scopes.iter().any(known) {
        return Err(format!("{name} applies to a host whose range is known"));
    }
    if !applies && CONDITIONAL.contains(&name) {
        return Ok(());
    }
    let its = document.gaps.iter().filter(|gap| gap.rule.as_deref() == Some(name));
    let explained: HashSet<&str> = its.map(|gap| &*gap.scope).collect();
    for need in NEEDS.iter().filter(|need| need.rules.contains(&name)) {
        let lacking = |scope: &&Scope| (need.missing)(scope) && !explained.contains(&*scope.id);
        if let Some(scope) = document.scopes.iter().find(lacking) {
            let (what, verdict) = (need.what, rule.verdict.name());
            return Err(format!(
                "{name} is called {verdict}, and the {what} of {} is unknown",
                scope.id
            ));
        }
    }
    Ok(())
}
