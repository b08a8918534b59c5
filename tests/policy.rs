//! Policies: what they accept.

use std::fs;
use std::path::Path;

use crate::support::{code, run, stderr};

pub(crate) fn write(folder: &Path, text: &str) -> String {
    let path = folder.join("policy.toml");
    fs::write(&path, text).expect("a policy");
    path.to_str().expect("UTF-8").to_owned()
}

pub(crate) fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

#[test]
fn a_mistake_is_told_in_one_line_with_its_place() {
    let folder = folder();
    for (text, told) in [
        (
            "[rules]\nnarow-pool = \"off\"\n",
            "line 2, column 1: there is no rule \"narow-pool\"; did you mean \"narrow-pool\"?",
        ),
        (
            "min_pool = 3\n",
            "line 1, column 1: there is no key \"min_pool\"; did you mean \"min-pool\"?",
        ),
        (
            "services = [\"kubernets\"]\n",
            "line 1, column 13: there is no set of services \"kubernets\"; did you mean \"kubernetes\"?",
        ),
        (
            "[[waiver]]\nrule = \"narrow-pool\"\nreason = \"x\"\nowner = \"\"\n",
            "line 4, column 9: a waiver needs a reason and an owner",
        ),
        ("[[service]]\nname = \"a\"\nports = \"70000\"\n", "line 3, column 9"),
        ("\u{1b}[2J = 1\n", "line 1, column"),
        (&format!("x = {}1{}", "[".repeat(100_000), "]".repeat(100_000)), "line 1, column"),
        (&"a".repeat(2 * 1024 * 1024), "larger than 1 MiB"),
        ("", "it is empty; delete it, or write one with"),
        (" \r\n\t\n", "it is empty"),
    ] {
        let file = write(folder.path(), text);
        for args in [&["policy", "check", &file][..], &["--policy", &file]] {
            let output = run(args);
            let said = stderr(&output);
            assert_eq!((code(&output), said.lines().count()), (2, 1), "{said}");
            assert!(said.contains(told) && !said.contains('\u{1b}'), "{told}\n{said}");
        }
    }
    let comments = write(folder.path(), "# as the profile has it\n");
    assert_eq!(code(&run(&["policy", "check", &comments])), 0, "somebody wrote that");
    fs::write(folder.path().join("policy.toml"), b"a = \"\xff\"\n").expect("a policy");
    let file = folder.path().join("policy.toml");
    let output = run(&["--policy", file.to_str().expect("UTF-8")]);
    assert!(code(&output) == 2 && stderr(&output).contains("not UTF-8"), "{}", stderr(&output));
    let missing = run(&["--policy", "/nonexistent"]);
    assert!(code(&missing) == 2 && stderr(&missing).contains("/nonexistent"));
}
