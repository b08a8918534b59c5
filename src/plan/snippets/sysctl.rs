//! The commands of sysctl(8), as the audit prints them.

use super::{Settings, Target};
use crate::report::When;

pub const TARGET: Target = Target {
    name: "sysctl",
    about: "Commands for sysctl(8), for now",
    when: When::Now,
    source: "sysctl(8); Documentation/networking/ip-sysctl.rst of Linux",
    validator: Some("run under sh -eu in network namespaces, and read back"),
    usual: |_, _| true,
    file: |_| None,
    make,
};

fn make(settings: &Settings<'_>) -> Option<String> {
    let now = settings.steps.iter().filter(|step| step.when == When::Now);
    let commands: Vec<&str> = now.filter_map(|step| step.command.as_deref()).collect();
    // Where a step for now has no command, the others would be half of a plan.
    let whole = commands.len() == settings.values.len();
    whole.then(|| commands.join("\n") + "\n")
}
