//! The system calls that change something, refused. It is a list of what is forbidden and not of
//! what is allowed: a call that a C library or a kernel of tomorrow needs must not cost a reading.

// numbers of system calls are 32 bits wide on some systems
#![allow(clippy::useless_conversion)]

use std::collections::BTreeMap;
use std::env::consts::ARCH;

use rustix::thread::{SecureComputingMode, secure_computing_mode};
use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition,
    SeccompFilter, SeccompRule,
};

/// They have no use for a reader, whatever their arguments.
const FORBIDDEN: &[libc::c_long] = &[
    // programs and other processes
    libc::SYS_execve,
    libc::SYS_execveat,
    libc::SYS_kill,
    libc::SYS_pidfd_send_signal,
    libc::SYS_process_vm_writev,
    libc::SYS_ptrace,
    libc::SYS_rt_sigqueueinfo,
    // files
    libc::SYS_fallocate,
    libc::SYS_fchmod,
    libc::SYS_fchmodat,
    libc::SYS_fchown,
    libc::SYS_fchownat,
    libc::SYS_fremovexattr,
    libc::SYS_fsetxattr,
    libc::SYS_ftruncate,
    libc::SYS_linkat,
    libc::SYS_lremovexattr,
    libc::SYS_lsetxattr,
    libc::SYS_mkdirat,
    libc::SYS_mknodat,
    libc::SYS_open_by_handle_at,
    libc::SYS_removexattr,
    libc::SYS_renameat2,
    libc::SYS_setxattr,
    libc::SYS_symlinkat,
    libc::SYS_truncate,
    libc::SYS_unlinkat,
    libc::SYS_utimensat,
    // the network
    libc::SYS_accept4,
    libc::SYS_listen,
    libc::SYS_socketpair,
    // the system
    libc::SYS_add_key,
    libc::SYS_bpf,
    libc::SYS_chroot,
    libc::SYS_clock_settime,
    libc::SYS_delete_module,
    libc::SYS_finit_module,
    libc::SYS_init_module,
    libc::SYS_io_uring_setup,
    libc::SYS_kexec_load,
    libc::SYS_keyctl,
    libc::SYS_mount,
    libc::SYS_move_mount,
    libc::SYS_perf_event_open,
    libc::SYS_pivot_root,
    libc::SYS_reboot,
    libc::SYS_setdomainname,
    libc::SYS_sethostname,
    libc::SYS_settimeofday,
    libc::SYS_swapoff,
    libc::SYS_swapon,
    libc::SYS_umount2,
];

/// The same calls by their older names, which newer architectures do not have.
#[cfg(target_arch = "x86_64")]
const OLDER: &[libc::c_long] = &[
    libc::SYS_chmod,
    libc::SYS_chown,
    libc::SYS_creat,
    libc::SYS_lchown,
    libc::SYS_link,
    libc::SYS_mkdir,
    libc::SYS_mknod,
    libc::SYS_rename,
    libc::SYS_renameat,
    libc::SYS_rmdir,
    libc::SYS_symlink,
    libc::SYS_unlink,
];
#[cfg(target_arch = "aarch64")]
const OLDER: &[libc::c_long] = &[libc::SYS_renameat];
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
const OLDER: &[libc::c_long] = &[];

/// Whether no filter holds this thread yet.
pub(super) fn is_first() -> bool {
    matches!(secure_computing_mode(), Ok(SecureComputingMode::Disabled))
}

/// Whether the kernel took the filter.
pub(super) fn apply() -> bool {
    program().is_ok_and(|program| seccompiler::apply_filter(&program).is_ok())
}

fn program() -> Result<BpfProgram, BackendError> {
    let mut calls: BTreeMap<i64, Vec<SeccompRule>> =
        FORBIDDEN.iter().chain(OLDER).map(|&call| (i64::from(call), Vec::new())).collect();
    calls.insert(i64::from(libc::SYS_openat), writing(2)?);
    #[cfg(target_arch = "x86_64")]
    calls.insert(i64::from(libc::SYS_open), writing(1)?);
    let family = argument(0, SeccompCmpOp::Ne, libc::AF_NETLINK)?;
    calls.insert(i64::from(libc::SYS_socket), vec![SeccompRule::new(vec![family])?]);
    let refuse = SeccompAction::Errno(libc::EPERM.unsigned_abs());
    let filter = SeccompFilter::new(calls, SeccompAction::Allow, refuse, ARCH.try_into()?)?;
    filter.try_into()
}

/// Opens that write or make a file; the flags are in that argument.
fn writing(flags: u8) -> Result<Vec<SeccompRule>, BackendError> {
    [libc::O_WRONLY, libc::O_RDWR, libc::O_CREAT, libc::O_TRUNC]
        .into_iter()
        .map(|bit| {
            let op = SeccompCmpOp::MaskedEq(u64::from(bit.unsigned_abs()));
            SeccompRule::new(vec![argument(flags, op, bit)?])
        })
        .collect()
}

fn argument(at: u8, op: SeccompCmpOp, value: i32) -> Result<SeccompCondition, BackendError> {
    SeccompCondition::new(at, SeccompCmpArgLen::Dword, op, u64::from(value.unsigned_abs()))
}
