//! Which range and list of reserved ports a host had better have, and what that would change:
//! judged by the same rules, on a copy of the facts. Nothing of it is ever done by this tool.

mod commands;
pub mod demand;
mod remarks;
pub mod snippets;
mod solve;
mod space;
#[cfg(test)]
mod tests;

use ephaudit_platform::ports::{PortRange, PortSet};
use ephaudit_platform::snapshot::{Environment, Scope, Snapshot};

use crate::audit::verdicts;
use crate::policy::Policy;
use crate::remedy::{self, Change};
use crate::report::{Finding, Gap, Status, Step};
use crate::rule::{self, Facts, Outcome};
use demand::{Prefer, Protected, Size, Wish};
use snippets::{Settings, Snippet};
use solve::Solution;
use space::Space;

/// How often a plan is made again because the listeners weigh something else under it.
const ROUNDS: usize = 8;

/// The plans of a host.
pub struct HostPlan<'a> {
    /// What the host would be called by an audit after them.
    pub status: Status,
    /// One for each scope.
    pub scopes: Vec<ScopePlan<'a>>,
    /// What could not be read beside.
    pub gaps: Vec<Gap>,
}

/// The plan of a scope.
pub struct ScopePlan<'a> {
    /// Of which.
    pub scope: &'a Scope,
    /// What an audit would call it after the plan; findings, where the demand is not met too.
    pub status: Status,
    /// How many ports are wanted.
    pub size: Size,
    /// Where a range may lie.
    pub allowed: Vec<PortRange>,
    /// What is set now, where it is known.
    pub now: Option<Present>,
    /// What is found now.
    pub before: Vec<Outcome>,
    /// The plan.
    pub proposal: Option<Proposal>,
    /// Why there is none, where everything was read.
    pub refused: Option<String>,
    /// The plan by the other preference, where that is another.
    pub other: Option<Alternative>,
    /// What could not be read.
    pub gaps: Vec<Gap>,
    /// What is to be known beside.
    pub remarks: Vec<String>,
}

/// What is set now.
pub struct Present {
    /// The range.
    pub range: PortRange,
    /// The list.
    pub reserved: PortSet,
    /// What is handed out.
    pub pool: PortSet,
}

/// A plan.
pub struct Proposal {
    /// The settings.
    pub solution: Solution,
    /// By which preference.
    pub prefer: Prefer,
    /// What leaves the pool, and why.
    pub protect: Vec<Protected>,
    /// The settings that change, in the order that works; none where nothing is to be done.
    pub values: Vec<Change>,
    /// What is added to the list.
    pub added: PortSet,
    /// What is handed out then and not now.
    pub newly: PortSet,
    /// What is handed out now and not then.
    pub no_longer: PortSet,
    /// What would be found.
    pub after: Vec<Outcome>,
    /// How to have it.
    pub steps: Vec<Step>,
    /// How to have what was before.
    pub rollback: Vec<Step>,
    /// The same for other tools.
    pub snippets: Vec<Snippet>,
    /// Whether the listeners weigh the same under it.
    settled: bool,
}

/// What the other preference would do.
pub struct Alternative {
    /// The preference.
    pub prefer: Prefer,
    /// The settings.
    pub solution: Solution,
    /// How many ports would be handed out that are not now.
    pub newly: u32,
}

/// The plan of each scope. `targets` names the snippets.
pub fn plan<'a>(
    snapshot: &'a Snapshot,
    policy: &Policy,
    wish: &Wish,
    targets: &[String],
) -> HostPlan<'a> {
    let planner = Planner { snapshot, policy, wish, targets };
    let scopes: Vec<_> = snapshot.scopes.iter().map(|scope| planner.of(scope)).collect();
    let gaps = rule::unread_scopes(snapshot);
    let has = |status| scopes.iter().any(|scope| scope.status == status);
    let status = if has(Status::Findings) {
        Status::Findings
    } else if has(Status::Undetermined) || scopes.is_empty() || !gaps.is_empty() {
        Status::Undetermined
    } else {
        Status::Compliant
    };
    HostPlan { status, scopes, gaps }
}

/// The best plan by a preference.
struct Best {
    solution: Solution,
    protect: Vec<Protected>,
    /// Whether the listeners weigh the same under it.
    settled: bool,
    prefer: Prefer,
}

struct Planner<'p, 'a> {
    snapshot: &'a Snapshot,
    policy: &'p Policy,
    wish: &'p Wish,
    targets: &'p [String],
}

impl<'a> Planner<'_, 'a> {
    fn of(&self, scope: &'a Scope) -> ScopePlan<'a> {
        let present = remedy::planned(self.snapshot, scope, &[]);
        let (before, status) = verdicts(&present, self.policy);
        let (size, gap) = demand::size(scope, self.policy, self.wish);
        let mut plan = ScopePlan {
            scope,
            status,
            size: size.clone(),
            allowed: self.policy.allowed.clone(),
            now: None,
            before,
            proposal: None,
            refused: None,
            other: None,
            gaps: gap.into_iter().collect(),
            remarks: Vec::new(),
        };
        let space = match Space::of(self.snapshot, scope, self.policy, self.wish, size) {
            Ok(space) => space,
            Err(gap) => {
                plan.gaps.push(gap);
                plan.status = plan.status.with_gaps();
                return plan;
            }
        };
        let pool = solve::pool(space.range(), space.reserved(), space.unusable());
        plan.now = Some(Present { range: space.range(), reserved: space.reserved().clone(), pool });
        plan.allowed = space.allowed().to_vec();
        if self.wish.asks_listeners() {
            let unread = &scope.listeners.unread;
            plan.gaps.extend(unread.iter().map(|unread| Gap::of(scope, unread)));
        }
        self.fill(&mut plan, &space);
        if !plan.gaps.is_empty() {
            plan.status = plan.status.with_gaps();
        }
        plan
    }

    /// Plans where everything is known that decides where the range may lie.
    fn fill(&self, plan: &mut ScopePlan<'a>, space: &Space) {
        if matches!(self.snapshot.host.environment, Some(Environment::Wsl)) && plan.scope.current {
            plan.refused = Some(
                "leave the range as it is under WSL, where it may mirror a slice of the Windows \
                 host's"
                    .to_owned(),
            );
            return;
        }
        if let Some(why) = too_low(space) {
            plan.refused = Some(why);
            plan.status = Status::Findings;
            return;
        }
        let by = |prefer: Prefer| self.settle(plan.scope, space, prefer == Prefer::Capacity);
        let (least, most) = (by(Prefer::Least), by(Prefer::Capacity));
        let (Some(least), Some(most)) = (least, most) else {
            let ranges: Vec<String> = plan.allowed.iter().map(PortRange::to_string).collect();
            plan.refused = Some(format!("no range fits into {}", ranges.join(" or ")));
            plan.status = Status::Findings;
            return;
        };
        let capacity = match self.wish.prefer {
            // Where it moves, users expect all that is recommended.
            Prefer::Auto => least.solution.range != space.range() && space.chosen().is_none(),
            prefer => prefer == Prefer::Capacity,
        };
        let (best, otherwise) = if capacity { (most, least) } else { (least, most) };
        let now = plan.now.as_ref().map(|now| now.pool.clone()).unwrap_or_default();
        plan.other = (otherwise.solution.range != best.solution.range).then(|| Alternative {
            prefer: otherwise.prefer,
            newly: otherwise.solution.pool.difference(&now).count(),
            solution: otherwise.solution,
        });
        let proposal = self.proposal(plan.scope, space, best, &now);
        let planned = remedy::planned(self.snapshot, plan.scope, &proposal.values);
        let (after, status) = verdicts(&planned, self.policy);
        plan.status = if proposal.solution.short > 0 { Status::Findings } else { status };
        let proposal = Proposal { after, ..proposal };
        plan.remarks = remarks::remarks(plan.scope, space, &proposal);
        plan.proposal = Some(proposal);
    }

    /// Plans until the listeners weigh the same under the plan as it took them to.
    fn settle(&self, scope: &Scope, space: &Space, capacity: bool) -> Option<Best> {
        let prefer = if capacity { Prefer::Capacity } else { Prefer::Least };
        let mut protect = self.protected(scope, &[]);
        let mut solution = space.best(&ports(&protect), self.wish, capacity)?;
        for _ in 0..ROUNDS {
            let values = commands::values(scope, space, &solution);
            if values.is_empty() {
                return Some(Best { solution, protect, settled: true, prefer });
            }
            let known = ports(&protect);
            let mut more = self.protected(scope, &values);
            more.retain(|more| !PortSet::from(more.ports).difference(&known).is_empty());
            if more.is_empty() {
                return Some(Best { solution, protect, settled: true, prefer });
            }
            protect.extend(more);
            protect.sort();
            solution = space.best(&ports(&protect), self.wish, capacity)?;
        }
        Some(Best { solution, protect, settled: false, prefer })
    }

    /// What must leave the pool, as it is seen with those values.
    fn protected(&self, scope: &Scope, values: &[Change]) -> Vec<Protected> {
        let planned = remedy::planned(self.snapshot, scope, values);
        let facts = Facts::new(&planned, self.policy);
        let of = |facts| demand::protected(&planned, facts, self.policy, self.wish);
        facts.scopes.first().map_or_else(Vec::new, of)
    }

    fn proposal(&self, scope: &Scope, space: &Space, best: Best, now: &PortSet) -> Proposal {
        let Best { solution, mut protect, settled, prefer } = best;
        let values = commands::values(scope, space, &solution);
        let steps = commands::steps(self.snapshot, scope, &values);
        let settings = Settings { snapshot: self.snapshot, values: &values, steps: &steps };
        let snippets = snippets::snippets(scope, &settings, self.targets);
        let range = PortSet::from(solution.range).union(&space.range().into());
        protect.retain(|one| !range.intersection(&one.ports.into()).is_empty());
        Proposal {
            prefer,
            protect,
            added: solution.reserved.difference(space.reserved()),
            newly: solution.pool.difference(now),
            no_longer: now.difference(&solution.pool),
            after: Vec::new(),
            rollback: commands::rollback(self.snapshot, scope, space, &values),
            steps,
            snippets,
            settled,
            values,
            solution,
        }
    }
}

/// Why the system would refuse the range that the user has chosen.
fn too_low(space: &Space) -> Option<String> {
    let range = space.chosen().filter(|range| *range != space.range())?;
    let (low, least) = (range.first(), space.low_min());
    (low < least).then(|| {
        format!("the system refuses a range that begins at {low}: {least} is the lowest port")
    })
}

fn ports(protect: &[Protected]) -> PortSet {
    protect.iter().map(|one| one.ports).collect()
}

/// What is found of the outcomes and not accepted, with the rule's name.
pub fn found(outcomes: &[Outcome]) -> impl Iterator<Item = (&'static str, &Finding)> {
    outcomes.iter().flat_map(|outcome| {
        outcome.verdict.unwaived().map(move |finding| (outcome.rule.name, finding))
    })
}
