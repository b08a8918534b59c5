//! launchd of macOS, which reads no file of sysctl(8) at boot.

use ephaudit_platform::snapshot::Os;

use super::{Settings, Target};
use crate::report::When;

pub const TARGET: Target = Target {
    name: "launchd",
    about: "A LaunchDaemon of macOS, for every boot; root:wheel, mode 0644",
    when: When::Boot,
    source: "launchd.plist(5)",
    validator: Some("xmllint"),
    systems: &[Os::MacOs],
    usual: |_, _| true,
    file: |_| Some(format!("/Library/LaunchDaemons/{LABEL}.plist")),
    make,
};

const LABEL: &str = "local.ephemeral-ports";

fn make(settings: &Settings<'_>) -> Option<String> {
    let range = settings.range()?;
    let words = [
        "/usr/sbin/sysctl".to_owned(),
        format!("net.inet.ip.portrange.first={}", range.first()),
        format!("net.inet.ip.portrange.last={}", range.last()),
    ];
    let word = |word: &String| format!("        <string>{word}</string>\n");
    let words = words.iter().map(word).collect::<Vec<_>>().concat();
    Some(format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST \
         1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n<plist \
         version=\"1.0\">\n<dict>\n    <key>Label</key>\n    <string>{LABEL}</string>\n    \
         <key>ProgramArguments</key>\n    <array>\n{words}    </array>\n    \
         <key>RunAtLoad</key>\n    <true/>\n</dict>\n</plist>\n"
    ))
}
