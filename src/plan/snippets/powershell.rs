//! PowerShell.

use ephaudit_platform::snapshot::Os;

use super::{Settings, Target, when_named};
use crate::report::When;

pub const TARGET: Target = Target {
    name: "powershell",
    about: "Commands of PowerShell for the range; only netsh excludes ports",
    when: When::Now,
    source: "Set-NetTCPSetting, Set-NetUDPSetting; other templates than the custom ones since \
             Windows Server 2016",
    validator: None,
    systems: &[Os::Windows],
    usual: when_named,
    file: |_| None,
    make,
};

fn make(settings: &Settings<'_>) -> Option<String> {
    let range = settings.range().filter(|_| settings.list().is_none())?;
    let both = format!(
        "-DynamicPortRangeStartPort {} -DynamicPortRangeNumberOfPorts {}",
        range.first(),
        range.count()
    );
    Some(format!(
        "Set-NetTCPSetting -SettingName InternetCustom {both}\nSet-NetUDPSetting {both}\n"
    ))
}
