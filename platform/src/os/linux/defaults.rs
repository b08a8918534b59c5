//! What the kernel has where nobody sets it, by its release: what is not known has no default.

use super::version::KernelVersion;

const RANGE_SINCE: KernelVersion = KernelVersion(4, 2, 0);
/// `ip_unprivileged_port_start` (commit 4548b683b781).
const UNPRIVILEGED_START_SINCE: KernelVersion = KernelVersion(4, 11, 0);
/// `tcp_tw_reuse` became 2 in 4.19 (commit 79e9fed46038); vendors took that into kernels that they
/// call 4.18.
const TW_REUSE_SINCE: KernelVersion = KernelVersion(4, 19, 0);
const TW_REUSE_BEFORE: KernelVersion = KernelVersion(4, 18, 0);

/// 32768–60999 since Linux 4.2 and 32768–61000 before (commit 07f4c90062f8), a literal in
/// `inet_init_net`, net/ipv4/af_inet.c; the 3.10 of RHEL 7 and its kin has the later one.
pub(super) fn range(release: &str) -> Option<(u16, u16)> {
    let version = KernelVersion::parse(release)?;
    let later = version >= RANGE_SINCE || release.contains(".el7");
    Some((32768, if later { 60999 } else { 61000 }))
}

/// The default of a sysctl as reading it gives it; `None` where it is not known, or depends on the
/// memory.
pub(super) fn of(key: &str, release: &str) -> Option<&'static str> {
    let version = KernelVersion::parse(release)?;
    match key {
        "net.ipv4.ip_local_port_range" => match range(release)? {
            (_, 61000) => Some("32768\t61000"),
            _ => Some("32768\t60999"),
        },
        "net.ipv4.ip_local_reserved_ports" => Some(""),
        "net.ipv4.ip_unprivileged_port_start" => {
            (version >= UNPRIVILEGED_START_SINCE).then_some("1024")
        }
        "net.ipv4.tcp_fin_timeout" => Some("60"),
        "net.ipv4.tcp_tw_reuse" if version >= TW_REUSE_SINCE => Some("2"),
        "net.ipv4.tcp_tw_reuse" if version < TW_REUSE_BEFORE => Some("0"),
        _ => None,
    }
}

/// The default that all these releases share.
pub(super) fn shared(key: &str, releases: &[String]) -> Option<&'static str> {
    let (first, others) = releases.split_first()?;
    let default = of(key, first)?;
    others.iter().all(|other| of(key, other) == Some(default)).then_some(default)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_release_has_its_own_defaults_and_no_release_has_none() {
        let of = |release: &str| {
            [
                "net.ipv4.ip_local_port_range",
                "net.ipv4.tcp_tw_reuse",
                "net.ipv4.ip_unprivileged_port_start",
            ]
            .map(|key| of(key, release))
        };
        assert_eq!(of("2.6.32-754.el6.x86_64"), [Some("32768\t61000"), Some("0"), None]);
        assert_eq!(of("3.10.0-1160.el7.x86_64"), [Some("32768\t60999"), Some("0"), None]);
        assert_eq!(of("3.16.0-4-amd64"), [Some("32768\t61000"), Some("0"), None]);
        assert_eq!(of("4.18.0-553.el8_10.x86_64"), [Some("32768\t60999"), None, Some("1024")]);
        assert_eq!(of("6.1.0-28-amd64"), [Some("32768\t60999"), Some("2"), Some("1024")]);
        assert_eq!(of("next"), [None; 3]);
        let releases = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
        let range = "net.ipv4.ip_local_port_range";
        assert_eq!(shared(range, &releases(&["6.1.0", "5.10.0"])), Some("32768\t60999"));
        assert_eq!(shared(range, &releases(&["6.1.0", "3.2.0"])), None);
        assert_eq!(shared(range, &[]), None);
    }
}
