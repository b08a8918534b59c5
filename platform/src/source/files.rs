//! Files that the caller names: inputs that nobody is waited for, outputs that are put in place
//! whole.
//!
//! On Unix a path is walked by descriptor, a component at a time, and every folder and link on the
//! way is looked at before it is believed: root writes only through folders that nobody else can
//! change, and nobody follows a link, or writes to a device or FIFO, that another user put there.
//! [`write()`] has the rules.

#[cfg(unix)]
mod caller;
#[cfg(unix)]
mod place;
#[cfg(unix)]
mod rights;
#[cfg(unix)]
mod signals;
#[cfg_attr(unix, path = "files/unix.rs")]
#[cfg_attr(not(unix), path = "files/other.rs")]
mod system;
#[cfg(unix)]
mod walk;

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// Who may read a new file. Nobody but its owner may ever write it, and nobody execute it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Readers {
    /// The owner: mode 0600. An ordinary file of the caller's own keeps its mode, less what 0644
    /// lacks.
    Owner,
    /// Whom the umask lets: 0644 less the umask. An ordinary file of the caller's own keeps its
    /// mode, less what 0644 lacks.
    Usual,
    /// Everybody: mode 0644, whatever the umask and the present file say.
    Everyone,
}

/// An ordinary file, told from all others: by device and inode, or by its true path where there are
/// none.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Identity(system::FileId);

impl Identity {
    /// That of the file a path leads to; none where there is no ordinary file.
    pub fn of(path: &Path) -> Option<Self> {
        system::identity(path).map(Self)
    }

    /// That of the file which standard input is; none where it is something else, or the system
    /// does not tell.
    pub fn of_stdin() -> Option<Self> {
        system::identity_of_stdin().map(Self)
    }

    /// That of the file which standard output is; none where it is something else, or the system
    /// does not tell.
    pub fn of_stdout() -> Option<Self> {
        system::identity_of_stdout().map(Self)
    }
}

/// Opens an ordinary file, or what an open descriptor of this process has by the name of /dev/fd/N,
/// for reading.
///
/// # Errors
/// Whatever open(2) says; and what is no ordinary file is refused. A FIFO is not waited for.
pub fn open(path: &Path) -> io::Result<File> {
    system::open(path)
}

/// Opens an ordinary file for reading that is believed: it, every folder on the way, and every
/// link followed belong to root or to the user who reads it, and nobody else may write there, not
/// even in a sticky folder. What is looked at is what is then read, whatever others do meanwhile.
///
/// # Errors
/// `NotFound` only where nothing has the name; whose an unbelievable step is, and which one.
pub fn open_trusted(path: &Path) -> io::Result<File> {
    system::open_trusted(path)
}

/// Writes what a file is to hold. It may be asked more than once, and then writes the same again.
pub type Fill<'a> = &'a dyn Fn(&mut dyn Write) -> io::Result<()>;

/// Writes a file whole or not at all: whoever reads it meanwhile has the old one or the new one.
///
/// A file that is there is replaced, by rename(2); of a link, what it leads to. A FIFO that
/// somebody reads, a character device, and an open descriptor by the name of /dev/fd/N are written
/// to.
///
/// # Errors
/// What the system calls and `fill` say, and these refusals on Unix:
/// - as root, where a folder on the way belongs to another user, or can be written by others
///   without being sticky, as /tmp is, and where the present file belongs to another user;
/// - a link, device or FIFO of another user in a folder that others can write;
/// - a block device, a socket, a folder, a link that leads to no file, and a FIFO that nobody
///   reads.
pub fn write(path: &Path, readers: Readers, fill: Fill<'_>) -> io::Result<()> {
    system::write(path, readers, fill)
}

/// Writes all that `fill` does, in pieces large enough for a system call each.
///
/// # Errors
/// What either of them says.
pub fn write_all(to: impl Write, fill: Fill<'_>) -> io::Result<()> {
    let mut to = BufWriter::with_capacity(64 * 1024, to);
    fill(&mut to)?;
    to.flush()
}

/// Standard output, unbuffered.
///
/// # Errors
/// Where it is closed, or open for reading only: std's own passes over both. A closed one cannot be
/// told from /dev/null that is open for reading too.
pub fn stdout() -> io::Result<impl Write> {
    system::stdout()
}

/// Standard error, in the same way.
///
/// # Errors
/// Where it is open for reading only.
pub fn stderr() -> io::Result<impl Write> {
    system::stderr()
}

/// Whether this is root, who sees what is not for other users.
pub fn is_root() -> bool {
    system::is_root()
}

/// Whether the program was started with more rights than its caller has, by its file's set-user-ID
/// bit or capabilities: what the caller says by the environment is then no word of who gave them
/// (`AT_SECURE`, getauxval(3)).
pub fn has_gained_rights() -> bool {
    system::has_gained_rights()
}

/// Makes a file that would become larger than the limit (`ulimit -f`) an error instead of the end
/// by SIGXFSZ. It is for the beginning of `main`: threads that run already are not told.
pub fn too_large_is_an_error() {
    system::too_large_is_an_error();
}
