//! The running system; the only code that knows which OS it is compiled for.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
pub(crate) use linux::LIVE_OS;
#[cfg(target_os = "linux")]
pub use linux::answer;

#[cfg(any(target_os = "freebsd", target_os = "macos"))]
mod sysctl_call;
#[cfg(any(target_os = "freebsd", target_os = "macos"))]
pub(crate) use sysctl_call::LIVE_OS;
#[cfg(any(target_os = "freebsd", target_os = "macos"))]
pub use sysctl_call::answer;

#[cfg(any(target_os = "openbsd", target_os = "netbsd", target_os = "dragonfly"))]
mod sysctl_program;
#[cfg(any(target_os = "openbsd", target_os = "netbsd", target_os = "dragonfly"))]
pub(crate) use sysctl_program::LIVE_OS;
#[cfg(any(target_os = "openbsd", target_os = "netbsd", target_os = "dragonfly"))]
pub use sysctl_program::answer;

// Its tests need a program that is on every Unix, not a BSD.
#[cfg(any(target_os = "openbsd", target_os = "netbsd", target_os = "dragonfly", all(test, unix)))]
mod program;

#[cfg(not(any(
    target_os = "linux",
    target_os = "freebsd",
    target_os = "macos",
    target_os = "openbsd",
    target_os = "netbsd",
    target_os = "dragonfly"
)))]
mod elsewhere;
#[cfg(not(any(
    target_os = "linux",
    target_os = "freebsd",
    target_os = "macos",
    target_os = "openbsd",
    target_os = "netbsd",
    target_os = "dragonfly"
)))]
pub(crate) use elsewhere::LIVE_OS;
#[cfg(not(any(
    target_os = "linux",
    target_os = "freebsd",
    target_os = "macos",
    target_os = "openbsd",
    target_os = "netbsd",
    target_os = "dragonfly"
)))]
pub use elsewhere::answer;
