//! Whether ports are as if they had been drawn at random: each draw starts anywhere, and takes the
//! port that is there or, where that is reserved or in use, another one.

/// How ports are unlike those that are drawn at random. By chance that happens less than once in
/// 10^8 times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Uneven {
    /// So few were different.
    Repeats { distinct: u32 },
    /// None of so many that follow one another, the first after the last; from this one to that
    /// one.
    Hole { from: u16, to: u16, count: u32 },
    /// All were of one parity.
    OneParity { odd: bool },
}

/// `can` are those that can be drawn, in order; `starts` is where a draw can start; `in_use` may be
/// missing from `can`.
pub(super) fn uneven(drawn: &[u16], can: &[u16], starts: u32, in_use: u32) -> Option<Uneven> {
    let mut hit = vec![false; can.len()];
    for rank in drawn.iter().filter_map(|port| can.binary_search(port).ok()) {
        hit[rank] = true;
    }
    let ranks: Vec<usize> = (0..hit.len()).filter(|rank| hit[*rank]).collect();
    let (Some(first), Some(last)) = (ranks.first(), ranks.last()) else { return None };
    let (times, distinct) = (super::counted(drawn.len()), super::counted(ranks.len()));
    let can_be = super::counted(can.len());
    let (n, all) = (f64::from(times), f64::from(starts.max(can_be)));
    let in_use = in_use.min(can_be);

    // A draw that starts elsewhere repeats one at most.
    let elsewhere = (all - f64::from(can_be - in_use)) / all;
    let mean = n - all * (1.0 - (1.0 - 1.0 / all).powf(n)) + n * elsewhere;
    if f64::from(times.saturating_sub(distinct)) > mean + 6.0 * mean.sqrt() + 6.0 {
        return Some(Uneven::Repeats { distinct });
    }

    // None of so many draws started at one of these.
    let missed =
        |ports: u32, draws: f64| (1.0 - f64::from(ports.saturating_sub(in_use)) / all).powf(draws);
    let (count, from, to) = ranks
        .windows(2)
        .map(|pair| (pair[1] - pair[0] - 1, pair[0] + 1, pair[1] - 1))
        .chain([(
            can.len() - last - 1 + first,
            (last + 1) % can.len(),
            (first + can.len() - 1) % can.len(),
        )])
        .max()?;
    let count = super::counted(count);
    // After each of the ports the others may have left it.
    if n * missed(count, n - 1.0) < 1e-9 {
        return Some(Uneven::Hole { from: can[from], to: can[to], count });
    }

    let odd = drawn.first()? % 2 == 1;
    let others = super::counted(can.iter().filter(|port| (*port % 2 == 1) != odd).count());
    let alike = drawn.iter().all(|port| (port % 2 == 1) == odd);
    (alike && missed(others, n) < 1e-12).then_some(Uneven::OneParity { odd })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(low: u16, size: u16) -> Vec<u16> {
        (low..low + size).collect()
    }

    /// splitmix64
    fn seeded(mut state: u64) -> impl FnMut(usize) -> usize {
        move |below| {
            state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut mixed = state;
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            usize::try_from((mixed ^ (mixed >> 31)) >> 33).expect("31 bits") % below
        }
    }

    #[test]
    fn what_is_drawn_at_random_is_never_uneven() {
        let mut next = seeded(20_261_122);
        for (size, trials) in [(100, 2_000), (1_000, 2_000), (28_232, 200)] {
            let can = range(32_768, size);
            for n in [1, 2, 8, 64, 256, 4_096] {
                for _ in 0..if n == 4_096 { trials / 20 } else { trials } {
                    let drawn: Vec<u16> = (0..n).map(|_| can[next(can.len())]).collect();
                    let found = uneven(&drawn, &can, size.into(), 0);
                    assert_eq!(found, None, "{n} of {size}");
                }
            }
        }
    }

    /// As TCP's bind() does: who starts at a reserved port goes on to the next.
    #[test]
    fn reservations_make_no_difference() {
        let mut next = seeded(7);
        let all = range(32_768, 4_000);
        for reserved in [1_000..1_001_usize, 1_000..3_000, 10..3_900, 2_000..4_000] {
            let free = |rank: &usize| !reserved.contains(rank);
            let can: Vec<u16> = (0..all.len()).filter(free).map(|rank| all[rank]).collect();
            let given: Vec<u16> = (0..4_000)
                .filter_map(|start| (start..start + 4_000).map(|at| at % 4_000).find(free))
                .map(|rank| all[rank])
                .collect();
            for n in [8, 64, 256, 4_096] {
                for _ in 0..50 {
                    let drawn: Vec<u16> = (0..n).map(|_| given[next(given.len())]).collect();
                    assert_eq!(uneven(&drawn, &can, 4_000, 0), None, "{n} {reserved:?}");
                }
            }
        }
    }

    #[test]
    fn what_keeps_to_some_ports_is_uneven() {
        let mut next = seeded(1);
        let can = range(32_768, 28_232);
        let mut chance = |n: usize, of: &dyn Fn(usize) -> bool, in_use: u32| {
            let of: Vec<u16> = (0..can.len()).filter(|at| of(*at)).map(|at| can[at]).collect();
            let drawn: Vec<u16> = (0..n).map(|_| of[next(of.len())]).collect();
            uneven(&drawn, &can, 28_232, in_use)
        };
        assert_eq!(
            chance(8, &|at| at == 77, 40),
            Some(Uneven::Repeats { distinct: 1 }),
            "one port"
        );
        assert!(matches!(chance(5, &|at| at == 77, 40), Some(Uneven::Hole { .. })), "one port");
        assert_eq!(chance(3, &|at| at == 77, 40), None, "too few to tell");
        let found = chance(256, &|at| at % 64 == 0, 40);
        assert!(matches!(found, Some(Uneven::Repeats { distinct: 150..=230 })), "{found:?}");
        let found = chance(256, &|at| !(5_000..23_000).contains(&at), 40);
        assert!(
            matches!(found, Some(Uneven::Hole { from: 37_000..=37_767, count: 18_000.., .. })),
            "both ends: {found:?}"
        );
        let found = chance(256, &|at| at < 24_000, 40);
        assert!(matches!(found, Some(Uneven::Hole { count: 4_232.., .. })), "85 %: {found:?}");
        assert_eq!(chance(256, &|at| at < 24_000, 4_232), None, "in use");
        let found = chance(4_096, &|at| at < 27_000, 40);
        assert!(matches!(found, Some(Uneven::Hole { .. })), "96 %: {found:?}");
        assert_eq!(chance(40, &|at| at % 2 == 1, 0), Some(Uneven::OneParity { odd: true }));
        assert_eq!(chance(256, &|at| at % 2 == 0, 40), Some(Uneven::OneParity { odd: false }));
        assert_eq!(chance(39, &|at| at % 2 == 1, 0), None, "too few to tell");
        assert_eq!(chance(256, &|at| at % 2 == 1, 14_116), None, "in use");
    }
}
