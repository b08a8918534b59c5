//! What whoever greps this code can rely on.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Types of which each build has one: which file it stands in depends on the system.
const ONE_A_BUILD: [&str; 3] = ["FileId", "Folder", "Live"];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.file_stem().is_some_and(|name| name == "tests") {
            continue;
        }
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The name of the type that a line at the left margin defines.
fn defined(line: &str) -> Option<&str> {
    let line = match line.strip_prefix("pub") {
        Some(rest) if rest.starts_with('(') => rest.split_once(") ")?.1,
        Some(rest) => rest.strip_prefix(' ')?,
        None => line,
    };
    let (keyword, rest) = line.split_once(' ')?;
    let name = rest.split(|c: char| !c.is_alphanumeric() && c != '_').next()?;
    ["struct", "enum", "trait", "type", "union"].contains(&keyword).then_some(name)
}

/// The contract in src/wire has its own structs of the same nouns: what the program judges may
/// change, a published document may not.
#[test]
fn no_type_name_stands_twice() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let contract = root.join("src/wire");
    let mut twice = Vec::new();
    for (room, without) in [("src", Some(&contract)), ("src/wire", None), ("platform/src", None)] {
        let mut files = Vec::new();
        sources(&root.join(room), &mut files);
        let mut places: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
        for path in files {
            if without.is_some_and(|without| path.starts_with(without)) {
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            for name in text.lines().filter_map(defined) {
                places.entry(name.to_owned()).or_default().push(path.clone());
            }
        }
        assert!(places.len() > 50, "{room} has {} types", places.len());
        places.retain(|name, places| places.len() > 1 && !(ONE_A_BUILD.contains(&name.as_str())));
        twice.extend(places);
    }
    assert!(twice.is_empty(), "rename all but one of each: {twice:#?}");
}

/// Side by side on a screen: 100 columns, pages of rules 76. Tables, code and addresses cannot wrap.
#[test]
fn prose_wraps() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut wide = Vec::new();
    for (folder, most) in
        [(".", 100), ("docs", 100), ("platform", 100), ("src/iana", 100), ("src/rules", 76)]
    {
        for entry in std::fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "md") {
                continue;
            }
            let mut code = false;
            for (line, number) in std::fs::read_to_string(&path).unwrap().lines().zip(1..) {
                code ^= line.trim_start().starts_with("```");
                let fixed = code || line.starts_with(['|', '#', '<']) || line.starts_with("    ");
                if !fixed && line.contains(' ') && line.chars().count() > most {
                    wide.push(format!("{}:{number}: {line}", path.display()));
                }
            }
        }
    }
    assert!(wide.is_empty(), "wrap {}", wide.join("\n"));
}
