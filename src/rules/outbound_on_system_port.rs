//! Connections that begin at a System Port.

use ephaudit_platform::ports::PortSet;
use ephaudit_platform::snapshot::{Census, Connection, Transport};

use crate::policy::Policy;
use crate::report::{About, Evidence, Finding, Severity, Step, Verdict};
use crate::rule::usage::{census, connection, knows_listeners};
use crate::rule::{Check, Facts, Need, Rule, ScopeFacts, each_scope};
use crate::text::counted;

pub static RULE: Rule = Rule {
    name: "outbound-on-system-port",
    summary: "connections start from System Ports, as those of NFS and other RPC clients do",
    severity: |_| Severity::Info,
    needs: &[Need::Listeners, Need::Sockets],
    page: include_str!("outbound-on-system-port.md"),
    check: Check::Facts(check),
};

/// How many connections a finding shows.
const SHOWN: usize = 10;

fn check(facts: &Facts<'_>, _policy: &Policy) -> Verdict {
    each_scope(facts, |judgement, scope| {
        let Some(census) = census(judgement, scope) else { return };
        // A connection that was accepted begins at the other end; only the listeners tell.
        if !knows_listeners(judgement, scope, Transport::Tcp) {
            return;
        }
        match finding(scope, census) {
            Some(finding) => judgement.found(finding),
            None => judgement.pass(),
        }
    })
}

fn finding(scope: &ScopeFacts<'_>, census: &Census) -> Option<Finding> {
    let pool = scope.pool_of(Transport::Tcp).map(|pool| pool.ports.clone()).unwrap_or_default();
    let all = &census.from_system_ports;
    let mut evidence =
        all.iter().map(|evidence| connection(census, evidence, whose(&pool, evidence)));
    let first = evidence.next()?;
    let more: Vec<Evidence> = evidence.take(SHOWN - 1).collect();
    let listed = u32::try_from(all.len()).unwrap_or(u32::MAX);
    let or_more = if all.len() >= Census::LISTED { " or more" } else { "" };
    let shown =
        if all.len() > SHOWN { format!(" The first {SHOWN} are shown.") } else { String::new() };
    let nfs = all.iter().any(|evidence| evidence.peer.port() == NFS);
    Some(
        Finding::new(RULE.name, Severity::Info, scope, "tcp", first)
            .with_evidence(more)
            .concerning(About::transport(Transport::Tcp))
            .says(
                format!(
                    "{}{or_more} from System Ports without a listener",
                    counted(listed, "tcp connection")
                ),
                format!(
                    "Do not rely on this host never using System Ports for outgoing connections: a \
                     program that chooses its own port may take one, and a filter based on the \
                     ephemeral range does not expect it. A connection accepted by a listener that \
                     has closed since looks the same.{shown}"
                ),
            )
            .advises(nfs.then(|| {
                Step::elsewhere(
                    "NFS: the mount option noresvport takes a port of the pool, where the server \
                     allows that (insecure)",
                )
            })),
    )
}

const NFS: u16 = 2049;
const RPCBIND: u16 = 111;

/// Who takes such ports: `RPC_DEF_MIN_RESVPORT` and `RPC_DEF_MAX_RESVPORT`,
/// include/linux/sunrpc/xprtsock.h; bindresvport(3).
fn whose(pool: &PortSet, evidence: &Connection) -> &'static str {
    match (evidence.peer.port(), evidence.local.port()) {
        (_, local) if pool.contains(local) => " (from the ephemeral range)",
        (NFS, _) => " (NFS)",
        (RPCBIND, _) => " (rpcbind)",
        (_, 665..=1023) => " (a port that RPC clients take)",
        (_, 512..=664) => " (a port that bindresvport(3) gives)",
        _ => "",
    }
}
