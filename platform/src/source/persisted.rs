//! Reads the files that settings persist in, out of a tree that nothing leads out of: hostile
//! input, so everything has a bound, and what is beyond one is named.

use std::path::{Path, PathBuf};

use super::Folder;
use crate::ask::Refusal;
use crate::os;
use crate::persisted::{File, Found, More, Persisted};
use crate::snapshot::{Os, Reason, Why};
use crate::unread::Unread;

/// The most that is read of all files together, in bytes.
const TOTAL_MAX: usize = 2 * 1024 * 1024;
/// How often what was read may lead to more: a profile includes another, and so on.
const ROUNDS_MAX: usize = 12;
/// How many files are read in these rounds, each folder's own included.
const MORE_MAX: usize = 4000;

impl Folder {
    /// The files that settings of `os` persist in, in the tree of such a host.
    pub fn persisted(&self, os: Os) -> Persisted {
        let wanted = os::persisted(os);
        let mut left = TOTAL_MAX;
        let mut persisted = collect(self, wanted.folders, &wanted.files, wanted.matters, &mut left);
        follow(self, wanted.further, &mut persisted, &mut left);
        persisted
    }
}

/// The folders with their files, and the files beside them. Files whose name `matters` come first;
/// of others, what cannot be read is passed over.
fn collect(
    root: &Folder,
    folders: &[&str],
    files: &[&str],
    matters: impl Fn(&[u8]) -> bool,
    left: &mut usize,
) -> Persisted {
    let mut persisted = Persisted::default();
    let mut visited: Vec<PathBuf> = Vec::new();
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
            let found = read(root, &path, left);
            if matters(&name) || matches!(found, Found::Text(_)) {
                let path = path.to_string_lossy().into_owned();
                listed.push(File { name, place: root.place(&path), path, found });
            }
        }
        listed.sort_by(|a, b| a.name.cmp(&b.name));
        persisted.folders.push(listed);
    }
    for &path in files {
        let name = path.rsplit('/').next().unwrap_or(path).as_bytes().to_vec();
        let found = read(root, Path::new(path), left);
        persisted.files.push(File { name, place: root.place(path), path: path.to_owned(), found });
    }
    persisted
}

/// What was read leads to more files, and these to more, until there is nothing new.
fn follow(
    root: &Folder,
    further: fn(&Persisted) -> Vec<More>,
    persisted: &mut Persisted,
    left: &mut usize,
) {
    let mut asked: Vec<More> = Vec::new();
    let mut seen: Vec<PathBuf> = Vec::new();
    for _ in 0..ROUNDS_MAX {
        let mut fresh = further(persisted);
        fresh.retain(|more| !asked.contains(more));
        fresh.dedup();
        if fresh.is_empty() {
            return;
        }
        for more in fresh {
            let paths = match &more {
                More::File(path) => vec![path.clone()],
                More::Folder(folder, end) => names(root, folder, end, &mut seen, persisted),
            };
            asked.push(more);
            for path in paths {
                let name = path.rsplit('/').next().unwrap_or_default().as_bytes().to_vec();
                if persisted.files.len() >= MORE_MAX {
                    let why = format!("more than {MORE_MAX} files may set something at boot");
                    let why = Why::new(Reason::Truncated, why);
                    persisted.unread.push(Unread::of_file(root.place(&path), why));
                    return;
                }
                let found = read(root, Path::new(&path), left);
                persisted.files.push(File { name, place: root.place(&path), path, found });
            }
        }
    }
}

/// The files of a folder whose names end so, sorted. Two names of one folder are one.
fn names(
    root: &Folder,
    folder: &str,
    end: &str,
    seen: &mut Vec<PathBuf>,
    persisted: &mut Persisted,
) -> Vec<String> {
    match root.list(folder) {
        Ok((path, _)) if seen.contains(&path.join(end)) => Vec::new(),
        Ok((path, mut names)) => {
            seen.push(path.join(end));
            names.retain(|name| name.as_encoded_bytes().ends_with(end.as_bytes()));
            names.sort();
            names.iter().map(|name| format!("{folder}/{}", name.to_string_lossy())).collect()
        }
        // Most systems have only some of them, and some are for root alone.
        Err(Refusal::NotFound(_)) => Vec::new(),
        Err(Refusal::Failed(why)) => {
            if why.reason != Reason::Denied {
                persisted.unread.push(Unread::of_file(root.place(folder), why));
            }
            Vec::new()
        }
    }
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
