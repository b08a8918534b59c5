//! The files that settings persist in, as the rim read them: plain data, so that what they mean can
//! be told without them.

use crate::snapshot::{Reason, Source, Why};
use crate::unread::Unread;

/// What a path leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Found {
    /// An ordinary file.
    Text(Vec<u8>),
    /// /dev/null, whether the tree has it or not: a mask.
    Null,
    /// Nothing that can be read, now or at boot: a folder, a link to nothing, links in a circle.
    Nothing(&'static str),
    /// A file that was not read.
    Unread(Why),
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct File {
    /// Its own name, as the system has it.
    pub name: Vec<u8>,
    /// The path that it was asked for by, on the system itself.
    pub path: String,
    /// Where it is, in words.
    pub place: String,
    /// What is there.
    pub found: Found,
}

impl File {
    /// That it was not read.
    pub(crate) fn unread(&self, why: Why) -> Unread {
        Unread::of_file(self.place.clone(), why)
    }
}

/// What else is to be read, by what was read so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum More {
    /// A file.
    File(String),
    /// The files of a folder whose names end so.
    Folder(String, &'static str),
}

/// What was read, in the order it was asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Persisted {
    /// The folders that are there, each with its files sorted by the bytes of their names.
    pub folders: Vec<Vec<File>>,
    /// The files beside them that were asked for, and those of further folders.
    pub files: Vec<File>,
    /// What could not be read, though it may matter.
    pub unread: Vec<Unread>,
}

impl Persisted {
    /// The file beside the folders that was asked for by this path.
    pub(crate) fn file(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }

    /// What it holds, where it could be read.
    pub(crate) fn text(&self, path: &str) -> Option<&[u8]> {
        self.file(path)?.text()
    }

    /// Whether there is such a file, read or not. What may not be looked at may not be there.
    pub(crate) fn has(&self, path: &str) -> bool {
        self.file(path).is_some_and(|file| match &file.found {
            Found::Text(_) => true,
            Found::Unread(why) => why.reason != Reason::Denied,
            Found::Null | Found::Nothing(_) => false,
        })
    }
}

impl File {
    /// What it holds, where it could be read.
    pub(crate) fn text(&self) -> Option<&[u8]> {
        match &self.found {
            Found::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Where it is.
    pub(crate) fn source(&self) -> Source {
        Source::File(self.place.clone().into())
    }
}
