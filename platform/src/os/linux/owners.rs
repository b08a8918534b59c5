//! Which process holds a socket, and what runs that process.

use crate::ask::{Ask, Question, Refusal, SocketOwners};
use crate::parse::cgroup::RunBy;
use crate::reading::beginning;
use crate::snapshot::{Owner, Reason, Why};

/// One search for the holders of several sockets.
pub(super) struct OwnerSearch<'a> {
    ask: &'a dyn Ask,
    owners: Result<SocketOwners, Why>,
    /// Of the processes told so far.
    run_by: Vec<(u32, RunBy)>,
}

impl<'a> OwnerSearch<'a> {
    /// Searches for the holders of the sockets with these inodes.
    pub(super) fn new(ask: &'a dyn Ask, inodes: &[u64]) -> Self {
        let owners = match inodes {
            [] => Ok(SocketOwners::default()),
            inodes => ask.owners(inodes).outcome.map_err(Refusal::why),
        };
        Self { ask, owners, run_by: Vec::new() }
    }

    /// The holder of the sockets with these inodes.
    pub(super) fn owner(&mut self, inodes: &[u64]) -> Owner {
        let mut owner = match &self.owners {
            Ok(owners) => owner(inodes, owners),
            Err(why) => Owner::Unseen(why.clone()),
        };
        if let Owner::Known { pid, unit, container, .. } = &mut owner {
            let run_by = self.run_by(*pid);
            (*unit, *container) = (run_by.unit, run_by.container);
        }
        owner
    }

    /// Whether a socket that is still there and was not found is the kernel's own.
    pub(super) fn is_whole(&self) -> bool {
        let whole =
            |owners: &SocketOwners| owners.whole_host && !owners.late && owners.unreadable == 0;
        self.owners.as_ref().is_ok_and(whole)
    }

    /// Whether systemd has one of these sockets open for a unit.
    pub(super) fn of_socket_unit(&self, inodes: &[u64]) -> bool {
        let open = |owners: &SocketOwners| {
            owners.of_socket_units.iter().any(|inode| inodes.contains(inode))
        };
        self.owners.as_ref().is_ok_and(open)
    }

    /// Whether the command line of a process that holds one of these sockets names the port.
    pub(super) fn on_command_line(&self, inodes: &[u64], port: u16) -> bool {
        let Ok(SocketOwners { found, on_command_lines, .. }) = &self.owners else { return false };
        let mut naming =
            on_command_lines.iter().filter(|(_, ports)| ports.contains(port)).peekable();
        naming.peek().is_some()
            && naming.any(|(pid, _)| {
                found.iter().any(|(inode, by, _)| by == pid && inodes.contains(inode))
            })
    }

    /// What is not told is left out: a process may end while it is asked after.
    fn run_by(&mut self, pid: u32) -> RunBy {
        if let Some((_, known)) = self.run_by.iter().find(|(known, _)| *known == pid) {
            return known.clone();
        }
        let answer = self.ask.ask(Question::File(&format!("/proc/{pid}/cgroup")));
        let run_by = answer.outcome.map_or_else(|_| RunBy::default(), |text| RunBy::parse(&text));
        self.run_by.push((pid, run_by.clone()));
        run_by
    }
}

fn owner(inodes: &[u64], owners: &SocketOwners) -> Owner {
    if inodes.is_empty() {
        return Owner::Unseen(Why::new(
            Reason::Unsupported,
            "the socket has no inode: the kernel itself holds it",
        ));
    }
    if let Some((_, pid, command)) = owners.found.iter().find(|(inode, ..)| inodes.contains(inode))
    {
        let command = Some(beginning(&String::from_utf8_lossy(command)));
        return Owner::Known { pid: *pid, command, unit: None, container: None };
    }
    Owner::Unseen(if owners.late {
        Why::new(Reason::TimedOut, "the search through every process's descriptors took too long")
    } else if owners.unreadable > 0 {
        Why::new(
            Reason::Denied,
            format!(
                "the descriptors of {} processes may not be read (run as root)",
                owners.unreadable
            ),
        )
    } else {
        Why::new(
            Reason::Unsupported,
            "no process visible here holds it (hidepid, or another pid namespace)",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ask::{Answer, Reply};
    use crate::snapshot::Source;

    /// Three sockets of two processes, one of which has ended since.
    #[derive(Default)]
    struct Host {
        asked: std::cell::Cell<u32>,
    }

    impl Ask for Host {
        fn ask(&self, question: Question<'_>) -> Answer {
            let outcome = match question {
                Question::File("/proc/812/cgroup") => {
                    self.asked.set(self.asked.get() + 1);
                    Ok(b"0::/system.slice/web.service\n".to_vec())
                }
                _ => Err(Refusal::NotFound("gone".to_owned())),
            };
            Answer::new(Source::File("/proc".into()), outcome)
        }

        fn owners(&self, _: &[u64]) -> Reply<SocketOwners> {
            let found =
                [(7, 812), (8, 812), (9, 813)].map(|(inode, pid)| (inode, pid, b"web".into()));
            let owners = SocketOwners { found: found.into(), ..SocketOwners::default() };
            Reply::new(Source::File("/proc".into()), Ok(owners))
        }
    }

    #[test]
    fn an_owner_that_is_not_seen_has_its_reason() {
        let reason = |inodes: &[u64], owners: SocketOwners| match owner(inodes, &owners) {
            Owner::Unseen(why) => why.reason,
            other => panic!("{other:?}"),
        };
        assert_eq!(reason(&[], SocketOwners::default()), Reason::Unsupported);
        assert_eq!(reason(&[7], SocketOwners::default()), Reason::Unsupported);
        assert_eq!(
            reason(&[7], SocketOwners { unreadable: 1, ..SocketOwners::default() }),
            Reason::Denied
        );
        assert_eq!(
            reason(&[7], SocketOwners { late: true, ..SocketOwners::default() }),
            Reason::TimedOut
        );
        let found = SocketOwners {
            found: vec![(7, 1, b"init".to_vec())],
            late: true,
            ..SocketOwners::default()
        };
        let command = Some("init".to_owned());
        assert_eq!(
            owner(&[6, 7], &found),
            Owner::Known { pid: 1, command, unit: None, container: None }
        );
    }

    #[test]
    fn the_unit_of_an_owner_is_asked_for_once() {
        let host = Host::default();
        let mut search = OwnerSearch::new(&host, &[7, 8, 9]);
        let unit = |owner: Owner| match owner {
            Owner::Known { unit, .. } => unit,
            other => panic!("{other:?}"),
        };
        assert_eq!(unit(search.owner(&[7])).as_deref(), Some("web.service"));
        assert_eq!(unit(search.owner(&[8])).as_deref(), Some("web.service"));
        assert_eq!(unit(search.owner(&[9])), None, "the process has ended since");
        assert_eq!(host.asked.get(), 1);
    }
}
