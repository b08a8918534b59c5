//! Bottlerocket.

use ephaudit_platform::snapshot::Os;

use super::{Target, is_one_of};
use crate::report::When;

pub const TARGET: Target = Target {
    name: "bottlerocket",
    about: "User data of Bottlerocket",
    when: When::Boot,
    source: "settings.kernel.sysctl of Bottlerocket",
    validator: Some("read by a parser of TOML"),
    systems: &[Os::Linux],
    usual: |snapshot, _| is_one_of(snapshot, &["bottlerocket"]),
    file: |_| None,
    make: |settings| {
        let lines = settings.lines(|key, value| format!("\"{key}\" = \"{value}\"\n"));
        Some(format!("[settings.kernel.sysctl]\n{lines}"))
    },
};
