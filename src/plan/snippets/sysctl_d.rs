//! A file of sysctl.d(5).

use ephaudit_platform::snapshot::Os;

use super::{Target, is_one_of, sysctl_lines};
use crate::report::When;

pub const TARGET: Target = Target {
    name: "sysctl.d",
    about: "A file of sysctl.d(5), for the next boot",
    when: When::Boot,
    source: "sysctl.d(5), sysctl.conf(5)",
    validator: Some("applied by systemd-sysctl and sysctl --system in network namespaces"),
    systems: &[Os::Linux],
    // Those make /etc anew from something else.
    usual: |snapshot, scope| {
        (scope.is_host() || scope.current)
            && !is_one_of(snapshot, &["bottlerocket", "nixos", "rhcos", "scos", "talos"])
    },
    file: |settings| settings.sysctl_file(),
    make: |settings| Some(sysctl_lines(settings)),
};
