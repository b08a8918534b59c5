//! What a Unix system says of names and descriptors.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::{FileType, Mode, OFlags, fcntl_getfl, fcntl_setfl, fstat, openat};

use super::caller::{Caller, Trust, kind};
use super::walk::Target;
use super::{Fill, Readers, place, signals, write_all};

/// Nobody is waited for at the other end of a FIFO.
const READ: OFlags =
    OFlags::RDONLY.union(OFlags::NONBLOCK).union(OFlags::NOCTTY).union(OFlags::CLOEXEC);

/// Device and inode.
pub(super) type FileId = (u64, u64);

pub(super) fn identity(path: &Path) -> Option<FileId> {
    fs::metadata(path).ok().and_then(|file| ordinary(&file))
}

pub(super) fn identity_of_stdin() -> Option<FileId> {
    of_descriptor(io::stdin())
}

pub(super) fn identity_of_stdout() -> Option<FileId> {
    of_descriptor(io::stdout())
}

fn of_descriptor(fd: impl AsFd) -> Option<FileId> {
    let file = File::from(fd.as_fd().try_clone_to_owned().ok()?);
    file.metadata().ok().and_then(|file| ordinary(&file))
}

fn ordinary(file: &fs::Metadata) -> Option<FileId> {
    file.is_file().then(|| (file.dev(), file.ino()))
}

pub(super) fn open(path: &Path) -> io::Result<File> {
    // What a process substitution prints is waited for.
    let own = is_descriptor(path);
    let checked = |kind: FileType| match kind {
        FileType::Fifo if own => Ok(()),
        kind => regular(kind),
    };
    // Opening a device may have effects.
    checked(kind(&rustix::fs::stat(path)?))?;
    let fd = rustix::fs::open(path, READ, Mode::empty())?;
    checked(kind(&fstat(&fd)?))?;
    if own {
        fcntl_setfl(&fd, OFlags::empty())?;
    }
    Ok(fd.into())
}

fn regular(kind: FileType) -> io::Result<()> {
    match kind {
        FileType::RegularFile => Ok(()),
        FileType::Directory => Err(ErrorKind::IsADirectory.into()),
        FileType::Fifo => Err(io::Error::other("it is a FIFO; give its text on standard input")),
        _ => Err(io::Error::other("it is not an ordinary file")),
    }
}

/// Whether it is the name of an open descriptor of this process, as a shell's `<(…)` gives it.
fn is_descriptor(path: &Path) -> bool {
    let number =
        ["/dev/fd", "/proc/self/fd"].iter().find_map(|folder| path.strip_prefix(folder).ok());
    let digits = |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit());
    number.and_then(Path::to_str).is_some_and(digits)
}

pub(super) fn write(path: &Path, readers: Readers, fill: Fill<'_>) -> io::Result<()> {
    if is_descriptor(path) {
        return to_descriptor(path, fill);
    }
    let caller = Caller::now();
    let attempt = || place::put(&Target::at(path, caller, Trust::Place)?, caller, readers, fill);
    match attempt() {
        // Somebody else made the file meanwhile: it is looked at anew.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => attempt(),
        done => done,
    }
}

/// To what the caller opened already: the rest of a file, or a pipe.
fn to_descriptor(path: &Path, fill: Fill<'_>) -> io::Result<()> {
    if is_read_only(path) {
        return Err(io::Error::other("it is open for reading only"));
    }
    let flags = OFlags::WRONLY | OFlags::APPEND | OFlags::NONBLOCK;
    let fd = rustix::fs::open(path, flags | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty())?;
    if kind(&fstat(&fd)?) == FileType::BlockDevice {
        return Err(io::Error::other("it is a block device"));
    }
    fcntl_setfl(&fd, OFlags::APPEND)?;
    write_all(File::from(fd), fill)
}

/// Whether the caller opened a descriptor for reading only. Linux opens the file behind its name
/// anew, and asks nobody how it was opened before; other systems ask (fd(4)).
fn is_read_only(path: &Path) -> bool {
    let Some(number) = path.file_name().and_then(|name| name.to_str()) else { return false };
    let Ok(info) = fs::read_to_string(format!("/proc/self/fdinfo/{number}")) else { return false };
    let flags = info.lines().find_map(|line| line.strip_prefix("flags:"));
    let flags = flags.and_then(|octal| u32::from_str_radix(octal.trim(), 8).ok());
    flags.is_some_and(|flags| flags & OFlags::RWMODE.bits() == OFlags::RDONLY.bits())
}

pub(super) fn stdout() -> io::Result<impl Write> {
    let stdout = writable(io::stdout())?;
    if stands_in(&stdout)? {
        return Err(io::Error::other(
            "it is closed, or /dev/null opened for reading too; use --quiet for the exit code alone",
        ));
    }
    Ok(stdout)
}

pub(super) fn stderr() -> io::Result<impl Write> {
    writable(io::stderr())
}

/// A second descriptor: std's own handle takes EBADF for success.
fn writable(fd: impl AsFd) -> io::Result<File> {
    let file = File::from(fd.as_fd().try_clone_to_owned()?);
    if access(&file)? == OFlags::RDONLY {
        return Err(io::Error::other("it is open for reading only"));
    }
    Ok(file)
}

/// Whether it is what std opens before `main` in place of a closed one: /dev/null by O_RDWR, as
/// library/std/src/sys/pal/unix/mod.rs of Rust 1.85 has it. A shell's `>/dev/null` is O_WRONLY;
/// what daemon(3), Node.js and Python's subprocess.DEVNULL open looks the same as std's.
fn stands_in(file: &File) -> io::Result<bool> {
    let null = fs::metadata("/dev/null");
    let this = file.metadata()?;
    let is_null = null.is_ok_and(|null| (null.dev(), null.ino()) == (this.dev(), this.ino()));
    Ok(is_null && access(file)? == OFlags::RDWR)
}

fn access(file: &File) -> io::Result<OFlags> {
    Ok(fcntl_getfl(file)? & OFlags::RWMODE)
}

pub(super) use super::rights::has_gained_rights;

pub(super) fn open_trusted(path: &Path) -> io::Result<File> {
    let caller = Caller::now();
    let target = Target::at(path, caller, Trust::Content)?;
    let Some(present) = &target.present else { return Err(ErrorKind::NotFound.into()) };
    regular(kind(present))?;
    let flags = READ | OFlags::NOFOLLOW;
    let fd = openat(target.folder(), &target.name, flags, Mode::empty())?;
    let opened = fstat(&fd)?;
    regular(kind(&opened))?;
    match caller.objection(&opened, Trust::Content) {
        None => Ok(fd.into()),
        Some(why) => Err(io::Error::other(format!("{} {why}", target.shown().display()))),
    }
}

pub(super) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

pub(super) fn too_large_is_an_error() {
    signals::hold_size_limit();
}
