//! Talos Linux.

use ephaudit_platform::ports::{PortRange, PortSet};
use ephaudit_platform::snapshot::Os;

use super::{Settings, Target, is_one_of};
use crate::remedy::Change;
use crate::report::When;

pub const TARGET: Target = Target {
    name: "talos",
    about: "A patch of a Talos machine's configuration",
    when: When::Boot,
    source: "machine.sysctls of the machine's configuration",
    validator: None,
    systems: &[Os::Linux],
    usual: |snapshot, _| is_one_of(snapshot, &["talos"]),
    file: |_| None,
    make: |settings| Some(patch(settings)),
};

/// What Talos reserves for its own two services, and a list of its user replaces.
const OWN: PortRange = PortRange::between(50_000, 50_001);

fn patch(settings: &Settings<'_>) -> String {
    let line = |value: &Change| {
        let text = match value {
            Change::Reserved(list) => list.union(&PortSet::from(OWN)).to_string(),
            Change::Range(_) | Change::UnprivilegedStart(_) => value.text(),
        };
        format!("    {}: \"{text}\"\n", value.key())
    };
    let lines: Vec<String> = settings.values.iter().map(line).collect();
    format!("machine:\n  sysctls:\n{}", lines.concat())
}
