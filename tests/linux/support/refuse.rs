//! System calls refused as a container's seccomp profile does.

use std::collections::BTreeMap;

use rustix::io::Errno;
use rustix::net::AddressFamily;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule,
};

/// Forbids this thread, and the programs that it starts, sockets of netlink.
pub(crate) fn forbid_netlink() {
    forbid_sockets(AddressFamily::NETLINK, Errno::ACCESS);
}

/// The same with sockets of any family.
pub(crate) fn forbid_sockets(family: AddressFamily, errno: Errno) {
    let family = u64::from(family.as_raw());
    let family = SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, family);
    let rule = SeccompRule::new(vec![family.expect("a condition")]).expect("a rule");
    // socket(2), include/uapi/asm-generic/unistd.h but on x86-64
    let call = if cfg!(target_arch = "x86_64") { 41 } else { 198 };
    forbid(call, vec![rule], errno);
}

/// Forbids this thread, and the programs that it starts, a system call: where one of the rules
/// holds, or always where there are none.
pub(crate) fn forbid(call: i64, rules: Vec<SeccompRule>, errno: Errno) {
    answer(call, rules, errno.raw_os_error().unsigned_abs());
}

/// The same with any number; with 0 the call does nothing and succeeds.
pub(crate) fn answer(call: i64, rules: Vec<SeccompRule>, errno: u32) {
    let refuse = SeccompAction::Errno(errno);
    let arch = std::env::consts::ARCH.try_into().expect("an architecture");
    let calls = BTreeMap::from([(call, rules)]);
    let filter = SeccompFilter::new(calls, SeccompAction::Allow, refuse, arch);
    let program: BpfProgram = filter.expect("a filter").try_into().expect("a program");
    seccompiler::apply_filter(&program).expect("seccomp");
}
