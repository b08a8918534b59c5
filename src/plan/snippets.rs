//! The planned settings as what different tools take, one file a target. Every value in them is
//! digits, `,`, `-` and one blank: nothing of a host, a process or a file name enters a snippet.

mod aks;
mod ansible;
mod bottlerocket;
mod butane;
mod cloud_init;
mod container;
mod kubernetes;
mod launchd;
mod native;
mod nixos;
mod openshift;
mod powershell;
mod sysctl_d;
mod talos;

use clap::builder::PossibleValue;
use ephaudit_platform::ports::{PortRange, PortSet};
use ephaudit_platform::snapshot::{Os, Scope, Snapshot};

use crate::remedy::{self, Change};
use crate::report::{Step, When};

/// A way to have the planned settings.
pub struct Target {
    /// What it is called, on the command line too.
    pub name: &'static str,
    /// What it is.
    pub about: &'static str,
    /// When the settings hold then.
    pub when: When,
    /// Where its form is described.
    pub source: &'static str,
    /// What its text is tried with, where it is.
    pub validator: Option<&'static str>,
    /// The systems that it is for.
    pub systems: &'static [Os],
    /// Whether it is shown where nobody names it.
    pub usual: fn(&Snapshot, &Scope) -> bool,
    /// The file that its text is for; `None` where it is none.
    pub file: fn(&Settings<'_>) -> Option<String>,
    /// Its text; `None` where it has no form for the settings.
    pub make: fn(&Settings<'_>) -> Option<String>,
}

/// What a snippet says.
pub struct Settings<'a> {
    /// The host and its scopes.
    pub snapshot: &'a Snapshot,
    /// The settings that change, in the order that works.
    pub values: &'a [Change],
    /// The commands that the audit prints for them.
    pub steps: &'a [Step],
}

impl Settings<'_> {
    /// The range, where it changes.
    fn range(&self) -> Option<PortRange> {
        self.values.iter().find_map(|value| match value {
            Change::Range(range) => Some(*range),
            _ => None,
        })
    }

    /// The list, where it changes.
    fn list(&self) -> Option<&PortSet> {
        self.values.iter().find_map(|value| match value {
            Change::Reserved(list) => Some(list),
            _ => None,
        })
    }

    /// A line for each setting of Linux, made of its key and its value.
    fn lines(&self, line: impl Fn(&str, &str) -> String) -> String {
        let lines = self.values.iter().map(|value| line(value.key(), &value.text()));
        lines.collect::<Vec<_>>().concat()
    }

    /// The file of sysctl.d(5) that has them all. Of the names that advice gives the files of these
    /// keys it is the one that sorts last: its lines win over those of the others.
    fn sysctl_file(&self) -> Option<String> {
        self.values.iter().map(Change::key).map(remedy::file_of).max()
    }

    /// The commands of that time, where each step has one: the others would be half of a plan.
    fn commands(&self, when: When) -> Option<String> {
        let of_then = || self.steps.iter().filter(|step| step.when == when);
        let commands: Vec<&str> = of_then().filter_map(|step| step.command.as_deref()).collect();
        let whole = !commands.is_empty() && commands.len() == of_then().count();
        whole.then(|| commands.join("\n") + "\n")
    }
}

/// All of them, in the order that they are shown in.
pub const TARGETS: &[&Target] = &[
    &native::SYSCTL,
    &sysctl_d::TARGET,
    &ansible::TARGET,
    &cloud_init::TARGET,
    &kubernetes::TARGET,
    &container::DOCKER_RUN,
    &container::COMPOSE,
    &container::QUADLET,
    &talos::TARGET,
    &bottlerocket::TARGET,
    &butane::TARGET,
    &openshift::MACHINE_CONFIG,
    &openshift::TUNED,
    &nixos::TARGET,
    &aks::TARGET,
    &native::SYSCTL_CONF,
    &native::NETSH,
    &powershell::TARGET,
    &launchd::TARGET,
    &native::IPADM,
    &native::NO,
];

/// The targets, for the command line.
pub fn names() -> Vec<PossibleValue> {
    let value = |target: &&Target| PossibleValue::new(target.name).help(target.about);
    TARGETS.iter().map(value).collect()
}

/// The targets, for the command line, and the word for all of them.
pub fn names_or_all() -> Vec<PossibleValue> {
    let all = PossibleValue::new(ALL).help("All that the host's system takes");
    names().into_iter().chain([all]).collect()
}

const ALL: &str = "all";

/// The text of a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snippet {
    /// The target's name.
    pub name: &'static str,
    /// When the settings hold then.
    pub when: When,
    /// The text.
    pub text: String,
    /// The file that it is for.
    pub file: Option<String>,
    /// Where its form is described.
    pub source: &'static str,
    /// What its text is tried with, where it is.
    pub validator: Option<&'static str>,
}

/// The snippets that are asked for by name; the usual ones where none is.
pub fn snippets(scope: &Scope, settings: &Settings<'_>, named: &[String]) -> Vec<Snippet> {
    if settings.values.is_empty() {
        return Vec::new();
    }
    let snapshot = settings.snapshot;
    let asked = |target: &&&Target| {
        let is_named = |name: &String| name == ALL || name == target.name;
        target.systems.contains(&snapshot.host.os)
            && if named.is_empty() {
                (target.usual)(snapshot, scope)
            } else {
                named.iter().any(is_named)
            }
    };
    let made = TARGETS.iter().filter(asked).filter_map(|target| {
        let (text, file) = ((target.make)(settings)?, (target.file)(settings));
        let Target { name, when, source, validator, .. } = **target;
        Some(Snippet { name, when, text, file, source, validator })
    });
    made.collect()
}

/// For systems where a target is never shown unasked.
const fn when_named(_: &Snapshot, _: &Scope) -> bool {
    false
}

/// Whether the host is one of these, by os-release(5).
fn is_one_of(snapshot: &Snapshot, ids: &[&str]) -> bool {
    snapshot.host.os_id.as_deref().is_some_and(|id| ids.contains(&id))
}

/// Text set in by that many blanks.
fn indented(text: &str, blanks: usize) -> String {
    let line = |line| format!("{:blanks$}{line}\n", "");
    text.lines().map(line).collect::<Vec<_>>().concat()
}

/// A file of sysctl.d(5) has these lines.
fn sysctl_lines(settings: &Settings<'_>) -> String {
    settings.lines(|key, value| format!("{key} = {value}\n"))
}
