//! The commands of a system's own tools, as the audit prints them.

use ephaudit_platform::snapshot::Os;

use super::{Settings, Target};
use crate::report::When;

/// Systems whose settings sysctl(8) sets.
const OF_SYSCTL: &[Os] =
    &[Os::Linux, Os::FreeBsd, Os::DragonFly, Os::OpenBsd, Os::NetBsd, Os::MacOs, Os::Bsd];

pub const SYSCTL: Target = Target {
    name: "sysctl",
    about: "Commands for sysctl(8), for now",
    when: When::Now,
    source: "sysctl(8); Documentation/networking/ip-sysctl.rst of Linux",
    validator: Some("on Linux: run under sh -eu in network namespaces, and read back"),
    systems: OF_SYSCTL,
    usual: |_, _| true,
    file: |_| None,
    make: now,
};

pub const SYSCTL_CONF: Target = Target {
    name: "sysctl.conf",
    about: "Lines for /etc/sysctl.conf of a BSD, for the next boot",
    when: When::Boot,
    source: "sysctl.conf(5)",
    validator: Some("read back by the reader of what a boot sets"),
    systems: &[Os::FreeBsd, Os::DragonFly, Os::OpenBsd, Os::NetBsd],
    usual: |_, _| true,
    file: |_| Some("/etc/sysctl.conf".to_owned()),
    make: |settings| settings.commands(When::Boot),
};

pub const NETSH: Target = Target {
    name: "netsh",
    about: "Commands of Windows, for now and every boot",
    when: When::Now,
    source: "netsh interface ipv4 set dynamicport, add excludedportrange",
    validator: None,
    systems: &[Os::Windows],
    usual: |_, _| true,
    file: |_| None,
    make: now,
};

pub const IPADM: Target = Target {
    name: "ipadm",
    about: "Commands of illumos and Solaris, for now and every boot",
    when: When::Now,
    source: "ipadm(8); ndd(8) on Solaris 10 and older",
    validator: None,
    systems: &[Os::Illumos, Os::Solaris],
    usual: |_, _| true,
    file: |_| None,
    make: now,
};

pub const NO: Target = Target {
    name: "no",
    about: "Commands of AIX, for now and every boot",
    when: When::Now,
    source: "no(1) of AIX",
    validator: None,
    systems: &[Os::Aix],
    usual: |_, _| true,
    file: |_| None,
    make: now,
};

fn now(settings: &Settings<'_>) -> Option<String> {
    settings.commands(When::Now)
}
