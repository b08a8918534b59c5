//! Files that lead into a namespace.

use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Mode, OFlags, ResolveFlags, StatxFlags};
use rustix::io::Errno;
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use crate::snapshot::{Reason, Why};

/// What tells a namespace from every other, and from all else there is: its file's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NamespaceId {
    pub(super) device: (u32, u32),
    pub(super) inode: u64,
}

impl NamespaceId {
    /// Of a file that may be anything by now: a file system that answers when it likes is not
    /// waited for.
    pub(super) fn of(file: &OwnedFd) -> rustix::io::Result<Self> {
        let flags = AtFlags::EMPTY_PATH | AtFlags::STATX_DONT_SYNC;
        let known = rustix::fs::statx(file, "", flags, StatxFlags::INO)?;
        Ok(Self { device: (known.stx_dev_major, known.stx_dev_minor), inode: known.stx_ino })
    }

    /// Of what a path leads to.
    pub(super) fn behind(
        folder: impl AsFd,
        path: impl rustix::path::Arg,
    ) -> rustix::io::Result<Self> {
        let flags = OFlags::PATH | OFlags::CLOEXEC;
        Self::of(&rustix::fs::openat(folder, path, flags, Mode::empty())?)
    }
}

/// One such file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NamespaceFile {
    /// `/proc/PID/root` where the path is as that process sees it.
    root: Option<String>,
    path: PathBuf,
}

/// Why a way leads nowhere.
pub(super) enum Closed {
    /// What was there has gone.
    Gone,
    Why(Why),
}

impl NamespaceFile {
    /// As the reader sees it.
    pub(super) fn here(path: impl Into<PathBuf>) -> Self {
        Self { root: None, path: path.into() }
    }

    /// As a process sees it.
    pub(super) fn of_process(pid: u32, path: &Path) -> Self {
        Self { root: Some(format!("/proc/{pid}/root")), path: path.to_owned() }
    }

    /// The path for people and nsenter(1).
    pub(super) fn path(&self) -> String {
        format!("{}{}", self.root.as_deref().unwrap_or_default(), self.path.display())
    }

    /// Moves this thread into that namespace.
    pub(super) fn enter(&self, identity: NamespaceId) -> Result<(), Closed> {
        let found = self.look().map_err(closed)?;
        // Whatever stands there by now, nothing else is opened: to open a device can have effects.
        if NamespaceId::of(&found).map_err(closed)? != identity {
            return Err(Closed::Gone);
        }
        let again = format!("/proc/self/fd/{}", found.as_raw_fd());
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        let file = rustix::fs::openat(CWD, again, flags, Mode::empty()).map_err(closed)?;
        move_into_link_name_space(file.as_fd(), Some(LinkNameSpaceType::Network)).map_err(|errno| {
            Closed::Why(match errno {
                Errno::PERM => denied(errno),
                _ => Why::new(Reason::Unsupported, format!("setns is refused ({errno})")),
            })
        })
    }

    /// Finds the file without opening it.
    fn look(&self) -> rustix::io::Result<OwnedFd> {
        let flags = OFlags::PATH | OFlags::CLOEXEC;
        let Some(root) = &self.root else {
            return rustix::fs::openat(CWD, &self.path, flags, Mode::empty());
        };
        let root = rustix::fs::openat(CWD, root, flags | OFlags::DIRECTORY, Mode::empty())?;
        // What another process sees is whatever it mounted: a link must not lead out of it, and a
        // file system that answers when it likes must not be asked. The way to a mount is in the
        // kernel's memory for as long as it is one.
        let inside = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS | ResolveFlags::CACHED;
        rustix::fs::openat2(&root, &self.path, flags, Mode::empty(), inside)
    }
}

fn closed(errno: Errno) -> Closed {
    match errno {
        Errno::NOENT | Errno::SRCH | Errno::NOTDIR => Closed::Gone,
        Errno::ACCESS | Errno::PERM => Closed::Why(denied(errno)),
        // openat2 is of Linux 5.6, RESOLVE_CACHED of 5.12.
        Errno::AGAIN | Errno::INVAL | Errno::NOSYS => Closed::Why(Why::new(
            Reason::Unsupported,
            "it is mounted where only another process can reach it, and that path cannot be \
             followed without waiting",
        )),
        _ => Closed::Why(Why::new(Reason::Unsupported, format!("it cannot be opened ({errno})"))),
    }
}

fn denied(errno: Errno) -> Why {
    let detail = format!(
        "it takes CAP_SYS_ADMIN, here and in the user namespace that owns it ({errno}); run as root"
    );
    Why::new(Reason::Denied, detail)
}
