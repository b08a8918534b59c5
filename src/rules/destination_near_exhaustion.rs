//! Destinations and sources that have taken most of the ports they can have.

mod elsewhere;
mod words;

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

use ephaudit_platform::snapshot::{
    Census, Destination, Os, Reason, Snapshot, Transport, Usage, Why,
};
use ephaudit_platform::usable_ports;

use crate::policy::Policy;
use crate::report::{Severity, Verdict};
use crate::rule::usage::{bound_unseen, knows_listeners, usage};
use crate::rule::{Check, Facts, Judgement, Need, Rule, ScopeFacts, each_scope, pool_gaps};
use crate::text::{counted, percent};

pub static RULE: Rule = Rule {
    name: "destination-near-exhaustion",
    summary: "half or more of the ports to a destination are in use: connect() slows down, then fails",
    severity: |_| Severity::High,
    needs: &[Need::Listeners, Need::Sockets],
    page: include_str!("destination-near-exhaustion.md"),
    check: Check::Facts(check),
};

/// From this percentage on little is left.
const HIGH_FROM: u32 = 80;

fn check(facts: &Facts<'_>, policy: &Policy) -> Verdict {
    each_scope(facts, |judgement, scope| {
        let Some(usage) = usage(judgement, scope) else { return };
        if facts.snapshot.host.os != Os::Linux {
            return elsewhere::check(judgement, facts, scope, policy, usage);
        }
        pool_gaps(judgement, scope);
        knows_listeners(judgement, scope, Transport::Tcp);
        for &transport in Transport::ALL {
            // Where the pool is not known, its gap is told above.
            let Some(usable) = usable_ports(scope, transport) else { continue };
            if usable == 0 {
                judgement.skip(format!("no {transport} port is usable at all"));
                continue;
            }
            let case =
                TransportUse { snapshot: facts.snapshot, scope, policy, usage, transport, usable };
            match &usage.census {
                Some(census) => case.by_census(judgement, census),
                None => case.by_counters(judgement),
            }
        }
    })
}

/// A transport of a scope.
struct TransportUse<'a> {
    snapshot: &'a Snapshot,
    scope: &'a ScopeFacts<'a>,
    policy: &'a Policy,
    usage: &'a Usage,
    transport: Transport,
    usable: u32,
}

/// Ports in use by one destination or source.
#[derive(Clone, Copy)]
struct Hot<'a> {
    row: &'a Destination,
    percent: u32,
}

impl Hot<'_> {
    fn severity(&self) -> Severity {
        match (self.row.transport, self.row.peer) {
            // connect() still finds ports for other destinations where it chose those in use too.
            // Where bind() did, they are lost to each, and no kernel shows which did: the worst
            // case decides.
            (Transport::Tcp, None) => Severity::Medium,
            _ if self.percent >= HIGH_FROM => Severity::High,
            _ => Severity::Medium,
        }
    }
}

impl TransportUse<'_> {
    /// One destination can't have more ports than there are sockets.
    fn by_counters(&self, judgement: &mut Judgement) {
        let (most, what) = match self.transport {
            Transport::Tcp => (self.usage.tcp_at_most(), "destination"),
            Transport::Udp => (self.usage.udp_sockets, "source"),
        };
        if self.is_below(most) {
            return judgement.pass();
        }
        let detail = format!(
            "there {} {}, and {} % of the {} in use by one {what} would be too many; use --usage \
             top",
            if most == 1 { "is" } else { "are" },
            counted(most, &format!("{} socket", self.transport)),
            self.policy.near_exhaustion,
            counted(self.usable, "usable port"),
        );
        self.gap(judgement, Reason::NotCaptured, detail);
    }

    fn is_below(&self, ports: u32) -> bool {
        percent(ports, self.usable) < self.policy.near_exhaustion
    }

    fn by_census(&self, judgement: &mut Judgement, census: &Census) {
        let (found, others): (Vec<Hot<'_>>, Vec<Hot<'_>>) = self
            .rows(census)
            .map(|row| Hot { row, percent: percent(row.ports_used, self.usable) })
            .partition(|hot| hot.percent >= self.policy.near_exhaustion);
        judgement.pass();
        self.uncounted(judgement, census, &others);
        self.unlisted(judgement, &others);
        let of_sources = SourceFindings::by(&found);
        for hot in &found {
            if !of_sources.covers(hot) {
                judgement.found(words::finding(self, census, hot));
            }
        }
    }

    /// The rows that the rule judges.
    fn rows<'a>(&self, census: &'a Census) -> impl Iterator<Item = &'a Destination> {
        let transport = self.transport;
        census.destinations.iter().filter(move |row| {
            row.transport == transport && (transport == Transport::Tcp || row.peer.is_none())
        })
    }

    /// How many ports are in use to anybody, as far as is known: each of them may be lost to a
    /// destination, whoever has it.
    fn lost_at_most(&self, census: &Census) -> u32 {
        let of_any_peer = self.rows(census).filter(|row| row.peer.is_none());
        of_any_peer.map(|row| row.ports_used).max().unwrap_or_default()
    }

    /// What was not counted may belong to any of those that are not found, listed or not.
    fn uncounted(&self, judgement: &mut Judgement, census: &Census, others: &[Hot<'_>]) {
        let most = others.iter().map(|hot| hot.row.ports_used).max().unwrap_or_default();
        if census.uncounted > 0 && !self.is_below(most.saturating_add(census.uncounted)) {
            let detail = format!(
                "there were too many sockets to count each: {} may belong to any source or destination",
                counted(census.uncounted, "port"),
            );
            self.gap(judgement, Reason::Truncated, detail);
        }
    }

    /// What bind() holds unseen is not there for any destination.
    fn unlisted(&self, judgement: &mut Judgement, others: &[Hot<'_>]) {
        let unlisted = self.usage.bound_unseen;
        let most = others.iter().map(|hot| hot.row.ports_used).max().unwrap_or_default();
        if self.transport == Transport::Tcp
            && unlisted > 0
            && !self.is_below(most.saturating_add(unlisted))
        {
            judgement.gap(self.scope, "tcp ports in use", &bound_unseen(self.usage));
        }
    }

    fn gap(&self, judgement: &mut Judgement, reason: Reason, detail: String) {
        let what = format!("{} ports in use", self.transport);
        judgement.gap(self.scope, what, &Why::new(reason, detail));
    }
}

/// What other findings tell of a source.
struct SourceFindings {
    /// TCP sources of which one destination has many ports, how grave that is, and how many.
    drained: BTreeSet<(IpAddr, Severity, u32)>,
    /// How grave the findings are of TCP sources.
    of_sources: BTreeSet<Severity>,
    /// How grave the findings are of UDP sources over IPv4, and of those that are in the way on
    /// `::`.
    of_ipv4: BTreeSet<Severity>,
    of_any: BTreeSet<Severity>,
}

impl SourceFindings {
    fn by(found: &[Hot<'_>]) -> Self {
        let is_any = |hot: &Hot<'_>| hot.row.source.is_unspecified();
        let udp = || found.iter().filter(|hot| hot.row.transport == Transport::Udp);
        let ipv4 = |hot: &&Hot<'_>| hot.row.source.is_ipv4();
        let of_ipv4 = udp().filter(ipv4).filter(|hot| !is_any(hot)).map(Hot::severity);
        let of_any = udp().filter(|hot| !is_any(hot) || ipv4(hot)).map(Hot::severity);
        let tcp = || found.iter().filter(|hot| hot.row.transport == Transport::Tcp);
        let drained = tcp().filter(|hot| hot.row.peer.is_some());
        let of_sources = tcp().filter(|hot| !is_any(hot));
        Self {
            drained: drained
                .map(|hot| (hot.row.source, hot.severity(), hot.row.ports_used))
                .collect(),
            of_sources: of_sources.map(Hot::severity).collect(),
            of_ipv4: of_ipv4.collect(),
            of_any: of_any.collect(),
        }
    }

    /// The ports in the way on any address are those of all addresses together: one of these that
    /// is found says enough.
    fn covers(&self, hot: &Hot<'_>) -> bool {
        let source = hot.row.source;
        match (hot.row.transport, hot.row.peer) {
            (Transport::Tcp, None) if source.is_unspecified() => {
                self.of_sources.iter().any(|of_sources| *of_sources >= hot.severity())
            }
            // One destination that has all of them is one finding.
            (Transport::Tcp, None) => self.drained.iter().any(|(drained, of_sources, ports)| {
                let alike = *of_sources == hot.severity() && *ports == hot.row.ports_used;
                *drained == source && (*of_sources > hot.severity() || alike)
            }),
            (Transport::Udp, _) if source == Ipv4Addr::UNSPECIFIED => {
                self.of_ipv4.contains(&hot.severity())
            }
            (Transport::Udp, _) if source.is_unspecified() => self.of_any.contains(&hot.severity()),
            _ => false,
        }
    }
}
