//! Chores of this repository: `cargo run -p xtask -- new-rule NAME [LIKE]`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

const USAGE: &str = "usage: cargo run -p xtask -- new-rule NAME [LIKE]";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words[..] {
        ["new-rule", name] => new_rule(name, "same-parity-bounds"),
        ["new-rule", name, like] => new_rule(name, like),
        _ => Err(USAGE.to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            // it has no report that this could disturb
            #[allow(clippy::print_stderr)]
            {
                eprintln!("xtask: {why}");
            }
            ExitCode::FAILURE
        }
    }
}

/// Makes a rule's files as copies of another's, under the new name, and its two lines of
/// `src/rules.rs`. So they compile and pass from the first moment, in the form that rules have now.
fn new_rule(name: &str, like: &str) -> Result<(), String> {
    let kebab = |c: char| c.is_ascii_lowercase() || c == '-';
    if !name.chars().all(kebab) || !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        return Err(format!("{name}: a rule's name has lower-case letters and hyphens only"));
    }
    let mut files = vec![
        (format!("src/rules/{}.rs", snake(like)), format!("src/rules/{}.rs", snake(name))),
        (format!("src/rules/{like}.md"), format!("src/rules/{name}.md")),
    ];
    for fixture in ["pass.json", "fail.json", "fail.txt", "unknown.json", "unknown.txt"] {
        let path = |rule: &str| format!("fixtures/rules/{rule}/{fixture}");
        files.push((path(like), path(name)));
    }
    if let Some((_, there)) = files.iter().find(|(_, new)| root().join(new).exists()) {
        return Err(format!("{there} is there already"));
    }
    for (old, new) in &files {
        let text = read(&root().join(old))?;
        write(&root().join(new), &text.replace(like, name).replace(&snake(like), &snake(name)))?;
    }
    let list = root().join("src/rules.rs");
    let text = listed(&read(&list)?, &snake(name)).ok_or("src/rules.rs: where are its lists?")?;
    write(&list, &text)
}

/// The text of `src/rules.rs` with the module in its place, and the rule before the last one.
fn listed(text: &str, module: &str) -> Option<String> {
    let line = format!("mod {module};\n");
    let modules = text.match_indices("\nmod ").map(|(at, _)| at + 1);
    let at = modules.into_iter().find(|at| text[*at..] > *line)?;
    let (before, after) = text.split_at(at);
    let text = format!("{before}{line}{after}");
    let (before, after) = text.split_once("    // It judges what the others found.\n")?;
    Some(format!("{before}    &{module}::RULE,\n    // It judges what the others found.\n{after}"))
}

fn snake(name: &str) -> String {
    name.replace('-', "_")
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(path, text))
        .map_err(|error| format!("{}: {error}", path.display()))
}
