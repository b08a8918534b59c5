//! NixOS.

use ephaudit_platform::snapshot::Os;

use super::{Target, is_one_of};
use crate::report::When;

pub const TARGET: Target = Target {
    name: "nixos",
    about: "Options of a NixOS configuration",
    when: When::Boot,
    source: "NixOS' option boot.kernel.sysctl",
    validator: None,
    systems: &[Os::Linux],
    usual: |snapshot, _| is_one_of(snapshot, &["nixos"]),
    file: |_| None,
    make: |settings| {
        Some(settings.lines(|key, value| format!("boot.kernel.sysctl.\"{key}\" = \"{value}\";\n")))
    },
};
