//! Which processes hold given sockets: a walk over /proc/PID/fd (proc_pid_fd(5)).

use std::fs;
use std::io::ErrorKind;
use std::time::{Duration, Instant};

use procfs::ProcError;
use procfs::process::{FDTarget, Process};

use super::command_line;
use super::namespaces::FIRST_PID_NAMESPACE;
use crate::ask::{Refusal, SocketOwners};
use crate::ports::PortSet;
use crate::snapshot::{Reason, Why};

/// How long the walk may take.
const PATIENCE: Duration = Duration::from_secs(3);
/// How much of a command line is looked at, in bytes.
const COMMAND_LINE: u64 = 4096;
/// The first process: of systemd, which opens the sockets of its units itself.
const INIT: i32 = 1;

/// The holders of the sockets with these inodes.
///
/// Processes of this thread's network namespace come first, and of these the ones with few
/// descriptors, since a service with one listener has few and a proxy with 100,000 has none that
/// matters; the walk ends with the last inode found. None is left out: a socket may be held by a
/// process that has moved to another namespace, or that runs as another user than the one who made
/// it. systemd comes last, since it keeps what it has handed on to a service.
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
        in_order.push(((own, pid == INIT, elsewhere, descriptors), pid));
    }
    // Only who may look into the first process of all may look into every other.
    owners.whole_host = in_order.iter().any(|(_, pid)| *pid == INIT)
        && fs::read_link("/proc/self/ns/pid")
            .is_ok_and(|namespace| namespace.as_os_str().as_encoded_bytes() == FIRST_PID_NAMESPACE);
    // st_size is the number of descriptors since Linux 6.2 (commit f1f1f2569901), and always 0
    // before.
    if in_order.iter().any(|((.., descriptors), _)| *descriptors > 0) {
        in_order.retain(|((.., descriptors), _)| *descriptors > 0);
    }
    in_order.sort_unstable();
    owners.of_socket_units = of_socket_units(&wanted);

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
        let mut name = None;
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
            let Some(name) = name.get_or_insert_with(|| comm(&process)).as_deref() else {
                owners.unreadable += 1;
                continue;
            };
            if owners.found.last().is_none_or(|(_, last, _)| *last != pid.unsigned_abs()) {
                let ports = named(&process).map(|ports| (pid.unsigned_abs(), ports));
                owners.on_command_lines.extend(ports);
            }
            owners.found.push((inode, pid.unsigned_abs(), name.trim_ascii_end().to_vec()));
            wanted.remove(at);
        }
    }
    Ok(owners)
}

/// Those of the sockets that systemd has open. Where that cannot be seen, none is known to be.
fn of_socket_units(wanted: &[u64]) -> Vec<u64> {
    let init = Process::new(INIT).and_then(|process| Ok((process.fd()?, process)));
    let Ok((descriptors, process)) = init else { return Vec::new() };
    if comm(&process).is_none_or(|name| name.trim_ascii_end() != b"systemd") {
        return Vec::new();
    }
    let inodes = descriptors.filter_map(|descriptor| match descriptor.ok()?.target {
        FDTarget::Socket(inode) => Some(inode),
        _ => None,
    });
    inodes.filter(|inode| wanted.binary_search(inode).is_ok()).collect()
}

/// The ports on its command line; none where it cannot be read or names none.
fn named(process: &Process) -> Option<PortSet> {
    let line = beginning(process, "cmdline", COMMAND_LINE)?;
    let cut = u64::try_from(line.len()).is_ok_and(|length| length == COMMAND_LINE);
    Some(command_line::ports(&line, cut)).filter(|ports| !ports.is_empty())
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

/// Its name; at most 16 bytes (`TASK_COMM_LEN`), but a kernel thread's may be longer.
fn comm(process: &Process) -> Option<Vec<u8>> {
    beginning(process, "comm", 256)
}

/// The first bytes of one of its files; none where it cannot be read.
fn beginning(process: &Process, file: &str, most: u64) -> Option<Vec<u8>> {
    use std::io::Read;
    let mut bytes = Vec::new();
    let file = process.open_relative(file).ok()?;
    file.take(most).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}
