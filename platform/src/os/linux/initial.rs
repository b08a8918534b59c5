//! Which namespaces are the host's own: those that the kernel began with.

use super::answers::link;
use super::version::KernelVersion;
use crate::ask::{Ask, Question, Refusal};
use crate::unread::{Subject, Unread};

/// Whose network namespace is the host's, where pid 1 is its init. Only root may see it.
const NET_OF_INIT: &str = "/proc/1/ns/net";
const MOUNTS_OF_INIT: &str = "/proc/1/ns/mnt";
const MOUNTS: &str = "/proc/self/ns/mnt";
const PROCESSES: &str = "/proc/self/ns/pid";

/// `PROC_PID_INIT_INO` (include/linux/proc_ns.h), since 3.8.
const FIRST_PID_NAMESPACE: &str = "pid:[4026531836]";
/// `NET_NS_INIT_INO` (include/uapi/linux/nsfs.h): the one number of the initial network namespace,
/// and of no other.
const FIRST_NET_NAMESPACE: &str = "net:[4026531833]";
const NET_NUMBERED_SINCE: KernelVersion = KernelVersion(6, 18, 0);

/// Whether pid 1, as the reader sees it, is the host's init: in the first pid namespace, or where
/// the kernel has no such thing. `None` where that is not visible.
pub(super) fn sees_init(ask: &dyn Ask) -> Option<bool> {
    match ask.ask(Question::Link(PROCESSES)).outcome {
        Ok(target) => Some(target == FIRST_PID_NAMESPACE.as_bytes()),
        Err(Refusal::NotFound(_)) => Some(true),
        Err(Refusal::Failed(_)) => None,
    }
}

/// Whether the reader has the files of the host's init, so that no mark of a container that lies
/// there is one of its own.
pub(super) fn has_files_of_init(ask: &dyn Ask) -> bool {
    let link = |path| ask.ask(Question::Link(path)).outcome.ok();
    sees_init(ask) == Some(true)
        && link(MOUNTS).is_some_and(|own| link(MOUNTS_OF_INIT) == Some(own))
}

/// Whether the kernel numbers the initial network namespace, so that no other can be taken for it.
pub(super) fn is_numbered(version: Option<KernelVersion>) -> bool {
    version.is_some_and(|running| running >= NET_NUMBERED_SINCE)
}

/// The id of the host's own network namespace: a fixed number since 6.18; before, that of the host's
/// init, where it may be seen.
pub(super) fn network_namespace(ask: &dyn Ask, version: Option<KernelVersion>) -> Option<String> {
    if is_numbered(version) {
        return Some(FIRST_NET_NAMESPACE.to_owned());
    }
    let notes: &mut Vec<Unread> = &mut Vec::new();
    let of_init = || link(ask, NET_OF_INIT, Subject::NamespaceOfInit, notes);
    (sees_init(ask) == Some(true)).then(of_init).flatten()
}

#[cfg(test)]
mod tests {
    use super::super::read;
    use super::*;
    use crate::Needs;
    use crate::ask::Answer;
    use crate::snapshot::{ScopeKind, Snapshot, Source};

    const FIRST: &str = FIRST_PID_NAMESPACE;
    const OF_A_POD: &str = "pid:[4026532177]";

    /// What is made of a reader in these namespaces: processes, network, mounts, and what pid 1 has
    /// of the latter two; `mark` is a file in its root.
    fn host(release: &str, own: [&str; 3], of_init: [&str; 2], mark: Option<&str>) -> Snapshot {
        let ask = |question: Question<'_>| {
            let text = match question {
                Question::Uname => Some(format!("Linux\0web1\0{release}\0#1\0x86_64\0")),
                Question::Link(PROCESSES) => Some(own[0].to_owned()),
                Question::Link("/proc/thread-self/ns/net") => Some(own[1].to_owned()),
                Question::Link(MOUNTS) => Some(own[2].to_owned()),
                Question::Link(NET_OF_INIT) => Some(of_init[0].to_owned()),
                Question::Link(MOUNTS_OF_INIT) => Some(of_init[1].to_owned()),
                Question::File(path) if Some(path) == mark => Some(String::new()),
                _ => None,
            };
            let outcome = text.map(String::into_bytes);
            let missing = || Refusal::NotFound("test".to_owned());
            Answer::new(Source::File("test".into()), outcome.ok_or_else(missing))
        };
        read(&ask, &Needs::default())
    }

    /// The kind of its namespace, and what it runs in.
    fn judged(snapshot: &Snapshot) -> (ScopeKind, Option<String>) {
        let environment = snapshot.host.environment.as_ref().map(ToString::to_string);
        (snapshot.scopes[0].kind, environment)
    }

    #[test]
    fn a_container_without_a_mark_is_not_called_host() {
        let own = [OF_A_POD, "net:[4026532179]", "mnt:[4026532175]"];
        for release in ["6.18.44", "6.12.9", "6.1.0-28-amd64"] {
            let pod = host(release, own, [own[1], own[2]], None);
            let container = Some("container".to_owned());
            assert_eq!(judged(&pod), (ScopeKind::Container, container), "{release}");
            assert!(pod.scopes[0].names.is_empty() && !pod.scopes[0].is_host());
        }
    }

    #[test]
    fn the_initial_network_namespace_is_the_hosts_whoever_looks() {
        let net = FIRST_NET_NAMESPACE;
        let kind = |release, own, of_init, mark| judged(&host(release, own, of_init, mark)).0;
        let pod = [OF_A_POD, net, "mnt:[4026532175]"];
        assert_eq!(kind("6.18.44", pod, ["net:[5]", "mnt:[6]"], None), ScopeKind::Host);
        assert_ne!(kind("6.12.9", pod, [net, "mnt:[6]"], None), ScopeKind::Host, "not numbered");
        let on_host = [FIRST, "net:[4026531840]", "mnt:[4026531841]"];
        assert_eq!(kind("6.12.9", on_host, [on_host[1], on_host[2]], None), ScopeKind::Host);
        assert_ne!(kind("6.18.44", on_host, [on_host[1], on_host[2]], None), ScopeKind::Host);
    }

    #[test]
    fn a_mark_in_the_files_of_init_is_left_from_an_image() {
        let on_host = [FIRST, FIRST_NET_NAMESPACE, "mnt:[4026531841]"];
        for mark in ["/.dockerenv", "/run/.containerenv"] {
            let stale = host("6.18.44", on_host, [on_host[1], on_host[2]], Some(mark));
            assert_eq!(judged(&stale), (ScopeKind::Host, None), "{mark}");
            // It shares the host's processes and network, and has files of its own.
            let shares = [FIRST, FIRST_NET_NAMESPACE, "mnt:[4026532175]"];
            let (kind, environment) =
                judged(&host("6.18.44", shares, [on_host[1], on_host[2]], Some(mark)));
            assert_eq!((kind, environment.is_some()), (ScopeKind::Host, true), "{mark}");
        }
    }
}
