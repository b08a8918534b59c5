//! A system that folders of evidence are not read on.

use std::ffi::OsString;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::ask::{Outcome, Refusal};
use crate::persisted::Found;
use crate::ports::PortSet;
use crate::snapshot::Transport;

/// A folder of evidence: there never is one.
#[derive(Debug)]
pub enum Folder {}

impl Folder {
    /// Refuses.
    pub fn open(_path: &Path) -> io::Result<Self> {
        Err(io::Error::other("folders are not read on this system; give the files in it"))
    }

    /// Where a file of it is, in words.
    pub fn place(&self, _name: &str) -> String {
        match *self {}
    }

    /// Whether something is there by that name.
    pub fn holds(&self, _name: &str) -> bool {
        match *self {}
    }

    /// The names of its ordinary files.
    pub fn files(&self) -> io::Result<Vec<String>> {
        match *self {}
    }

    /// Opens an ordinary file.
    pub fn file(&self, _name: &str) -> io::Result<impl Read + use<>> {
        match *self {}
        #[allow(unreachable_code)]
        Ok(io::empty())
    }

    pub(crate) fn read(&self, _name: &str) -> Outcome {
        match *self {}
    }

    pub(crate) fn list(&self, _name: &str) -> Result<(PathBuf, Vec<OsString>), Refusal> {
        match *self {}
    }

    pub(crate) fn look(&self, _name: &Path) -> Found {
        match *self {}
    }

    pub(crate) fn socket_table(&self, _name: &str, _transport: Transport) -> Outcome {
        match *self {}
    }

    pub(crate) fn socket_table_on(&self, _name: &str, _ports: &PortSet) -> Outcome {
        match *self {}
    }
}
