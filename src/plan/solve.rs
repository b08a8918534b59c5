//! The best range and list of reserved ports, exactly.
//!
//! A plan is a range `[l,h]` and a list R; its pool is P = `[l,h]` without R, P0 is the present one.
//! The range lies in one allowed interval, at or above the least low bound; another range than the
//! present one has bounds of different parity and a least length, where the system wants that. R
//! keeps what is reserved, adds only ports to protect, and those in the range must be in it.
//!
//! Of all plans the least of (ports to protect that stay in P, ports short of what is wanted, with
//! `capacity` −|P|, another range, |P \ P0|, |P0 \ P|, |R \ R0|, l, h) is taken, in that order.
//!
//! Prefix sums give each of these in O(1) for any range. For one l they are monotone in h, so one h
//! an l can be the best: the first with enough ports, then as far as nothing new is handed out and
//! something present is kept.

use ephaudit_platform::ports::{PortRange, PortSet};

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Problem {
    /// The present range.
    pub range: PortRange,
    /// The present list.
    pub reserved: PortSet,
    /// What is never handed out, and is in no list that a plan may change.
    pub unusable: PortSet,
    /// The list that a plan begins with: the present one, but where the user changes it.
    pub kept: PortSet,
    /// What must leave the pool.
    pub protect: PortSet,
    /// Where the range may lie.
    pub allowed: Vec<PortRange>,
    /// The least low bound.
    pub low_min: u16,
    /// How many ports the pool should have.
    pub wanted: u32,
    /// Whether another range has bounds of different parity.
    pub parity: bool,
    /// The fewest ports of another range.
    pub least: u32,
    /// Whether the list can grow.
    pub reserve: bool,
    /// The most spans of the list.
    pub spans: usize,
    /// Whether the largest pool is the best.
    pub capacity: bool,
}

/// The best plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Solution {
    /// The range.
    pub range: PortRange,
    /// The whole list.
    pub reserved: PortSet,
    /// What is handed out.
    pub pool: PortSet,
    /// What had better be protected, and stays in the pool.
    pub exposed: PortSet,
    /// How many ports are missing.
    pub short: u32,
    /// How many ports are reserved only because the list would have too many spans.
    pub blocks: u32,
}

/// The best plan; `None` where no range is allowed.
pub fn solve(problem: &Problem) -> Option<Solution> {
    listed(problem, |problem| Sums::of(problem).best(problem))
}

/// The best plan of that range, wherever it lies.
pub fn solve_at(problem: &Problem, range: PortRange) -> Option<Solution> {
    listed(problem, |_| Some(range))
}

/// With the list that the best range takes, in whole blocks where it would have too many spans.
fn listed(problem: &Problem, best: impl Fn(&Problem) -> Option<PortRange>) -> Option<Solution> {
    let range = best(problem)?;
    let reserved = list(problem, range);
    let most = problem.spans.max(problem.reserved.spans().len());
    if reserved.spans().len() <= most {
        return Some(solution(problem, range, reserved, 0));
    }
    let needed = problem.kept.union(&problem.protect);
    let whole = fill(&needed, most);
    let blocks = whole.count() - needed.count();
    let problem = Problem { kept: whole.clone(), ..problem.clone() };
    Some(solution(&problem, best(&problem)?, whole, blocks))
}

/// What is handed out of a range.
pub fn pool(range: PortRange, reserved: &PortSet, unusable: &PortSet) -> PortSet {
    let none = PortRange::single(0).into();
    PortSet::from(range).difference(reserved).difference(unusable).difference(&none)
}

fn list(problem: &Problem, range: PortRange) -> PortSet {
    if !problem.reserve {
        return problem.kept.clone();
    }
    problem.kept.union(&problem.protect.intersection(&range.into()))
}

fn solution(problem: &Problem, range: PortRange, reserved: PortSet, blocks: u32) -> Solution {
    let pool = pool(range, &reserved, &problem.unusable);
    let exposed = pool.intersection(&problem.protect);
    let short = problem.wanted.saturating_sub(pool.count());
    Solution { range, reserved, pool, exposed, short, blocks }
}

/// The same ports in at most `most` spans: the smallest gaps between them are filled.
fn fill(ports: &PortSet, most: usize) -> PortSet {
    let gaps = ports.spans().windows(2).filter_map(|pair| {
        PortRange::new(pair[0].last().saturating_add(1), pair[1].first().saturating_sub(1))
    });
    let mut gaps: Vec<PortRange> = gaps.collect();
    gaps.sort_by_key(|gap| (gap.count(), gap.first()));
    gaps.truncate(ports.spans().len().saturating_sub(most));
    ports.spans().iter().copied().chain(gaps).collect()
}

/// Ports of a kind, counted from below.
struct PrefixSum {
    /// How many of them are below or at a port.
    up_to: Vec<u32>,
    /// Where they are, in order.
    at: Vec<u32>,
}

impl PrefixSum {
    /// Of the first `ports` that `is` true of.
    fn of(ports: u32, is: impl Fn(usize) -> bool) -> Self {
        let (mut up_to, mut at) = (Vec::with_capacity(ports as usize), Vec::new());
        let mut count = 0;
        for port in 0..ports {
            if is(port as usize) {
                at.push(port);
                count += 1;
            }
            up_to.push(count);
        }
        Self { up_to, at }
    }

    fn before(&self, port: u32) -> u32 {
        port.checked_sub(1).map_or(0, |port| self.up_to[port as usize])
    }

    fn between(&self, low: u32, high: u32) -> u32 {
        self.up_to[high as usize] - self.before(low)
    }

    /// The first port up to which there are `count` from `low` on: `low` itself for none.
    fn reaching(&self, low: u32, count: u32) -> Option<u32> {
        let Some(more) = count.checked_sub(1) else { return Some(low) };
        self.at.get((self.before(low) + more) as usize).copied()
    }
}

/// What the objective counts, for every range.
struct Sums {
    usable: PrefixSum,
    /// Usable, and not handed out at present.
    new: PrefixSum,
    /// Usable, and handed out at present.
    stays: PrefixSum,
    /// Usable, and to be protected.
    exposed: PrefixSum,
    /// To be added to the list.
    added: PrefixSum,
    /// One above the highest port that matters.
    ports: u32,
}

/// (exposed, short, another range, new, lost, added, low, high)
type Cost = (u32, u32, bool, u32, u32, u32, u32, u32);

impl Sums {
    fn of(problem: &Problem) -> Self {
        let highest = problem.allowed.iter().map(|range| range.last()).max();
        let ports = u32::from(problem.range.last().max(highest.unwrap_or(0))) + 1;
        let flags = |set: &PortSet| {
            let mut flags = vec![false; ports as usize];
            for span in set.spans() {
                let last = usize::from(span.last()).min(flags.len() - 1);
                if let Some(flags) = flags.get_mut(usize::from(span.first())..=last) {
                    flags.fill(true);
                }
            }
            flags
        };
        let now = flags(&pool(problem.range, &problem.reserved, &problem.unusable));
        let protect = flags(&problem.protect);
        let list = if problem.reserve {
            problem.kept.union(&problem.protect)
        } else {
            problem.kept.clone()
        };
        let all = PortRange::between(0, u16::MAX);
        let usable = flags(&pool(all, &list, &problem.unusable));
        let added = flags(&list.difference(&problem.kept).difference(&problem.reserved));
        Self {
            usable: PrefixSum::of(ports, |port| usable[port]),
            new: PrefixSum::of(ports, |port| usable[port] && !now[port]),
            stays: PrefixSum::of(ports, |port| usable[port] && now[port]),
            exposed: PrefixSum::of(ports, |port| usable[port] && protect[port]),
            added: PrefixSum::of(ports, |port| added[port]),
            ports,
        }
    }

    fn best(&self, problem: &Problem) -> Option<PortRange> {
        let exposed = |&(low, high): &(u32, u32)| self.exposed.between(low, high);
        let shortest = |run: HighBounds| Some((run.low, run.first?));
        let least_exposed = Self::runs(problem)
            .filter_map(shortest)
            .chain(present(problem))
            .map(|at| exposed(&at))
            .min()?;
        let longest = |run: HighBounds| Some((run.low, self.longest(&run, least_exposed)?));
        let wanted = if problem.capacity {
            let all = Self::runs(problem).filter_map(longest).chain(present(problem));
            let equal = all.filter(|at| exposed(at) == least_exposed);
            equal.map(|(low, high)| self.usable.between(low, high)).max()?
        } else {
            problem.wanted
        };
        let of_low = |run: HighBounds| {
            let last = self.longest(&run, least_exposed)?;
            self.shortest_enough(&run, last, wanted).map(|high| (run.low, high))
        };
        let all = Self::runs(problem).filter_map(of_low).chain(present(problem));
        let (low, high) = all.min_by_key(|&(low, high)| self.cost(problem, wanted, low, high))?;
        PortRange::new(u16::try_from(low).ok()?, u16::try_from(high).ok()?)
    }

    fn cost(&self, problem: &Problem, wanted: u32, low: u32, high: u32) -> Cost {
        let now = (u32::from(problem.range.first()), u32::from(problem.range.last()));
        (
            self.exposed.between(low, high),
            wanted.saturating_sub(self.usable.between(low, high)),
            (low, high) != now,
            self.new.between(low, high),
            // How many are lost is how many do not stay, less a constant.
            u32::MAX - self.stays.between(low, high),
            self.added.between(low, high),
            low,
            high,
        )
    }

    /// Each low bound of each interval with the high bounds that a range may have there.
    fn runs(problem: &Problem) -> impl Iterator<Item = HighBounds> {
        let Problem { low_min, parity, least, .. } = *problem;
        problem.allowed.iter().flat_map(move |allowed| {
            let end = u32::from(allowed.last());
            (u32::from(allowed.first().max(low_min).max(1))..=end)
                .map(move |low| HighBounds::new(low, end, least, parity))
        })
    }

    /// The highest bound up to which no more than so many stay exposed.
    fn longest(&self, run: &HighBounds, exposed: u32) -> Option<u32> {
        let too_far = self.exposed.reaching(run.low, exposed + 1).unwrap_or(self.ports);
        let last = run.down(run.end.min(too_far.checked_sub(1)?))?;
        (last >= run.first?).then_some(last)
    }

    /// The best of the high bounds up to `last`: enough ports, then nothing new, then all that
    /// stays, then the lowest.
    fn shortest_enough(&self, run: &HighBounds, last: u32, wanted: u32) -> Option<u32> {
        let (low, first) = (run.low, run.first?);
        let enough = wanted.min(self.usable.between(low, last));
        let first = run.up(self.usable.reaching(low, enough)?.max(first));
        let new = self.new.between(low, first);
        let before_new = self.new.reaching(low, new + 1).map_or(last, |port| last.min(port - 1));
        let last = run.down(before_new).unwrap_or(first).max(first);
        let stays = self.stays.between(low, last);
        Some(run.up(self.stays.reaching(low, stays)?.max(first)))
    }
}

/// The present range, where it may stay.
fn present(problem: &Problem) -> Option<(u32, u32)> {
    let (low, high) = (problem.range.first(), problem.range.last());
    let inside = |range: &PortRange| range.contains(low) && range.contains(high);
    let allowed = low >= problem.low_min && problem.allowed.iter().any(inside);
    allowed.then_some((low.into(), high.into()))
}

/// The high bounds for one low bound.
#[derive(Clone, Copy)]
struct HighBounds {
    low: u32,
    /// The lowest; `None` where there is none.
    first: Option<u32>,
    end: u32,
    step: u32,
}

impl HighBounds {
    fn new(low: u32, end: u32, least: u32, parity: bool) -> Self {
        let step = if parity { 2 } else { 1 };
        let mut run = Self { low, first: None, end, step };
        let first = run.up(low + least.max(1) - 1);
        run.first = (first <= end).then_some(first);
        run
    }

    /// The first high bound from `port` on.
    const fn up(&self, port: u32) -> u32 {
        if self.step == 2 && (port - self.low) % 2 == 0 { port + 1 } else { port }
    }

    /// The last one up to `port`.
    fn down(&self, port: u32) -> Option<u32> {
        let fits = self.step == 1 || (port.checked_sub(self.low)?) % 2 == 1;
        let port = if fits { port } else { port.checked_sub(1)? };
        (port >= self.low).then_some(port)
    }
}

#[cfg(test)]
mod tests;
