//! OpenShift: what its machine configuration and node tuning operators take.

use std::fmt::Write as _;

use ephaudit_platform::snapshot::{Os, Scope, Snapshot};

use super::{Settings, Target, is_one_of, sysctl_lines};
use crate::report::When;

pub const MACHINE_CONFIG: Target = Target {
    name: "machineconfig",
    about: "A MachineConfig of OpenShift; its nodes are drained and started again",
    when: When::Boot,
    source: "MachineConfig of OpenShift, Ignition 3.2.0",
    validator: Some("its data URL is decoded and compared with the file of sysctl.d"),
    systems: &[Os::Linux],
    usual,
    file: |_| None,
    make: machine_config,
};

pub const TUNED: Target = Target {
    name: "tuned",
    about: "A Tuned resource of OpenShift's node tuning operator",
    when: When::Boot,
    source: "Tuned of the cluster node tuning operator",
    validator: Some("yamllint"),
    systems: &[Os::Linux],
    usual,
    file: |_| None,
    make: |settings| Some(tuned(settings)),
};

fn usual(snapshot: &Snapshot, _: &Scope) -> bool {
    is_one_of(snapshot, &["rhcos", "scos"])
}

fn machine_config(settings: &Settings<'_>) -> Option<String> {
    let file = settings.sysctl_file()?;
    let data = percent_encoded(&sysctl_lines(settings));
    Some(format!(
        "apiVersion: machineconfiguration.openshift.io/v1\nkind: MachineConfig\nmetadata:\n  \
         labels:\n    machineconfiguration.openshift.io/role: worker\n  name: \
         99-worker-ephemeral-ports\nspec:\n  config:\n    ignition:\n      version: 3.2.0\n    \
         storage:\n      files:\n        - path: {file}\n          mode: 420\n          \
         overwrite: true\n          contents:\n            source: \"data:,{data}\"\n"
    ))
}

/// As the data of a URL (RFC 3986, section 2.1).
fn percent_encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut all, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~,".contains(&byte) {
            all.push(char::from(byte));
        } else {
            // Writing to a String does not fail.
            let _ = write!(all, "%{byte:02X}");
        }
        all
    })
}

// A value with a blank stands between quotes. The lower priority wins.
fn tuned(settings: &Settings<'_>) -> String {
    let line = |key: &str, value: &str| {
        let value = if value.contains(' ') { format!("\"{value}\"") } else { value.to_owned() };
        format!("        {key}={value}\n")
    };
    format!(
        "apiVersion: tuned.openshift.io/v1\nkind: Tuned\nmetadata:\n  name: ephemeral-ports\n  \
         namespace: openshift-cluster-node-tuning-operator\nspec:\n  profile:\n    - name: \
         ephemeral-ports\n      data: |\n        [main]\n        summary=Ephemeral ports\n        \
         include=openshift-node\n        [sysctl]\n{}  recommend:\n    - match:\n        - \
         label: node-role.kubernetes.io/worker\n      priority: 20\n      profile: \
         ephemeral-ports\n",
        settings.lines(line)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_url_does_not_take_is_written_by_its_number() {
        assert_eq!(percent_encoded("a.b_c = 1,2-3 4\n"), "a.b_c%20%3D%201,2-3%204%0A");
    }
}
