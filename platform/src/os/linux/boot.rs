//! What systemd-sysctl(8), `sysctl --system` or OpenRC leave in the kernel at boot, out of the files
//! of sysctl.d(5), and what programs with files of their own write after them.
//!
//! Held by the tests against systemd 252, procps 4.0.2 and the running kernel. Only the initial
//! network namespace gets these values.

mod files;
mod further;
mod glob;
mod kernel;
mod line_log;
mod loaders;
mod near;
mod procps;
mod suspects;
mod systemd;
#[cfg(test)]
mod tests;
mod writers;
mod written;

use super::version::KernelVersion;
use super::{defaults, initial};
use crate::ask::Ask;
use crate::boot::{Boot, Loader};
use crate::os::{PersistedPaths, Reach};
use crate::parse::cmdline;
use crate::parse::sysctl_conf::Grammar;
use crate::persisted::{File, Found, Persisted};
use crate::snapshot::{Environment, HostInfo, Reason, Scope, Why};
use crate::unread::Unread;
use files::Files;
use kernel::{Key, Sysctls};
use line_log::LineLog;

pub(crate) fn wanted() -> PersistedPaths {
    let files = [SYSCTL_CONF, CMDLINE].into_iter().chain(loaders::signs()).chain(suspects::files());
    let files = files.chain(writers::ufw::FILES).chain(writers::tuned::FILES);
    PersistedPaths {
        folders: &FOLDERS,
        files: files.chain(writers::saptune::FILES).collect(),
        matters: |name| name.ends_with(b".conf"),
        further: further::more,
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
/// `sysctl.*` on the command line (`do_sysctl_args`, fs/proc/proc_sysctl.c).
const CMDLINE_SINCE: KernelVersion = KernelVersion(5, 8, 0);

/// What the loaders make of the files, and what programs write after them; `release` is that of the
/// kernel that will run, where it is known.
pub(crate) fn read(persisted: &Persisted, release: Option<&str>) -> Boot {
    let mut boot = Boot { kernels: kernels(persisted, release), ..Boot::default() };
    let versions: Vec<KernelVersion> =
        boot.kernels.iter().filter_map(|release| KernelVersion::parse(release)).collect();
    let cmdline = persisted.file(CMDLINE);
    let reads_cmdline = versions.iter().all(|version| *version >= CMDLINE_SINCE);
    let before = after_cmdline(cmdline.filter(|_| reads_cmdline));
    let old = versions
        .iter()
        .any(|version| *version < KERNEL_SINCE)
        .then(|| Why::new(Reason::Unsupported, "values are not predicted for kernels before 4.19"));
    boot.unread.clone_from(&persisted.unread);
    if let Some((file, Found::Unread(why))) = cmdline.map(|file| (file, &file.found)) {
        boot.unread.push(file.unread(why.clone()));
    }
    let has_conf =
        persisted.file(SYSCTL_CONF).is_some_and(|file| matches!(file.found, Found::Text(_)));
    if persisted.folders.is_empty() && !has_conf {
        let detail = "there is no folder of sysctl.d at all; is this the root of a system?";
        boot.unread.push(Unread::of_file("/etc/sysctl.d", Why::new(Reason::NotCaptured, detail)));
    }
    let before_any = boot.unread.first().cloned();
    let mut after = Vec::new();
    for (at, &loader) in loaders::of(persisted).iter().enumerate() {
        let files = match loader {
            Loader::SystemdSysctl => Files::of(persisted, Grammar::Systemd),
            Loader::Openrc => Files::alpine(persisted),
            _ => Files::of(persisted, Grammar::Procps),
        };
        let mut log = before.clone();
        match files.grammar {
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
        let of_key = |key: Key, why: &Why| Unread::of_key(key.name(), why.clone());
        boot.entries.extend(Key::ALL.map(|key| {
            let unknown = old.as_ref().map(|why| of_key(key, why)).or(unread.cloned());
            let unknown = unknown.or(log.lost().map(|why| of_key(key, why)));
            log.key(key).entry(key.name(), loader, unknown.as_ref(), log.sysctls().value(key))
        }));
        written::add(&files, &log, &mut boot);
        // The first is the one that runs at boot.
        if at == 0 && old.is_none() {
            after = writers::entries(persisted, &log, unread);
        }
    }
    boot.entries.append(&mut after);
    boot.suspects = suspects::seen(persisted, &boot.entries);
    if old.is_some() {
        for entry in &mut boot.entries {
            entry.rejected.retain(|line| !line.rejection.is_of_the_kernel());
        }
    }
    boot
}

/// The releases of the kernels that may run: the one that is known, or those that have modules in
/// the tree.
fn kernels(persisted: &Persisted, release: Option<&str>) -> Vec<String> {
    if let Some(release) = release {
        return vec![release.to_owned()];
    }
    let in_modules = persisted.files.iter().filter(|file| {
        let folder = file.path.rsplit_once('/').map(|(folder, _)| folder);
        folder.is_some_and(|folder| further::MODULES.contains(&folder))
    });
    let names = in_modules.map(|file| String::from_utf8_lossy(&file.name).into_owned());
    names.filter(|name| KernelVersion::parse(name).is_some()).collect()
}

/// The values that the kernel's command line leaves.
fn after_cmdline(cmdline: Option<&File>) -> LineLog {
    let mut log = LineLog::new(Sysctls::default());
    let Some(file) = cmdline else { return log };
    for (path, value) in cmdline::sysctls(file.text().unwrap_or_default()) {
        if let Some(key) = Key::at(&path) {
            log.write_once(key, &value, &value, (&file.source(), None));
        }
    }
    log
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

/// What the kernel has where nobody sets the key, by the releases of those that may run.
pub(crate) fn default(key: &str, kernels: &[String]) -> Option<&'static str> {
    defaults::shared(key, kernels)
}
