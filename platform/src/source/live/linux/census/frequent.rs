//! Counting more keys than there is room for.

use std::collections::HashMap;
use std::hash::Hash;

/// How often each key came, for as many keys as there is room for: the counts of the most frequent
/// ones survive, each too low by [`Frequent::lowered`] at most (J. Misra, D. Gries, "Finding
/// repeated elements", 1982).
pub(super) struct Frequent<K> {
    counts: HashMap<K, u32>,
    room: usize,
    lowered: u32,
}

impl<K: Copy + Eq + Hash + Ord> Frequent<K> {
    pub(super) fn new(room: usize) -> Self {
        Self { counts: HashMap::new(), room, lowered: 0 }
    }

    pub(super) fn add(&mut self, key: K) {
        if let Some(count) = self.counts.get_mut(&key) {
            *count = count.saturating_add(1);
        } else if self.counts.len() < self.room {
            self.counts.insert(key, 1);
        } else {
            // One of each key that is kept goes with one of this key.
            self.lowered = self.lowered.saturating_add(1);
            self.counts.retain(|_, count| {
                *count -= 1;
                *count > 0
            });
        }
    }

    /// By how much any count may be too low, that of a key which is not kept included.
    pub(super) fn lowered(&self) -> u32 {
        self.lowered
    }

    /// The most that any key can have come.
    pub(super) fn at_most(&self) -> u32 {
        self.counts.values().max().map_or(self.lowered, |most| most.saturating_add(self.lowered))
    }

    /// The `most` most frequent keys, the most frequent first.
    pub(super) fn top(self, most: usize) -> Vec<(K, u32)> {
        let mut all: Vec<(K, u32)> = self.counts.into_iter().collect();
        all.sort_unstable_by(|(a, more), (b, less)| less.cmp(more).then(a.cmp(b)));
        all.truncate(most);
        all
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn counts_are_lower_bounds_and_told_by_how_much(
            // some keys come often, most of them seldom
            keys in prop::collection::vec(prop_oneof![0_u16..4, 0_u16..40, any::<u16>()], 0..600),
            room in 1_usize..30,
        ) {
            let mut exact: BTreeMap<u16, u32> = BTreeMap::new();
            let mut frequent = Frequent::new(room);
            for key in &keys {
                *exact.entry(*key).or_default() += 1;
                frequent.add(*key);
                prop_assert!(frequent.counts.len() <= room);
            }
            let (lowered, at_most) = (frequent.lowered(), frequent.at_most());
            let bound = u32::try_from(keys.len() / (room + 1)).expect("small");
            prop_assert!(lowered <= bound, "{lowered} is more than {bound}");
            if exact.len() <= room {
                prop_assert_eq!(lowered, 0);
            }
            let kept: BTreeMap<u16, u32> = frequent.top(usize::MAX).into_iter().collect();
            for (key, &came) in &exact {
                let lower = kept.get(key).copied().unwrap_or(0);
                prop_assert!(lower <= came && came <= lower + lowered && came <= at_most);
                prop_assert!(kept.contains_key(key) || came <= lowered);
            }
            prop_assert!(kept.keys().all(|key| exact.contains_key(key)));
        }
    }

    #[test]
    fn the_most_frequent_come_first_in_one_order() {
        let mut frequent = Frequent::new(10);
        for key in [5, 3, 9, 3, 5, 1] {
            frequent.add(key);
        }
        assert_eq!(frequent.top(3), [(3, 2), (5, 2), (1, 1)]);
    }
}
