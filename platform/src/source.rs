//! The rim: the only code that touches the system, and the only code that knows which OS it is compiled for.

#[cfg(target_os = "linux")]
mod files;
#[cfg(target_os = "linux")]
mod netlink;
#[cfg(target_os = "linux")]
mod processes;

use crate::ask::{Answer, Question};
#[cfg(target_os = "linux")]
use crate::snapshot::Transport;
use crate::snapshot::{Os, Source};

/// The OS this was compiled for.
#[cfg(target_os = "linux")]
pub(crate) const LIVE_OS: Os = Os::Linux;
/// The OS this was compiled for.
#[cfg(not(target_os = "linux"))]
pub(crate) const LIVE_OS: Os = Os::Unsupported;

/// Asks the running system.
#[cfg(target_os = "linux")]
pub fn answer(question: Question<'_>) -> Answer {
    let file = |path: String| Source::File(path.into());
    match question {
        Question::Tunable(name) => {
            let name = name.replace('.', "/");
            Answer::new(file(format!("/proc/sys/{name}")), files::sysctl(&name))
        }
        Question::File(path) => Answer::new(file(path.to_owned()), files::small_file(path)),
        Question::Link(path) => Answer::new(file(path.to_owned()), files::link(path)),
        Question::Uname => Answer::new(Source::Command("uname -a".into()), Ok(files::uname())),
        Question::SockDiag(family, transport) => {
            let asked = match transport {
                Transport::Tcp => "sock_diag: tcp in LISTEN",
                Transport::Udp => "sock_diag: udp in CLOSE",
            };
            Answer::new(Source::Netlink(asked.into()), netlink::listeners(family, transport))
        }
        Question::SocketTable(family, transport) => {
            let path = files::socket_table_path(family, transport);
            let outcome = files::socket_table(&path, transport);
            Answer::new(file(path), outcome)
        }
        Question::Owners(inodes) => {
            Answer::new(Source::File("/proc/PID/fd".into()), processes::owners(inodes))
        }
    }
}

/// Asks the running system.
#[cfg(not(target_os = "linux"))]
pub fn answer(_question: Question<'_>) -> Answer {
    use crate::ask::Refusal;
    use crate::snapshot::{Reason, Why};
    let why = Why::new(Reason::Unsupported, "no reader for this system");
    Answer::new(Source::Command(std::env::consts::OS.into()), Err(Refusal::Failed(why)))
}
