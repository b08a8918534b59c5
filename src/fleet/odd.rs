//! Which shapes are odd, and in which words they differ from the most common one.

use std::collections::HashMap;

use crate::wire::v1::Shape;

/// How many hosts of a group have each shape.
#[derive(Debug, Default)]
pub struct ShapeGroup {
    /// All hosts.
    hosts: u64,
    /// By the shape's place.
    shapes: HashMap<u32, u64>,
    /// The most common shape that is known; of several the one with the smallest id.
    pub common: Option<u32>,
}

impl ShapeGroup {
    /// One more host.
    pub fn add(&mut self, shape: u32) {
        self.hosts += 1;
        *self.shapes.entry(shape).or_default() += 1;
    }

    /// Looks for the most common shape.
    pub fn settle(&mut self, shapes: &[Shape]) {
        let known = self.shapes.iter().filter_map(|(at, hosts)| {
            let shape = shapes.get(*at as usize).filter(|shape| shape.known)?;
            Some((*hosts, std::cmp::Reverse(&shape.id), *at))
        });
        self.common = known.max().map(|(.., at)| at);
    }

    /// Whether few have it: a part of the group that is smaller than that, or one host alone among
    /// ten or more. What is not known is undetermined, never odd.
    pub fn is_odd(&self, at: u32, shapes: &[Shape], per_million: u32) -> bool {
        let known = shapes.get(at as usize).is_some_and(|shape| shape.known);
        let hosts = self.shapes.get(&at).copied().unwrap_or_default();
        let few = hosts * 1_000_000 < self.hosts * u64::from(per_million);
        known && self.common != Some(at) && (few || (hosts == 1 && self.hosts >= 10))
    }
}

/// The settings of one that the other does not have.
pub fn differs(settings: &str, from: &str) -> Vec<String> {
    let others: Vec<&str> = from.split("; ").collect();
    let own = settings.split("; ").filter(|setting| !others.contains(setting));
    own.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_is_odd_among_many_and_never_where_it_is_not_known() {
        let shapes = ["a", "b", "?"].map(|text| Shape::of(text.to_owned()));
        let mut group = ShapeGroup::default();
        (0..2000).for_each(|_| group.add(0));
        group.add(1);
        group.add(2);
        group.settle(&shapes);
        assert_eq!(group.common, Some(0));
        assert!(group.is_odd(1, &shapes, 1000) && !group.is_odd(0, &shapes, 1000));
        assert!(!group.is_odd(2, &shapes, 1000), "undetermined");
        let mut few = ShapeGroup::default();
        (0..8).for_each(|_| few.add(0));
        few.add(1);
        few.settle(&shapes);
        assert!(!few.is_odd(1, &shapes, 1000), "of nine");
        assert_eq!(differs("linux; a 1; b 2", "linux; a 1; b 3"), ["b 2"]);
    }
}
