//! Rights that the program has and its caller has not.

use rustix::process::{getegid, geteuid, getgid, getuid};

#[cfg(target_os = "linux")]
pub(super) fn has_gained_rights() -> bool {
    const AT_SECURE: u64 = 23;
    match procfs::process::Process::myself().and_then(|own| own.auxv()) {
        Ok(vector) => vector.get(&AT_SECURE) != Some(&0),
        // Without /proc there is still what makes the kernel set it (`cap_bprm_creds_from_file`,
        // security/commoncap.c).
        Err(procfs::ProcError::NotFound(_)) => {
            let capable = rustix::thread::capabilities(None);
            ids_differ()
                || !geteuid().is_root() && !capable.is_ok_and(|own| own.permitted.is_empty())
        }
        // A program with gained rights may not look at itself.
        Err(_) => true,
    }
}

/// The same by the user and the group.
#[cfg(not(target_os = "linux"))]
pub(super) fn has_gained_rights() -> bool {
    ids_differ()
}

fn ids_differ() -> bool {
    getuid() != geteuid() || getgid() != getegid()
}
