//! The fast way against all plans there are, in small worlds.

// EPHAUDIT_PLAN_WORLDS
#![allow(clippy::disallowed_methods)]

use std::cmp::Reverse;

use super::*;

/// A random number generator that a seed repeats (splitmix64).
struct Random(u64);

impl Random {
    fn below(&mut self, end: u16) -> u16 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        u16::try_from((mixed ^ (mixed >> 31)) % u64::from(end)).expect("below end")
    }

    fn once_in(&mut self, times: u16) -> bool {
        self.below(times) == 0
    }

    fn range(&mut self, from: u16, end: u16) -> PortRange {
        let mut port = || from + self.below(end - from + 1);
        PortRange::between(port(), port())
    }

    /// At most so many spans.
    fn ports(&mut self, end: u16, most: u16) -> PortSet {
        let some = self.below(most + 1);
        let mut span = || {
            let low = self.below(end + 1);
            let length = if self.once_in(4) { self.below(3) } else { 0 };
            PortRange::between(low, (low + length).min(end))
        };
        (0..some).map(|_| span()).collect()
    }
}

/// A world of so many ports.
fn world(random: &mut Random, end: u16) -> Problem {
    let reserved = random.ports(end, end / 4);
    let kept = match random.below(6) {
        0 => reserved.union(&random.ports(end, 2)),
        1 => reserved.difference(&random.ports(end, 2)),
        _ => reserved.clone(),
    };
    let mut protect = random.ports(end, end / 3 + 1);
    // The model tries every list.
    while protect.difference(&kept).count() > 8 {
        protect = protect.spans().iter().skip(1).copied().collect();
    }
    Problem {
        range: random.range(1, end),
        reserved,
        unusable: if random.once_in(3) { random.ports(end, 2) } else { PortSet::new() },
        kept,
        protect,
        allowed: (0..=random.below(2)).map(|_| random.range(1, end)).collect(),
        low_min: 1 + random.below(end / 3),
        wanted: random.below(end + 2).into(),
        parity: random.once_in(2),
        least: if random.once_in(3) { (2 + random.below(end / 3)).into() } else { 1 },
        reserve: !random.once_in(3),
        spans: if random.once_in(3) { 1 + usize::from(random.below(4)) } else { 100 },
        capacity: random.once_in(2),
    }
}

/// What the model may forget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Forgotten {
    Nothing,
    Allowed,
    LowMin,
    WhatIsReservedStays,
    NothingWithoutReason,
    Protection,
    Parity,
    PresentNeedsNoParity,
    Least,
    Exposed,
    Short,
    Capacity,
    AnotherRange,
    New,
    Lost,
    Added,
    Low,
    Spans,
    SmallestGaps,
}

const CLAUSES: [Forgotten; 18] = [
    Forgotten::Allowed,
    Forgotten::LowMin,
    Forgotten::WhatIsReservedStays,
    Forgotten::NothingWithoutReason,
    Forgotten::Protection,
    Forgotten::Parity,
    Forgotten::PresentNeedsNoParity,
    Forgotten::Least,
    Forgotten::Exposed,
    Forgotten::Short,
    Forgotten::Capacity,
    Forgotten::AnotherRange,
    Forgotten::New,
    Forgotten::Lost,
    Forgotten::Added,
    Forgotten::Low,
    Forgotten::Spans,
    Forgotten::SmallestGaps,
];

/// Every plan of a world: each range with each list.
fn model(world: &Problem, forgotten: Forgotten) -> Option<(PortRange, PortSet)> {
    let best = least(world, forgotten)?;
    let most = world.spans.max(world.reserved.spans().len());
    if best.1.spans().len() <= most || forgotten == Forgotten::Spans {
        return Some(best);
    }
    let kept = blocks(&world.kept.union(&world.protect), most, forgotten);
    let in_blocks = Problem { protect: kept.clone(), kept, ..world.clone() };
    least(&in_blocks, forgotten)
}

/// Every filling of gaps; the fewest ports, then the lowest.
fn blocks(ports: &PortSet, most: usize, forgotten: Forgotten) -> PortSet {
    let spans = ports.spans();
    let gap = |at: usize| PortRange::between(spans[at].last() + 1, spans[at + 1].first() - 1);
    let gaps: Vec<PortRange> = (0..spans.len() - 1).map(gap).collect();
    let fillings = (0..1_u32 << gaps.len()).filter_map(|chosen| {
        let chosen: Vec<usize> = (0..gaps.len()).filter(|at| chosen >> at & 1 == 1).collect();
        let filled: PortSet =
            spans.iter().copied().chain(chosen.iter().map(|&at| gaps[at])).collect();
        let cost = if forgotten == Forgotten::SmallestGaps { 0 } else { filled.count() };
        (filled.spans().len() == most.min(spans.len())).then_some((cost, chosen, filled))
    });
    fillings.min_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1))).expect("it can be filled").2
}

fn least(world: &Problem, forgotten: Forgotten) -> Option<(PortRange, PortSet)> {
    let forgets = |clause: Forgotten| forgotten == clause;
    let end = world.allowed.iter().map(|range| range.last()).max()?.max(world.range.last());
    let now = pool(world.range, &world.reserved, &world.unusable);
    let begins_with =
        if forgets(Forgotten::WhatIsReservedStays) { PortSet::new() } else { world.kept.clone() };
    let mut free: Vec<u16> = world.protect.difference(&begins_with).iter().collect();
    if forgets(Forgotten::NothingWithoutReason) {
        free.extend(begins_with.complement().iter().filter(|port| *port <= end).take(3));
    }
    let lists: Vec<PortSet> = (0..1_u32 << if world.reserve { free.len().min(10) } else { 0 })
        .map(|chosen| {
            let added = free.iter().enumerate().filter(|(at, _)| chosen >> at & 1 == 1);
            added.map(|(_, port)| PortRange::single(*port)).collect::<PortSet>().union(&begins_with)
        })
        .collect();
    let ranges =
        (1..=end).flat_map(|low| (low..=end).map(move |high| PortRange::between(low, high)));
    let may = |range: &PortRange| {
        let inside = |a: &PortRange| a.first() <= range.first() && range.last() <= a.last();
        let changed = *range != world.range || forgets(Forgotten::PresentNeedsNoParity);
        let parity = !world.parity || range.first() % 2 != range.last() % 2;
        (forgets(Forgotten::Allowed) || world.allowed.iter().any(inside))
            && (forgets(Forgotten::LowMin) || range.first() >= world.low_min)
            && (!changed || forgets(Forgotten::Parity) || parity)
            && (!changed || forgets(Forgotten::Least) || range.count() >= world.least)
    };
    let plans = ranges.filter(may).flat_map(|range| lists.iter().map(move |list| (range, list)));
    let protects = |(range, list): &(PortRange, &PortSet)| {
        let inside = world.protect.intersection(&PortSet::from(*range));
        !world.reserve || forgets(Forgotten::Protection) || inside.difference(list).is_empty()
    };
    let cost = |&(range, list): &(PortRange, &PortSet)| {
        let pool = pool(range, list, &world.unusable);
        let count = |clause, ports: u32| if forgets(clause) { 0 } else { ports };
        let more = world.capacity && !forgets(Forgotten::Capacity);
        (
            count(Forgotten::Exposed, pool.intersection(&world.protect).count()),
            count(Forgotten::Short, world.wanted.saturating_sub(pool.count())),
            Reverse(if more { pool.count() } else { 0 }),
            !forgets(Forgotten::AnotherRange) && range != world.range,
            count(Forgotten::New, pool.difference(&now).count()),
            count(Forgotten::Lost, now.difference(&pool).count()),
            count(Forgotten::Added, list.difference(&world.reserved).count()),
            if forgets(Forgotten::Low) { u16::MAX - range.first() } else { range.first() },
            range.last(),
        )
    };
    let best = plans.filter(protects).min_by_key(cost)?;
    Some((best.0, best.1.clone()))
}

fn fast(world: &Problem) -> Option<(PortRange, PortSet)> {
    solve(world).map(|solution| (solution.range, solution.reserved))
}

/// How many worlds are tried.
fn worlds() -> u64 {
    let asked = std::env::var("EPHAUDIT_PLAN_WORLDS").ok();
    asked.map_or(2_000, |number| number.parse().expect("EPHAUDIT_PLAN_WORLDS is a number"))
}

const SIZES: [u16; 3] = [7, 10, 16];

#[test]
fn no_plan_is_better() {
    for seed in 0..worlds() {
        let mut random = Random(seed);
        let size = SIZES[usize::from(random.below(3))];
        let world = world(&mut random, size);
        assert_eq!(fast(&world), model(&world, Forgotten::Nothing), "seed {seed}: {world:?}");
    }
}

#[test]
fn each_clause_of_the_problem_matters() {
    for clause in CLAUSES {
        let differs = (0..3_000).any(|seed| {
            let mut random = Random(seed);
            let world = world(&mut random, 10);
            fast(&world) != model(&world, clause)
        });
        assert!(differs, "a solver without {clause:?} would pass");
    }
}

#[test]
fn what_more_is_asked_for_never_makes_a_plan_better() {
    for seed in 0..2_000 {
        let mut random = Random(seed);
        let small = world(&mut random, 16);
        let cost = |world: &Problem| solve(world).map(|it| (it.exposed.count(), it.short));
        let protect = small.protect.union(&random.ports(16, 3));
        let more = Problem { wanted: small.wanted + 2, ..small.clone() };
        assert!(cost(&small) <= cost(&more), "{small:?}");
        let more = Problem { protect, spans: 100, ..small.clone() };
        assert!(cost(&Problem { spans: 100, ..small.clone() }) <= cost(&more), "{small:?}");
        // The least change hands out no more new ports than the largest pool.
        let new = |world: &Problem| {
            let now = pool(world.range, &world.reserved, &world.unusable);
            solve(world).map(|it| it.pool.difference(&now).count())
        };
        let of = |capacity| new(&Problem { capacity, spans: 100, ..small.clone() });
        assert!(of(false) <= of(true), "{small:?}");
    }
}

fn host(range: (u16, u16), allowed: &[(u16, u16)], protect: &str) -> Problem {
    let between = |&(first, last): &(u16, u16)| PortRange::between(first, last);
    Problem {
        range: between(&range),
        reserved: PortSet::new(),
        unusable: PortSet::new(),
        kept: PortSet::new(),
        protect: protect.parse().expect("ports"),
        allowed: allowed.iter().map(between).collect(),
        low_min: 1024,
        wanted: 8192,
        parity: true,
        least: 1,
        reserve: true,
        spans: 340,
        capacity: false,
    }
}

/// The range, the list, and how many ports are missing: of the least change, and of the largest
/// pool.
fn answers(problem: &Problem) -> [String; 2] {
    [false, true].map(|capacity| {
        let it = solve(&Problem { capacity, ..problem.clone() }).expect("a plan");
        format!("{} {} short {}", it.range, it.reserved, it.short)
    })
}

#[test]
fn hosts_that_there_are() {
    const IANA: &[(u16, u16)] = &[(49152, 65535)];
    const KUBERNETES: &[(u16, u16)] = &[(32768, 65535), (1024, 29999)];
    let stock = (32768, 60999);
    let plain = host(stock, IANA, "");
    assert_eq!(answers(&plain), ["49152-60999  short 0", "49152-65535  short 0"]);
    let more = Problem { wanted: 12_000, ..plain.clone() };
    assert_eq!(answers(&more), ["49152-61151  short 0", "49152-65535  short 0"]);
    let most = Problem { wanted: 17_000, ..plain };
    assert_eq!(answers(&most), ["49152-65535  short 616"; 2]);
    let services = host(stock, IANA, "33060,50000,51820");
    let [least, capacity] = answers(&services);
    assert_eq!(least, "49152-60999 50000,51820 short 0");
    assert_eq!(capacity, "49152-65535 50000,51820 short 0");
    let node = answers(&host(stock, KUBERNETES, "50000"));
    assert_eq!(node, ["32768-60999 50000 short 0", "32768-65535 50000 short 0"]);
    let wide = (1024, 65535);
    let ports = "5432,6379,8080,9100,30000-32767";
    let kept = format!("1024-65535 {ports} short 0");
    assert_eq!(answers(&host(wide, &[wide], ports)), [kept.clone(), kept]);
    let moved = host(wide, KUBERNETES, "");
    assert_eq!(answers(&moved), ["32768-65535  short 0"; 2]);
    let bsd = host((10000, 65535), IANA, "11211,27017,33060,50000");
    let bsd = Problem { reserve: false, parity: false, ..bsd };
    assert_eq!(answers(&bsd), ["50001-65535  short 0"; 2]);
    // One span less costs one port more.
    let odd: Vec<String> = (0..500).map(|at| (49153 + 2 * at).to_string()).collect();
    let blocks = solve(&host(stock, IANA, &odd.join(","))).expect("a plan");
    let reserved = &blocks.reserved;
    assert_eq!((reserved.spans().len(), reserved.count(), blocks.blocks), (340, 660, 160));
    assert_eq!(blocks.range, PortRange::between(49152, 60999));
}
