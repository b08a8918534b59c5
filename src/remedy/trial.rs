//! A scope's remedies, each tried on a copy of it.

mod settle;

use ephaudit_platform::boot::State;
use ephaudit_platform::ports::{PortRange, PortSet};
use ephaudit_platform::snapshot::{Bounds, Environment, Os, Pool, Scope, Snapshot, Transport};

use super::change::Change;
use super::{apply, boot, elsewhere, figures, linux};
use crate::policy::Policy;
use crate::report::{Cure, Finding, Severity, Step};
use crate::rule::{Facts, Outcome};
use crate::text::{counted, grouped};

/// Judges a snapshot.
pub type Judge<'a> = dyn Fn(&Snapshot) -> Vec<Outcome> + 'a;

/// A finding, by what stays.
pub struct FindingRow {
    rule: &'static str,
    scope: String,
    fingerprint: String,
    severity: Severity,
    title: String,
}

/// The findings of the rules.
pub fn rows(outcomes: &[Outcome]) -> Vec<FindingRow> {
    let mut rows = Vec::new();
    for outcome in outcomes {
        rows.extend(outcome.verdict.findings().iter().map(|finding| FindingRow {
            rule: outcome.rule.name,
            scope: finding.scope.clone(),
            fingerprint: finding.fingerprint.clone(),
            severity: finding.severity,
            title: finding.title.clone(),
        }));
    }
    rows
}

/// A scope on which remedies are tried.
pub struct Bench<'a> {
    snapshot: &'a Snapshot,
    scope: &'a Scope,
    policy: &'a Policy,
    present: Vec<&'a FindingRow>,
    judge: &'a Judge<'a>,
    tried: Vec<Trial>,
}

/// What would be found with other values, and how many ports a pool would have.
struct Trial {
    values: Vec<Change>,
    found: Vec<FindingRow>,
    usable: Option<[u32; 2]>,
}

impl<'a> Bench<'a> {
    pub fn new(
        snapshot: &'a Snapshot,
        scope: &'a Scope,
        policy: &'a Policy,
        present: &'a [FindingRow],
        judge: &'a Judge<'a>,
    ) -> Self {
        let present = present.iter().filter(|row| row.scope == scope.id).collect();
        Self { snapshot, scope, policy, present, judge, tried: Vec::new() }
    }

    /// The steps to a cure, and what is to be said of it.
    pub fn cure(
        &mut self,
        rule: &'static str,
        finding: &Finding,
        cure: &Cure,
    ) -> (Vec<Step>, Option<String>) {
        if self.snapshot.host.os == Os::Linux
            && linux::environment(self.snapshot, self.scope) == Some(&Environment::Wsl)
            && !matches!(cure, Cure::Settle { .. } | Cure::UnprivilegedStart)
        {
            return (vec![linux::wsl()], None);
        }
        match cure {
            Cure::Range(targets) => self.range(rule, finding, targets),
            Cure::Reserve(ports) => (self.reserve(rule, finding, ports), None),
            Cure::UnprivilegedStart => (self.start(rule, finding), None),
            Cure::Like { range, reserved } => (self.like(rule, finding, *range, reserved), None),
            Cure::Settle { key, now, then } => {
                (self.settle(rule, finding, key, now, then.as_deref()), None)
            }
        }
    }

    fn range(
        &mut self,
        rule: &'static str,
        finding: &Finding,
        targets: &[PortRange],
    ) -> (Vec<Step>, Option<String>) {
        let mut refused = None;
        let is_there = |target: &PortRange| {
            let of = |bounds: &Bounds| bounds.range() == *target;
            self.scope.ephemeral().all(|range| range.bounds.known().is_some_and(of))
        };
        let others: Vec<PortRange> = targets.iter().copied().filter(|t| !is_there(t)).collect();
        for target in &others {
            let values = self.with_range(*target);
            match self.passes(rule, finding, &values) {
                Ok(usable) => {
                    let steps = self.steps(&values);
                    return (steps, self.rate_words(rule, finding, *target, usable));
                }
                Err(why) => {
                    refused.get_or_insert(why);
                }
            }
        }
        (refused.map(|why| none(&why)).into_iter().collect(), None)
    }

    /// The range, and what it takes to keep services out of it.
    fn with_range(&self, target: PortRange) -> Vec<Change> {
        let range = Change::Range(target);
        let planned = apply::planned(self.snapshot, self.scope, std::slice::from_ref(&range));
        let facts = Facts::new(&planned, self.policy);
        let at_risk = facts.scopes.first().map(|scope| scope.at_risk.clone()).unwrap_or_default();
        let list =
            (!at_risk.is_empty()).then(|| list_with(self.snapshot, self.scope, &at_risk)).flatten();
        let low = target.first();
        let start = self.scope.unprivileged_start.known().is_some_and(|start| *start > low);
        // The kernel refuses a range that begins below it.
        let start = start.then_some(Change::UnprivilegedStart(low));
        start.into_iter().chain(list.map(Change::Reserved)).chain([range]).collect()
    }

    fn reserve(&mut self, rule: &'static str, finding: &Finding, ports: &PortSet) -> Vec<Step> {
        // gVisor has no reservations, and where the present list is not known a command would
        // throw it away.
        let Some(list) = list_with(self.snapshot, self.scope, ports) else { return Vec::new() };
        if self.snapshot.host.os == Os::Linux && list.spans().len() > linux::SPANS_MAX {
            return vec![none(&format!(
                "the list would have {} spans, and `sysctl -w` writes {} at most: reserve whole \
                 blocks",
                list.spans().len(),
                linux::SPANS_MAX
            ))];
        }
        let values = [Change::Reserved(list)];
        match self.passes(rule, finding, &values) {
            Ok(_) => self.steps(&values),
            Err(why) => vec![none(&why)],
        }
    }

    fn start(&mut self, rule: &'static str, finding: &Finding) -> Vec<Step> {
        let start = Change::UnprivilegedStart(1024);
        let ranges = self.scope.ephemeral().filter_map(|range| range.bounds.known());
        if ranges.map(|bounds| bounds.range().first()).min().is_none_or(|first| first >= 1024) {
            return match self.passes(rule, finding, std::slice::from_ref(&start)) {
                Ok(_) => self.steps(&[start]),
                Err(why) => vec![none(&why)],
            };
        }
        // The kernel refuses it while the range begins lower: the range goes first.
        let mut refused = None;
        for target in targets(self.policy, None) {
            let mut values = self.with_range(target);
            values.push(start.clone());
            match self.passes(rule, finding, &values) {
                Ok(_) => return self.steps(&values),
                Err(why) => {
                    refused.get_or_insert(why);
                }
            }
        }
        refused.map(|why| none(&why)).into_iter().collect()
    }

    fn like(
        &mut self,
        rule: &'static str,
        finding: &Finding,
        range: PortRange,
        reserved: &PortSet,
    ) -> Vec<Step> {
        let mut values = Vec::new();
        let already = self.scope.reserved.iter().find_map(|list| list.ports.known());
        if already.is_some_and(|already| !reserved.difference(already).is_empty()) {
            values.extend(list_with(self.snapshot, self.scope, reserved).map(Change::Reserved));
        }
        let there = |bounds: &Bounds| bounds.range() == range;
        if !self.scope.ephemeral().any(|known| known.bounds.known().is_some_and(there)) {
            values.push(Change::Range(range));
        }
        // It is another namespace than the one it is held against: only what gets worse counts.
        match self.passes(rule, finding, &values) {
            Ok(_) => self.steps(&values),
            Err(why) => vec![none(&why)],
        }
    }

    /// Whether these values end the finding and do nothing worse; how many ports TCP and UDP then
    /// have. The reason, where they do not.
    fn passes(
        &mut self,
        rule: &'static str,
        finding: &Finding,
        values: &[Change],
    ) -> Result<[u32; 2], String> {
        if !self.tried.iter().any(|trial| trial.values == values) {
            let planned = apply::planned(self.snapshot, self.scope, values);
            let found = rows(&(self.judge)(&planned));
            let usable = planned.scopes.first().and_then(usable);
            self.tried.push(Trial { values: values.to_vec(), found, usable });
        }
        let trial = self.tried.iter().find(|trial| trial.values == values);
        let (trial, then) = trial
            .and_then(|trial| Some((trial, trial.usable?)))
            .ok_or("which ports are reserved is not known")?;
        self.has_room(values, then)?;
        let is_it = |row: &&FindingRow| row.rule == rule && row.fingerprint == finding.fingerprint;
        let is_grave = |row: &&FindingRow| row.severity >= finding.severity;
        if let Some(still) = trial.found.iter().filter(is_grave).find(is_it) {
            return Err(format!("it would still be found: {}", still.title));
        }
        match trial.found.iter().filter(is_grave).find(|row| !self.is_known(row)) {
            Some(worse) => Err(format!("then {}", worse.title)),
            None => Ok(then),
        }
    }

    /// Whether it is found now, and as grave.
    fn is_known(&self, row: &FindingRow) -> bool {
        self.present.iter().any(|known| {
            known.rule == row.rule
                && known.fingerprint == row.fingerprint
                && known.severity >= row.severity
        })
    }

    /// Whether a pool then holds what is in use and, where the range is another, what is wanted too.
    fn has_room(&self, values: &[Change], [tcp, udp]: [u32; 2]) -> Result<(), String> {
        let least = tcp.min(udp);
        let used = Transport::ALL.iter().map(|&transport| in_use(self.scope, transport)).max();
        let used = used.unwrap_or_default();
        let range = values.iter().find_map(|value| match value {
            Change::Range(range) => Some(*range),
            _ => None,
        });
        match range {
            Some(range) if least < self.policy.min_pool.saturating_add(used) => {
                let wanted = grouped(self.policy.min_pool);
                let beside = match used {
                    0 => String::new(),
                    used => format!(" beside up to {} in use", grouped(used)),
                };
                Err(format!(
                    "{range} would leave {}, and {wanted} are wanted{beside}",
                    counted(least, "port")
                ))
            }
            None if least == 0 => Err("no port would be left".to_owned()),
            _ => Ok(()),
        }
    }

    fn steps(&self, values: &[Change]) -> Vec<Step> {
        steps(self.snapshot, self.scope, values)
    }

    /// What a move leaves, in the finding that compares it with what is recommended.
    fn rate_words(
        &self,
        rule: &str,
        finding: &Finding,
        to: PortRange,
        then: [u32; 2],
    ) -> Option<String> {
        let now = usable(self.scope)?;
        let udp = finding.about.transport == Some(Transport::Udp);
        let (now, then) = if udp { (now[1], then[1]) } else { (now[0], then[0]) };
        (rule == "outside-dynamic-ports" && now > 0)
            .then(|| figures::cost((&self.snapshot.host, self.scope), to, (now, then), !udp))
    }
}

/// The ranges that a policy likes, the best first: where most of it would be for the vendor's own,
/// else the widest.
pub fn targets(policy: &Policy, vendor_default: Option<PortRange>) -> Vec<PortRange> {
    let mut targets = vec![policy.wanted(vendor_default)];
    let mut others = policy.allowed.clone();
    others.sort_by_key(|range| std::cmp::Reverse(range.count()));
    for range in others {
        if !targets.contains(&range) {
            targets.push(range);
        }
    }
    targets
}

/// The commands of the host's system that make those changes.
pub fn steps(snapshot: &Snapshot, scope: &Scope, values: &[Change]) -> Vec<Step> {
    let os = snapshot.host.os;
    if os == Os::Linux {
        return linux::steps(snapshot, scope, values);
    }
    let of = |value: &Change| match value {
        Change::Range(range) => {
            let present = scope.ephemeral().find_map(|range| range.bounds.known());
            elsewhere::move_range(os, present.map(Bounds::range), *range)
        }
        Change::Reserved(all) => elsewhere::reserve(os, &editable(scope).unwrap_or_default(), all),
        Change::UnprivilegedStart(start) => elsewhere::unprivileged_start(os, *start),
    };
    values.iter().flat_map(of).collect()
}

/// What is in the lists that an administrator may edit; `None` where there are none, or one of them
/// is not known.
fn editable(scope: &Scope) -> Option<PortSet> {
    let mut lists = scope.reserved.iter().filter(|list| apply::is_editable(list)).peekable();
    lists.peek()?;
    lists.try_fold(PortSet::new(), |all, list| Some(all.union(list.ports.known()?)))
}

fn none(why: &str) -> Step {
    Step::elsewhere(format!("no safe change of the settings is known: {why}"))
}

/// How many ports the smallest pool of TCP and of UDP has.
fn usable(scope: &Scope) -> Option<[u32; 2]> {
    let pools = ephaudit_platform::pools(scope);
    let of = |transport: Transport| {
        let pools = pools.iter().filter(|pool| pool.transport == transport);
        pools.map(Pool::usable).min()
    };
    Some([of(Transport::Tcp)?, of(Transport::Udp)?])
}

/// The most ports of a pool that may be in use by one destination or source.
pub fn in_use(scope: &Scope, transport: Transport) -> u32 {
    let Some(usage) = scope.usage.known() else { return 0 };
    match &usage.census {
        Some(census) => {
            let rows = census.destinations.iter().filter(|row| row.transport == transport);
            rows.map(|row| row.ports_used).max().unwrap_or_default()
        }
        None => match transport {
            Transport::Tcp => usage.tcp_at_most(),
            Transport::Udp => usage.udp_sockets,
        },
    }
}

/// The list of reserved ports with these: it keeps what is reserved now, and after the next boot
/// where that was read. `None` where there is no such list, or it is not known.
pub fn list_with(snapshot: &Snapshot, scope: &Scope, ports: &PortSet) -> Option<PortSet> {
    if snapshot.host.os != Os::Linux {
        let already = elsewhere::can_reserve(snapshot.host.os).then(|| editable(scope)).flatten();
        return already.map(|already| already.union(ports));
    }
    let already = scope.reserved.iter().find_map(|list| list.ports.known())?;
    let key = Change::Reserved(PortSet::new()).key();
    let entries = scope.boot.read().map_or(&[][..], |boot| &boot.entries);
    let at_boot =
        entries.iter().filter(|entry| entry.key == key).filter_map(|entry| match &entry.state {
            State::Known { value, .. } => value.parse().ok(),
            State::Absent | State::Unknown(_) => None,
        });
    Some(at_boot.fold(already.union(ports), |all, list: PortSet| all.union(&list)))
}
