//! What makes a setting last on Linux: by the system's own means, or a line of sysctl.d(5) that
//! wins.

use ephaudit_platform::boot::{Boot, Entry, Loader, Origin, State};
use ephaudit_platform::snapshot::{HostInfo, Scope, Snapshot, Source};

use super::change::Change;
use crate::report::Step;

/// The one file of a key, in every advice: it sorts behind all names that packages use.
pub fn file_of(key: &str) -> String {
    let name = key.rsplit('.').next().unwrap_or(key).replace('_', "-");
    format!("/etc/sysctl.d/99-zz-{name}.conf")
}

/// Where the line stands that is advised.
pub(super) fn line_of(value: &Change) -> Origin {
    Origin { source: Source::File(file_of(value.key()).into()), line: Some(1) }
}

/// How to have a value after the next boot, with those before it in the same file.
pub(super) fn steps(
    snapshot: &Snapshot,
    scope: &Scope,
    before: &[&Change],
    change: &Change,
) -> Vec<Step> {
    let before: Vec<String> =
        before.iter().map(|change| format!("{} = {}", change.key(), change.text())).collect();
    lasting(snapshot, scope, &before, (change.key(), &change.text()))
}

/// The same of a value as it stands in a file.
pub(super) fn lasting(
    snapshot: &Snapshot,
    scope: &Scope,
    before: &[String],
    (key, value): (&str, &str),
) -> Vec<Step> {
    if !scope.is_host() && !scope.current {
        let value = if value.contains(' ') { format!("'{value}'") } else { value.to_owned() };
        let words =
            "permanently, where the namespace is created (Kubernetes: securityContext.sysctls)";
        let step = Step::elsewhere(words);
        return vec![match scope.path.as_deref().and_then(super::named) {
            // Whoever made it by ip-netns(8) makes it again.
            Some(_) => step,
            None => step.by(format!("docker run --sysctl {key}={value} IMAGE")),
        }];
    }
    if let Some(step) = by_its_own_means(&snapshot.host, key, value) {
        return vec![step];
    }
    let when = if scope.boot.read().is_some() {
        "at boot"
    } else if scope.is_host() {
        "at boot, where `ephaudit boot` shows no later line"
    } else {
        "at boot, if this is the host's own namespace (set any other where it is created)"
    };
    let file = file_of(key);
    let winners = scope.boot.read().map_or_else(Vec::new, |boot| later_lines(boot, key, &file));
    let line = format!("{key} = {value}");
    let write = if before.is_empty() {
        format!("echo '{line}' > {file}")
    } else {
        format!("printf '%s\\n' '{}' '{line}' > {file}", before.join("' '"))
    };
    let mut steps: Vec<Step> = winners
        .iter()
        .map(|&(loader, origin)| {
            let (path, line) = (origin.source.location(), origin.line.unwrap_or(1));
            let words =
                format!("{when}, change line {line} of {path}, which comes after any other");
            let step = Step::boot(words);
            // Each of these programs has a form of its own.
            if loader.comes_after() {
                return step;
            }
            step.by(format!("sed -i '{line}s|.*|{key} = {value}|' {path}"))
        })
        .collect();
    if !covers_all(scope.boot.read(), key, &winners) {
        steps.push(Step::boot(when).by(write));
    }
    steps
}

/// The lines that would win over those of `file`.
fn later_lines<'a>(boot: &'a Boot, key: &str, file: &str) -> Vec<(Loader, &'a Origin)> {
    let mut lines: Vec<(Loader, &Origin)> = Vec::new();
    for entry in boot.entries.iter().filter(|entry| entry.key == key) {
        if let Some(origin) = winner(entry).filter(|origin| is_later(entry.loader, origin, file)) {
            if !lines.iter().any(|(_, known)| *known == origin) {
                lines.push((entry.loader, origin));
            }
        }
    }
    lines
}

fn winner(entry: &Entry) -> Option<&Origin> {
    match &entry.state {
        State::Known { origin, .. } if origin.line.is_some() => Some(origin),
        _ => None,
    }
}

/// Files go by the bytes of their names; /etc/sysctl.conf comes last where `sysctl --system` reads
/// it.
fn is_later(loader: Loader, origin: &Origin, file: &str) -> bool {
    let name = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
    let path = origin.source.location();
    if loader.comes_after() {
        return true;
    }
    match name(path).as_str() {
        "sysctl.conf" => loader == Loader::Procps,
        theirs => theirs > name(file).as_str(),
    }
}

/// Whether each loader has a line that is changed.
fn covers_all(boot: Option<&Boot>, key: &str, changed: &[(Loader, &Origin)]) -> bool {
    let Some(boot) = boot else { return false };
    let mut entries = boot.entries.iter().filter(|entry| entry.key == key).peekable();
    entries.peek().is_some()
        && entries.all(|entry| {
            winner(entry).is_some_and(|origin| changed.iter().any(|(_, known)| *known == origin))
        })
}

/// Systems whose /etc is made anew from something else.
fn by_its_own_means(host: &HostInfo, key: &str, value: &str) -> Option<Step> {
    let words =
        |how: &str| Step::boot(format!("now and at boot, by the system's own means: {how}"));
    Some(match host.os_id.as_deref()? {
        "bottlerocket" => words("its API").by(format!(
            "apiclient set --json '{{\"settings\": {{\"kernel\": {{\"sysctl\": {{\"{key}\": \
             \"{value}\"}}}}}}}}'"
        )),
        "talos" => words("machine.sysctls of the machine's configuration").by(format!(
            "talosctl patch machineconfig --patch '{{\"machine\": {{\"sysctls\": {{\"{key}\": \
             \"{value}\"}}}}}}'"
        )),
        "nixos" => words("in its configuration, then nixos-rebuild switch")
            .by(format!("boot.kernel.sysctl.\"{key}\" = \"{value}\";")),
        "rhcos" | "scos" => words(
            "a MachineConfig with this line in a file of /etc/sysctl.d, or a Tuned resource of the \
             node tuning operator",
        )
        .by(format!("{key} = {value}")),
        "flatcar" | "fedora-coreos" => {
            Step::boot("at boot; for new machines in their Butane file, as storage.files")
                .by(format!("echo '{key} = {value}' > {}", file_of(key)))
        }
        _ => return None,
    })
}
