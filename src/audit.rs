//! The one door: facts and measure in, report out.

mod bounds;

use ephaudit_platform::snapshot::{
    Held, Listener, ListenerId, Owner, Reading, Reason, Scope, Snapshot, Source, Why,
};

use crate::fixed;
use crate::policy::{Policy, Weight};
use crate::remedy;
use crate::report::{Finding, Gap, Status, Verdict};
use crate::rule::{self, Check, Facts, Need, Outcome, Rule};
use crate::rules::RULES;

/// What the audit says.
#[derive(Debug, Clone)]
pub struct Report {
    /// Overall status.
    pub status: Status,
    /// Every rule in the order of the list, with its answer.
    pub outcomes: Vec<Outcome>,
    /// Gaps that no verdict hangs on.
    pub gaps: Vec<Gap>,
}

/// Judges the facts by every rule that the policy asks.
pub fn audit(snapshot: &Snapshot, policy: &Policy) -> Report {
    let mut outcomes = judged(snapshot, policy);
    remedy::attach(snapshot, policy, &mut outcomes, &|planned| judged(planned, policy));
    Report { status: status(&outcomes, policy), outcomes, gaps: side_gaps(snapshot) }
}

/// What each rule says of the facts, and the status that follows, without anything to do.
pub fn verdicts(snapshot: &Snapshot, policy: &Policy) -> (Vec<Outcome>, Status) {
    let outcomes = judged(snapshot, policy);
    let status = status(&outcomes, policy);
    (outcomes, status)
}

/// What each rule says.
fn judged(snapshot: &Snapshot, policy: &Policy) -> Vec<Outcome> {
    let facts = Facts::new(snapshot, policy);
    let asked = only_asked(snapshot);
    let mut outcomes: Vec<Outcome> = Vec::with_capacity(RULES.len());
    for rule in RULES {
        let weight = weight(policy, rule);
        let verdict = match rule.check {
            _ if weight == Weight::Off => {
                Verdict::NotApplicable("the policy turns it off".to_owned())
            }
            Check::Facts(check) => check(&facts, policy),
            Check::Others(check) => check(&facts, policy, &outcomes),
        };
        let verdict = weighed(snapshot, policy, rule, weight, verdict);
        let verdict = unseen(verdict, &asked);
        outcomes.push(Outcome { rule, verdict });
    }
    outcomes
}

/// The values that a container was asked to be started with, which nobody read in the kernel.
fn only_asked(snapshot: &Snapshot) -> Vec<Gap> {
    let mut gaps = Vec::new();
    for scope in &snapshot.scopes {
        let ranges = scope.ranges.iter().map(|range| ("ephemeral range", source(&range.bounds)));
        let lists = scope.reserved.iter().map(|list| ("reserved ports", source(&list.ports)));
        let start = [("unprivileged port start", source(&scope.unprivileged_start))];
        for (what, source) in ranges.chain(lists).chain(start) {
            let Some(Source::Asked(place)) = source else { continue };
            let detail = format!(
                "{place} is what the container was asked to be started with, and nobody looked at \
                 what the kernel has: give what sysctl prints in it"
            );
            gaps.push(Gap::new(scope, what, &Why::new(Reason::NotCaptured, detail)));
        }
    }
    gaps
}

fn source<T>(reading: &Reading<T>) -> Option<&Source> {
    reading.known().map(|_| reading.source())
}

/// What was asked for may be found fault with; that it is well takes somebody who looked.
fn unseen(verdict: Verdict, asked: &[Gap]) -> Verdict {
    match verdict {
        Verdict::Pass if !asked.is_empty() => Verdict::Unknown(asked.to_vec()),
        Verdict::Fail { findings, mut gaps } => {
            gaps.extend_from_slice(asked);
            Verdict::Fail { findings, gaps }
        }
        verdict => verdict,
    }
}

fn weight(policy: &Policy, rule: &Rule) -> Weight {
    policy.weights.get(rule.name).copied().unwrap_or(Weight::Own)
}

/// Whether a rule that the policy asks reads that: a rule that is off costs nothing.
pub fn needs(policy: &Policy, need: Need) -> bool {
    let mut on = RULES.iter().filter(|rule| weight(policy, rule) != Weight::Off);
    on.any(|rule| rule.needs.contains(&need))
}

/// With the policy's weight, and with what the waivers accept. A finding that nobody can tell
/// whether it is accepted is a gap.
fn weighed(
    snapshot: &Snapshot,
    policy: &Policy,
    rule: &Rule,
    weight: Weight,
    verdict: Verdict,
) -> Verdict {
    let Verdict::Fail { findings: mut found, mut gaps } = verdict else { return verdict };
    bounds::findings(snapshot, rule, &mut found);
    let mut findings = Vec::with_capacity(found.len());
    for mut finding in found {
        if let Weight::Always(severity) = weight {
            finding.severity = severity;
        }
        match accepted(snapshot, policy, rule, &finding) {
            Ok(waived) => {
                finding.waived = waived;
                findings.push(finding);
            }
            Err(gap) => gaps.push(gap),
        }
    }
    if findings.is_empty() { Verdict::Unknown(gaps) } else { Verdict::Fail { findings, gaps } }
}

/// Why a finding is accepted, by the first waiver that holds and covers it; the gap where one may
/// hold or not.
fn accepted(
    snapshot: &Snapshot,
    policy: &Policy,
    rule: &Rule,
    finding: &Finding,
) -> Result<Option<String>, Gap> {
    let mut undated = None;
    for waiver in policy.waivers.iter().filter(|w| w.covers(snapshot, rule.name, finding)) {
        match waiver.holds(&policy.today) {
            Ok(true) => return Ok(Some(waiver.to_string())),
            Ok(false) => {}
            Err(why) => undated = undated.or(Some((waiver.line, why))),
        }
    }
    let Some((line, why)) = undated else { return Ok(None) };
    let what = format!("whether the waiver on line {line} still holds for: {}", finding.title);
    Err(Gap { scope: finding.scope.clone(), what, why: why.reason, detail: why.detail })
}

/// The listeners that findings would name: only their processes are worth a search. None where no
/// rule that is on reads them.
pub fn needs_owners(policy: &Policy, snapshot: &Snapshot) -> Vec<ListenerId> {
    let scopes = snapshot.scopes.iter().enumerate().filter(|_| needs(policy, Need::Owners));
    let named = scopes.flat_map(|(at, scope)| {
        let named = named_listeners(policy, scope).into_iter();
        named.map(move |index| ListenerId { scope: at, index })
    });
    named.collect()
}

/// The listeners of a scope whose process matters, by their index: those in the pool, TCP first, and
/// those that the policy expects an owner of.
pub fn named_listeners(policy: &Policy, scope: &Scope) -> Vec<usize> {
    /// How many, in the reader's own scope and in any other.
    const MOST: (usize, usize) = (4096, 256);
    let most = if scope.current { MOST.0 } else { MOST.1 };
    let pools = ephaudit_platform::pools(scope);
    let owned = |item: &Listener| {
        let mut services = policy.services.iter().filter(|service| service.owner.is_some());
        scope.current && services.any(|service| service.has(item.transport, item.port))
    };
    // Sorted by transport, as the listeners are.
    let items = scope.listeners.items.iter().enumerate();
    let matter = items
        .filter(|(_, item)| fixed::in_pool(&pools, item) == Some(true) || owned(item))
        .map(|(index, _)| index);
    matter.take(most).collect()
}

fn status(outcomes: &[Outcome], policy: &Policy) -> Status {
    let reaches = |verdict: &Verdict| {
        verdict.unwaived().any(|f| policy.fail_on.is_some_and(|least| f.severity >= least))
    };
    let answers = |verdict: &Verdict| matches!(verdict, Verdict::Pass | Verdict::Fail { .. });
    if outcomes.iter().any(|outcome| reaches(&outcome.verdict)) {
        Status::Findings
    } else if outcomes.iter().any(|outcome| !outcome.verdict.gaps().is_empty())
        // A host that no rule was asked about is not one that complies.
        || !outcomes.iter().any(|outcome| answers(&outcome.verdict))
    {
        Status::Undetermined
    } else {
        Status::Compliant
    }
}

/// What could not be seen without changing any verdict.
fn side_gaps(snapshot: &Snapshot) -> Vec<Gap> {
    let mut all = Vec::new();
    for scope in &snapshot.scopes {
        let mut gaps = Vec::new();
        for held in snapshot.held.iter().filter(|_| scope.current) {
            gaps.extend(unseen_sockets(scope, held));
        }
        gaps.extend(scope.notes.iter().map(|note| Gap::of(scope, note)));
        gaps.extend(scope.time_wait.why().map(|why| Gap::new(scope, "TIME_WAIT", why)));
        for item in &scope.listeners.items {
            if let Owner::Unseen(why) = &item.owner {
                let address = std::net::SocketAddr::new(item.address, item.port);
                gaps.push(Gap::new(scope, format!("owner of {} {address}", item.transport), why));
            }
        }
        all.extend(bounds::gaps(scope, gaps));
    }
    all
}

/// What is not known of the sockets that hold the ports of declared services.
fn unseen_sockets(scope: &Scope, held: &Held) -> Vec<Gap> {
    let mut gaps = Vec::new();
    if held.unread.is_empty() && !held.bound_shown {
        let detail =
            "sock_diag lists sockets that are only bound since Linux 6.8, and /proc never does";
        let why = Why::new(Reason::Unsupported, detail);
        let what =
            format!("{} sockets that are only bound to ports of declared services", held.transport);
        gaps.push(Gap::new(scope, what, &why));
    }
    for (ends, owner) in &held.items {
        if let Owner::Unseen(why) = owner {
            gaps.push(Gap::new(scope, format!("owner of {} {}", held.transport, ends.local), why));
        }
    }
    gaps
}

/// Every fact that could not be read, for a reader that asks for no verdict.
pub fn unread_facts(snapshot: &Snapshot) -> Vec<Gap> {
    let mut gaps = Vec::new();
    for scope in &snapshot.scopes {
        let ranges = scope.ranges.iter().map(|range| ("ephemeral range", range.bounds.why()));
        let reserved = scope.reserved.iter().map(|list| ("reserved ports", list.ports.why()));
        let start = [("unprivileged port start", scope.unprivileged_start.why())];
        for (what, why) in ranges.chain(reserved).chain(start) {
            gaps.extend(why.map(|why| Gap::new(scope, what, why)));
        }
        gaps.extend(scope.listeners.unread.iter().map(|unread| Gap::of(scope, unread)));
        gaps.extend(rule::boot::gaps(scope));
        gaps.extend(rule::boot::unread_now(scope));
    }
    gaps.extend(rule::unread_scopes(snapshot));
    gaps.extend(side_gaps(snapshot));
    gaps
}
