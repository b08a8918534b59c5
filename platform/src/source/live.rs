//! The running system; the only code that knows which OS it is compiled for. Each system's file has the same two names.

#[cfg_attr(target_os = "linux", path = "live/linux/mod.rs")]
#[cfg_attr(any(target_os = "freebsd", target_os = "macos"), path = "live/sysctl_call.rs")]
#[cfg_attr(
    any(target_os = "openbsd", target_os = "netbsd", target_os = "dragonfly"),
    path = "live/sysctl_program.rs"
)]
#[cfg_attr(
    not(any(
        target_os = "linux",
        target_os = "freebsd",
        target_os = "macos",
        target_os = "openbsd",
        target_os = "netbsd",
        target_os = "dragonfly"
    )),
    path = "live/elsewhere.rs"
)]
mod system;

// Its tests need a program that is on every Unix, not a BSD.
#[cfg(any(target_os = "openbsd", target_os = "netbsd", target_os = "dragonfly", all(test, unix)))]
mod program;

pub(crate) use system::LIVE_OS;
pub use system::answer;
