//! A file of sysctl.d(5).

use super::{Settings, Target};
use crate::remedy::{Change, file_of};
use crate::report::When;

pub const TARGET: Target = Target {
    name: "sysctl.d",
    about: "A file of sysctl.d(5), for the next boot",
    when: When::Boot,
    source: "sysctl.d(5), sysctl.conf(5)",
    validator: Some("applied by systemd-sysctl and sysctl --system in network namespaces"),
    usual: |_, scope| scope.is_host() || scope.current,
    file,
    make,
};

fn make(settings: &Settings<'_>) -> Option<String> {
    let line = |value: &Change| format!("{} = {}\n", value.key(), value.text());
    let lines: Vec<String> = settings.values.iter().map(line).collect();
    (!lines.is_empty()).then(|| lines.concat())
}

/// Of the names that advice gives the files of these keys the one that sorts last: its lines win
/// over those of the others.
fn file(settings: &Settings<'_>) -> Option<String> {
    settings.values.iter().map(Change::key).map(file_of).max()
}
