//! Which processes hold given sockets: a walk over /proc/PID/fd (proc_pid_fd(5)).

use std::fs;
use std::io::ErrorKind;
use std::time::{Duration, Instant};

use procfs::ProcError;
use procfs::process::{FDTarget, Process};

use crate::ask::{Refusal, SocketOwners};
use crate::snapshot::{Reason, Why};

/// How long the walk may take.
const PATIENCE: Duration = Duration::from_secs(3);

/// The holders of the sockets with these inodes.
///
/// Processes of this thread's network namespace come first, and of these the ones with few
/// descriptors, since a service with one listener has few and a proxy with 100,000 has none that
/// matters; the walk ends with the last inode found. None is left out: a socket may be held by a
/// process that has moved to another namespace, or that runs as another user than the one who made
/// it.
pub(super) fn owners(inodes: &[u64]) -> Result<SocketOwners, Refusal> {
    let began = Instant::now();
    let mut wanted = inodes.to_vec();
    wanted.sort_unstable();
    wanted.dedup();
    let mut owners = SocketOwners::default();

    let namespace = |process: &str| fs::read_link(format!("/proc/{process}/ns/net"));
    let here = namespace("thread-self");
    let mut in_order = Vec::new();
    for pid in pids()? {
        if began.elapsed() > PATIENCE {
            owners.late = true;
            break;
        }
        let descriptors = match fs::metadata(format!("/proc/{pid}/fd")) {
            Ok(descriptors) => descriptors.len(),
            // A process that has gone since is nobody's loss.
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(_) => {
                owners.unreadable += 1;
                continue;
            }
        };
        // Whoever started this process may have handed its sockets on to it.
        let own = pid.unsigned_abs() == std::process::id();
        let elsewhere = match (&here, namespace(&pid.to_string())) {
            (Ok(here), Ok(there)) => *here != there,
            _ => true,
        };
        in_order.push(((own, elsewhere, descriptors), pid));
    }
    // st_size is the number of descriptors since Linux 6.2 (commit f1f1f2569901), and always 0
    // before.
    if in_order.iter().any(|((_, _, descriptors), _)| *descriptors > 0) {
        in_order.retain(|((_, _, descriptors), _)| *descriptors > 0);
    }
    in_order.sort_unstable();

    'walk: for (_, pid) in in_order {
        let opened = Process::new(pid).and_then(|process| Ok((process.fd()?, process)));
        let (descriptors, process) = match opened {
            Ok(opened) => opened,
            Err(ProcError::NotFound(_)) => continue,
            Err(_) => {
                owners.unreadable += 1;
                continue;
            }
        };
        for descriptor in descriptors {
            if wanted.is_empty() {
                break 'walk;
            }
            if began.elapsed() > PATIENCE {
                owners.late = true;
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
                    let name = name.trim_ascii_end().to_vec();
                    owners.found.push((inode, pid.unsigned_abs(), name));
                    wanted.remove(at);
                }
                Err(_) => owners.unreadable += 1,
            }
        }
    }
    Ok(owners)
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
