//! Which processes hold given sockets: a walk over /proc/PID/fd (proc_pid_fd(5)).

use std::fs;
use std::io::ErrorKind;
use std::time::{Duration, Instant};

use procfs::ProcError;
use procfs::process::{FDTarget, Process};

use crate::ask::{Outcome, Refusal};
use crate::snapshot::{Reason, Why};

/// How long the walk may take.
const PATIENCE: Duration = Duration::from_secs(3);

/// The holders of the sockets with these inodes, as records of `parse::owners`.
///
/// Processes with few descriptors come first, since a service with one listener has few and a proxy with 100,000
/// has none that matters; the walk ends with the last inode found.
pub(super) fn owners(inodes: &[u64]) -> Outcome {
    let began = Instant::now();
    let mut wanted = inodes.to_vec();
    wanted.sort_unstable();
    wanted.dedup();
    let mut records = Vec::new();
    let mut unreadable = 0_usize;
    let mut late = false;

    let mut by_size = Vec::new();
    for pid in pids()? {
        if began.elapsed() > PATIENCE {
            late = true;
            break;
        }
        match fs::metadata(format!("/proc/{pid}/fd")) {
            Ok(descriptors) => by_size.push((descriptors.len(), pid)),
            // A process that has gone since is nobody's loss.
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(_) => unreadable += 1,
        }
    }
    // st_size is the number of descriptors since Linux 6.2 (commit f1f1f2569901), and always 0 before.
    if by_size.iter().any(|(size, _)| *size > 0) {
        by_size.retain(|(size, _)| *size > 0);
    }
    // Whoever started this process may have handed its sockets on to it.
    by_size.sort_unstable_by_key(|(size, pid)| (pid.unsigned_abs() == std::process::id(), *size));

    'walk: for (_, pid) in by_size {
        let opened = Process::new(pid).and_then(|process| Ok((process.fd()?, process)));
        let (descriptors, process) = match opened {
            Ok(opened) => opened,
            Err(ProcError::NotFound(_)) => continue,
            Err(_) => {
                unreadable += 1;
                continue;
            }
        };
        for descriptor in descriptors {
            if wanted.is_empty() {
                break 'walk;
            }
            if began.elapsed() > PATIENCE {
                late = true;
                break 'walk;
            }
            // A descriptor that was closed since is nobody's loss.
            let Ok(descriptor) = descriptor else { continue };
            let FDTarget::Socket(inode) = descriptor.target else {
                continue;
            };
            let Ok(at) = wanted.binary_search(&inode) else {
                continue;
            };
            match comm(&process) {
                Ok(name) => {
                    records.extend(format!("{inode} {pid} ").bytes());
                    records.extend(name.trim_ascii_end());
                    records.push(0);
                    wanted.remove(at);
                }
                Err(_) => unreadable += 1,
            }
        }
    }
    if unreadable > 0 {
        records.extend(format!("unreadable {unreadable}\0").bytes());
    }
    if late {
        records.extend(b"late\0");
    }
    Ok(records)
}

/// The processes of this pid namespace, as far as /proc shows them.
fn pids() -> Result<Vec<i32>, Refusal> {
    let unlisted = |error: std::io::Error| {
        Refusal::Failed(Why::new(Reason::Unsupported, format!("/proc cannot be listed ({error})")))
    };
    let mut pids = Vec::new();
    for entry in fs::read_dir("/proc").map_err(unlisted)? {
        let name = entry.map_err(unlisted)?.file_name();
        pids.extend(name.to_str().and_then(|name| name.parse::<i32>().ok()));
    }
    Ok(pids)
}

fn comm(process: &Process) -> Result<Vec<u8>, ProcError> {
    use std::io::Read;
    // at most 16 bytes (TASK_COMM_LEN), but a kernel thread's may be longer
    let mut name = Vec::new();
    process.open_relative("comm")?.take(256).read_to_end(&mut name).map_err(ProcError::from)?;
    Ok(name)
}
