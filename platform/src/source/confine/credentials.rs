//! Who the reading thread is. All these calls are of one thread, and so is what they change.

use rustix::io;
use rustix::process::{Gid, Uid, geteuid};
use rustix::thread::{
    CapabilitySet, CapabilitySets, capabilities, set_capabilities, set_keep_capabilities,
    set_no_new_privs, set_thread_groups, set_thread_res_gid, set_thread_res_uid,
};

use super::ConfinedTo;

/// nobody, who owns no file.
const NOBODY: u32 = 65534;

/// Whether this thread has given up what the reading does not need.
pub(super) fn reduce(reach: ConfinedTo) -> bool {
    try_reduce(needed(reach)).is_ok_and(|done| done)
}

/// Reads what root reads: processes of all users, and files whatever their mode.
fn needed(reach: ConfinedTo) -> CapabilitySet {
    let reading = CapabilitySet::SYS_PTRACE | CapabilitySet::DAC_READ_SEARCH;
    match reach {
        ConfinedTo::Host => reading,
        ConfinedTo::Namespaces => reading | CapabilitySet::SYS_ADMIN,
    }
}

/// `false` where root lacks one of those capabilities, as in a container: there it reads by being
/// root, and as nobody it would read less.
fn try_reduce(needed: CapabilitySet) -> io::Result<bool> {
    let own = capabilities(None)?;
    // A call that changes nothing: were it refused below, the thread would be left with nothing.
    set_capabilities(None, own)?;
    set_no_new_privs(true)?;
    if geteuid().is_root() {
        if !own.effective.contains(needed) {
            return Ok(false);
        }
        set_keep_capabilities(true)?;
        set_thread_groups(&[])?;
        let group = Gid::from_raw(NOBODY);
        set_thread_res_gid(group, group, group)?;
        let user = Uid::from_raw(NOBODY);
        set_thread_res_uid(user, user, user)?;
    }
    let kept = own.permitted & needed;
    let effective = own.effective & needed;
    let none = CapabilitySet::empty();
    set_capabilities(None, CapabilitySets { effective, permitted: kept, inheritable: none })?;
    Ok(true)
}
