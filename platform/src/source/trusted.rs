//! Files that are read for what they are, and those that are believed because nobody but root and the reader's own user can
//! have put them where they are.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStringExt;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat, fstat, openat, readlinkat, statat};
use rustix::io::Errno;
use rustix::process::geteuid;

/// How many links may be followed on the way to one file, as Linux does (path_resolution(7)).
const LINKS_MAX: usize = 40;
/// Who may write a file or a folder but its owner: the group, and so by the mask of an access list whoever stands in it
/// (acl(5)), and all.
const OTHERS_WRITE: u32 = 0o022;
/// A folder is passed through, and needs no leave to be listed where the system has that.
#[cfg(target_os = "linux")]
const FOLDER: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
#[cfg(not(target_os = "linux"))]
const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
/// Nobody is waited for at the other end of a FIFO.
const READ: OFlags =
    OFlags::RDONLY.union(OFlags::NONBLOCK).union(OFlags::NOCTTY).union(OFlags::CLOEXEC);

/// Whether the program runs with the rights of root.
pub fn runs_as_root() -> bool {
    geteuid().is_root()
}

/// Opens an ordinary file for reading; anything else is an error, and none is waited for.
pub fn open_ordinary(path: &Path) -> io::Result<File> {
    ordinary(rustix::fs::open(path, READ, Mode::empty())?)
}

/// Opens an ordinary file for reading that only root, or the user who reads it, can have put there: it, every folder on the
/// way, and every link followed, belongs to one of them, and nobody else may write in it. What is looked at is what is then
/// read, whatever others do meanwhile.
///
/// # Errors
/// `NotFound` only where no link leads to the place; what is not to be trusted is told with whose it is.
pub fn open_trusted(path: &Path) -> io::Result<File> {
    let user = geteuid().as_raw();
    open_by(path, |place, stat| trusted(place, stat, user))
}

/// Walks to a file step by step from the root folder. `judge` is shown each folder and link on the way and the file; its
/// first error stands where the file is there.
fn open_by(path: &Path, judge: impl Fn(&Path, &Stat) -> io::Result<()>) -> io::Result<File> {
    let root = || rustix::fs::open("/", FOLDER, Mode::empty());
    let (mut folder, mut place) = (root()?, PathBuf::from("/"));
    let mut doubt = judge(&place, &fstat(&folder)?);
    let mut left = steps(&std::path::absolute(path)?);
    let mut links = 0;
    while let Some(step) = left.pop() {
        let here = if step == ".." { parent(&place) } else { place.join(&step) };
        let stat =
            statat(&folder, &step, AtFlags::SYMLINK_NOFOLLOW).map_err(|errno| match errno {
                Errno::NOENT if links > 0 => io::Error::other("a link on the way leads to nothing"),
                errno => errno.into(),
            })?;
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::Symlink => {
                links += 1;
                if links > LINKS_MAX {
                    return Err(Errno::LOOP.into());
                }
                doubt = doubt.and_then(|()| judge(&here, &stat));
                let target = readlinkat(&folder, &step, Vec::new())?.into_bytes();
                let target = PathBuf::from(OsString::from_vec(target));
                if target.is_absolute() {
                    (folder, place) = (root()?, PathBuf::from("/"));
                }
                left.extend(steps(&target));
            }
            FileType::Directory => {
                folder = openat(&folder, &step, FOLDER | OFlags::NOFOLLOW, Mode::empty())?;
                doubt = doubt.and_then(|()| judge(&here, &fstat(&folder)?));
                place = here;
            }
            FileType::RegularFile if left.is_empty() => {
                doubt?;
                let file = openat(&folder, &step, READ | OFlags::NOFOLLOW, Mode::empty())?;
                judge(&here, &fstat(&file)?)?;
                return ordinary(file);
            }
            _ if left.is_empty() => break,
            _ => return Err(ErrorKind::NotADirectory.into()),
        }
    }
    Err(not_ordinary())
}

/// The steps of a path, the first one last.
fn steps(path: &Path) -> Vec<OsString> {
    let steps = path.components().filter_map(|step| match step {
        Component::Normal(name) => Some(name),
        Component::ParentDir => Some(OsStr::new("..")),
        Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
    });
    steps.rev().map(OsStr::to_owned).collect()
}

fn parent(place: &Path) -> PathBuf {
    place.parent().unwrap_or(place).to_owned()
}

fn trusted(place: &Path, stat: &Stat, user: u32) -> io::Result<()> {
    let place = place.display();
    if stat.st_uid != 0 && stat.st_uid != user {
        return Err(io::Error::other(format!(
            "{place} belongs to uid {}, who could have changed what is read there",
            stat.st_uid
        )));
    }
    let mode = Mode::from_raw_mode(stat.st_mode).bits() & 0o7777;
    let link = FileType::from_raw_mode(stat.st_mode) == FileType::Symlink;
    if mode & OTHERS_WRITE != 0 && !link {
        return Err(io::Error::other(format!(
            "{place} can be written by others than its owner (mode {mode:04o})"
        )));
    }
    Ok(())
}

fn ordinary(file: OwnedFd) -> io::Result<File> {
    let file = File::from(file);
    if file.metadata()?.is_file() { Ok(file) } else { Err(not_ordinary()) }
}

fn not_ordinary() -> io::Error {
    io::Error::other("it is no ordinary file")
}

/// Whether the program was started with more rights than its caller has, by its file's set-user-ID bit or capabilities: what
/// the caller says by the environment is then no word of who gave them (`AT_SECURE`, getauxval(3)).
#[cfg(target_os = "linux")]
pub fn has_gained_rights() -> bool {
    const AT_SECURE: u64 = 23;
    match procfs::process::Process::myself().and_then(|own| own.auxv()) {
        Ok(vector) => vector.get(&AT_SECURE) != Some(&0),
        // Without /proc there is still what makes the kernel set it (`cap_bprm_creds_from_file`, security/commoncap.c).
        Err(procfs::ProcError::NotFound(_)) => {
            let capable = rustix::thread::capabilities(None);
            ids_differ() || !runs_as_root() && !capable.is_ok_and(|own| own.permitted.is_empty())
        }
        // A program with gained rights may not look at itself.
        Err(_) => true,
    }
}

/// The same by the user and the group.
#[cfg(not(target_os = "linux"))]
pub fn has_gained_rights() -> bool {
    ids_differ()
}

fn ids_differ() -> bool {
    use rustix::process::{getegid, getgid, getuid};
    getuid() != geteuid() || getgid() != getegid()
}
