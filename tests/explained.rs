//! An explanation is one screen, whatever the port and whatever is known of the host.

use std::fs;

use crate::support::{ephaudit, stdout};

/// The lines that the issue of a screen leaves below a prompt.
const LINES: usize = 22;

#[test]
fn an_explanation_has_no_more_lines_than_a_screen() {
    let hosts = [
        "linux-sysctl-a",
        "linux-denied",
        "linux-oracle",
        "windows-en",
        "windows-exchange",
        "openbsd-current",
        "freebsd-12.2",
        "solaris-11",
        "aix-default",
        "macos-default",
        "netbsd-reserve",
    ];
    let mut longest = 0;
    for host in hosts {
        let folder = format!("{}/fixtures/hosts/{host}", env!("CARGO_MANIFEST_DIR"));
        assert!(fs::metadata(&folder).is_ok(), "{folder}");
        for port in ["22", "6000", "33060", "50010", "60000", "65535", "mysqlx"] {
            let mut command = ephaudit(&["explain", port, "--from", &folder]);
            let output = command.env("COLUMNS", "80").output().expect("it starts");
            let screen = stdout(&output);
            let lines = screen.lines().count();
            assert!(lines <= LINES && lines > 4, "{host}, {port}: {lines} lines\n{screen}");
            longest = longest.max(lines);
        }
    }
    assert!(longest > 12, "no host has much to tell: {longest}");
}
