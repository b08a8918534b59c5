//! Which files a loader reads, in which order, and what keeps the others away.

use super::line_log::Placed;
use crate::boot::Rejection;
use crate::parse::sysctl_conf::{self, Grammar};
use crate::persisted::{File, Found, Persisted};
use crate::snapshot::Source;
use crate::unread::Unread;

/// A file that is not read, with the reason.
pub(super) type Passed<'a> = (Source, &'a [u8], (Rejection, String));

/// The files of one loader.
pub(super) struct Files<'a> {
    pub(super) grammar: Grammar,
    /// Those that it reads, in their order.
    read: Vec<(Source, &'a [u8])>,
    /// Those that it passes over.
    pub(super) passed: Vec<Passed<'a>>,
    /// Those that it reads and we could not.
    pub(super) unread: Vec<Unread>,
}

impl<'a> Files<'a> {
    pub(super) fn of(persisted: &'a Persisted, grammar: Grammar) -> Self {
        let mut files = Self { grammar, read: Vec::new(), passed: Vec::new(), unread: Vec::new() };
        let mut winners: Vec<&File> = Vec::new();
        for file in persisted.folders.iter().flatten() {
            if let Some(reason) = unread_by_name(&file.name, grammar) {
                files.pass(file, reason);
                continue;
            }
            match winners.iter().find(|winner| winner.name == file.name) {
                None => winners.push(file),
                Some(winner) => files.pass(file, beaten_by(winner)),
            }
        }
        winners.sort_by(|a, b| a.name.cmp(&b.name));
        for file in winners {
            files.take(file);
        }
        // systemd-sysctl comes upon it only through a link such as 99-sysctl.conf; procps reads it
        // last of all.
        if let Some(file) = persisted.file("/etc/sysctl.conf") {
            let linked =
                || files.read.iter().any(|(_, text)| Found::Text(text.to_vec()) == file.found);
            match grammar {
                Grammar::Procps => files.take(file),
                Grammar::Systemd if linked() => {}
                Grammar::Systemd => {
                    let detail = "systemd-sysctl reads /etc/sysctl.conf through a link only, \
                                  such as /etc/sysctl.d/99-sysctl.conf, and there is none";
                    files.pass(file, (Rejection::NotReadByLoader, detail.to_owned()));
                }
            }
        }
        files
    }

    /// One file alone.
    pub(super) fn only(file: &'a File, grammar: Grammar) -> Self {
        let mut files = Self { grammar, read: Vec::new(), passed: Vec::new(), unread: Vec::new() };
        files.take(file);
        files
    }

    /// What Alpine's script of OpenRC reads: folder by folder, so that a file of /etc comes after
    /// all of /usr/lib whatever its name, and no file takes the place of another.
    pub(super) fn alpine(persisted: &'a Persisted) -> Self {
        let order = [
            "/lib/sysctl.d",
            "/usr/lib/sysctl.d",
            "/etc/sysctl.d",
            "/etc/sysctl.conf",
            "/run/sysctl.d",
        ];
        let mut files = Self::in_order(persisted, &order);
        let local = persisted
            .folders
            .iter()
            .flatten()
            .filter(|file| is_in(file, "/usr/local/lib/sysctl.d"));
        for file in local {
            let detail = "OpenRC of Alpine reads no file of /usr/local/lib/sysctl.d".to_owned();
            files.pass(file, (Rejection::NotReadByLoader, detail));
        }
        files
    }

    /// What tuned applies once more after its profiles (plugin_sysctl.py).
    pub(super) fn reapplied(persisted: &'a Persisted) -> Self {
        let mut files = Self::in_order(persisted, &[]);
        let mut winners: Vec<&File> = Vec::new();
        for folder in ["/run/sysctl.d", "/etc/sysctl.d"] {
            for file in persisted.folders.iter().flatten().filter(|file| is_in(file, folder)) {
                let named = |known: &&File| known.name == file.name;
                if file.name.ends_with(b".conf") && !winners.iter().any(named) {
                    winners.push(file);
                }
            }
        }
        winners.sort_by(|a, b| a.name.cmp(&b.name));
        winners
            .into_iter()
            .chain(persisted.file("/etc/sysctl.conf"))
            .for_each(|file| files.take(file));
        files
    }

    /// The files of these folders, each folder's by their names, and single files.
    fn in_order(persisted: &'a Persisted, order: &[&str]) -> Self {
        let grammar = Grammar::Procps;
        let mut files = Self { grammar, read: Vec::new(), passed: Vec::new(), unread: Vec::new() };
        for place in order {
            for file in persisted.folders.iter().flatten().filter(|file| is_in(file, place)) {
                match unread_by_name(&file.name, grammar) {
                    Some(reason) => files.pass(file, reason),
                    None => files.take(file),
                }
            }
            persisted.file(place).into_iter().for_each(|file| files.take(file));
        }
        files
    }

    fn take(&mut self, file: &'a File) {
        match &file.found {
            Found::Text(text) => self.read.push((source(file), text)),
            Found::Unread(why) => self.unread.push(file.unread(why.clone())),
            Found::Null | Found::Nothing(_) => {}
        }
    }

    fn pass(&mut self, file: &'a File, reason: (Rejection, String)) {
        if let Found::Text(text) = &file.found {
            self.passed.push((source(file), text, reason));
        }
    }

    /// The lines that the loader comes upon, in their order.
    pub(super) fn lines(&self) -> impl Iterator<Item = Placed<'_>> {
        self.read.iter().flat_map(|(source, text)| {
            sysctl_conf::lines(text, self.grammar).map(move |line| Placed { source, line })
        })
    }
}

fn is_in(file: &File, folder: &str) -> bool {
    file.path.rsplit_once('/').is_some_and(|(place, _)| place == folder)
}

fn source(file: &File) -> Source {
    Source::File(file.place.clone().into())
}

fn unread_by_name(name: &[u8], grammar: Grammar) -> Option<(Rejection, String)> {
    if !name.ends_with(b".conf") {
        return Some((Rejection::NotConf, "only files named *.conf are read".to_owned()));
    }
    let hidden = name.starts_with(b".") && grammar == Grammar::Systemd;
    let detail = || "systemd-sysctl skips files whose name begins with a dot".to_owned();
    hidden.then(|| (Rejection::Dotfile, detail()))
}

fn beaten_by(winner: &File) -> (Rejection, String) {
    let place = &winner.place;
    let masks = match &winner.found {
        Found::Null => true,
        Found::Text(text) => text.is_empty(),
        Found::Nothing(_) | Found::Unread(_) => false,
    };
    if masks {
        (Rejection::Masked, format!("{place} masks it"))
    } else {
        (Rejection::Shadowed, format!("{place} takes its place"))
    }
}
