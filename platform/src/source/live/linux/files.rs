//! Files, links and uname.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use rustix::buffer::spare_capacity;
use rustix::fs::{CWD, Mode, OFlags, PROC_SUPER_MAGIC, ResolveFlags};
use rustix::io::Errno;

use crate::ask::{Outcome, Refusal};
use crate::snapshot::{Family, Reason, Transport, Why};

/// Enough for all but the longest reserved lists, and one page for the kernel to allocate.
const FIRST_BUFFER: usize = 4096;
/// The longest reserved list there can be has 254,732 bytes (`0-1,3-4,…`). 4 MiB and more gets ENOMEM
/// (`proc_sys_call_handler`, fs/proc/proc_sysctl.c).
const LAST_BUFFER: usize = 512 * 1024;
/// The most that is read of a small ordinary file, in bytes.
const SMALL_FILE: usize = 64 * 1024;
/// The most that is kept of a socket table, in bytes: about 400,000 sockets.
const SOCKET_TABLE: usize = 64 * 1024 * 1024;

/// Where every sysctl is; container runtimes bind this folder as a whole, read-only.
const SYSCTLS: &str = "/proc/sys";

/// Reads a sysctl by one read(2) at offset 0: `proc_do_large_bitmap` answers only that one, so reading on in pieces
/// (as `std::fs::read` does, 32 bytes first) cuts the value without an error. An answer that fills the buffer may be
/// cut, so it is asked again with a larger one.
pub(super) fn sysctl(name: &str) -> Outcome {
    for size in [FIRST_BUFFER, LAST_BUFFER] {
        let file = open_sysctl(name)?;
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

/// Opens the kernel's own file of this thread's network namespace, and nothing that is mounted over it or over a folder
/// on the way: a bind mount shows what it showed where it was made, so even another file of procfs, or the same file
/// seen from another namespace, would be taken for the answer.
fn open_sysctl(name: &str) -> Result<OwnedFd, Refusal> {
    let path = format!("{SYSCTLS}/{name}");
    let unsure = |what: &str| {
        Refusal::Failed(Why::new(
            Reason::Unsupported,
            format!("{path} is not the kernel's own: {what}"),
        ))
    };
    let folder = open_at(CWD, SYSCTLS, OFlags::PATH | OFlags::DIRECTORY)
        .map_err(|errno| refusal(SYSCTLS, errno))?;
    let kind = rustix::fs::fstatfs(&folder).map_err(|errno| refusal(SYSCTLS, errno))?.f_type;
    if kind != PROC_SUPER_MAGIC {
        return Err(unsure("/proc/sys is no procfs"));
    }
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let inside = ResolveFlags::NO_XDEV | ResolveFlags::NO_SYMLINKS;
    match rustix::fs::openat2(&folder, name, flags, Mode::empty(), inside) {
        Ok(file) => Ok(file),
        Err(Errno::XDEV | Errno::LOOP) => Err(unsure("something is mounted over it")),
        // openat2 came with Linux 5.6; older seccomp filters answer EPERM to what they do not know.
        Err(Errno::NOSYS | Errno::PERM) => {
            let file = open_at(&folder, name, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY)
                .map_err(|errno| refusal(&path, errno))?;
            if mount_of(&folder)? == mount_of(&file)? {
                Ok(file)
            } else {
                Err(unsure("something is mounted over it"))
            }
        }
        Err(errno) => Err(refusal(&path, errno)),
    }
}

/// The mount that a descriptor is on: `mnt_id` in /proc/PID/fdinfo since Linux 3.15, `None` where the kernel doesn't tell.
fn mount_of(fd: &OwnedFd) -> Result<Option<Vec<u8>>, Refusal> {
    let info = small_file(&format!("/proc/thread-self/fdinfo/{}", fd.as_raw_fd()))?;
    let line = info.split(|byte| *byte == b'\n').find(|line| line.starts_with(b"mnt_id:"));
    Ok(line.map(<[u8]>::to_vec))
}

/// Reads a small ordinary file; one that is longer than the bound is refused.
pub(super) fn small_file(path: &str) -> Outcome {
    let file = open(path)?;
    let mut bytes = Vec::with_capacity(FIRST_BUFFER);
    while rustix::io::read(&file, spare_capacity(&mut bytes))
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

/// `/proc/net` would be the main thread's network namespace; `/proc/thread-self/net` is this thread's.
pub(super) fn socket_table_path(family: Family, transport: Transport) -> String {
    let six = if family == Family::Ipv6 { "6" } else { "" };
    format!("/proc/thread-self/net/{transport}{six}")
}

/// The heading of a socket table and its lines in state LISTEN (TCP) or CLOSE (UDP).
pub(super) fn socket_table(path: &str, transport: Transport) -> Outcome {
    let state: &[u8] = match transport {
        Transport::Tcp => b"0A",
        Transport::Udp => b"07",
    };
    let io_refusal = |error: std::io::Error| {
        let errno = Errno::from_io_error(&error).unwrap_or(Errno::IO);
        refusal(path, errno)
    };
    let mut lines = BufReader::with_capacity(32 * 1024, File::from(open(path)?));
    let mut kept = Vec::new();
    lines.read_until(b'\n', &mut kept).map_err(io_refusal)?;
    let mut line = Vec::new();
    while lines.read_until(b'\n', &mut line).map_err(io_refusal)? > 0 {
        if line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).nth(3) == Some(state)
        {
            kept.extend_from_slice(&line);
        }
        if kept.len() > SOCKET_TABLE {
            let detail = format!("{path} lists more than {SOCKET_TABLE} bytes of sockets");
            return Err(Refusal::Failed(Why::new(Reason::Truncated, detail)));
        }
        line.clear();
    }
    Ok(kept)
}

fn open(path: &str) -> Result<OwnedFd, Refusal> {
    // NONBLOCK: a FIFO put in the file's place must not hold us up.
    open_at(CWD, path, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY)
        .map_err(|errno| refusal(path, errno))
}

fn open_at(folder: impl AsFd, name: &str, flags: OFlags) -> rustix::io::Result<OwnedFd> {
    rustix::fs::openat(folder, name, flags | OFlags::CLOEXEC, Mode::empty())
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
