//! Commands of Linux.

use std::borrow::Cow;

use ephaudit_platform::snapshot::{Environment, Scope, Snapshot};

use super::change::Change;
use super::{boot, named};
use crate::report::Step;

/// The most spans that `sysctl -w` writes: procps cuts a longer value off without a word.
pub const SPANS_MAX: usize = 340;

/// How to have these values, in the order that works.
pub(super) fn steps(snapshot: &Snapshot, scope: &Scope, values: &[Change]) -> Vec<Step> {
    match environment(snapshot, scope) {
        Some(Environment::Wsl) if !values.iter().all(is_start) => vec![wsl()],
        Some(Environment::Container(_) | Environment::Gvisor) => vec![container(values)],
        Some(Environment::Wsl) | None => {
            let now = values.iter().map(|value| Step::now(words(value)).by(write(scope, value)));
            let boot = lines(values)
                .into_iter()
                .flat_map(|(lines, last)| boot::steps(snapshot, scope, &lines, last));
            // Each step by the system's own means holds now too.
            let boot: Vec<Step> = boot.collect();
            let by_itself = boot.iter().any(|step| step.words.starts_with("now and at boot"));
            now.filter(|_| !by_itself).chain(boot.iter().cloned()).collect()
        }
    }
}

const fn is_start(value: &Change) -> bool {
    matches!(value, Change::UnprivilegedStart(_))
}

/// The changes that one file has, before each its last: what a range needs lowered goes before it.
fn lines(values: &[Change]) -> Vec<(Vec<&Change>, &Change)> {
    match values {
        [start @ Change::UnprivilegedStart(_), rest @ ..] if !rest.is_empty() => rest
            .iter()
            .map(|value| match value {
                Change::Range(_) => (vec![start], value),
                _ => (Vec::new(), value),
            })
            .collect(),
        all => all.iter().map(|value| (Vec::new(), value)).collect(),
    }
}

fn words(value: &Change) -> &'static str {
    match value {
        Change::Reserved(_) => "reserve it now (this replaces the whole list)",
        Change::Range(_) | Change::UnprivilegedStart(_) => "now",
    }
}

/// The command that sets it in that namespace.
pub(super) fn write(scope: &Scope, value: &Change) -> String {
    run_in(scope, &format!("sysctl -w {}={}", value.key(), value.word()))
}

/// The line that runs a command in a namespace.
pub(super) fn run_in(scope: &Scope, command: &str) -> String {
    match scope.path.as_deref().and_then(named) {
        Some(name) => format!("ip netns exec {} {command}", quoted(name)),
        None => scope.enter(command),
    }
}

pub(super) fn quoted(name: &str) -> Cow<'_, str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if name.bytes().all(plain) && !name.starts_with('-') {
        return name.into();
    }
    format!("'{}'", name.replace('\'', "'\\''")).into()
}

/// What the reader runs in is no matter for another namespace of the same host, nor is a container
/// for the host's own.
pub(super) fn environment<'a>(snapshot: &'a Snapshot, scope: &Scope) -> Option<&'a Environment> {
    let matters = |environment: &&Environment| {
        scope.current && !(scope.is_host() && matches!(environment, Environment::Container(_)))
    };
    snapshot.host.environment.as_ref().filter(matters)
}

fn container(values: &[Change]) -> Step {
    let settings: Vec<String> =
        values.iter().map(|value| format!("--sysctl {}={}", value.key(), value.word())).collect();
    let whole = values.iter().any(|value| matches!(value, Change::Reserved(_)));
    let whole = if whole { "; the list is set as a whole" } else { "" };
    Step::elsewhere(format!(
        "set it where the container is created (Kubernetes: securityContext.sysctls; with host \
         networking: on the host{whole})"
    ))
    .by(format!("docker run {} IMAGE", settings.join(" ")))
}

pub(super) fn wsl() -> Step {
    let words = "leave the range as it is under WSL: it may mirror a slice of the Windows host's \
                 dynamic ports, and changing it can make localhost connections hang; look at the \
                 Windows host";
    Step::elsewhere(words).by("netsh int ipv4 show dynamicport tcp")
}
