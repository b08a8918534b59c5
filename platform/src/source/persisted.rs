//! Reads the files that settings persist in, out of a tree that nothing leads out of: hostile
//! input, so everything has a bound, and what is beyond one is named.

use std::path::{Path, PathBuf};

use super::Folder;
use crate::ask::Refusal;
use crate::os;
use crate::persisted::{File, Found, Persisted};
use crate::snapshot::{Os, Reason, Why};
use crate::unread::Unread;

/// The most that is read of all files together, in bytes.
const TOTAL_MAX: usize = 2 * 1024 * 1024;

impl Folder {
    /// The files that settings of `os` persist in, in the tree of such a host.
    pub fn persisted(&self, os: Os) -> Persisted {
        let wanted = os::persisted(os);
        collect(self, wanted.folders, &wanted.files, wanted.matters)
    }
}

/// The folders with their files, and the files beside them. Files whose name `matters` come first;
/// of others, what cannot be read is passed over.
fn collect(
    root: &Folder,
    folders: &[&str],
    files: &[&str],
    matters: impl Fn(&[u8]) -> bool,
) -> Persisted {
    let mut persisted = Persisted::default();
    let mut visited: Vec<PathBuf> = Vec::new();
    let mut left = TOTAL_MAX;
    for &folder in folders {
        let (path, mut names) = match root.list(folder) {
            Ok(listed) => listed,
            Err(Refusal::NotFound(_)) => continue,
            Err(Refusal::Failed(why)) => {
                persisted.unread.push(Unread::of_file(root.place(folder), why));
                continue;
            }
        };
        // Two names of one folder: /lib is a link to /usr/lib on most systems.
        if visited.contains(&path) {
            continue;
        }
        visited.push(path);
        // What matters first: the others must not use the bound up.
        names.sort_by_key(|name| (!matters(name.as_encoded_bytes()), name.clone()));
        let mut listed: Vec<File> = Vec::new();
        for name in names {
            let path = Path::new(folder).join(&name);
            let name = name.into_encoded_bytes();
            let found = read(root, &path, &mut left);
            if matters(&name) || matches!(found, Found::Text(_)) {
                let place = root.place(&path.to_string_lossy());
                listed.push(File { name, place, found });
            }
        }
        listed.sort_by(|a, b| a.name.cmp(&b.name));
        persisted.folders.push(listed);
    }
    for &path in files {
        let name = path.rsplit('/').next().unwrap_or(path).as_bytes().to_vec();
        let found = read(root, Path::new(path), &mut left);
        persisted.files.push(File { name, place: root.place(path), found });
    }
    persisted
}

fn read(root: &Folder, path: &Path, left: &mut usize) -> Found {
    let found = root.look(path);
    let Found::Text(text) = &found else { return found };
    match left.checked_sub(text.len()) {
        Some(rest) => {
            *left = rest;
            found
        }
        None => Found::Unread(Why::new(
            Reason::Truncated,
            format!("the files hold more than {TOTAL_MAX} bytes together"),
        )),
    }
}
