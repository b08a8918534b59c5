//! Linux: three sysctls of the network namespace, sock_diag for the listeners, uname and
//! os-release.

pub(super) mod allocator;
mod answers;
pub(super) mod boot;
mod defaults;
pub(super) mod holders;
mod host;
mod initial;
mod listeners;
mod namespaces;
mod nat;
mod other_transports;
mod owners;
mod room;
mod scope;
mod sysctl;
mod time_wait;
mod usage;
mod version;

use super::system::{Support, System, Way};
use crate::ask::Ask;
use crate::needs::Needs;
use crate::snapshot::Os;
use crate::snapshot::{Environment, ScopeKind, ScopeName, Snapshot};
use crate::unread::Subject;
pub(super) use listeners::find_owners;
use scope::Kernel;
pub(super) use usage::find_busiest_users;

pub(super) static SYSTEM: System = System {
    os: Os::Linux,
    title: "Linux",
    support: Support::new(Way::Live, Way::Live, Way::Live, Way::Live),
    kernel: Some("Linux"),
    signs: &["net.ipv4."],
    read,
    persisted: boot::wanted,
    boot: boot::read,
};

const NAMESPACE: &str = "/proc/thread-self/ns/net";

pub(super) fn read(ask: &dyn Ask, needs: &Needs) -> Snapshot {
    let mut notes = Vec::new();
    let (host, version) = host::read(ask, &mut notes);
    let kernel = Kernel::new(&host, version);
    let id = answers::link(ask, NAMESPACE, Subject::NamespaceId, &mut notes);
    let id_of_host = initial::network_namespace(ask, version);

    let is_host = id.is_some() && id == id_of_host;
    let id = id.unwrap_or_else(|| "net:unknown".to_owned());
    let mut own = scope::read(ask, &kernel, id, None, needs.depth, notes);
    if is_host {
        own.names.push(ScopeName::Host);
    }
    let mut scopes = vec![own];
    let unread_scopes = needs.all_namespaces.then(|| {
        let of_host = id_of_host.as_deref();
        namespaces::read(ask, &kernel, of_host, needs.depth, &mut scopes)
            .unwrap_or_else(super::no_tour)
    });
    let contained =
        matches!(host.environment, Some(Environment::Container(_) | Environment::Gvisor));
    for scope in &mut scopes {
        scope.kind = match namespaces::kind(&scope.names) {
            ScopeKind::Host => ScopeKind::Host,
            _ if scope.current && contained => ScopeKind::Container,
            kind => kind,
        };
    }
    scopes.sort_by(|a, b| a.id.cmp(&b.id));
    Snapshot { host, scopes, unread_scopes, held: Vec::new() }
}
