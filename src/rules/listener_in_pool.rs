//! Services whose port automatic allocation may hand to somebody else.

pub(super) mod words;

use std::collections::BTreeMap;

use ephaudit_platform::ports::{PortRange, PortSet};
use ephaudit_platform::snapshot::{Listener, Owner, Pool, Scope, Transport};

use crate::fixed::{self, Weighed};
use crate::policy::Policy;
use crate::remedy;
use crate::report::{About, Cure, Evidence, Finding, Gap, Severity, Step, Verdict};
use crate::rule::usage::range_evidence;
use crate::rule::{Check, Facts, Need, Rule, ScopeFacts, each_scope, pool_gaps};
use crate::text::{counted, grouped};

pub static RULE: Rule = Rule {
    name: "listener-in-pool",
    summary: "a service listens on a port that an outgoing connection can take while it is down",
    severity: |_| Severity::Medium,
    needs: &[Need::Listeners, Need::Owners],
    page: include_str!("listener-in-pool.md"),
    check: Check::Facts(check),
};

/// How many groups of listeners are told one by one; the others are told together.
const TOLD_MAX: usize = 256;
/// The same in a namespace that is not the reader's own.
const TOLD_OF_OTHERS: usize = 32;
/// How many listeners a finding shows.
const SHOWN: usize = 32;
/// What helps where nobody knows.
const SAY_SO: [&str; 2] = [
    "where its configuration names the port, declare it in the policy ([[service]]) and reserve it",
    "where it takes any port, say so in the policy: a [[service]] with automatic = true",
];

/// What listeners have in common that one finding tells: who holds them, as far as it is known, and
/// which waiver is for their port.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum CommonCause {
    /// Fixed services of a process.
    Process(u32, Option<usize>),
    /// Sockets of programs of one name, fixed or not.
    Unclear(Option<String>, Option<String>, Option<String>, Option<usize>),
    /// A fixed port whose process is not known.
    Port(Transport, u16),
    /// Sockets of a transport whose process is not known, fixed or not.
    Unseen(Transport, Option<usize>),
}

impl CommonCause {
    fn of(policy: &Policy, item: &Listener, weighed: &Weighed) -> Self {
        let is_for = |waiver: &crate::policy::waiver::Waiver| {
            let named = waiver.ports.as_ref().is_some_and(|ports| ports.contains(item.port));
            waiver.rule == RULE.name && named
        };
        let waived = policy.waivers.iter().position(is_for);
        match (&item.owner, weighed.is_fixed()) {
            (Owner::Known { pid, .. }, true) => Self::Process(*pid, waived),
            (Owner::Known { command, unit, container, .. }, false) => {
                Self::Unclear(command.clone(), unit.clone(), container.clone(), waived)
            }
            (_, true) => Self::Port(item.transport, item.port),
            (_, false) => Self::Unseen(item.transport, waived),
        }
    }
}

/// Listeners that one finding tells.
type ListenerGroup<'a> = Vec<(&'a Listener, &'a Weighed)>;

/// The first group is that of the first listener.
fn groups<'a>(policy: &Policy, scope: &'a ScopeFacts<'_>) -> Vec<ListenerGroup<'a>> {
    let mut places: BTreeMap<CommonCause, usize> = BTreeMap::new();
    let mut groups: Vec<ListenerGroup<'a>> = Vec::new();
    for (item, weighed) in scope.exposed() {
        let place = *places.entry(CommonCause::of(policy, item, weighed)).or_insert(groups.len());
        match groups.get_mut(place) {
            Some(group) => group.push((item, weighed)),
            None => groups.push(vec![(item, weighed)]),
        }
    }
    groups
}

const fn listed_max(scope: &Scope) -> usize {
    if scope.current { TOLD_MAX } else { TOLD_OF_OTHERS }
}

fn check(facts: &Facts<'_>, policy: &Policy) -> Verdict {
    each_scope(facts, |judgement, scope| {
        pool_gaps(judgement, scope);
        judgement.gaps(scope.listeners.unread.iter().map(|unread| Gap::of(scope, unread)));
        judgement.pass();
        let mut groups = groups(policy, scope);
        let others = groups.split_off(groups.len().min(listed_max(scope)));
        for group in &groups {
            if let Some(finding) = finding(policy, scope, group) {
                judgement.found(finding);
            }
        }
        for &transport in Transport::ALL {
            let of = others.iter().flatten().filter(|(item, _)| item.transport == transport);
            if let Some(finding) = together(scope, &of.copied().collect()) {
                judgement.found(finding);
            }
        }
    })
}

fn severity(group: &ListenerGroup<'_>) -> Severity {
    if is_fixed(group) { Severity::Medium } else { Severity::Low }
}

fn is_fixed(group: &ListenerGroup<'_>) -> bool {
    group.iter().any(|(_, weighed)| weighed.is_fixed())
}

fn ports(group: &ListenerGroup<'_>) -> PortSet {
    group.iter().map(|(item, _)| PortRange::single(item.port)).collect()
}

/// With what can be done about a group: a port that nobody knows to be fixed is not one to reserve.
fn advised(finding: Finding, scope: &ScopeFacts<'_>, group: &ListenerGroup<'_>) -> Finding {
    if is_fixed(group) {
        let reserve = Cure::Reserve(scope.at_risk.clone());
        finding.cured_by(reserve).advises([Step::elsewhere(remedy::MOVE)])
    } else {
        finding.advises(SAY_SO.map(Step::elsewhere))
    }
}

/// The first pool that has the listener's port.
fn pool_of<'a>(scope: &'a ScopeFacts<'_>, item: &Listener) -> Option<&'a Pool<'a>> {
    scope.pools.iter().find(|pool| fixed::is_of(pool, item) && pool.ports.contains(item.port))
}

/// One finding for listeners of one transport that are too many to tell one by one.
fn together(scope: &ScopeFacts<'_>, others: &ListenerGroup<'_>) -> Option<Finding> {
    let (Listener { transport, source, .. }, _) = others.first()?;
    let pool = pool_of(scope, others.first()?.0)?;
    let ports = ports(others);
    let evidence = Evidence {
        what: "listeners",
        value: crate::text::spans(&ports),
        source: source.clone(),
        line: None,
        command: format!("ss -H{}lnp", words::letter(*transport)),
    };
    let subject = format!("{transport}/others");
    let count = u32::try_from(others.len()).unwrap_or(u32::MAX);
    let listed = u32::try_from(listed_max(scope)).unwrap_or(u32::MAX);
    let finding = Finding::new(RULE.name, severity(others), scope, &subject, range_evidence(pool))
        .with_evidence([evidence])
        .about(ports)
        .concerning(About::transport(*transport))
        .says(
            format!(
                "{} of {transport} inside the pool and not reserved",
                counted(count, "more listener")
            ),
            format!("The first {} findings of this rule tell of others.", grouped(listed)),
        );
    Some(advised(finding, scope, others))
}

fn finding(policy: &Policy, scope: &ScopeFacts<'_>, group: &ListenerGroup<'_>) -> Option<Finding> {
    let (first, _) = group.first()?;
    let pool = pool_of(scope, first)?;
    let subject = if is_fixed(group) {
        words::named(group)
    } else {
        // Their ports change with every start.
        words::holder(first)
    };
    let evidence = group.iter().take(SHOWN).map(|(item, _)| words::evidence(item));
    let finding = Finding::new(RULE.name, severity(group), scope, &subject, range_evidence(pool))
        .with_evidence(evidence)
        .about(ports(group))
        .concerning(about(policy, group, first))
        .says(words::title(policy, group), words::message(group, pool));
    Some(advised(finding, scope, group))
}

/// The first that is seen to hold one of the ports; transport, address and service where all have
/// the same.
fn about(policy: &Policy, group: &ListenerGroup<'_>, first: &Listener) -> About {
    let all = |same: fn(&Listener, &Listener) -> bool| group.iter().all(|(i, _)| same(i, first));
    let one_port = all(|a, b| (a.transport, a.port) == (b.transport, b.port));
    let service = policy.registry.service(first.transport, first.port).filter(|_| one_port);
    let about = About {
        transport: all(|a, b| a.transport == b.transport).then_some(first.transport),
        address: all(|a, b| a.address == b.address).then_some(first.address),
        service: service.map(str::to_owned),
        ..About::default()
    };
    let owned = group.iter().find(|(item, _)| matches!(item.owner, Owner::Known { .. }));
    owned.map_or(about.clone(), |(item, _)| about.held_by(&item.owner))
}
