//! The files that settings persist in, as the rim read them: plain data, so that what they mean can
//! be told without them.

use crate::snapshot::Why;
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

/// What was read, in the order it was asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Persisted {
    /// The folders that are there, each with its files sorted by the bytes of their names.
    pub folders: Vec<Vec<File>>,
    /// The files beside them that are there.
    pub files: Vec<File>,
    /// What could not be read, though it may matter.
    pub unread: Vec<Unread>,
}
