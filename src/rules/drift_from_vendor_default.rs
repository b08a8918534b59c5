//! The range against what the vendor ships, for the profile `vendor`.

use ephaudit_platform::snapshot::{Os, Reason, Why};

use crate::policy::{Policy, Profile};
use crate::report::{Cure, Severity, Verdict};
use crate::rule::{Check, Facts, Rule, each_range};

pub static RULE: Rule = Rule {
    name: "drift-from-vendor-default",
    summary: "the ephemeral range is not the one the vendor ships (profile vendor only)",
    severity: |_| Severity::Medium,
    needs: &[],
    page: include_str!("drift-from-vendor-default.md"),
    check: Check::Facts(check),
};

fn check(facts: &Facts<'_>, policy: &Policy) -> Verdict {
    if policy.profile != Profile::Vendor {
        return Verdict::not_asked(
            "--profile vendor",
            "only the profile vendor judges by the vendor's default",
        );
    }
    each_range(facts, |judgement, scope, view| {
        match view.vendor_default() {
        Some(default) if default == view.bounds.range() => judgement.pass(),
        Some(default) => judgement.found(
            view.finding(&RULE, view.severity(policy, &facts.snapshot.host), scope, "range")
            .says(
                format!(
                    "{}the ephemeral range {} is not the default {default}",
                    view.label(),
                    view.bounds.range()
                ),
                format!(
                    "It is not the operating system's default: see which file or program sets it, \
                     and whether it still should{}.",
                    if facts.snapshot.host.os == Os::Linux {
                        " (WSL does, to mirror the Windows host)"
                    } else {
                        ""
                    }
                ),
            )
            .cured_by(Cure::Range(vec![default])),
        ),
        None => judgement.gap(
            scope,
            "vendor's default range",
            &Why::new(
                Reason::Unsupported,
                "the kernel's version is not known, and the default depends on it",
            ),
        ),
    }
    })
}
