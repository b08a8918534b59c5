//! Fedora CoreOS and Flatcar.

use ephaudit_platform::snapshot::Os;

use super::{Settings, Target, indented, is_one_of, sysctl_lines};
use crate::report::When;

pub const TARGET: Target = Target {
    name: "butane",
    about: "A Butane file for new machines of Fedora CoreOS and Flatcar",
    when: When::Boot,
    source: "Butane's variants fcos 1.5.0 and flatcar 1.1.0, storage.files",
    validator: Some("yamllint"),
    systems: &[Os::Linux],
    usual: |snapshot, _| is_one_of(snapshot, &["fedora-coreos", "flatcar"]),
    file: |_| None,
    make,
};

fn make(settings: &Settings<'_>) -> Option<String> {
    let file = settings.sysctl_file()?;
    let flatcar = is_one_of(settings.snapshot, &["flatcar"]);
    let (variant, version) = if flatcar { ("flatcar", "1.1.0") } else { ("fcos", "1.5.0") };
    let lines = indented(&sysctl_lines(settings), 10);
    Some(format!(
        "variant: {variant}\nversion: {version}\nstorage:\n  files:\n    - path: {file}\n      \
         mode: 0644\n      overwrite: true\n      contents:\n        inline: |\n{lines}"
    ))
}
