//! The traps in code that Linux does not compile and clippy.toml cannot name, read in the sources.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::evidence::from_stdin;
use crate::support::stdout;

fn folder(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The code of a file, without comments and its tests.
fn code(path: &Path) -> String {
    let text =
        fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let lines =
        text.lines().take_while(|line| !(line.starts_with("#[cfg(") && line.contains("test")));
    lines
        .filter(|line| !line.trim_start().starts_with("//"))
        .fold(String::new(), |code, line| code + line + "\n")
}

/// The code of a file of `source/live`.
pub(super) fn live(file: &str) -> String {
    code(&folder("platform/src/source/live").join(file))
}

/// Every source file below a folder, with its code.
fn files(below: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![folder(below)];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let name = path.strip_prefix(folder("")).expect("inside").display().to_string();
                found.push((name, code(&path)));
            }
        }
    }
    assert!(found.len() > 5, "{below}");
    found
}

/// The systems that compile a file of `source/live`, by the attribute that picks it.
fn compiled_for(file: &str) -> Vec<String> {
    let text = fs::read_to_string(folder("platform/src/source/live.rs")).expect("live.rs");
    let path = format!("path = \"live/{file}\"");
    let attribute = text.split("#[").find(|attribute| attribute.contains(&path));
    let attribute = attribute.unwrap_or_else(|| panic!("nothing picks {file}"));
    systems(attribute.split("path =").next().unwrap_or_default())
}

/// The systems that a cfg names; one that takes what another leaves is named `not`.
fn systems(cfg: &str) -> Vec<String> {
    let words = cfg.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let plain = ["", "cfg", "cfg_attr", "any", "all", "target_os"];
    words.filter(|word| !plain.contains(word)).map(str::to_owned).collect()
}

#[test]
fn trap_13_programs_are_started_by_their_own_absolute_paths() {
    let mut programs = Vec::new();
    for (name, code) in files("platform/src").into_iter().chain(files("src")) {
        for call in code.split("program::output(").skip(1) {
            let path = call.split([',', ')']).next().unwrap_or_default().trim();
            let constant = code.split(&format!("const {path}: &str = \"")).nth(1);
            match constant.and_then(|rest| rest.split('"').next()) {
                Some(text) => {
                    assert!(text.starts_with('/'), "{name}: {text} would be looked up in PATH");
                    programs.push((name.clone(), text.to_owned()));
                }
                // Windows itself says where it is.
                None => assert!(code.contains("KnownFolder::System"), "{name}: where is {path}?"),
            }
        }
    }
    assert!(programs.len() > 1, "{programs:?}");
    // macOS has /usr/sbin/sysctl, the others have /sbin/sysctl.
    for (name, program) in programs {
        let file = name.rsplit('/').next().unwrap_or_default();
        let here = compiled_for(file);
        let wrong =
            if here.iter().any(|os| os == "macos") { "/sbin/sysctl" } else { "/usr/sbin/sysctl" };
        assert_ne!(program, wrong, "{name} is for {here:?}");
    }
    let moved = "net.inet.ip.portrange.first: 1024\nnet.inet.ip.portrange.last: 5000\n";
    let advice = stdout(&from_stdin(moved, &["--os", "macos", "-v"]));
    assert!(advice.contains("/usr/sbin/sysctl") && !advice.contains(" /sbin/sysctl"), "{advice}");
}

/// Crates that do not build everywhere are taken where they do: `.ci/cross` compiles for each
/// system.
#[test]
fn trap_17_whatever_system_is_left_says_that_it_is_not_supported() {
    for rest in ["elsewhere.rs", "no_listeners.rs"] {
        assert!(compiled_for(rest).contains(&"not".to_owned()), "{rest} takes the others");
        assert!(
            live(rest).contains("Reason::Unsupported") || live(rest).contains("unasked"),
            "{rest}"
        );
    }
}
