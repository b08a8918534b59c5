//! The planned settings as what different tools take, one file a target. Every value in them is
//! digits, `,`, `-` and one blank: nothing of a host, a process or a file name enters a snippet.

mod sysctl;
mod sysctl_d;

use clap::builder::PossibleValue;
use ephaudit_platform::snapshot::{Os, Scope, Snapshot};

use crate::remedy::Change;
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
    /// Whether it is shown where nobody names it.
    pub usual: fn(&Snapshot, &Scope) -> bool,
    /// The file that its text is for; `None` where it is none.
    pub file: fn(&Settings<'_>) -> Option<String>,
    /// Its text; `None` where it has no form for the settings.
    pub make: fn(&Settings<'_>) -> Option<String>,
}

/// What a snippet says.
pub struct Settings<'a> {
    /// The settings that change, in the order that works.
    pub values: &'a [Change],
    /// The commands that the audit prints for them.
    pub steps: &'a [Step],
}

/// All of them, in the order that they are shown in.
pub const TARGETS: &[&Target] = &[&sysctl::TARGET, &sysctl_d::TARGET];

/// The targets, for the command line.
pub fn names() -> Vec<PossibleValue> {
    let value = |target: &&Target| PossibleValue::new(target.name).help(target.about);
    TARGETS.iter().map(value).collect()
}

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
pub fn snippets(
    snapshot: &Snapshot,
    scope: &Scope,
    settings: &Settings<'_>,
    named: &[String],
) -> Vec<Snippet> {
    // All that there are set what only Linux has.
    if snapshot.host.os != Os::Linux || settings.values.is_empty() {
        return Vec::new();
    }
    let asked = |target: &&&Target| {
        let is_named = |name: &String| name == "all" || name == target.name;
        if named.is_empty() { (target.usual)(snapshot, scope) } else { named.iter().any(is_named) }
    };
    let made = TARGETS.iter().filter(asked).filter_map(|target| {
        let (text, file) = ((target.make)(settings)?, (target.file)(settings));
        let Target { name, when, source, validator, .. } = **target;
        Some(Snippet { name, when, text, file, source, validator })
    });
    made.collect()
}
