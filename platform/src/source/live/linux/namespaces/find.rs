//! Finds network namespaces by what keeps them alive, namespaces(7): threads, mounts and open
//! descriptors.
//!
//! Each goes by its inode, which is in the kernel's own name for it, `net:[4026532179]`; to read
//! that, no file system is asked that could take its time. One that only a socket keeps is not
//! found: SIOCGSKNS, which would tell it, is an ioctl that takes `unsafe`.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::fs::{AtFlags, CWD, Mode, OFlags, PROC_SUPER_MAGIC, RawDir};
use rustix::io::Errno;

use super::NAMED;
use super::mountinfo;
use super::way::{NamespaceFile, NamespaceId};
use crate::snapshot::{Reason, Why};
use crate::unread::{Namespaces, Subject, Unread};

/// How long the search may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// The most namespaces that are kept.
const MOST: usize = 10_000;
/// The most ways into one of them that are kept, and the most names.
pub(super) const WAYS: usize = 8;
/// The most that is read of one table of mounts, in bytes.
const MOUNTINFO: u64 = 16 * 1024 * 1024;
/// Where links to namespaces stand, beside mounts: ip-netns(8), Docker.
const FOLDERS: [&str; 2] = ["/run/netns", "/run/docker/netns"];
/// The first pid namespace (`PROC_PID_INIT_INO`, include/linux/proc_ns.h).
pub(in super::super) const FIRST_PID_NAMESPACE: &[u8] = b"pid:[4026531836]";

/// A namespace that was found.
#[derive(Debug, Default)]
pub(super) struct FoundNamespace {
    /// What leads into it, that which lasts longest first; never empty.
    pub(super) ways: Vec<NamespaceFile>,
    /// Where it stands under a name, in the reader's own mounts or those of pid 1.
    pub(super) named: Vec<String>,
    /// The first process that is in it, or that holds it.
    pub(super) process: Option<u32>,
}

/// A search, and what it came upon: namespaces by their inode.
pub(super) struct NamespaceSearch {
    /// /proc, by a descriptor.
    proc: OwnedFd,
    began: Instant,
    /// The reader's own namespace; all others are files of the same device.
    pub(super) own: NamespaceId,
    pub(super) found: BTreeMap<u64, FoundNamespace>,
    /// Tables of mounts that were read: of which mount namespace, seen from which root.
    tables: BTreeSet<(Vec<u8>, Vec<u8>)>,
    /// Processes that may not be looked into.
    closed: BTreeSet<u32>,
    /// Processes that there was no time for.
    late: BTreeSet<u32>,
    /// Whether namespaces were found that are not kept.
    more: bool,
    /// Whether a table of mounts was not read to its end.
    cut: bool,
    /// Why the processes cannot be listed.
    unlisted: Option<Errno>,
}

impl NamespaceSearch {
    /// Nothing is found yet but the reader's own namespace.
    pub(super) fn begin() -> Result<Self, Why> {
        let unusable = |errno: Errno| {
            let detail = format!("/proc does not show which namespaces exist ({errno})");
            Why::new(Reason::Unsupported, detail)
        };
        let folder = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let proc = rustix::fs::openat(CWD, "/proc", folder, Mode::empty()).map_err(unusable)?;
        if rustix::fs::fstatfs(&proc).map_err(unusable)?.f_type != PROC_SUPER_MAGIC {
            return Err(Why::new(Reason::Unsupported, "/proc is not procfs"));
        }
        let own = NamespaceId::behind(&proc, "thread-self/ns/net").map_err(unusable)?;
        Ok(Self {
            proc,
            began: Instant::now(),
            own,
            found: BTreeMap::from([(own.inode, FoundNamespace::default())]),
            tables: BTreeSet::new(),
            closed: BTreeSet::new(),
            late: BTreeSet::new(),
            more: false,
            cut: false,
            unlisted: None,
        })
    }

    /// Goes through all that can hold a namespace, descriptors last: they are the most.
    pub(super) fn run(&mut self) {
        self.mounts("self", None);
        let pids = list(&self.proc, ".").unwrap_or_else(|errno| {
            self.unlisted = Some(errno);
            Vec::new()
        });
        for &pid in &pids {
            if !self.is_late(pid) {
                self.threads(pid);
                self.mounts(&pid.to_string(), Some(pid));
            }
        }
        for pid in self.with_descriptors(pids) {
            if !self.is_late(pid) {
                self.descriptors(pid);
            }
        }
        for folder in FOLDERS {
            self.links(folder);
        }
    }

    /// Whether there is no time left for that process; then it is kept in mind.
    fn is_late(&mut self, pid: u32) -> bool {
        let late = self.began.elapsed() > PATIENCE;
        if late {
            self.late.insert(pid);
        }
        late
    }

    fn add(
        &mut self,
        inode: u64,
        way: impl FnOnce() -> NamespaceFile,
    ) -> Option<&mut FoundNamespace> {
        if self.found.len() >= MOST && !self.found.contains_key(&inode) {
            self.more = true;
            return None;
        }
        let found = self.found.entry(inode).or_default();
        if found.ways.len() < WAYS {
            let way = way();
            if !found.ways.contains(&way) {
                found.ways.push(way);
            }
        }
        Some(found)
    }

    /// Every thread may be in a namespace of its own; /proc/PID/ns is that of the first one only.
    fn threads(&mut self, pid: u32) {
        let folder = format!("{pid}/task");
        let threads = match rustix::fs::statat(&self.proc, &folder, AtFlags::empty()) {
            // Two of itself and one a thread (`proc_task_getattr`, fs/proc/base.c).
            Ok(stat) if stat.st_nlink == 3 => Ok(vec![pid]),
            Ok(_) => list(&self.proc, &folder),
            Err(errno) => Err(errno),
        };
        let threads = match threads {
            Ok(threads) => threads,
            Err(errno) => return self.refused(pid, errno),
        };
        for thread in threads {
            if self.is_late(pid) {
                return;
            }
            let name = if thread == pid {
                format!("{pid}/ns/net")
            } else {
                format!("{pid}/task/{thread}/ns/net")
            };
            match link(&self.proc, &name) {
                Ok(target) => self.held(&target, &name, pid),
                Err(errno) => self.refused(pid, errno),
            }
        }
    }

    /// What a link below /proc leads to is held by that process, where it is a network namespace.
    fn held(&mut self, target: &[u8], name: &str, pid: u32) {
        let Some(inode) = mountinfo::inode(target) else { return };
        if let Some(found) = self.add(inode, || NamespaceFile::here(format!("/proc/{name}"))) {
            found.process.get_or_insert(pid);
        }
    }

    /// What a process sees mounted; `None` is the reader.
    fn mounts(&mut self, process: &str, pid: Option<u32>) {
        let of_process = |what: &str| link(&self.proc, &format!("{process}/{what}"));
        let view = of_process("ns/mnt").and_then(|mounts| Ok((mounts, of_process("root")?)));
        let opened = view.and_then(|view| {
            if !self.tables.insert(view) {
                return Ok(None);
            }
            let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
            let name = format!("{process}/mountinfo");
            rustix::fs::openat(&self.proc, name, flags, Mode::empty()).map(Some)
        });
        match opened {
            Ok(Some(file)) => self.table(File::from(file), pid),
            Ok(None) => {}
            Err(errno) => self.refused(pid.unwrap_or_default(), errno),
        }
    }

    fn table(&mut self, file: File, pid: Option<u32>) {
        let mut lines = BufReader::with_capacity(64 * 1024, file.take(MOUNTINFO));
        let mut line = Vec::new();
        loop {
            match lines.read_until(b'\n', &mut line) {
                Ok(0) => break,
                Ok(_) => {}
                Err(error) => {
                    let errno = Errno::from_io_error(&error).unwrap_or(Errno::IO);
                    self.refused(pid.unwrap_or_default(), errno);
                    break;
                }
            }
            if self.is_late(pid.unwrap_or_default()) {
                return;
            }
            let text = line.strip_suffix(b"\n").unwrap_or(&line);
            if let Some((inode, path)) = mountinfo::network_namespace(text) {
                let path = Path::new(OsStr::from_bytes(&path));
                let found = self.add(inode, || match pid {
                    Some(pid) => NamespaceFile::of_process(pid, path),
                    None => NamespaceFile::here(path),
                });
                // In a mount namespace of one's own anyone can give any name.
                if let Some(found) = found.filter(|_| matches!(pid, None | Some(1))) {
                    found.name(path);
                }
            }
            line.clear();
        }
        self.cut |= lines.into_inner().limit() == 0;
    }

    /// Names by `ln -s /proc/PID/ns/net /run/netns/NAME`; what they lead to, and what is mounted
    /// there, is found by now.
    fn links(&mut self, folder: &str) {
        let Ok(entries) = std::fs::read_dir(folder) else { return };
        for entry in entries.flatten() {
            if !entry.file_type().is_ok_and(|kind| kind.is_symlink()) {
                continue;
            }
            let path = entry.path();
            let Ok(NamespaceId { device, inode }) = NamespaceId::behind(CWD, &path) else {
                continue;
            };
            // A namespace of another kind is none of those that processes or mounts have.
            if let Some(found) = self.found.get_mut(&inode).filter(|_| device == self.own.device) {
                found.name(&path);
            }
        }
    }

    /// The processes that have descriptors, as far as the kernel tells, and may be looked into;
    /// those with few go first, so that a proxy with a million of them takes nobody else's time.
    fn with_descriptors(&self, pids: Vec<u32>) -> Vec<u32> {
        let size = |pid: &u32| {
            let folder = format!("{pid}/fd");
            rustix::fs::statat(&self.proc, folder, AtFlags::empty()).map_or(0, |stat| stat.st_size)
        };
        let open = pids.into_iter().filter(|pid| !self.closed.contains(pid));
        let mut sizes: Vec<(i64, u32)> = open.map(|pid| (size(&pid), pid)).collect();
        // st_size is the number of descriptors since Linux 6.2 (commit f1f1f2569901), and always 0
        // before.
        if sizes.iter().any(|(size, _)| *size > 0) {
            sizes.retain(|(size, _)| *size > 0);
        }
        sizes.sort_unstable();
        sizes.into_iter().map(|(_, pid)| pid).collect()
    }

    fn descriptors(&mut self, pid: u32) {
        let name = format!("{pid}/fd");
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = rustix::fs::openat(&self.proc, &name, flags, Mode::empty());
        let listed = folder.and_then(|folder| Ok((list(&folder, ".")?, folder)));
        let (descriptors, folder) = match listed {
            Ok(listed) => listed,
            Err(errno) => return self.refused(pid, errno),
        };
        let mut target = Vec::new();
        for descriptor in descriptors {
            if self.is_late(pid) {
                return;
            }
            // One that was closed since is nobody's loss.
            let read = rustix::fs::readlinkat(&folder, descriptor.to_string(), target);
            target = read.map(std::ffi::CString::into_bytes).unwrap_or_default();
            if mountinfo::inode(&target).is_some() {
                self.held(&target, &format!("{name}/{descriptor}"), pid);
            }
        }
    }

    /// A process that has gone since, or is a zombie, holds nothing.
    fn refused(&mut self, pid: u32, errno: Errno) {
        if !matches!(errno, Errno::NOENT | Errno::SRCH | Errno::INVAL) {
            self.closed.insert(pid);
        }
    }

    /// What was not looked at.
    pub(super) fn unread(&self) -> Vec<Unread> {
        let mut unread = Vec::new();
        let mut report = |which: Namespaces, reason, detail: &str| {
            let subject = Subject::Namespaces(which);
            unread.push(Unread::new(subject, Why::new(reason, detail)));
        };
        let of = |processes: &BTreeSet<u32>| Namespaces::OfProcesses(processes.len());
        let which = |processes: &BTreeSet<u32>| {
            let named: Vec<String> = processes.iter().take(NAMED).map(u32::to_string).collect();
            let more = if processes.len() > NAMED { " ..." } else { "" };
            format!("pid {}{more}", named.join(" "))
        };
        if let Some(errno) = self.unlisted {
            let detail = format!("/proc cannot be listed ({errno})");
            report(Namespaces::OfAllProcesses, Reason::Unsupported, &detail);
        }
        if !self.closed.is_empty() {
            let takes = "it needs root, with CAP_SYS_PTRACE and every capability that they have";
            let detail = format!("they may not be inspected ({}): {takes}", which(&self.closed));
            report(of(&self.closed), Reason::Denied, &detail);
        }
        if !self.late.is_empty() {
            let detail = format!("there was no time left to inspect them ({})", which(&self.late));
            report(of(&self.late), Reason::TimedOut, &detail);
        }
        let hidden = Namespaces::OfHiddenProcesses;
        let first = |process: &str| {
            link(&self.proc, &format!("{process}/ns/pid"))
                .is_ok_and(|namespace| namespace == FIRST_PID_NAMESPACE)
        };
        let of_first = rustix::fs::statat(&self.proc, "1", AtFlags::empty());
        if matches!(of_first, Err(Errno::NOENT)) {
            report(hidden, Reason::Denied, "/proc hides processes (hidepid); run as root");
        } else if !first("self") && !first("1") {
            let detail = "processes outside this pid namespace are not visible; run on the host, \
                          or in a container that shares its processes (docker run --pid=host)";
            report(hidden, Reason::Unsupported, detail);
        }
        if self.more {
            let detail = format!("there are more than {MOST}");
            report(Namespaces::All, Reason::Truncated, &detail);
        }
        if self.cut {
            let detail = format!("a table of mounts holds more than {MOUNTINFO} bytes");
            report(Namespaces::Mounted, Reason::Truncated, &detail);
        }
        unread
    }
}

impl FoundNamespace {
    fn name(&mut self, path: &Path) {
        let name = path.to_string_lossy();
        if self.named.len() < WAYS && !self.named.iter().any(|known| *known == name) {
            self.named.push(name.into_owned());
        }
    }
}

fn link(folder: impl AsFd, name: &str) -> rustix::io::Result<Vec<u8>> {
    rustix::fs::readlinkat(folder, name, Vec::new()).map(std::ffi::CString::into_bytes)
}

/// The numbers in a folder of /proc, ascending.
fn list(folder: impl AsFd, name: &str) -> rustix::io::Result<Vec<u32>> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let opened = rustix::fs::openat(folder, name, flags, Mode::empty())?;
    let mut numbers: Vec<u32> = Vec::new();
    let mut buffer = [MaybeUninit::uninit(); 4096];
    let mut entries = RawDir::new(opened, &mut buffer);
    while let Some(entry) = entries.next() {
        numbers.extend(entry?.file_name().to_str().ok().and_then(|name| name.parse::<u32>().ok()));
    }
    numbers.sort_unstable();
    Ok(numbers)
}
