//! A folder of evidence: a tree that somebody else made, perhaps to be read by root.
//!
//! Only ordinary files are read. A symbolic link is followed as chroot(2) would see it, an absolute
//! one from the top of the folder, and nothing leads outside: cap-std holds every step to that,
//! whatever changes meanwhile.

use std::ffi::OsString;
use std::fmt;
use std::io::{self, BufReader, Read};
use std::path::{Component, Path, PathBuf};

use cap_fs_ext::{FollowSymlinks, OpenOptionsFollowExt, OpenOptionsSyncExt};
use cap_std::ambient_authority;
use cap_std::fs::{Dir, File, OpenOptions};

use crate::ask::{Outcome, Refusal};
use crate::persisted::Found;
use crate::ports::PortSet;
use crate::snapshot::{Reason, Transport, Why};
use crate::source::socket_lines::{self, TableError, WantedLines};

/// How many links may be followed on the way to one file; Linux follows 40 (path_resolution(7)).
const LINKS_MAX: usize = 40;
/// How many files may lie in the folder itself.
const ENTRIES_MAX: usize = 10_000;
/// How many files may lie in a folder of settings.
const LISTED_MAX: usize = 2000;
/// The most that is read of one file of a tree, in bytes; a reserved list has at most 254,732.
const FILE_MAX: u64 = 512 * 1024;

/// Room for what one read(2) takes: where the tree is that of a running host, a sysctl may answer
/// only one.
const ONE_READ: usize = 8192;

/// A folder of evidence.
#[non_exhaustive]
pub struct Folder {
    dir: Dir,
    path: PathBuf,
}

impl fmt::Debug for Folder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Folder").field(&self.path).finish()
    }
}

impl Folder {
    /// Opens the folder that the user named.
    pub fn open(path: &Path) -> io::Result<Self> {
        let dir = Dir::open_ambient_dir(path, ambient_authority())?;
        Ok(Self { dir, path: path.to_owned() })
    }

    /// Where a file of it is, in words.
    pub fn place(&self, name: &str) -> String {
        self.path.join(name.trim_start_matches('/')).display().to_string()
    }

    /// Whether something is there by that name.
    pub fn holds(&self, name: &str) -> bool {
        self.resolve(Path::new(name)).is_ok()
    }

    /// The names in a folder of the tree, and the folder's path with no link in it. What is no
    /// folder is not there.
    pub(crate) fn list(&self, name: &str) -> Result<(PathBuf, Vec<OsString>), Refusal> {
        let listed = self.resolve(Path::new(name)).and_then(|path| {
            let mut names = Vec::new();
            for entry in self.dir.read_dir(&path)? {
                if names.len() == LISTED_MAX {
                    let detail = format!("it holds more than {LISTED_MAX} files");
                    return Ok(Err(Why::new(Reason::Truncated, detail)));
                }
                names.push(entry?.file_name());
            }
            Ok(Ok((path, names)))
        });
        match listed {
            Ok(listed) => listed.map_err(Refusal::Failed),
            Err(error) if is_loop(&error) => Err(Refusal::NotFound(error.to_string())),
            Err(error) => Err(self.refusal(name, &error)),
        }
    }

    /// What a path of the tree leads to. Of files only the ordinary are opened.
    pub(crate) fn look(&self, name: &Path) -> Found {
        let file = self.resolve(name).and_then(|path| {
            // An image seldom has devices, and gets this one when it runs.
            if path == Path::new("dev/null") {
                return Ok(Found::Null);
            }
            if self.dir.symlink_metadata(&path)?.is_dir() {
                return Ok(Found::Nothing("it is a folder"));
            }
            let mut bytes = Vec::with_capacity(ONE_READ);
            self.open_resolved(&path)?.take(FILE_MAX + 1).read_to_end(&mut bytes)?;
            if bytes.len() as u64 > FILE_MAX {
                let detail = format!("it holds more than {FILE_MAX} bytes");
                return Ok(Found::Unread(Why::new(Reason::Truncated, detail)));
            }
            Ok(Found::Text(bytes))
        });
        file.unwrap_or_else(|error| match error.kind() {
            _ if is_loop(&error) => Found::Nothing("its links go in a circle, or are too many"),
            io::ErrorKind::NotFound if self.leads_to(name, "/dev/null") => Found::Null,
            // Only the running system has these files.
            io::ErrorKind::NotFound if self.leads_to(name, "/proc") => Found::Unread(Why::new(
                Reason::Unsupported,
                "it leads through /proc of the running system",
            )),
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
                Found::Nothing("nothing is there, or it is a link to nothing")
            }
            io::ErrorKind::PermissionDenied => {
                Found::Unread(Why::new(Reason::Denied, error.to_string()))
            }
            _ => Found::Unread(Why::new(Reason::Unsupported, error.to_string())),
        })
    }

    /// Whether a link names this path, or one below it, in a tree that has no such file.
    fn leads_to(&self, name: &Path, path: &str) -> bool {
        let target = self.dir.read_link_contents(parts(name).iter().rev().collect::<PathBuf>());
        target.is_ok_and(|target| target.starts_with(path))
    }

    /// The names of the ordinary files, and of links, that lie in the folder itself, sorted.
    pub fn files(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for (count, entry) in self.dir.entries()?.enumerate() {
            if count == ENTRIES_MAX {
                return Err(io::Error::other(format!("it holds more than {ENTRIES_MAX} files")));
            }
            let entry = entry?;
            let kind = entry.file_type()?;
            if kind.is_file() || kind.is_symlink() {
                let name = entry
                    .file_name()
                    .into_string()
                    .map_err(|name| io::Error::other(format!("{name:?} is not a UTF-8 name")))?;
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }

    /// Opens an ordinary file, and nothing else: opening a device may have effects, and a FIFO
    /// waits. What a link does not lead to in the folder is `NotFound`.
    pub fn file(&self, name: &str) -> io::Result<impl Read + use<>> {
        self.open_file(name)
    }

    /// The whole of a small file.
    pub(crate) fn read(&self, name: &str) -> Outcome {
        let mut bytes = Vec::with_capacity(ONE_READ);
        self.open_file(name)
            .and_then(|file| file.take(FILE_MAX + 1).read_to_end(&mut bytes))
            .map_err(|error| self.refusal(name, &error))?;
        if bytes.len() as u64 > FILE_MAX {
            let detail = format!("{} is longer than what its name allows", self.place(name));
            return Err(Refusal::Failed(Why::new(Reason::Truncated, detail)));
        }
        Ok(bytes)
    }

    /// The heading of a socket table and its listening lines.
    pub(crate) fn socket_table(&self, name: &str, transport: Transport) -> Outcome {
        self.lines_of_table(name, WantedLines::Listening(transport))
    }

    /// The heading of a socket table and its lines with one of these local ports.
    pub(crate) fn socket_table_on(&self, name: &str, ports: &PortSet) -> Outcome {
        self.lines_of_table(name, WantedLines::On(ports))
    }

    fn lines_of_table(&self, name: &str, wanted: WantedLines<'_>) -> Outcome {
        let file = self.open_file(name).map_err(|error| self.refusal(name, &error))?;
        socket_lines::kept(BufReader::new(file), wanted).map_err(|error| match error {
            TableError::Io(error) => self.refusal(name, &error),
            damage => {
                let detail = format!("{} {damage}", self.place(name));
                Refusal::Failed(Why::new(Reason::Truncated, detail))
            }
        })
    }

    fn open_file(&self, name: &str) -> io::Result<File> {
        self.open_resolved(&self.resolve(Path::new(name))?)
    }

    fn open_resolved(&self, path: &Path) -> io::Result<File> {
        let ordinary = |is_file: bool| {
            if is_file { Ok(()) } else { Err(io::Error::other("it is not an ordinary file")) }
        };
        ordinary(self.dir.symlink_metadata(path)?.is_file())?;
        let mut options = OpenOptions::new();
        options.read(true).follow(FollowSymlinks::No).nonblock(true);
        let file = self.dir.open_with(path, &options)?;
        ordinary(file.metadata()?.is_file())?;
        Ok(file)
    }

    /// The path of `name` with no link in it.
    fn resolve(&self, name: &Path) -> io::Result<PathBuf> {
        let mut ahead: Vec<OsString> = parts(name);
        let mut resolved = PathBuf::new();
        let mut links = 0;
        let mut outward = false;
        let mut folder = false;
        while let Some(part) = ahead.pop() {
            if part == ".." {
                // Above the top is the top.
                outward |= !resolved.pop();
                continue;
            }
            let next = resolved.join(&part);
            let found = self.dir.symlink_metadata(&next).map_err(|error| match error.kind() {
                io::ErrorKind::NotFound if outward => io::Error::new(error.kind(), LeadsOut),
                io::ErrorKind::NotFound if links > 0 => io::Error::new(error.kind(), LeadsNowhere),
                _ => error,
            });
            if !found?.is_symlink() {
                resolved = next;
                continue;
            }
            links += 1;
            if links > LINKS_MAX {
                return Err(io::Error::other(Loop));
            }
            let target = self.dir.read_link_contents(&next)?;
            if target.has_root() {
                resolved.clear();
                outward = true;
            }
            // What a path with a slash behind it leads to is a folder, or nothing.
            let text = target.as_os_str().as_encoded_bytes();
            folder |= ahead.is_empty() && (text.ends_with(b"/") || text.ends_with(b"/."));
            ahead.extend(parts(&target));
        }
        if folder && !self.dir.symlink_metadata(&resolved)?.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        Ok(resolved)
    }

    fn refusal(&self, name: &str, error: &io::Error) -> Refusal {
        let detail = format!("{}: {error}", self.place(name));
        match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Refusal::NotFound(detail),
            io::ErrorKind::PermissionDenied => Refusal::Failed(Why::new(Reason::Denied, detail)),
            _ => Refusal::Failed(Why::new(Reason::Unsupported, detail)),
        }
    }
}

/// Links that go in a circle, or are too many.
#[derive(Debug, thiserror::Error)]
#[error("too many symbolic links")]
struct Loop;

/// A link, absolute or above the top, to what is not in the folder.
#[derive(Debug, thiserror::Error)]
#[error("a link that leads out of the folder")]
struct LeadsOut;

/// A link to a name that the folder does not have.
#[derive(Debug, thiserror::Error)]
#[error("a link to nothing")]
struct LeadsNowhere;

fn is_loop(error: &io::Error) -> bool {
    matches!(error.get_ref(), Some(inner) if inner.is::<Loop>())
}

/// The parts of a path that name something, the last one first.
fn parts(path: &Path) -> Vec<OsString> {
    let named = |part: Component<'_>| match part {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some("..".into()),
        Component::Prefix(_) | Component::RootDir | Component::CurDir => None,
    };
    path.components().filter_map(named).rev().collect()
}
