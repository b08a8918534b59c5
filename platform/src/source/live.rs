//! The running system; the only code that knows which OS it is compiled for. Each system's file has
//! the same two names.

#[cfg_attr(target_os = "linux", path = "live/linux/mod.rs")]
#[cfg_attr(any(target_os = "freebsd", target_os = "macos"), path = "live/sysctl_call.rs")]
#[cfg_attr(
    any(target_os = "openbsd", target_os = "netbsd", target_os = "dragonfly"),
    path = "live/sysctl_program.rs"
)]
#[cfg_attr(any(target_os = "illumos", target_os = "solaris"), path = "live/ipadm.rs")]
#[cfg_attr(target_os = "windows", path = "live/windows.rs")]
#[cfg_attr(
    not(any(
        target_os = "linux",
        target_os = "freebsd",
        target_os = "macos",
        target_os = "openbsd",
        target_os = "netbsd",
        target_os = "dragonfly",
        target_os = "illumos",
        target_os = "solaris",
        target_os = "windows"
    )),
    path = "live/elsewhere.rs"
)]
mod system;

#[cfg(not(target_os = "linux"))]
#[cfg_attr(any(target_os = "macos", windows), path = "live/netstat.rs")]
#[cfg_attr(not(any(target_os = "macos", windows)), path = "live/no_listeners.rs")]
mod listeners;

// Its tests need programs that are on every Unix.
#[cfg(any(
    target_os = "openbsd",
    target_os = "netbsd",
    target_os = "dragonfly",
    target_os = "illumos",
    target_os = "solaris",
    target_os = "windows",
    all(test, unix)
))]
mod program;

pub(crate) use system::LIVE_OS;
#[cfg(target_os = "linux")]
pub(crate) use system::TOUR;
pub use system::answer;
#[cfg(target_os = "linux")]
pub use system::draw;
#[cfg(fuzzing)]
pub(crate) use system::kernel_takes_filter;

/// What this system is not asked for.
#[cfg(not(target_os = "linux"))]
pub fn draw(_wish: crate::draw::Wish, _count: u32) -> crate::draw::Given {
    use crate::snapshot::{Reason, Why};

    let why = Why::new(Reason::Unsupported, "ports are requested from the kernel on Linux only");
    crate::draw::Given::Ports(Vec::new(), Some(why))
}

/// The way into other namespaces.
#[cfg(not(target_os = "linux"))]
pub(crate) const TOUR: Option<&crate::ask::Tour<'static>> = None;

/// What this system's reader does not ask.
#[cfg(not(target_os = "linux"))]
fn unasked() -> crate::ask::Answer {
    use crate::ask::{Answer, Refusal};
    use crate::snapshot::{Reason, Source, Why};

    let why = Why::new(Reason::Unsupported, "this is not read on this system");
    Answer::new(Source::Command(std::env::consts::OS.into()), Err(Refusal::Failed(why)))
}
