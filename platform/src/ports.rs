//! Exact port arithmetic: [`PortRange`], [`PortSet`] and the three classes of RFC 6335.
//!
//! Ports are the integers 0..=65535. Counts are `u32`, since a full range holds 65,536 ports.

use std::fmt;
use std::str::FromStr;

/// The three classes of port numbers, RFC 6335 section 6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PortClass {
    /// System Ports (also Well Known Ports), 0–1023.
    System,
    /// User Ports (also Registered Ports), 1024–49151.
    User,
    /// Dynamic Ports (also Private or Ephemeral Ports), 49152–65535.
    Dynamic,
}

impl PortClass {
    /// All classes in port order.
    pub const ALL: [Self; 3] = [Self::System, Self::User, Self::Dynamic];

    /// The ports of the class (RFC 6335 section 6).
    pub const fn range(self) -> PortRange {
        let (first, last) = match self {
            Self::System => (0, 1023),
            Self::User => (1024, 49151),
            Self::Dynamic => (49152, 65535),
        };
        PortRange { first, last }
    }

    /// The class that `port` belongs to.
    pub const fn of(port: u16) -> Self {
        match port {
            0..=1023 => Self::System,
            1024..=49151 => Self::User,
            49152.. => Self::Dynamic,
        }
    }
}

impl fmt::Display for PortClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::System => "System Ports",
            Self::User => "User Ports",
            Self::Dynamic => "Dynamic Ports",
        })
    }
}

/// A run of ports, both ends included; it is never empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct PortRange {
    first: u16,
    last: u16,
}

impl PortRange {
    /// `first..=last`, or `None` where `first > last`.
    pub const fn new(first: u16, last: u16) -> Option<Self> {
        if first <= last { Some(Self { first, last }) } else { None }
    }

    /// The range between two bounds in either order; some kernels swap them (BSD `first > last`).
    pub const fn between(a: u16, b: u16) -> Self {
        if a <= b { Self { first: a, last: b } } else { Self { first: b, last: a } }
    }

    /// One port.
    pub const fn single(port: u16) -> Self {
        Self { first: port, last: port }
    }

    /// The lowest port.
    pub const fn first(self) -> u16 {
        self.first
    }

    /// The highest port.
    pub const fn last(self) -> u16 {
        self.last
    }

    /// How many ports, 1..=65536.
    pub const fn count(self) -> u32 {
        self.last as u32 - self.first as u32 + 1
    }

    /// How many of the ports are odd (`true`) or even (`false`).
    pub const fn count_parity(self, odd: bool) -> u32 {
        // n / 2 odd numbers are below n, rounded down; up to n it is n / 2 rounded up.
        let odds = (self.last as u32).div_ceil(2) - self.first as u32 / 2;
        if odd { odds } else { self.count() - odds }
    }

    /// Whether `port` lies inside.
    pub const fn contains(self, port: u16) -> bool {
        self.first <= port && port <= self.last
    }
}

impl fmt::Display for PortRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last {
            write!(f, "{}", self.first)
        } else {
            write!(f, "{}-{}", self.first, self.last)
        }
    }
}

/// Why a text is not a list of ports.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PortSetError {
    /// An item is neither a number nor `a-b`.
    #[error("{0:?} is not a port or a range of ports such as 6000-6063")]
    NotPorts(String),
    /// A range runs backwards.
    #[error("the range {0:?} runs backwards")]
    Backwards(String),
}

impl FromStr for PortRange {
    type Err = PortSetError;

    /// `a` or `a-b` in decimal, without blanks.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let not_ports = || PortSetError::NotPorts(text.to_owned());
        let port = |digits: &str| {
            // `u16::from_str` takes a leading '+', which nobody writes in a port list.
            let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
            plain.then(|| digits.parse::<u16>()).and_then(Result::ok).ok_or_else(not_ports)
        };
        let (first, last) = match text.split_once('-') {
            Some((first, last)) => (port(first)?, port(last)?),
            None => (port(text)?, port(text)?),
        };
        Self::new(first, last).ok_or_else(|| PortSetError::Backwards(text.to_owned()))
    }
}

/// A set of ports, kept as sorted spans that neither overlap nor touch.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct PortSet {
    spans: Vec<PortRange>,
}

impl PortSet {
    /// The empty set.
    pub const fn new() -> Self {
        Self { spans: Vec::new() }
    }

    /// The spans in ascending order, at most 32,768 of them.
    pub fn spans(&self) -> &[PortRange] {
        &self.spans
    }

    /// Whether no port is in the set.
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// How many ports, 0..=65536.
    pub fn count(&self) -> u32 {
        self.spans.iter().map(|span| span.count()).sum()
    }

    /// How many of the ports are odd (`true`) or even (`false`).
    pub fn count_parity(&self, odd: bool) -> u32 {
        self.spans.iter().map(|span| span.count_parity(odd)).sum()
    }

    /// Whether `port` is in the set.
    pub fn contains(&self, port: u16) -> bool {
        let after = self.spans.partition_point(|span| span.last < port);
        self.spans.get(after).is_some_and(|span| span.contains(port))
    }

    /// The ports in either set.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        self.spans.iter().chain(&other.spans).copied().collect()
    }

    /// The ports in both sets.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        let mut spans = Vec::new();
        let (mut a, mut b) = (self.spans.iter().peekable(), other.spans.iter().peekable());
        while let (Some(x), Some(y)) = (a.peek(), b.peek()) {
            spans.extend(PortRange::new(x.first.max(y.first), x.last.min(y.last)));
            if x.last < y.last {
                a.next();
            } else {
                b.next();
            }
        }
        Self { spans }
    }

    /// The ports of this set that are not in `other`.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        self.intersection(&other.complement())
    }

    /// All other ports.
    #[must_use]
    pub fn complement(&self) -> Self {
        let mut spans = Vec::with_capacity(self.spans.len() + 1);
        let mut next = Some(0);
        for span in &self.spans {
            if let (Some(from), Some(before)) = (next, span.first.checked_sub(1)) {
                spans.extend(PortRange::new(from, before));
            }
            next = span.last.checked_add(1);
        }
        spans.extend(next.map(|from| PortRange { first: from, last: u16::MAX }));
        Self { spans }
    }

    /// Every port, ascending.
    pub fn iter(&self) -> impl Iterator<Item = u16> + '_ {
        self.spans.iter().flat_map(|span| span.first..=span.last)
    }
}

impl From<PortRange> for PortSet {
    fn from(range: PortRange) -> Self {
        Self { spans: vec![range] }
    }
}

impl FromIterator<PortRange> for PortSet {
    fn from_iter<I: IntoIterator<Item = PortRange>>(ranges: I) -> Self {
        let mut sorted: Vec<PortRange> = ranges.into_iter().collect();
        sorted.sort_unstable();
        let mut spans: Vec<PortRange> = Vec::with_capacity(sorted.len());
        for range in sorted {
            match spans.last_mut() {
                Some(span) if u32::from(range.first) <= u32::from(span.last) + 1 => {
                    span.last = span.last.max(range.last);
                }
                _ => spans.push(range),
            }
        }
        Self { spans }
    }
}

impl FromStr for PortSet {
    type Err = PortSetError;

    /// Comma-separated ports and ranges in any order, without blanks; the empty text is the empty
    /// set.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() {
            return Ok(Self::new());
        }
        text.split(',').map(PortRange::from_str).collect()
    }
}

impl fmt::Display for PortSet {
    /// The kernel's own form: ascending, comma-separated, adjacent ports merged.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, span) in self.spans.iter().enumerate() {
            if i > 0 {
                f.write_str(",")?;
            }
            write!(f, "{span}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The plain model: one flag a port.
    type Table = Vec<bool>;

    fn table(set: &PortSet) -> Table {
        (0..=u16::MAX).map(|port| set.contains(port)).collect()
    }

    fn table_of(ranges: &[PortRange]) -> Table {
        let mut table = vec![false; 65_536];
        for range in ranges {
            table[usize::from(range.first)..=usize::from(range.last)].fill(true);
        }
        table
    }

    fn zip(a: &Table, b: &Table, with: impl Fn(bool, bool) -> bool) -> Table {
        a.iter().zip(b).map(|(a, b)| with(*a, *b)).collect()
    }

    fn ranges() -> impl Strategy<Value = Vec<PortRange>> {
        // Ends of the number line are as likely as all the rest, and short ranges as long ones.
        let port = prop_oneof![any::<u16>(), 0_u16..4, 65_532_u16..=65_535];
        let near =
            (port.clone(), 0_u16..6).prop_map(|(a, n)| PortRange::between(a, a.saturating_add(n)));
        let far = (port.clone(), port).prop_map(|(a, b)| PortRange::between(a, b));
        prop::collection::vec(prop_oneof![3 => near, 1 => far], 0..40)
    }

    fn canonical(set: &PortSet) -> bool {
        set.spans.windows(2).all(|pair| u32::from(pair[0].last) + 1 < u32::from(pair[1].first))
            && set.spans.iter().all(|span| span.first <= span.last)
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn the_algebra_is_that_of_a_plain_table(a in ranges(), b in ranges()) {
            let (x, y): (PortSet, PortSet) = (a.iter().copied().collect(), b.iter().copied().collect());
            let (p, q) = (table_of(&a), table_of(&b));
            for (set, expected) in [
                (x.clone(), p.clone()),
                (x.union(&y), zip(&p, &q, |p, q| p || q)),
                (x.intersection(&y), zip(&p, &q, |p, q| p && q)),
                (x.difference(&y), zip(&p, &q, |p, q| p && !q)),
                (x.complement(), p.iter().map(|p| !p).collect()),
            ] {
                prop_assert!(canonical(&set), "{set}");
                prop_assert_eq!(&table(&set), &expected);
                let count = |wanted: fn(usize) -> bool| {
                    u32::try_from((0..65_536).filter(|i| expected[*i] && wanted(*i)).count()).expect("small")
                };
                prop_assert_eq!(set.count(), count(|_| true));
                prop_assert_eq!(set.count_parity(true), count(|i| i % 2 == 1));
                prop_assert_eq!(set.count_parity(false), count(|i| i % 2 == 0));
                prop_assert_eq!(set.is_empty(), set.count() == 0);
                prop_assert_eq!(set.to_string().parse::<PortSet>(), Ok(set));
            }
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in ".{0,40}|[0-9,\\-+ ]{0,40}") {
            if let Ok(set) = text.parse::<PortSet>() {
                prop_assert!(canonical(&set));
            }
        }
    }

    #[test]
    fn the_ends_do_not_overflow() {
        let all: PortSet = "0-65535".parse().expect("ports");
        assert_eq!((all.count(), all.count_parity(true)), (65_536, 32_768));
        assert_eq!(all.complement(), PortSet::new());
        assert_eq!(PortSet::new().complement(), all);
        assert!(all.contains(0) && all.contains(65_535));
        assert_eq!(
            "65535,0,65534,1".parse::<PortSet>().map(|set| set.to_string()),
            Ok("0-1,65534-65535".into())
        );
    }

    #[test]
    fn what_is_not_a_list_says_so() {
        for text in
            ["65536", "1-", "-1", "1--2", "+1", "1 -2", " 1", "1,", ",", "0x10", "1-2-3", "٣"]
        {
            assert!(matches!(text.parse::<PortSet>(), Err(PortSetError::NotPorts(_))), "{text}");
        }
        assert_eq!("5-4".parse::<PortSet>(), Err(PortSetError::Backwards("5-4".into())));
    }

    #[test]
    fn every_port_is_in_one_class() {
        for port in 0..=u16::MAX {
            let classes: Vec<_> =
                PortClass::ALL.into_iter().filter(|c| c.range().contains(port)).collect();
            assert_eq!(classes, [PortClass::of(port)]);
        }
    }
}
