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
#[cfg_attr(
    any(
        target_os = "freebsd",
        target_os = "openbsd",
        target_os = "netbsd",
        target_os = "dragonfly",
        target_os = "illumos",
        target_os = "solaris"
    ),
    path = "live/netstat_program.rs"
)]
#[cfg_attr(
    not(any(
        target_os = "macos",
        windows,
        target_os = "freebsd",
        target_os = "openbsd",
        target_os = "netbsd",
        target_os = "dragonfly",
        target_os = "illumos",
        target_os = "solaris"
    )),
    path = "live/no_listeners.rs"
)]
mod listeners;

#[cfg(any(
    target_os = "freebsd",
    target_os = "openbsd",
    target_os = "netbsd",
    target_os = "dragonfly",
    target_os = "illumos",
    target_os = "solaris",
    test
))]
mod netstat_text;

// Its tests need programs that are on every Unix.
#[cfg(any(
    target_os = "freebsd",
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
pub use system::Live;
#[cfg(fuzzing)]
pub(crate) use system::kernel_takes_filter;

/// The files that settings persist in, of the running system.
fn persisted(os: crate::snapshot::Os) -> Result<crate::persisted::Persisted, crate::snapshot::Why> {
    use crate::snapshot::{Reason, Why};

    let root = super::Folder::open(std::path::Path::new("/"));
    let why = |error| Why::new(Reason::Unsupported, format!("/: {error}"));
    root.map(|root| root.persisted(os)).map_err(why)
}

/// The running system.
#[cfg(not(target_os = "linux"))]
#[derive(Debug, Clone, Copy)]
pub struct Live;

#[cfg(not(target_os = "linux"))]
impl crate::ask::Ask for Live {
    fn ask(&self, question: crate::ask::Question<'_>) -> crate::ask::Answer {
        system::answer(question)
    }

    fn listeners(
        &self,
        family: crate::snapshot::Family,
        transport: crate::snapshot::Transport,
    ) -> crate::ask::Reply<crate::ask::OpenSockets> {
        listeners::listeners(family, transport)
    }

    fn persisted(
        &self,
        os: crate::snapshot::Os,
    ) -> Result<crate::persisted::Persisted, crate::snapshot::Why> {
        persisted(os)
    }
}

/// What this system's reader does not ask.
#[cfg(not(target_os = "linux"))]
fn unasked() -> crate::ask::Answer {
    crate::ask::not_read_here()
}
