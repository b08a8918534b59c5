//! What systemd-sysctl(8) and `sysctl --system` leave in the kernel at boot, out of the files of
//! sysctl.d(5).
//!
//! Held by the tests against systemd 252, procps 4.0.2 and the running kernel. Only the initial
//! network namespace gets these values.

mod files;
mod glob;
mod kernel;
mod line_log;
mod near;
mod procps;
mod suspects;
mod systemd;
#[cfg(test)]
mod tests;
mod written;

use super::initial;
use super::version::KernelVersion;
use crate::ask::Ask;
use crate::boot::{Boot, Loader};
use crate::os::{PersistedPaths, Reach};
use crate::parse::cmdline;
use crate::parse::sysctl_conf::Grammar;
use crate::persisted::{Found, Persisted};
use crate::snapshot::{Environment, HostInfo, Reason, Scope, Source, Why};
use crate::unread::Unread;
use files::Files;
use kernel::{Key, Sysctls};
use line_log::LineLog;

pub(crate) fn wanted() -> PersistedPaths {
    let files = [SYSCTL_CONF, CMDLINE].into_iter().chain(suspects::FILES.iter().copied());
    PersistedPaths {
        folders: &FOLDERS,
        files: files.collect(),
        matters: |name| name.ends_with(b".conf"),
    }
}

/// In the order of precedence for files of the same name; the last is another name of the one
/// before on most systems.
const FOLDERS: [&str; 5] = [
    "/etc/sysctl.d",
    "/run/sysctl.d",
    "/usr/local/lib/sysctl.d",
    "/usr/lib/sysctl.d",
    "/lib/sysctl.d",
];
const SYSCTL_CONF: &str = "/etc/sysctl.conf";
const CMDLINE: &str = "/proc/cmdline";

/// The kernel that [`kernel`] was written for.
const KERNEL_SINCE: KernelVersion = KernelVersion(4, 19, 0);

/// What both loaders make of the files; `release` is that of the kernel that will run, where it is
/// known.
pub(crate) fn read(persisted: &Persisted, release: Option<&str>) -> Boot {
    let mut before = LineLog::new(Sysctls::default());
    let cmdline = persisted.files.iter().find(|file| file.name == b"cmdline");
    if let Some((file, Found::Text(text))) = cmdline.map(|file| (file, &file.found)) {
        let source = Source::File(file.place.clone().into());
        for (path, value) in cmdline::sysctls(text) {
            if let Some(key) = Key::at(&path) {
                before.write_once(key, &value, &value, (&source, None));
            }
        }
    }
    let old = release
        .and_then(KernelVersion::parse)
        .filter(|version| *version < KERNEL_SINCE)
        .map(|_| Why::new(Reason::Unsupported, "values are not predicted for kernels before 4.19"));
    let mut boot = Boot { suspects: suspects::suspects(persisted), ..Boot::default() };
    boot.unread.clone_from(&persisted.unread);
    if let Some((file, Found::Unread(why))) = cmdline.map(|file| (file, &file.found)) {
        boot.unread.push(file.unread(why.clone()));
    }
    let has_conf = persisted
        .files
        .iter()
        .any(|file| file.name == b"sysctl.conf" && matches!(file.found, Found::Text(_)));
    if persisted.folders.is_empty() && !has_conf {
        let detail = "there is no folder of sysctl.d at all; is this the root of a system?";
        boot.unread.push(Unread::of_file("/etc/sysctl.d", Why::new(Reason::NotCaptured, detail)));
    }
    let before_any = boot.unread.first().cloned();
    for (loader, grammar) in
        [(Loader::SystemdSysctl, Grammar::Systemd), (Loader::Procps, Grammar::Procps)]
    {
        let files = Files::of(persisted, grammar);
        let mut log = before.clone();
        match grammar {
            Grammar::Systemd => systemd::apply(&files, &mut log),
            Grammar::Procps => procps::apply(&files, &mut log),
        }
        near::reject(&files, &mut log);
        for unread in &files.unread {
            if !boot.unread.iter().any(|known| known.subject == unread.subject) {
                boot.unread.push(unread.clone());
            }
        }
        // Any file may set any key, and the order of the writes counts.
        let unread = before_any.as_ref().or(files.unread.first());
        boot.entries.extend(Key::ALL.map(|key| {
            let of_key = |why: &Why| Unread::of_key(key.name(), why.clone());
            let unknown = old.as_ref().map(of_key).or(unread.cloned()).or(log.lost().map(of_key));
            log.key(key).entry(key.name(), loader, unknown.as_ref(), log.sysctls().value(key))
        }));
        written::add(&files, &log, &mut boot);
    }
    if old.is_some() {
        for entry in &mut boot.entries {
            entry.rejected.retain(|line| !line.rejection.is_of_the_kernel());
        }
    }
    boot
}

/// What the initial network namespace was given before it had a number of its own, on most kernels
/// (`PROC_DYNAMIC_FIRST`, include/linux/proc_ns.h).
const INITIAL_BEFORE: &str = "net:[4026531840]";

/// sysctl.d(5) is for the initial namespace, and a container's files are not those that its host
/// applies.
pub(crate) fn reach(host: &HostInfo, scope: &Scope, ask: &dyn Ask) -> Reach {
    match host.environment {
        Some(Environment::Container(_)) => {
            return Reach::Out(
                "this is a container, and its files are not those that its host applies",
            );
        }
        Some(Environment::Gvisor) => return Reach::Out("gVisor reads no file of sysctl.d"),
        Some(Environment::Wsl) | None => {}
    }
    let elsewhere =
        "sysctl.d is applied in the host's own network namespace, and this is another one";
    let version = host.kernel.as_deref().and_then(KernelVersion::parse);
    if scope.is_host() {
        return Reach::In;
    }
    match initial::network_namespace(ask, version) {
        Some(of_host) if of_host != scope.id => Reach::Out(elsewhere),
        _ if scope.id == INITIAL_BEFORE && !initial::is_numbered(version) => Reach::In,
        _ => Reach::Unknown(Why::new(
            Reason::Unsupported,
            "it is not visible whether this is the host's own network namespace, where sysctl.d \
             is applied; run as root",
        )),
    }
}

/// What the kernel has where nobody sets the key, since 4.19; of `tcp_max_tw_buckets` that depends
/// on the memory.
pub(crate) fn default(key: &str) -> Option<&'static str> {
    match Key::ALL.into_iter().find(|known| known.name() == key)? {
        Key::PortRange => Some("32768\t60999"),
        Key::ReservedPorts => Some(""),
        Key::UnprivilegedStart => Some("1024"),
        Key::FinTimeout => Some("60"),
        Key::TwReuse => Some("2"),
        Key::MaxTwBuckets => None,
    }
}
