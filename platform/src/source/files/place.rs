//! Bytes into their place: a file by a rename, what is no file by writing to it.

use std::ffi::OsString;
use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, ErrorKind};

use rustix::fs::{
    AtFlags, FileType, Mode, OFlags, Stat, fchmod, fcntl_setfl, fstat, fsync, linkat, openat,
    renameat, unlinkat,
};
use rustix::io::Errno;

use super::caller::{Caller, kind, mode};
use super::signals;
use super::walk::Target;
use super::{Fill, Readers, write_all};

/// How many names are tried for a file that is to be renamed.
const NAMES_MAX: usize = 100;

/// The modes of what is written.
const OWNER: Mode = Mode::from_raw_mode(0o600);
const EVERYONE: Mode = Mode::from_raw_mode(0o644);

/// The mode of a new file.
struct Modes {
    /// What it is made with: the umask, or the folder's default access list, takes bits away.
    made: Mode,
    /// What it is to have whatever those say.
    set: Option<Mode>,
}

pub(super) fn put(
    target: &Target,
    caller: Caller,
    readers: Readers,
    content: Fill<'_>,
) -> io::Result<()> {
    let Some(present) = &target.present else {
        return replace(target, &modes(None, readers), content);
    };
    let refused = |why: &str| Err(io::Error::other(why.to_owned()));
    match kind(present) {
        FileType::RegularFile if caller.owns(present) => {
            // Another name of it may be another user's work (link(2)): its mode says nothing then.
            let own = (present.st_nlink == 1).then_some(present);
            replace(target, &modes(own, readers), content)
        }
        FileType::RegularFile if caller.root => Err(io::Error::other(format!(
            "it belongs to user {}; remove it, or choose another name",
            present.st_uid
        ))),
        FileType::RegularFile => replace(target, &modes(None, readers), content),
        FileType::BlockDevice => refused("it is a block device"),
        FileType::Socket => refused("it is a socket"),
        _ if caller.planted(present, target.is_shared(caller)) => Err(io::Error::other(format!(
            "it is not an ordinary file, and of user {} in a folder that others can write",
            present.st_uid
        ))),
        FileType::Fifo | FileType::CharacterDevice => through(target, present, content),
        _ => refused("it is not a writable file"),
    }
}

fn modes(own: Option<&Stat>, readers: Readers) -> Modes {
    match (readers, own) {
        (Readers::Everyone, _) => Modes { made: EVERYONE, set: Some(EVERYONE) },
        (_, Some(own)) => Modes { made: OWNER, set: Some(mode(own) & EVERYONE) },
        (Readers::Owner, None) => Modes { made: OWNER, set: None },
        (Readers::Usual, None) => Modes { made: EVERYONE, set: None },
    }
}

/// To a device, or to a FIFO that somebody reads.
fn through(target: &Target, judged: &Stat, content: Fill<'_>) -> io::Result<()> {
    let flags = OFlags::WRONLY | OFlags::APPEND | OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let flags = flags | OFlags::NOCTTY | OFlags::CLOEXEC;
    let fd = match openat(target.folder(), &target.name, flags, Mode::empty()) {
        Err(Errno::NXIO) if kind(judged) == FileType::Fifo => {
            return Err(io::Error::other("it is a FIFO without a reader"));
        }
        opened => opened?,
    };
    let opened = fstat(&fd)?;
    let identity = |file: &Stat| (file.st_dev, file.st_ino, file.st_rdev, kind(file));
    if identity(&opened) != identity(judged) {
        return Err(io::Error::other("it was changed in the meantime; try again"));
    }
    // Whoever reads slowly is waited for.
    fcntl_setfl(&fd, OFlags::APPEND)?;
    write_all(File::from(fd), content)
}

fn replace(target: &Target, modes: &Modes, content: Fill<'_>) -> io::Result<()> {
    // Other systems have no such files.
    #[cfg(not(target_os = "linux"))]
    let placed = false;
    #[cfg(target_os = "linux")]
    let placed = without_a_name(target, modes, content)?;
    if !placed {
        by_another_name(target, modes, content)?;
    }
    // Best effort: not every system and file system can, and the file is in place.
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    if let Ok(folder) = openat(target.folder(), ".", flags, Mode::empty()) {
        let _ = fsync(folder);
    }
    Ok(())
}

/// By a file that has no name until it is whole, so that whatever ends the program leaves nothing;
/// whether the file system has such files.
#[cfg(target_os = "linux")]
fn without_a_name(target: &Target, modes: &Modes, content: Fill<'_>) -> io::Result<bool> {
    use std::os::fd::AsRawFd;

    let flags = OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC;
    let Ok(fd) = openat(target.folder(), ".", flags, modes.made) else { return Ok(false) };
    let mut file = File::from(fd);
    fill(&mut file, modes, content)?;
    // open(2): so it gets a name without CAP_DAC_READ_SEARCH.
    let unnamed = format!("/proc/self/fd/{}", file.as_raw_fd());
    let name = |name: &OsString| {
        linkat(rustix::fs::CWD, &unnamed, target.folder(), name, AtFlags::SYMLINK_FOLLOW)
    };
    if target.present.is_none() {
        return match name(&target.name) {
            Ok(()) => Ok(true),
            Err(Errno::EXIST) => Err(Errno::EXIST.into()),
            Err(_) => Ok(false),
        };
    }
    let _held = signals::hold();
    for spare in spare_names() {
        match name(&spare) {
            Ok(()) => {
                let at = target.folder();
                let placed = renameat(at, &spare, at, &target.name);
                if placed.is_err() {
                    let _ = unlinkat(at, &spare, AtFlags::empty());
                }
                return Ok(placed.map(|()| true)?);
            }
            Err(Errno::EXIST) => {}
            Err(_) => return Ok(false),
        }
    }
    Err(ErrorKind::AlreadyExists.into())
}

/// By a file with a name that nothing had, while signals wait.
fn by_another_name(target: &Target, modes: &Modes, content: Fill<'_>) -> io::Result<()> {
    let _held = signals::hold();
    let flags = OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::WRONLY | OFlags::CLOEXEC;
    for spare in spare_names() {
        let fd = match openat(target.folder(), &spare, flags, modes.made) {
            Err(Errno::EXIST) => continue,
            opened => opened?,
        };
        let placed = fill(&mut File::from(fd), modes, content)
            .and_then(|()| Ok(link_or_rename(target, &spare)?));
        // After a rename there is none.
        let _ = unlinkat(target.folder(), &spare, AtFlags::empty());
        return placed;
    }
    Err(ErrorKind::AlreadyExists.into())
}

fn fill(file: &mut File, modes: &Modes, content: Fill<'_>) -> io::Result<()> {
    if let Some(mode) = modes.set {
        fchmod(&*file, mode)?;
    }
    write_all(&mut *file, content)?;
    file.sync_all()
}

/// What somebody put in the place of a new file meanwhile stays there, where the file system has
/// links.
fn link_or_rename(target: &Target, spare: &OsString) -> Result<(), Errno> {
    let at = target.folder();
    if target.present.is_none() {
        let linked = linkat(at, spare, at, &target.name, AtFlags::empty());
        if matches!(linked, Ok(()) | Err(Errno::EXIST)) {
            return linked;
        }
    }
    renameat(at, spare, at, &target.name)
}

/// Names that nobody can guess.
fn spare_names() -> impl Iterator<Item = OsString> {
    let random = RandomState::new();
    (0..NAMES_MAX).map(move |try_| format!(".ephaudit-{:016x}.tmp", random.hash_one(try_)).into())
}
