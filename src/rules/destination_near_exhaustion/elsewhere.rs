//! Other systems than Linux, whose sockets a list told: most of them give a port to one socket of
//! an address, whatever the destination (in_pcblookup_local() of the BSDs and macOS).

use std::net::IpAddr;

use ephaudit_platform::snapshot::{
    Census, Destination, Family, HostInfo, Os, Pool, Transport, Usage,
};

use super::{HIGH_FROM, RULE};
use crate::policy::Policy;
use crate::remedy::figures::shares_ports;
use crate::remedy::targets;
use crate::report::{About, Cure, Evidence, Finding, Severity, Step};
use crate::rule::usage::{range_evidence, read_from};
use crate::rule::{Facts, Judgement, ScopeFacts, pool_gaps};
use crate::text::{counted, grouped, percent, seconds};

/// A pool of a scope, and what uses it.
struct PoolUse<'a> {
    host: &'a HostInfo,
    scope: &'a ScopeFacts<'a>,
    policy: &'a Policy,
    usage: &'a Usage,
    census: &'a Census,
    pool: &'a Pool<'a>,
}

pub(super) fn check(
    judgement: &mut Judgement,
    facts: &Facts<'_>,
    scope: &ScopeFacts<'_>,
    policy: &Policy,
    usage: &Usage,
) {
    pool_gaps(judgement, scope);
    let Some(census) = &usage.census else { return };
    for pool in &scope.pools {
        let host = &facts.snapshot.host;
        let case = PoolUse { host, scope, policy, usage, census, pool };
        if pool.usable() == 0 {
            judgement.skip(format!("no {} port is usable at all", pool.transport));
            continue;
        }
        judgement.pass();
        for row in census.destinations.iter().filter(|row| case.counts(row)) {
            if percent(row.ports_used, pool.usable()) >= policy.near_exhaustion {
                judgement.found(case.finding(row));
            }
        }
    }
}

impl PoolUse<'_> {
    /// Whether a port is given to several destinations at once.
    fn is_shared(&self) -> bool {
        self.pool.transport == Transport::Tcp && shares_ports(self.host)
    }

    /// Whether a row is what runs out of this pool's ports. Clients of UDP are bound to no address:
    /// theirs have to be free at each.
    fn counts(&self, row: &Destination) -> bool {
        let family = if row.source.is_ipv6() { Family::Ipv6 } else { Family::Ipv4 };
        let runs_out = match self.pool.transport {
            Transport::Tcp => row.peer.is_some() == self.is_shared(),
            Transport::Udp => row.peer.is_none(),
        };
        let of_any = self.pool.transport == Transport::Udp;
        row.transport == self.pool.transport
            && self.pool.families.contains(&family)
            && runs_out
            && row.source.is_unspecified() == of_any
    }

    fn finding(&self, row: &Destination) -> Finding {
        let (transport, usable) = (row.transport, self.pool.usable());
        let part = percent(row.ports_used, usable);
        let severity = if part >= HIGH_FROM { Severity::High } else { Severity::Medium };
        let from = from(row.source);
        let to = row.peer.map_or_else(String::new, |peer| format!(" to {peer}"));
        let evidence = Evidence {
            what: "ports in use",
            value: format!("{} {from}{to}", grouped(row.ports_used)),
            source: read_from(self.census, transport),
            line: None,
            command: netstat(self.host.os).to_owned(),
        };
        let subject = format!("{transport}/{}{to}", row.source);
        let finding = Finding::new(RULE.name, severity, self.scope, &subject, evidence)
            .with_evidence([range_evidence(self.pool)])
            .says(
                format!(
                    "{transport} {from}{to}: {} of {} in use ({part} %)",
                    grouped(row.ports_used),
                    counted(usable, "usable port"),
                ),
                self.message(row).join(" "),
            )
            .concerning(About {
                address: Some(row.source).filter(|source| !source.is_unspecified()),
                destination: row.peer,
                ..About::transport(transport)
            })
            .advises(self.steps());
        match self.wider() {
            Some(cure) => finding.cured_by(cure),
            None => finding,
        }
    }

    fn message(&self, row: &Destination) -> Vec<String> {
        let mut message = vec![
            match (row.transport, row.peer) {
                (Transport::Tcp, Some(_)) => "Each connection to this destination needs a port of its own.",
                (Transport::Tcp, None) => {
                    "A port is given to one socket of an address at a time, whatever the destination."
                }
                (Transport::Udp, _) => {
                    "A client that is bound to no address needs a port that is free at every address."
                }
            }
            .to_owned(),
        ];
        let waiting = self.usage.tcp_time_wait;
        if row.transport == Transport::Tcp && waiting > 0 {
            let length = self.scope.time_wait.known();
            let length = length.map_or_else(String::new, |&ms| format!(", for {}", seconds(ms)));
            message.push(format!(
                "{} of the host {} in TIME_WAIT, which keeps the port after this end closed \
                 first{length}.",
                counted(waiting, "socket"),
                if waiting == 1 { "is" } else { "are" },
            ));
        }
        message.push(match self.pool.usable().saturating_sub(row.ports_used) {
            0 => "No port is left: new connections fail.".to_owned(),
            left => format!("With {} more in use new connections fail.", grouped(left)),
        });
        message
    }

    fn steps(&self) -> Vec<Step> {
        match self.pool.transport {
            Transport::Tcp => vec![Step::elsewhere(
                "keep connections open and reuse them: a connection pool, HTTP keep-alive",
            )],
            Transport::Udp => {
                vec![Step::elsewhere("use one socket for many peers, and close idle ones")]
            }
        }
    }

    /// A wider range, where the policy allows one.
    fn wider(&self) -> Option<Cure> {
        let now = self.pool.bounds.range().count();
        let targets = targets(self.policy, self.pool.range.vendor_default);
        let wider: Vec<_> = targets.into_iter().filter(|target| target.count() > now).collect();
        (!wider.is_empty()).then_some(Cure::Range(wider))
    }
}

fn from(source: IpAddr) -> String {
    if source.is_unspecified() { "from any address".to_owned() } else { format!("from {source}") }
}

/// The command that lists every socket.
const fn netstat(os: Os) -> &'static str {
    match os {
        Os::Windows => "netstat -ano",
        _ => "netstat -an",
    }
}
