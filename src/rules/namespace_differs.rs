//! Namespaces that hand out other ports than the host's own.

use ephaudit_platform::ports::{PortRange, PortSet};
use ephaudit_platform::snapshot::{Bounds, Scope};

use crate::policy::Policy;
use crate::report::{Cure, Evidence, Finding, Severity, Verdict};
use crate::rule::{
    Check, Facts, Judgement, Need, Rule, each_scope, one_namespace, pool_gaps, unread_scopes,
};
use crate::text::spans;

pub static RULE: Rule = Rule {
    name: "namespace-differs",
    summary: "with --all-netns: a namespace's range or reserved ports differ from the host's",
    severity: |_| Severity::Low,
    needs: &[Need::Namespaces],
    page: include_str!("namespace-differs.md"),
    check: Check::Facts(check),
};

/// What decides which ports a namespace hands out.
struct Tuning<'a> {
    range: (u16, u16),
    reserved: &'a PortSet,
    /// Whether it is what the kernel gives a new one.
    untouched: bool,
}

fn check(facts: &Facts<'_>, _policy: &Policy) -> Verdict {
    if facts.snapshot.unread_scopes.is_none() {
        return one_namespace(facts.snapshot);
    }
    let of_host = facts.snapshot.scopes.iter().find(|scope| scope.is_host());
    let (whose, measure) = match of_host {
        Some(host) => ("the host's namespace", Some(host)),
        None => (
            "the namespace ephaudit runs in",
            facts.snapshot.scopes.iter().find(|scope| scope.current),
        ),
    };
    each_scope(facts, |judgement, scope| {
        if let Some(measure) = measure {
            if scope.current {
                // What was not read may differ.
                judgement.gaps(unread_scopes(facts.snapshot));
            }
            compare(judgement, scope, (whose, measure));
        }
    })
}

fn compare(judgement: &mut Judgement, scope: &Scope, (whose, measure): (&str, &Scope)) {
    pool_gaps(judgement, scope);
    let (Some(here), Some(there)) = (tuning(scope), tuning(measure)) else { return };
    if (here.range, here.reserved) == (there.range, there.reserved) {
        return judgement.pass();
    }
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    if here.range != there.range {
        ours.push(evidence_of_range(scope));
        theirs.push(evidence_of_range(measure));
    }
    if here.reserved != there.reserved {
        ours.push(evidence_of_reserved(scope));
        theirs.push(evidence_of_reserved(measure));
    }
    let words = |evidence: &[Option<Evidence>]| {
        let words = evidence.iter().flatten().map(|e| format!("{} {}", e.what, e.value));
        words.collect::<Vec<_>>().join(" and ")
    };
    let title = format!("{} here, and in {whose} {}", words(&ours), words(&theirs));
    let open = match there.reserved.difference(here.reserved) {
        open if open.is_empty() => String::new(),
        open => format!(" Not reserved here: {}.", spans(&open)),
    };
    let (severity, message, had_better) = if here.untouched {
        let message = "A new namespace starts with the kernel's default, not with the host's \
                       value: tuning the host does not reach its containers.";
        (Severity::Low, message, true)
    } else {
        let message = "It was set for this namespace, which is right if that was intended.";
        (Severity::Info, message, false)
    };
    let mut ours = ours.into_iter().flatten();
    let Some(first) = ours.next() else { return };
    let mut finding = Finding::new(RULE.name, severity, scope, "tuning", first)
        .with_evidence(ours)
        .with_evidence_in(measure, theirs.into_iter().flatten())
        .says(title, format!("{message}{open}"));
    if had_better {
        let (first, last) = there.range;
        let (range, reserved) = (PortRange::between(first, last), there.reserved.clone());
        finding = finding.cured_by(Cure::Like { range, reserved });
    }
    judgement.found(finding);
}

/// `None` where a part of it is not known.
fn tuning(scope: &Scope) -> Option<Tuning<'_>> {
    let range = scope.ephemeral().next()?;
    let bounds = range.bounds.known()?;
    let reserved = scope.reserved.iter().find_map(|list| list.ports.known())?;
    let untouched = range.vendor_default == Some(bounds.range()) && reserved.is_empty();
    Some(Tuning { range: (bounds.first, bounds.last), reserved, untouched })
}

fn evidence_of_range(scope: &Scope) -> Option<Evidence> {
    let range = scope.ephemeral().next()?;
    let Bounds { first, last, .. } = range.bounds.known()?;
    Some(Evidence::new("ephemeral range", format!("{first}-{last}"), range.bounds.source()))
}

fn evidence_of_reserved(scope: &Scope) -> Option<Evidence> {
    scope.reserved.iter().find_map(|list| {
        let ports = list.ports.known()?;
        Some(Evidence::new("reserved ports", spans(ports), list.ports.source()))
    })
}
