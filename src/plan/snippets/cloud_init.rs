//! User data of cloud-init.

use ephaudit_platform::snapshot::Os;

use super::{Settings, Target, indented, sysctl_lines, when_named};
use crate::report::When;

pub const TARGET: Target = Target {
    name: "cloud-init",
    about: "User data of cloud-init, for new machines",
    when: When::Boot,
    source: "cloud-init's modules write_files and runcmd",
    validator: Some("cloud-init schema"),
    systems: &[Os::Linux],
    usual: when_named,
    file: |_| None,
    make,
};

// Files are written after the system has read those of sysctl.d(5): the command has it read now.
fn make(settings: &Settings<'_>) -> Option<String> {
    let file = settings.sysctl_file()?;
    let lines = indented(&sysctl_lines(settings), 6);
    Some(format!(
        "#cloud-config\nwrite_files:\n  - path: {file}\n    owner: root:root\n    permissions: \
         \"0644\"\n    content: |\n{lines}runcmd:\n  - [sysctl, -p, {file}]\n"
    ))
}
