//! Clocks that are wrong: what they cannot tell is unknown, and what they show that is no time ends
//! in one line.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

use crate::linux::support::namespace::{aloud, inside};
use crate::support::{code, ephaudit, stderr, stdout};

/// The calendar's clock shows what `CLOCK` says, in seconds from the beginning of 1970; the others
/// go on.
const CLOCK: &str = r#"
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t clock, struct timespec *time) {
    if (clock != CLOCK_REALTIME)
        return syscall(SYS_clock_gettime, clock, time);
    time->tv_sec = atoll(getenv("CLOCK"));
    time->tv_nsec = 0;
    return 0;
}
"#;

/// A folder with that clock; `None` where there is no C compiler, which is said aloud, and fails
/// where CI is set.
fn workshop() -> Option<TempDir> {
    let folder = TempDir::new().expect("a folder");
    let source = folder.path().join("clock.c");
    fs::write(&source, CLOCK).expect("a file");
    let made = Command::new("cc")
        .args(["-shared", "-fPIC", "-o"])
        .args([&folder.path().join("clock.so"), &source])
        .status();
    if made.is_ok_and(|made| made.success()) {
        return Some(folder);
    }
    assert!(std::env::var_os("CI").is_none(), "CI needs a C compiler");
    aloud("SKIPPED the wrong clocks: there is no C compiler");
    None
}

fn at(folder: &Path, clock: i64, args: &[&str]) -> Output {
    let mut command = ephaudit(args);
    command.env("LD_PRELOAD", folder.join("clock.so")).env("CLOCK", clock.to_string());
    command.output().expect("it starts")
}

const SECOND_OF_1970: i64 = 86_400;
const DECEMBER_2026: i64 = 1_796_083_200;
const FEBRUARY_2027: i64 = 1_801_440_000;
const END_OF_9999: i64 = 253_402_300_799;

#[test]
fn a_clock_that_was_set_back_revives_no_waiver() {
    inside(|| {
        let Some(folder) = workshop() else { return };
        let file = folder.path().join("policy.toml");
        let judged = |clock: i64, end: &str| {
            let waiver = |rule: &str| {
                format!("[[waiver]]\nrule = \"{rule}\"\nreason = \"x\"\nowner = \"x\"\n{end}\n")
            };
            let policy = waiver("outside-dynamic-ports") + &waiver("overlaps-user-ports");
            fs::write(&file, policy).expect("a policy");
            let args = ["--policy", file.to_str().expect("UTF-8"), "--format", "json"];
            let output = at(folder.path(), clock, &args);
            let document: Value = serde_json::from_slice(&output.stdout).expect("JSON");
            let rules = document["rules"].as_array().expect("rules");
            let verdict = |name: &str| {
                let rule = rules.iter().find(|rule| rule["rule"] == name).expect("the rule");
                rule["verdict"].as_str().expect("a verdict").to_owned()
            };
            let verdicts = [verdict("overlaps-user-ports"), verdict("stale-waiver")];
            (code(&output), verdicts, document)
        };
        let words = |a: &str, b: &str| [a.to_owned(), b.to_owned()];
        let end = "expires = 2027-01-31";
        let (code, verdicts, _) = judged(DECEMBER_2026, end);
        assert_eq!((code, verdicts), (0, words("waived", "pass")));
        let (code, verdicts, _) = judged(FEBRUARY_2027, end);
        assert_eq!((code, verdicts), (1, words("fail", "fail")));

        let (code, verdicts, document) = judged(SECOND_OF_1970, end);
        assert_eq!((code, verdicts), (3, words("unknown", "unknown")));
        assert_eq!(document["status"], "undetermined");
        let said = document["gaps"].to_string();
        let why = "the clock says 1970-01-02, earlier than this program's registry of 2026-09-17; \
                   set the clock";
        assert!(said.contains(why), "{said}");
        assert!(said.contains("whether the waiver on line 7 still holds for: "), "{said}");
        let (code, verdicts, _) = judged(SECOND_OF_1970, "expires = 2026-01-31");
        assert_eq!((code, verdicts), (1, words("fail", "fail")), "over, whatever day it is");
        let (code, verdicts, _) = judged(SECOND_OF_1970, "");
        assert_eq!((code, verdicts), (0, words("waived", "pass")), "for ever");
    });
}

#[test]
fn a_time_that_cannot_be_written_ends_in_one_line() {
    let Some(folder) = workshop() else { return };
    let new = folder.path().join("new.toml");
    let new = ["policy", "new", "--output", new.to_str().expect("UTF-8")];
    let commands: [&[&str]; 6] =
        [&[], &["show"], &["capture"], &["boot"], &["explain", "80"], &new];
    for clock in [-1, END_OF_9999 + 1] {
        for args in commands {
            let output = at(folder.path(), clock, args);
            let said = stderr(&output);
            assert_eq!((code(&output), said.lines().count()), (4, 1), "{clock} {args:?}: {said}");
            assert!(said.contains("set the clock") && output.stdout.is_empty(), "{said}");
        }
        let plugin = at(folder.path(), clock, &["--format", "nagios"]);
        assert_eq!(code(&plugin), 3);
        assert!(stdout(&plugin).contains("UNKNOWN") && stderr(&plugin).is_empty());
    }
    for clock in [SECOND_OF_1970, END_OF_9999] {
        let output = at(folder.path(), clock, &new);
        assert_eq!(code(&output), 4, "{clock}: no last day can be told: {}", stderr(&output));
    }
    assert_eq!(code(&at(folder.path(), END_OF_9999, &["show"])), 0);
}
