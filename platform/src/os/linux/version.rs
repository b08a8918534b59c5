//! Which kernel it is, as a number to compare.

/// The numbers of a kernel release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct KernelVersion(pub(super) u32, pub(super) u32, pub(super) u32);

impl KernelVersion {
    /// From a release such as `6.1.0-28-amd64`.
    pub(super) fn parse(release: &str) -> Option<Self> {
        let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(str::parse);
        let (major, minor) = (numbers.next()?.ok()?, numbers.next()?.ok()?);
        // "6.19-rc1" has no third number.
        let version = Self(major, minor, numbers.next().and_then(Result::ok).unwrap_or(0));
        // personality(2) UNAME26 calls 3.x and later 2.6.40 and later: which one it is, it hides.
        let disguised = version >= Self(2, 6, 40) && version < Self(2, 7, 0);
        (!disguised).then_some(version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_compare_by_number() {
        assert_eq!(KernelVersion::parse("6.1.0-28-amd64"), Some(KernelVersion(6, 1, 0)));
        assert_eq!(KernelVersion::parse("6.18.44-fc-v445"), Some(KernelVersion(6, 18, 44)));
        assert!(KernelVersion::parse("4.9.1") < KernelVersion::parse("4.11.0"));
        assert_eq!(KernelVersion::parse("2.6.78-28-amd64"), None, "UNAME26");
        assert_eq!(KernelVersion::parse("2.6.32"), Some(KernelVersion(2, 6, 32)));
        assert_eq!(KernelVersion::parse(""), None);
        assert_eq!(KernelVersion::parse("next"), None);
    }
}
