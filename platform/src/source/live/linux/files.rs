//! Files, links and uname.
//!
//! What is below /proc is read through [`Proc`]: the /proc of the system, or one that only this
//! process has.

use std::fs::File;
use std::io::{BufReader, Read};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use rustix::buffer::spare_capacity;
use rustix::fs::{CWD, Mode, OFlags, PROC_SUPER_MAGIC, ResolveFlags};
use rustix::io::Errno;
use rustix::mount::{FsMountFlags, FsOpenFlags, MountAttrFlags};

use crate::ask::{Outcome, Refusal};
use crate::snapshot::{Family, Reason, Transport, Why};
use crate::source::socket_lines::{self, SocketLines, TableError, WantedLines};

/// Enough for all but the longest reserved lists, and one page for the kernel to allocate.
const FIRST_BUFFER: usize = 4096;
/// The longest reserved list there can be has 254,732 bytes (`0-1,3-4,…`). 4 MiB and more gets
/// ENOMEM (`proc_sys_call_handler`, fs/proc/proc_sysctl.c).
const LAST_BUFFER: usize = 512 * 1024;
/// The most that is read of a small ordinary file, in bytes.
const SMALL_FILE: usize = 64 * 1024;
/// The most that is read of the table of mounts, in bytes.
const MOUNTINFO: usize = 4 * 1024 * 1024;

/// Where every sysctl is; container runtimes bind this folder as a whole, read-only.
const SYSCTLS: &str = "/proc/sys";

/// A procfs to read from.
pub(super) struct Proc {
    /// The root of a mount that is attached nowhere, so nobody can have mounted anything over its
    /// files; without one, what is at /proc.
    own: Option<OwnedFd>,
    /// Whether threads read from it that have left the namespace they started in.
    visiting: bool,
}

impl Proc {
    /// What is at /proc.
    pub(super) const fn of_the_system() -> Self {
        Self { own: None, visiting: false }
    }

    /// A mount of its own, where the kernel has such mounts (5.2) and allows one (CAP_SYS_ADMIN; in
    /// a user namespace only where nothing hides parts of /proc), else what is at /proc.
    ///
    /// The kernel keeps an entry of /proc/sys/net for each namespace that was looked at, all of one
    /// name in one chain (`proc_sys_compare`, fs/proc/proc_sysctl.c): in a mount that many of them
    /// were read from, each look-up walks them.
    pub(super) fn fresh() -> Self {
        let mounted = || -> rustix::io::Result<OwnedFd> {
            let context = rustix::mount::fsopen("proc", FsOpenFlags::FSOPEN_CLOEXEC)?;
            rustix::mount::fsconfig_create(&context)?;
            let attributes = MountAttrFlags::MOUNT_ATTR_RDONLY
                | MountAttrFlags::MOUNT_ATTR_NOSUID
                | MountAttrFlags::MOUNT_ATTR_NODEV
                | MountAttrFlags::MOUNT_ATTR_NOEXEC;
            rustix::mount::fsmount(&context, FsMountFlags::FSMOUNT_CLOEXEC, attributes)
        };
        Self { own: mounted().ok(), visiting: true }
    }

    /// Reads a sysctl of this thread's network namespace by one read(2) at offset 0:
    /// `proc_do_large_bitmap` answers only that one, so reading on in pieces (as `std::fs::read`
    /// does, 32 bytes first) cuts the value without an error. An answer that fills the buffer may
    /// be cut, so it is asked again with a larger one.
    pub(super) fn sysctl(&self, name: &str) -> Outcome {
        for size in [FIRST_BUFFER, LAST_BUFFER] {
            let file = self.open_sysctl(name)?;
            let mut bytes = Vec::with_capacity(size);
            let path = format!("{SYSCTLS}/{name}");
            rustix::io::read(&file, spare_capacity(&mut bytes))
                .map_err(|errno| refusal(&path, errno))?;
            if bytes.len() < size {
                return Ok(bytes);
            }
        }
        let detail = format!("{SYSCTLS}/{name} holds more than {LAST_BUFFER} bytes");
        Err(Refusal::Failed(Why::new(Reason::Truncated, detail)))
    }

    /// Opens the kernel's own sysctl of this thread's network namespace, and nothing that is
    /// mounted over it or over a folder on the way: a bind mount shows what it showed where it was
    /// made, so even another file of procfs, or the same file seen from another namespace, would be
    /// taken for the answer.
    fn open_sysctl(&self, name: &str) -> Result<OwnedFd, Refusal> {
        self.open_below(SYSCTLS, name).or_else(|refused| {
            // LXC and systemd-nspawn mount /proc/sys read-only, and /proc/sys/net over it to be
            // written: that folder is the kernel's own too, where it is the one of that name and no
            // other. To visitors from another namespace it shows the one that it was mounted in.
            match name.strip_prefix("net/").filter(|_| !self.visiting && is_folder_of_net()) {
                Some(below) => self.open_below(SYSCTLS_OF_NET, below),
                None => Err(refused),
            }
        })
    }

    /// Opens a file below a folder of procfs without crossing into another mount.
    fn open_below(&self, folder: &str, name: &str) -> Result<OwnedFd, Refusal> {
        let path = format!("{folder}/{name}");
        if let Some(root) = &self.own {
            return open_inside(root, path.trim_start_matches("/proc/"), &path);
        }
        let opened = open_folder(folder)?;
        if !is_procfs(&opened, folder)? {
            return Err(unsure(&path, "its folder is not procfs"));
        }
        open_inside(&opened, name, &path)
    }

    /// Reads a file of /proc that is not a sysctl.
    pub(super) fn file(&self, path: &str) -> Outcome {
        let name = path.strip_prefix("/proc/").unwrap_or(path);
        read_small(&self.open_below("/proc", name)?, path)
    }

    /// The heading of a socket table and the lines that are wanted.
    pub(super) fn socket_table(&self, path: &str, wanted: WantedLines) -> Outcome {
        socket_lines::kept(self.open_table(path)?, wanted)
            .map_err(|error| table_refusal(path, error))
    }

    /// Every line of a socket table.
    pub(super) fn socket_lines(&self, path: &str) -> Result<SocketLines<BufReader<File>>, Refusal> {
        Ok(SocketLines::new(self.open_table(path)?))
    }

    fn open_table(&self, path: &str) -> Result<BufReader<File>, Refusal> {
        let file = File::from(self.open_below("/proc", path.trim_start_matches("/proc/"))?);
        Ok(BufReader::with_capacity(32 * 1024, file))
    }
}

const SYSCTLS_OF_NET: &str = "/proc/sys/net";
const MOUNTED_OVER: &str = "something is mounted over it";

fn unsure(path: &str, what: &str) -> Refusal {
    let detail = format!("{path} is not the kernel's own: {what}");
    Refusal::Failed(Why::new(Reason::Unsupported, detail))
}

/// Whether /proc/sys/net is a mount of the folder of that name: its root in mountinfo,
/// proc_pid_mountinfo(5).
fn is_folder_of_net() -> bool {
    let listed = open_folder(SYSCTLS_OF_NET).and_then(|folder| {
        let mount = mount_of(&folder)?;
        let mut mounts = Vec::new();
        let table = File::from(Proc::of_the_system().open_below("/proc", "self/mountinfo")?);
        let read = table.take(MOUNTINFO as u64).read_to_end(&mut mounts);
        read.map_err(|error| refusal("/proc/self/mountinfo", errno_of(&error)))?;
        Ok((mount, mounts))
    });
    let Ok((Some(mount), mounts)) = listed else { return false };
    mounts.split(|byte| *byte == b'\n').any(|line| {
        let words: Vec<&[u8]> = line.split(|byte| *byte == b' ').collect();
        words.first() == Some(&mount.as_slice())
            && words.get(3) == Some(&&b"/sys/net"[..])
            && words.get(4) == Some(&SYSCTLS_OF_NET.as_bytes())
    })
}

/// Opens a file that is on the mount of the folder, whatever symbolic links lead to it; `path` is
/// its name for people.
fn open_inside(folder: &OwnedFd, name: &str, path: &str) -> Result<OwnedFd, Refusal> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let inside = ResolveFlags::NO_XDEV | ResolveFlags::NO_MAGICLINKS;
    match rustix::fs::openat2(folder, name, flags, Mode::empty(), inside) {
        Ok(file) => Ok(file),
        Err(Errno::XDEV | Errno::LOOP) => Err(unsure(path, MOUNTED_OVER)),
        // openat2 came with Linux 5.6; older seccomp filters answer EPERM to what they do not know.
        Err(Errno::NOSYS | Errno::PERM) => open_on_mount_of(folder, name, path),
        Err(errno) => Err(refusal(path, errno)),
    }
}

/// The same where openat2 is not to be had: by comparing the mounts that folder and file are on.
fn open_on_mount_of(folder: &OwnedFd, name: &str, path: &str) -> Result<OwnedFd, Refusal> {
    let file = open_at(folder, name, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY)
        .map_err(|errno| refusal(path, errno))?;
    // A kernel that tells no mounts (before 3.15, gVisor) tells neither.
    if mount_of(folder)? == mount_of(&file)? && is_procfs(&file, path)? {
        return Ok(file);
    }
    Err(unsure(path, MOUNTED_OVER))
}

fn open_folder(path: &str) -> Result<OwnedFd, Refusal> {
    open_at(CWD, path, OFlags::PATH | OFlags::DIRECTORY).map_err(|errno| refusal(path, errno))
}

fn is_procfs(fd: &OwnedFd, path: &str) -> Result<bool, Refusal> {
    let kind = rustix::fs::fstatfs(fd).map_err(|errno| refusal(path, errno))?.f_type;
    Ok(kind == PROC_SUPER_MAGIC)
}

/// The mount that a descriptor is on, by its number: `mnt_id` in /proc/PID/fdinfo since Linux 3.15,
/// `None` where the kernel doesn't tell. Only the kernel's own fdinfo is believed.
fn mount_of(fd: &OwnedFd) -> Result<Option<Vec<u8>>, Refusal> {
    let path = format!("/proc/self/fdinfo/{}", fd.as_raw_fd());
    let unread = |what: String| {
        let detail = format!("which mount it is on cannot be determined: {what}");
        Refusal::Failed(Why::new(Reason::Unsupported, detail))
    };
    let file = open(&path).map_err(|_| unread(format!("{path} cannot be opened")))?;
    if !is_procfs(&file, &path)? {
        return Err(unread(format!("{path} is not the kernel's own")));
    }
    let mut info = Vec::with_capacity(FIRST_BUFFER);
    rustix::io::read(&file, spare_capacity(&mut info))
        .map_err(|errno| unread(errno.to_string()))?;
    let mut lines = info.split(|byte| *byte == b'\n');
    Ok(lines.find_map(|line| line.strip_prefix(b"mnt_id:")).map(|id| id.trim_ascii().to_vec()))
}

/// Reads a small ordinary file; one that is longer than the bound is refused.
pub(super) fn small_file(path: &str) -> Outcome {
    read_small(&open(path)?, path)
}

fn read_small(file: &OwnedFd, path: &str) -> Outcome {
    let mut bytes = Vec::with_capacity(FIRST_BUFFER);
    while rustix::io::read(file, spare_capacity(&mut bytes))
        .map_err(|errno| refusal(path, errno))?
        > 0
    {
        if bytes.len() > SMALL_FILE {
            let detail = format!("{path} holds more than {SMALL_FILE} bytes");
            return Err(Refusal::Failed(Why::new(Reason::Truncated, detail)));
        }
        bytes.reserve(FIRST_BUFFER);
    }
    Ok(bytes)
}

/// Reads the target of a symbolic link.
pub(super) fn link(path: &str) -> Outcome {
    let target = rustix::fs::readlink(path, Vec::new()).map_err(|errno| refusal(path, errno))?;
    Ok(target.into_bytes())
}

/// The fields of uname(2), each ended by NUL: a host name may hold any other byte.
pub(super) fn uname() -> Vec<u8> {
    let uname = rustix::system::uname();
    let fields =
        [uname.sysname(), uname.nodename(), uname.release(), uname.version(), uname.machine()];
    fields.iter().flat_map(|field| field.to_bytes_with_nul().to_vec()).collect()
}

/// `/proc/net` would be the main thread's network namespace; `/proc/thread-self/net` is this
/// thread's.
pub(super) fn socket_table_path(family: Family, transport: Transport) -> String {
    let six = if family == Family::Ipv6 { "6" } else { "" };
    format!("/proc/thread-self/net/{transport}{six}")
}

pub(super) fn table_refusal(path: &str, error: TableError) -> Refusal {
    match error {
        TableError::Io(error) => refusal(path, errno_of(&error)),
        damage => Refusal::Failed(Why::new(Reason::Truncated, format!("{path} {damage}"))),
    }
}

fn open(path: &str) -> Result<OwnedFd, Refusal> {
    // NONBLOCK: a FIFO put in the file's place must not hold us up.
    open_at(CWD, path, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY)
        .map_err(|errno| refusal(path, errno))
}

fn open_at(folder: impl AsFd, name: &str, flags: OFlags) -> rustix::io::Result<OwnedFd> {
    rustix::fs::openat(folder, name, flags | OFlags::CLOEXEC, Mode::empty())
}

fn errno_of(error: &std::io::Error) -> Errno {
    Errno::from_io_error(error).unwrap_or(Errno::IO)
}

fn refusal(path: &str, errno: Errno) -> Refusal {
    match errno {
        Errno::NOENT | Errno::NOTDIR => Refusal::NotFound(format!("{path} does not exist")),
        Errno::ACCESS | Errno::PERM => Refusal::Failed(Why::new(
            Reason::Denied,
            format!("{path} may not be read ({errno}); run as root, or see what hides it"),
        )),
        _ => Refusal::Failed(Why::new(Reason::Unsupported, format!("{path}: {errno}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_openat2_the_mounts_are_compared() {
        let opened = |folder: &str, name: &str| {
            let folder = open_folder(folder).expect("a folder");
            open_on_mount_of(&folder, name, name).is_ok()
        };
        assert!(opened("/proc", "sys/kernel/osrelease"), "the same mount");
        assert!(!opened("/", "proc/sys/kernel/osrelease"), "another mount");
        assert!(!opened("/", "etc/passwd"), "no procfs");
        let mount = mount_of(&open_folder("/proc").expect("a folder")).expect("fdinfo");
        assert!(mount.is_some_and(|id| id.iter().all(u8::is_ascii_digit)));
    }
}
