//! The rim: the only code that touches the system, and the only code that knows which OS it is compiled for.

#[cfg(target_os = "linux")]
mod files;
#[cfg(target_os = "linux")]
mod netlink;
#[cfg(target_os = "linux")]
mod processes;

use crate::ask::{Answer, Question};
use crate::snapshot::Os;

/// The OS this was compiled for.
#[cfg(target_os = "linux")]
pub(crate) const LIVE_OS: Os = Os::Linux;
/// The OS this was compiled for.
#[cfg(not(target_os = "linux"))]
pub(crate) const LIVE_OS: Os = Os::Unsupported;

/// Asks the running system.
#[cfg(target_os = "linux")]
pub fn answer(question: Question<'_>) -> Answer {
    match question {
        Question::Sysctl(path) => files::sysctl(path),
        Question::File(path) => files::small_file(path),
        Question::Link(path) => files::link(path),
        Question::Uname => Ok(files::uname()),
        Question::SockDiag(family, transport) => netlink::listeners(family, transport),
        Question::SocketTable(family, transport) => files::socket_table(family, transport),
        Question::Owners(inodes) => processes::owners(inodes),
    }
}

/// Asks the running system.
#[cfg(not(target_os = "linux"))]
pub fn answer(_question: Question<'_>) -> Answer {
    use crate::ask::Refusal;
    use crate::snapshot::{Reason, Why};
    Err(Refusal::Failed(Why::new(Reason::Unsupported, "no reader for this system")))
}
