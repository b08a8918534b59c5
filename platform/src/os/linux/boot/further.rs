//! Where others keep what they write to the kernel at boot: the files that are read beside those of
//! sysctl.d(5), some of which lead to more.

use super::writers::{saptune, tuned, ufw};
use crate::persisted::{Found, More, Persisted};

/// Where units of systemd lie (systemd.unit(5)).
pub(super) const UNITS: [&str; 5] = [
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
];
/// Where a unit stands that is started at boot.
pub(super) const STARTED: [&str; 3] = [
    "/etc/systemd/system/sysinit.target.wants",
    "/etc/systemd/system/multi-user.target.wants",
    "/etc/systemd/system/network-online.target.wants",
];
/// Folders of scripts, and of lines that run programs, which something runs at boot.
pub(super) const SCRIPTS: [(&str, &str); 14] = [
    ("/etc/NetworkManager/dispatcher.d", ""),
    ("/etc/NetworkManager/dispatcher.d/pre-up.d", ""),
    ("/usr/lib/NetworkManager/dispatcher.d", ""),
    ("/etc/network/if-up.d", ""),
    ("/etc/network/if-pre-up.d", ""),
    ("/etc/networkd-dispatcher/routable.d", ""),
    ("/etc/local.d", ".start"),
    ("/etc/cron.d", ""),
    ("/etc/cloud/cloud.cfg.d", ".cfg"),
    ("/var/lib/cloud/scripts/per-boot", ""),
    ("/etc/modprobe.d", ".conf"),
    ("/run/modprobe.d", ".conf"),
    ("/usr/lib/modprobe.d", ".conf"),
    ("/lib/modprobe.d", ".conf"),
];
/// The folders of a kernel's modules: their names are releases.
pub(super) const MODULES: [&str; 2] = ["/usr/lib/modules", "/lib/modules"];

pub(super) fn more(persisted: &Persisted) -> Vec<More> {
    let folder = |folder: &&str, end| More::Folder((*folder).to_owned(), end);
    let units =
        UNITS.iter().flat_map(|unit| [".service", ".service.d"].map(|end| folder(unit, end)));
    let mut more: Vec<More> = units.collect();
    more.extend(STARTED.iter().map(|wants| folder(wants, ".service")));
    more.extend(SCRIPTS.iter().map(|(scripts, end)| folder(scripts, end)));
    more.extend(MODULES.iter().map(|modules| folder(modules, "")));
    // What a unit's own folder adds to it.
    let added = persisted.files.iter().filter(|file| {
        file.path.ends_with(".service.d") && matches!(file.found, Found::Nothing(_))
    });
    more.extend(added.map(|file| More::Folder(file.path.clone(), ".conf")));
    let files = ufw::more(persisted).into_iter().chain(tuned::more(persisted));
    more.extend(files.chain(saptune::more(persisted)).map(More::File));
    more
}
