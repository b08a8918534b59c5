//! The way to a file, one component at a time.

use std::ffi::{OsStr, OsString};
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Component, Path, PathBuf};

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, Stat, fstat, openat, readlinkat, statat};
use rustix::io::Errno;

use super::caller::{Caller, Trust, kind};

/// How many links may be followed; Linux follows 40 (path_resolution(7)).
const LINKS_MAX: usize = 40;

/// A folder is opened to be walked through, which takes no right to list it where the system has a
/// word for that.
#[cfg(any(target_os = "linux", target_os = "freebsd"))]
const WALK: OFlags = OFlags::PATH;
#[cfg(not(any(target_os = "linux", target_os = "freebsd")))]
const WALK: OFlags = OFlags::RDONLY;

/// A folder that is open, so that nobody can put another in its place.
struct OpenFolder {
    fd: OwnedFd,
    stat: Stat,
    /// Where it is, in words.
    shown: PathBuf,
}

/// Where a file is: a name in a folder, and no link any more.
pub(super) struct Target {
    folder: OpenFolder,
    pub(super) name: OsString,
    /// What has the name.
    pub(super) present: Option<Stat>,
}

impl Target {
    /// Walks there. Nothing is opened but folders.
    pub(super) fn at(path: &Path, caller: Caller, trust: Trust) -> io::Result<Self> {
        Walk { caller, trust, doubt: None }.to(path)
    }

    pub(super) fn folder(&self) -> BorrowedFd<'_> {
        self.folder.fd.as_fd()
    }

    /// Where it is, in words.
    pub(super) fn shown(&self) -> PathBuf {
        self.folder.shown.join(&self.name)
    }

    /// Whether others can put something in the folder.
    pub(super) fn is_shared(&self, caller: Caller) -> bool {
        caller.shares(&self.folder.stat)
    }
}

/// The way to a file.
struct Walk {
    caller: Caller,
    trust: Trust,
    /// Why what is found at the end is not to be believed. Where nothing is there, nobody minds.
    doubt: Option<io::Error>,
}

impl Walk {
    fn to(mut self, path: &Path) -> io::Result<Target> {
        let mut ahead = parts(path);
        let mut folder = self.first(path.has_root())?;
        let mut links = 0;
        let mut by_link = false;
        while let Some(name) = ahead.pop() {
            let last = ahead.is_empty();
            if name == ".." || (name == "." && !last) {
                folder = self.enter(folder, &name)?;
                continue;
            }
            if name == "." {
                break;
            }
            let present = match statat(&folder.fd, &name, AtFlags::SYMLINK_NOFOLLOW) {
                Err(Errno::NOENT) if last && !by_link => None,
                Err(Errno::NOENT) if links > 0 => {
                    return Err(io::Error::other("a link on the way leads to nothing"));
                }
                found => Some(found?),
            };
            match present {
                Some(link) if kind(&link) == FileType::Symlink => {
                    links += 1;
                    by_link |= last;
                    if links > LINKS_MAX {
                        return Err(Errno::LOOP.into());
                    }
                    let way = self.follow(&folder, &name, &link)?;
                    if way.has_root() {
                        folder = self.first(true)?;
                    }
                    ahead.extend(parts(&way));
                }
                Some(there) if !last || kind(&there) == FileType::Directory => {
                    folder = self.enter(folder, &name)?;
                }
                Some(_) if self.doubt.is_some() => break,
                _ => return Ok(Target { folder, name, present }),
            }
        }
        let nowhere = path.as_os_str().is_empty();
        let no_file = if nowhere { ErrorKind::NotFound } else { ErrorKind::IsADirectory };
        Err(self.doubt.unwrap_or_else(|| no_file.into()))
    }

    /// The root, or where the program was started.
    fn first(&mut self, root: bool) -> io::Result<OpenFolder> {
        let name = if root { "/" } else { "." };
        self.open(CWD, OsStr::new(name), PathBuf::from(name))
    }

    fn enter(&mut self, from: OpenFolder, name: &OsStr) -> io::Result<OpenFolder> {
        let mut shown = from.shown;
        if name != ".." || shown.file_name().is_none() {
            shown.push(name);
        } else {
            shown.pop();
        }
        self.open(from.fd.as_fd(), name, shown)
    }

    fn open(&mut self, at: BorrowedFd<'_>, name: &OsStr, shown: PathBuf) -> io::Result<OpenFolder> {
        let flags = WALK | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let fd = openat(at, name, flags, Mode::empty())?;
        let stat = fstat(&fd)?;
        if let Some(why) = self.caller.objection(&stat, self.trust) {
            let shown = shown.display();
            match self.trust {
                Trust::Place => {
                    return Err(io::Error::other(format!(
                        "its folder {shown} {why}; choose a folder that only root can write"
                    )));
                }
                Trust::Content => self.doubts(format!("{shown} {why}")),
            }
        }
        Ok(OpenFolder { fd, stat, shown })
    }

    /// Where a link of a folder leads.
    fn follow(&mut self, folder: &OpenFolder, name: &OsStr, link: &Stat) -> io::Result<PathBuf> {
        let shown = folder.shown.join(name);
        let shown = shown.display();
        match self.trust {
            Trust::Place if self.caller.planted(link, self.caller.shares(&folder.stat)) => {
                return Err(io::Error::other(format!(
                    "{shown} is a link of user {} in a folder that others can write",
                    link.st_uid
                )));
            }
            Trust::Place => {}
            Trust::Content => {
                if let Some(why) = self.caller.objection(link, self.trust) {
                    self.doubts(format!("{shown} {why}"));
                }
            }
        }
        let way = readlinkat(&folder.fd, name, Vec::new())?;
        // Whoever changes it meanwhile makes another inode.
        let now = statat(&folder.fd, name, AtFlags::SYMLINK_NOFOLLOW)?;
        if (now.st_dev, now.st_ino, now.st_ctime) != (link.st_dev, link.st_ino, link.st_ctime) {
            return Err(io::Error::other(
                "a link on the way was changed in the meantime; try again",
            ));
        }
        Ok(PathBuf::from(OsString::from_vec(way.into_bytes())))
    }

    fn doubts(&mut self, why: String) {
        self.doubt.get_or_insert_with(|| io::Error::other(why));
    }
}

/// The parts of a path, the last one first; `.` where it says that it is a folder.
fn parts(path: &Path) -> Vec<OsString> {
    let text = path.as_os_str().as_bytes();
    let folder = text == b"." || text.ends_with(b"/") || text.ends_with(b"/.");
    let named = path.components().filter_map(|part| match part {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some("..".into()),
        Component::Prefix(_) | Component::RootDir | Component::CurDir => None,
    });
    let mut parts: Vec<OsString> = named.chain(folder.then(|| ".".into())).collect();
    parts.reverse();
    parts
}
