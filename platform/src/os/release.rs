//! Which release of a kernel the facts are of: what a kernel does has its since and its until.

use super::knobs;
use crate::ask::Ask;

/// The first two numbers of kern.osrelease: `13.2-RELEASE-p3` is (13, 2). `None` where it is not
/// told.
pub(super) fn of(ask: &dyn Ask) -> Option<(u32, u32)> {
    told(ask, "kern.osrelease")
}

/// The same of kern.osproductversion, the number of macOS that people know.
pub(super) fn of_product(ask: &dyn Ask) -> Option<(u32, u32)> {
    told(ask, "kern.osproductversion")
}

fn told(ask: &dyn Ask, name: &str) -> Option<(u32, u32)> {
    let parsed = knobs::tunable(ask, name, |text| {
        numbers(text).ok_or_else(|| "it does not begin with two numbers".to_owned())
    });
    parsed.known().copied()
}

fn numbers(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.split(|c: char| !c.is_ascii_digit());
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::numbers;

    #[test]
    fn a_release_begins_with_two_numbers() {
        assert_eq!(numbers("13.2-RELEASE-p3"), Some((13, 2)));
        assert_eq!(numbers("24.4.0"), Some((24, 4)));
        assert_eq!(numbers("15-CURRENT"), None);
        assert_eq!(numbers(""), None);
    }
}
