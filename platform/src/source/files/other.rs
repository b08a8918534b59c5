//! A system without modes and descriptors of folders: the folder's own access list decides.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::{Fill, Readers, write_all};

pub(super) type FileId = PathBuf;

pub(super) fn identity(path: &Path) -> Option<FileId> {
    fs::metadata(path).is_ok_and(|kind| kind.is_file()).then(|| fs::canonicalize(path).ok())?
}

pub(super) fn identity_of_stdin() -> Option<FileId> {
    None
}

pub(super) fn identity_of_stdout() -> Option<FileId> {
    None
}

pub(super) fn open(path: &Path) -> io::Result<File> {
    let file = File::open(path)?;
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::Error::other("it is not an ordinary file"))
    }
}

pub(super) fn open_trusted(path: &Path) -> io::Result<File> {
    open(path)
}

/// What is not an ordinary file (a device, a pipe) is written to, since a rename would put a file
/// in its place.
pub(super) fn write(path: &Path, _readers: Readers, content: Fill<'_>) -> io::Result<()> {
    let present = fs::metadata(path);
    match &present {
        Ok(kind) if kind.is_dir() => return Err(ErrorKind::IsADirectory.into()),
        Ok(kind) if !kind.is_file() => {
            return write_all(OpenOptions::new().append(true).open(path)?, content);
        }
        Err(_) if fs::symlink_metadata(path).is_ok() => {
            return Err(io::Error::other("a link on the way leads to nothing"));
        }
        _ => {}
    }
    // A link stays a link: what it leads to is replaced.
    let target = if present.is_ok() { fs::canonicalize(path)? } else { path.to_path_buf() };
    let folder = match target.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut file = tempfile::Builder::new()
        .prefix(".ephaudit-")
        .suffix(".tmp")
        .make_in(folder, |path| File::create_new(path))?;
    if let Ok(present) = &present {
        file.as_file().set_permissions(present.permissions())?;
    }
    write_all(&mut file, content)?;
    file.as_file().sync_all()?;
    file.persist(&target).map_err(|error| error.error)?;
    Ok(())
}

// Other systems refuse some.
#[allow(clippy::unnecessary_wraps)]
pub(super) fn stdout() -> io::Result<impl Write> {
    Ok(io::stdout())
}

#[allow(clippy::unnecessary_wraps)]
pub(super) fn stderr() -> io::Result<impl Write> {
    Ok(io::stderr())
}

pub(super) fn is_root() -> bool {
    false
}

pub(super) fn has_gained_rights() -> bool {
    false
}

pub(super) fn too_large_is_an_error() {}
