//! Linux: procfs, netlink and uname.

mod census;
mod command_line;
mod files;
mod filter;
mod namespaces;
mod netlink;
mod probe;
mod processes;

#[cfg(fuzzing)]
pub(crate) use filter::kernel::takes as kernel_takes_filter;

use files::Proc;

use crate::ask::{Answer, Ask, CensusOf, Question, Refusal, Reply, SocketOwners, Toured, Visitor};
use crate::draw::{Given, Wish};
use crate::persisted::Persisted;
use crate::snapshot::{Os, Reason, Source, Transport, Why};
use crate::source::socket_lines::WantedLines;
use crate::usage::CensusRows;

/// The OS this was compiled for.
pub(crate) const LIVE_OS: Os = Os::Linux;

/// The running system, about the namespace of the thread that asks.
#[derive(Debug, Clone, Copy)]
pub struct Live;

impl Ask for Live {
    fn ask(&self, question: Question<'_>) -> Answer {
        Proc::of_the_system().ask(question)
    }

    fn census(&self, of: &CensusOf<'_>) -> Reply<CensusRows> {
        Proc::of_the_system().census(of)
    }

    fn owners(&self, inodes: &[u64]) -> Reply<SocketOwners> {
        Proc::of_the_system().owners(inodes)
    }

    fn persisted(&self, os: Os) -> Result<Persisted, Why> {
        super::persisted(os)
    }

    fn tour(&self, visit: &mut Visitor<'_>) -> Option<Toured> {
        Some(namespaces::tour(visit))
    }

    fn draw(&self, wish: Wish, count: u32) -> Given {
        probe::draw(wish, count)
    }
}

/// The same by a procfs of one's choice.
impl Ask for Proc {
    fn ask(&self, question: Question<'_>) -> Answer {
        answer(self, question)
    }

    fn census(&self, of: &CensusOf<'_>) -> Reply<CensusRows> {
        census::census(self, of)
    }

    fn owners(&self, inodes: &[u64]) -> Reply<SocketOwners> {
        Reply::new(Source::File("/proc/PID/fd".into()), processes::owners(inodes))
    }
}

fn answer(proc: &Proc, question: Question<'_>) -> Answer {
    let file = |path: String| Source::File(path.into());
    match question {
        Question::Tunable(name) => {
            let name = name.replace('.', "/");
            Answer::new(file(format!("/proc/sys/{name}")), proc.sysctl(&name))
        }
        Question::File(path) if path.starts_with("/proc/") => {
            Answer::new(file(path.to_owned()), proc.file(path))
        }
        Question::File(path) => Answer::new(file(path.to_owned()), files::small_file(path)),
        Question::Link(path) => Answer::new(file(path.to_owned()), files::link(path)),
        Question::Netsh(..) | Question::NetSetting(_) => {
            let why = Why::new(Reason::Unsupported, "this is read on other systems only");
            Answer::new(Source::Command("netsh".into()), Err(Refusal::Failed(why)))
        }
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
            let outcome = proc.socket_table(&path, WantedLines::Listening(transport));
            Answer::new(file(path), outcome)
        }
        Question::SockDiagOn(family, transport, ports) => {
            let plural = if ports.count() == 1 { "" } else { "s" };
            let asked = format!("sock_diag: {transport} on port{plural} {ports}");
            let outcome = netlink::sockets_on(family, transport, ports);
            Answer::new(Source::Netlink(asked.into()), outcome)
        }
        Question::SocketTableOn(family, transport, ports) => {
            let path = files::socket_table_path(family, transport);
            let outcome = proc.socket_table(&path, WantedLines::On(ports));
            Answer::new(file(path), outcome)
        }
    }
}
