//! Transports beside TCP and UDP that draw from the same range and keep to the same list: SCTP
//! (`sctp_get_port_local`, net/sctp/socket.c) and UDP-Lite (`udp_lib_get_port`). Their sockets are
//! seen, and nobody judges them: where they are in the pool, it is not known whether they are
//! services.

use crate::ask::{Answer, Ask, Question, Refusal};
use crate::parse::{sctp, socket_table};
use crate::ports::{PortRange, PortSet};
use crate::snapshot::{Reason, Scope, Transport, Why};
use crate::unread::{Subject, Unread};

/// The ports of its sockets, out of a file.
type ReadPorts = fn(&[u8]) -> Result<PortSet, Why>;

/// Each with its files, which are there while its module is loaded.
const OTHERS: [(&str, &[&str], ReadPorts); 2] = [
    ("SCTP", &["/proc/thread-self/net/sctp/eps"], sctp::ports),
    ("UDP-Lite", &["/proc/thread-self/net/udplite", "/proc/thread-self/net/udplite6"], of_udp_lite),
];

/// More ports than a sentence lists.
const SPANS_MAX: usize = 8;

fn of_udp_lite(table: &[u8]) -> Result<PortSet, Why> {
    let sockets = socket_table::sockets(table, Transport::Udp)?;
    Ok(sockets.iter().map(|(local, _)| PortRange::single(local.port())).collect())
}

/// Notes what there is, and what of it is in the pool of a scope whose range and list are read.
pub(super) fn read(ask: &dyn Ask, scope: &mut Scope) {
    for (name, files, parse) in OTHERS {
        let mut ports = PortSet::new();
        for file in files {
            let Answer { outcome, .. } = ask.ask(Question::File(file));
            match outcome.and_then(|table| parse(&table).map_err(Refusal::Failed)) {
                Ok(more) => ports = ports.union(&more),
                // The module is not loaded; or whoever captured the host could not know of it.
                Err(Refusal::NotFound(_)) => {}
                Err(Refusal::Failed(why)) if why.reason == Reason::NotCaptured => {}
                Err(Refusal::Failed(why)) => {
                    scope.listeners.unread.push(Unread::new(Subject::OtherTransport(name), why));
                }
            }
        }
        // An endpoint without a port is none that anybody finds.
        let ports = ports.difference(&PortSet::from(PortRange::single(0)));
        if ports.is_empty() {
            continue;
        }
        let said = |ports: &PortSet| {
            let why = format!(
                "they have {}; {name} draws from the same range and keeps to the same list, and \
                 which of them are services is not judged",
                listed(ports)
            );
            Unread::new(Subject::OtherTransport(name), Why::new(Reason::Unsupported, why))
        };
        match pool(scope) {
            Some(pool) if ports.intersection(&pool).is_empty() => scope.notes.push(said(&ports)),
            Some(pool) => scope.listeners.unread.push(said(&ports.intersection(&pool))),
            None => scope.listeners.unread.push(said(&ports)),
        }
    }
}

fn listed(ports: &PortSet) -> String {
    let spans: Vec<String> =
        ports.spans().iter().take(SPANS_MAX).map(ToString::to_string).collect();
    let more = ports.spans().len().saturating_sub(SPANS_MAX);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let ports = if ports.count() == 1 { "port" } else { "ports" };
    format!("{ports} {}{more}", spans.join(","))
}

/// What may be handed out.
fn pool(scope: &Scope) -> Option<PortSet> {
    let bounds = scope.ephemeral().next()?.bounds.known()?;
    let reserved = scope.reserved.iter().filter_map(|list| list.ports.known());
    Some(reserved.fold(bounds.range().into(), |pool: PortSet, list| pool.difference(list)))
}
