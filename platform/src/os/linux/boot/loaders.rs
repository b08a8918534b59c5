//! Which loader of sysctl.d a system has: by what it leaves in the tree, never by a guess.

use crate::boot::Loader;
use crate::parse::os_release;
use crate::persisted::Persisted;

/// What systemd-sysctl.service runs.
const SYSTEMD: [&str; 2] = ["/usr/lib/systemd/systemd-sysctl", "/lib/systemd/systemd-sysctl"];
/// OpenRC's script. Elsewhere it runs `sysctl --system`; Alpine has its own.
const OPENRC: &str = "/etc/init.d/sysctl";
/// Scripts that run `sysctl --system` at boot, or do what it does: Debian's for sysvinit, Void's for
/// runit, those of dinit.
const SCRIPTS: [&str; 4] = [
    "/etc/init.d/procps",
    "/etc/init.d/procps.sh",
    "/etc/runit/core-services/08-sysctl.sh",
    "/usr/lib/dinit.d/early/scripts/sysctl.sh",
];
const OS_RELEASE: [&str; 2] = ["/etc/os-release", "/usr/lib/os-release"];

/// The files that tell.
pub(super) fn signs() -> impl Iterator<Item = &'static str> {
    SYSTEMD.into_iter().chain([OPENRC]).chain(SCRIPTS).chain(OS_RELEASE)
}

/// The loaders whose result counts, the one that runs at boot first. Where systemd-sysctl runs at
/// boot, people and packages run `sysctl --system` later. Where nothing tells which, it is either.
pub(super) fn of(persisted: &Persisted) -> &'static [Loader] {
    let has = |path: &str| persisted.has(path);
    if SYSTEMD.iter().any(|path| has(path)) {
        &[Loader::SystemdSysctl, Loader::Procps]
    } else if has(OPENRC) && is_alpine(persisted) {
        &[Loader::Openrc]
    } else if has(OPENRC) || SCRIPTS.iter().any(|path| has(path)) {
        &[Loader::Procps]
    } else {
        &[Loader::SystemdSysctl, Loader::Procps]
    }
}

fn is_alpine(persisted: &Persisted) -> bool {
    let text = OS_RELEASE.iter().find_map(|path| persisted.text(path)).unwrap_or_default();
    let text = String::from_utf8_lossy(text);
    let names = ["ID", "ID_LIKE"].map(|key| os_release::value(&text, key).unwrap_or_default());
    names.iter().any(|names| names.split_whitespace().any(|name| name == "alpine"))
}
