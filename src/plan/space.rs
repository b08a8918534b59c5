//! Where a scope's range and list may be: the problem that [`super::solve`] solves.

use ephaudit_platform::ports::{PortRange, PortSet};
use ephaudit_platform::snapshot::{Os, Reading, Scope, Snapshot};

use super::demand::{FixedValue, Size, Wish};
use super::solve::{Problem, Solution, solve, solve_at};
use crate::policy::{Policy, Profile};
use crate::remedy::{SPANS_MAX, is_editable, list_with};
use crate::report::Gap;

/// More spans than any list has.
const UNBOUNDED: usize = 65_536;

/// What a scope has, and what of it may be changed.
#[derive(Debug, Clone)]
pub struct Space {
    problem: Problem,
    /// The list with what the files of the next boot reserve.
    lasting: PortSet,
    /// The range that the user or the profile has chosen.
    at: Option<PortRange>,
    size: Size,
}

impl Space {
    /// What could not be read, where a plan would be a guess.
    pub fn of(
        snapshot: &Snapshot,
        scope: &Scope,
        policy: &Policy,
        wish: &Wish,
        size: Size,
    ) -> Result<Self, Gap> {
        let os = snapshot.host.os;
        let (range, vendor) = present_range(scope)?;
        let (reserved, unusable) = lists(scope)?;
        // That profile takes the vendor's own range and no part of it.
        let own = vendor.filter(|_| policy.profile == Profile::Vendor);
        // None where the list can not grow.
        let lasting = list_with(snapshot, scope, &PortSet::new());
        let mut problem = Problem {
            range,
            kept: reserved.clone(),
            reserved,
            unusable,
            protect: PortSet::new(),
            allowed: own.map_or_else(|| policy.allowed.clone(), |own| vec![own]),
            low_min: low_min(os, scope)?,
            wanted: size.wanted,
            parity: os == Os::Linux,
            least: if os == Os::Windows { 255 } else { 1 },
            reserve: lasting.is_some(),
            spans: if os == Os::Linux { SPANS_MAX } else { UNBOUNDED },
            capacity: false,
        };
        let mut lasting = lasting.unwrap_or_else(|| problem.reserved.clone());
        let mut at = own;
        for value in &wish.fixed {
            match value {
                FixedValue::Range(range) => at = Some(*range),
                FixedValue::SameRange => at = Some(problem.range),
                FixedValue::List(list) => {
                    problem.kept = list.clone();
                    problem.reserve = false;
                    lasting = list.clone();
                }
                FixedValue::With(more) => {
                    problem.kept = problem.kept.union(more);
                    lasting = lasting.union(more);
                }
                FixedValue::Without(fewer) => {
                    problem.kept = problem.kept.difference(fewer);
                    lasting = lasting.difference(fewer);
                }
            }
        }
        Ok(Self { problem, lasting, at, size })
    }

    /// The present range.
    pub const fn range(&self) -> PortRange {
        self.problem.range
    }

    /// The present list.
    pub const fn reserved(&self) -> &PortSet {
        &self.problem.reserved
    }

    /// What is never handed out, and is in no list that a plan may change.
    pub const fn unusable(&self) -> &PortSet {
        &self.problem.unusable
    }

    /// The least low bound of a range.
    pub const fn low_min(&self) -> u16 {
        self.problem.low_min
    }

    /// Where a range may lie.
    pub fn allowed(&self) -> &[PortRange] {
        &self.problem.allowed
    }

    /// The range that the user or the profile has chosen.
    pub const fn chosen(&self) -> Option<PortRange> {
        self.at
    }

    /// The best plan that keeps these ports out of the pool; `None` where no range is allowed.
    pub fn best(&self, protect: &PortSet, wish: &Wish, capacity: bool) -> Option<Solution> {
        let released = wish.fixed.iter().fold(PortSet::new(), |all, value| match value {
            FixedValue::Without(fewer) => all.union(fewer),
            _ => all,
        });
        let protect = protect.difference(&released);
        let mut problem = Problem { protect, capacity, ..self.problem.clone() };
        let first = self.solve(&problem)?;
        // A list that is written holds what the files reserve too, and a range that moves has room
        // beside what is in use.
        let (lists, moves) = (first.reserved != problem.reserved, first.range != problem.range);
        let longer = lists && problem.reserve && problem.kept != self.lasting;
        if longer {
            problem.kept = self.lasting.clone();
        }
        let larger = moves && problem.wanted != self.size.moved;
        if larger {
            problem.wanted = self.size.moved;
        }
        if longer || larger { self.solve(&problem) } else { Some(first) }
    }

    fn solve(&self, problem: &Problem) -> Option<Solution> {
        match self.at {
            Some(range) => solve_at(problem, range),
            None => solve(problem),
        }
    }
}

/// The first of the ranges, and the vendor's own.
fn present_range(scope: &Scope) -> Result<(PortRange, Option<PortRange>), Gap> {
    let mut present = None;
    for range in scope.ephemeral() {
        match &range.bounds {
            Reading::Known { value, .. } => {
                present.get_or_insert((value.range(), range.vendor_default));
            }
            Reading::Absent { .. } => {}
            Reading::Unknown { why, .. } => return Err(Gap::new(scope, "ephemeral range", why)),
        }
    }
    present.ok_or_else(|| Gap {
        scope: scope.id.clone(),
        what: "ephemeral range".to_owned(),
        why: ephaudit_platform::snapshot::Reason::NotCaptured,
        detail: "no range was read".to_owned(),
    })
}

/// What an administrator has reserved, and what is never handed out beside.
fn lists(scope: &Scope) -> Result<(PortSet, PortSet), Gap> {
    let (mut reserved, mut unusable) = (PortSet::new(), PortSet::new());
    for list in &scope.reserved {
        match &list.ports {
            Reading::Known { value, .. } if is_editable(list) => reserved = reserved.union(value),
            Reading::Known { value, .. } => unusable = unusable.union(value),
            Reading::Absent { .. } => {}
            Reading::Unknown { why, .. } => return Err(Gap::new(scope, "reserved ports", why)),
        }
    }
    Ok((reserved, unusable))
}

/// The least low bound. The kernel of Linux refuses a range below the first unprivileged port
/// (`ipv4_local_port_range`, net/ipv4/sysctl_net_ipv4.c), Windows one below 1025 (KB929851).
fn low_min(os: Os, scope: &Scope) -> Result<u16, Gap> {
    match (os, &scope.unprivileged_start) {
        (Os::Windows, _) => Ok(1025),
        (Os::Linux, Reading::Known { value, .. }) => Ok((*value).max(1024)),
        (Os::Linux, Reading::Unknown { why, .. }) => {
            Err(Gap::new(scope, "unprivileged port start", why))
        }
        _ => Ok(1024),
    }
}
