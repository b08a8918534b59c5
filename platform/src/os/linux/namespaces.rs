//! The other network namespaces of the host, and the names people know them by.

use super::room::Room;
use super::scope::{self, Kernel};
use crate::ask::{Ask, Place, Question};
use crate::parse::cgroup::RunBy;
use crate::reading::beginning;
use crate::snapshot::{Scope, ScopeKind, ScopeName};
use crate::unread::Unread;
use crate::usage::Depth;

/// Where ip-netns(8) and CNI put names.
const NAMED_IN: [&str; 2] = ["/run/netns/", "/var/run/netns/"];

/// Reads the namespaces that the tour goes to, names the reader's own, and tells what was left out;
/// `None` where there is no way into them.
pub(super) fn read(
    ask: &dyn Ask,
    kernel: &Kernel,
    id_of_host: Option<&str>,
    depth: Depth,
    scopes: &mut Vec<Scope>,
) -> Option<Vec<Unread>> {
    let mut visited: Vec<(Place, Scope)> = Vec::new();
    let mut room = Room::beside(scopes);
    let toured = ask.tour(&mut |place, ask| {
        let path = Some(place.path.clone());
        let scope = scope::read(ask, kernel, place.id.clone(), path, depth, Vec::new());
        // The few that come once there is no room were not entered, and take little.
        let was_full = room.is_full();
        let has_room = room.take(&scope);
        if has_room.is_continue() || was_full {
            visited.push((place, scope));
        }
        has_room
    })?;
    for scope in scopes.iter_mut().filter(|scope| scope.names.is_empty()) {
        // Whatever runs here besides is no name for it.
        let own = toured.own.clone().map(|place| Place { process: None, ..place });
        scope.names = own.iter().flat_map(|place| names(ask, place)).collect();
    }
    scopes.extend(visited.into_iter().map(|(place, mut scope)| {
        let is_host = id_of_host == Some(scope.id.as_str());
        scope.names = if is_host { vec![ScopeName::Host] } else { names(ask, &place) };
        scope
    }));
    Some(toured.unread)
}

/// The best first: the name that somebody gave it, the container or unit of its first process,
/// where else it is mounted, and what that process is called, with its id.
fn names(ask: &dyn Ask, place: &Place) -> Vec<ScopeName> {
    let of_process = |file: &str| {
        let path = format!("/proc/{}/{file}", place.process?);
        ask.ask(Question::File(&path)).outcome.ok()
    };
    // Whoever may name a process or a namespace could else pass it off as the host's.
    let others = |name: &String| !name.is_empty() && *name != ScopeName::Host.to_string();
    let given = |name: &str| {
        Some(name.to_owned()).filter(others).map(|name| ScopeName::Given(beginning(&name)))
    };
    let mut names: Vec<ScopeName> =
        place.named.iter().filter_map(|path| given(given_name(path)?)).collect();
    names.extend(of_process("cgroup").and_then(|text| run_by(&RunBy::parse(&text))));
    let elsewhere = place.named.iter().filter(|path| given_name(path).is_none());
    names.extend(elsewhere.filter_map(|path| given(path)));
    let command = of_process("comm").map(|name| {
        String::from_utf8_lossy(name.strip_suffix(b"\n").unwrap_or(&name)).into_owned()
    });
    let of_process = command
        .filter(others)
        .zip(place.process)
        .map(|(command, pid)| ScopeName::Process { command: beginning(&command), pid });
    names.extend(of_process);
    names
}

/// What a namespace is by its names; that of a container may have others too.
pub(super) fn kind(names: &[ScopeName]) -> ScopeKind {
    let of = |name: &ScopeName| match name {
        ScopeName::Host => ScopeKind::Host,
        ScopeName::Container(_) => ScopeKind::Container,
        ScopeName::Given(_) => ScopeKind::Named,
        ScopeName::Process { .. } => ScopeKind::Process,
    };
    let kinds: Vec<ScopeKind> = names.iter().map(of).collect();
    let best = ScopeKind::ALL.iter().find(|kind| kinds.contains(kind));
    best.copied().unwrap_or(ScopeKind::Unknown)
}

/// The container, or the unit where there is none; a login says nothing of what it runs.
fn run_by(found: &RunBy) -> Option<ScopeName> {
    /// How much of an id the managers of containers print.
    const SHOWN: usize = 12;
    let login = |unit: &String| unit.starts_with("session-") || unit.starts_with("user@");
    let unit = found.unit.clone().filter(|unit| !login(unit) && unit != "init.scope");
    match &found.container {
        Some(id) => Some(ScopeName::Container(beginning(id.get(..SHOWN).unwrap_or(id)))),
        None => unit.map(|unit| ScopeName::Given(beginning(&unit))),
    }
}

fn given_name(path: &str) -> Option<&str> {
    NAMED_IN.iter().find_map(|folder| path.strip_prefix(folder))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ask::{Answer, Refusal};
    use crate::snapshot::Source;

    fn named(paths: &[&str], cgroup: &str, comm: &str) -> Vec<String> {
        let ask = |question: Question<'_>| {
            let outcome = match question {
                Question::File("/proc/7/cgroup") => Ok(cgroup.into()),
                Question::File("/proc/7/comm") => Ok(comm.into()),
                _ => Err(Refusal::NotFound("x".to_owned())),
            };
            Answer::new(Source::File("x".into()), outcome)
        };
        let named = paths.iter().map(ToString::to_string).collect();
        let place = Place { named, process: Some(7), ..Place::default() };
        names(&ask, &place).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_best_name_goes_first() {
        let paths = ["/run/docker/netns/1a2b", "/run/netns/web", "/var/run/netns/cni-1"];
        let all = named(&paths, "0::/system.slice/x.service\n", "java\n");
        assert_eq!(all, ["web", "cni-1", "x.service", "/run/docker/netns/1a2b", "java (pid 7)"]);
        let id = "3f2a9c0d1e4b5f6a7b8c9d0e1f2a3b4c5d6e7f8091a2b3c4d5e6f70819a2b3c4";
        let docker = format!("0::/system.slice/docker-{id}.scope\n");
        assert_eq!(named(&[], &docker, "java\n"), ["container 3f2a9c0d1e4b", "java (pid 7)"]);
        let login = "0::/user.slice/user-0.slice/session-3.scope\n";
        assert_eq!(named(&[], login, "java\n"), ["java (pid 7)"]);
    }

    #[test]
    fn nobody_is_called_host_who_is_not() {
        assert_eq!(named(&["/run/netns/host"], "", "host\n"), [""; 0]);
    }
}
