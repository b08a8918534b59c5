//! A playbook of Ansible.

use ephaudit_platform::snapshot::Os;

use super::{Settings, Target, when_named};
use crate::remedy::Change;
use crate::report::When;

pub const TARGET: Target = Target {
    name: "ansible",
    about: "A playbook of Ansible, for now and the next boot",
    when: When::Boot,
    source: "ansible.posix.sysctl (the collection ansible.posix is needed)",
    validator: Some("yamllint, ansible-lint"),
    systems: &[Os::Linux],
    usual: when_named,
    file: |_| None,
    make,
};

// The list is set before the range: no service is handed out on the way.
fn make(settings: &Settings<'_>) -> Option<String> {
    let file = settings.sysctl_file()?;
    let task = |value: &Change| {
        let name = match value {
            Change::Reserved(_) => "Reserve the ports of services",
            Change::Range(_) | Change::UnprivilegedStart(_) => "Set the ephemeral port range",
        };
        format!(
            "    - name: {name}\n      ansible.posix.sysctl:\n        name: {}\n        value: \
             \"{}\"\n        sysctl_file: {file}\n        sysctl_set: true\n        state: \
             present\n",
            value.key(),
            value.text()
        )
    };
    let tasks: String = settings.values.iter().map(task).collect();
    Some(format!("---\n- name: Ephemeral ports\n  hosts: all\n  become: true\n  tasks:\n{tasks}"))
}
