//! A policy that a host satisfies as it is: where an audit of one's own begins.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use ephaudit_platform::ports::{PortRange, PortSet};
use ephaudit_platform::snapshot::{Destination, Scope, Snapshot, Transport};

use crate::audit::{Report, audit};
use crate::policy::services::SETS;
use crate::policy::{Policy, Profile};
use crate::report::{Finding, Severity};
use crate::text::{percent, printable};

/// What a host is now, as a policy.
pub struct Draft<'a> {
    snapshot: &'a Snapshot,
    policy: Policy,
}

/// The findings of a rule, as a waiver would accept them.
#[derive(Default)]
struct Accepted<'a> {
    titles: Vec<&'a str>,
    /// `None` where one of them is about no port in particular.
    ports: Option<PortSet>,
}

impl<'a> Draft<'a> {
    /// The policy, wide enough for the host's ranges and pools.
    pub fn new(snapshot: &'a Snapshot, mut policy: Policy) -> Self {
        let ranges = snapshot.scopes.iter().flat_map(|scope| &scope.ranges);
        for range in ranges.filter_map(|range| range.bounds.known()) {
            if !policy.allows(range.range()) {
                policy.allowed.push(range.range());
            }
        }
        let pools = snapshot.scopes.iter().flat_map(ephaudit_platform::pools);
        let narrowest = pools.map(|pool| pool.usable()).min();
        policy.min_pool = policy.min_pool.min(narrowest.unwrap_or(policy.min_pool));
        let busiest = snapshot.scopes.iter().filter_map(busiest).max().unwrap_or_default();
        if busiest >= policy.near_exhaustion {
            policy.near_exhaustion = (busiest + 1).min(100);
        }
        Self { snapshot, policy }
    }

    /// The text; what the ranges do not cover is accepted by waivers up to the day `expires`.
    pub fn text(&self, expires: &str) -> String {
        let policy = &self.policy;
        let host = self.snapshot.host.name.as_deref().unwrap_or("this host");
        let report = audit(self.snapshot, policy);
        let unanswered: Vec<&str> = report
            .outcomes
            .iter()
            .filter(|outcome| !outcome.verdict.gaps().is_empty())
            .map(|outcome| outcome.rule.name)
            .collect();
        let satisfied = if unanswered.is_empty() {
            format!("satisfies it as it is on {}.", policy.today)
        } else {
            format!(
                "does not satisfy it on {}: a policy cannot waive what could not be read, and that\n# leaves {} without an answer.",
                policy.today,
                unanswered.join(", ")
            )
        };
        let allowed: Vec<String> = policy.allowed.iter().map(PortRange::to_string).collect();
        let sets: Vec<&str> = SETS.iter().map(|set| set.name).collect();
        let mut text = format!(
            "# A policy of ephaudit. {} {satisfied}\n\
             # Install it as /etc/ephaudit/policy.toml, or use it by name: ephaudit --policy FILE\n\
             # After a change: ephaudit policy check FILE\n\n\
             # The recommendation to judge by: {}.\n\
             profile = {:?}\n\n\
             # The lowest severity that gives exit code 1: critical, high, medium, low, info or none.\n\
             fail-on = {:?}\n\n\
             # Where the ephemeral range may lie: a range within one of these passes.\n\
             allowed-ranges = {allowed:?}\n\n\
             # The smallest number of usable ports that a pool may have.\n\
             min-pool = {}\n\n\
             # The percentage of a pool in use from which a destination is nearly exhausted.\n\
             near-exhaustion = {}\n\n\
             # Services that have no socket of their own, by set: {}.\n\
             services = {:?}\n\n\
             # Other services, by port; without a transport, both.\n\
             # [[service]]\n\
             # name = \"NodePort\"\n\
             # ports = \"30000-32767\"\n\
             # transport = \"tcp\"\n\n\
             # Severity overrides: on, off, or one severity for all that a rule finds. See `ephaudit rules`.\n\
             [rules]\n\
             # narrow-pool = \"high\"\n",
            printable(host),
            profiles(),
            policy.profile.name(),
            policy.fail_on.map_or("none", Severity::name),
            policy.min_pool,
            policy.near_exhaustion,
            sets.join(", "),
            self.sets(),
        );
        text.push_str(
            "\n# Findings that are accepted until a date: the rule and, to narrow it, host and scope (patterns\n\
             # with * and ?) and ports; reason, owner, and the last day. An expired waiver is a finding.\n",
        );
        self.waivers(&report, &mut text, expires);
        text
    }

    /// The sets that were asked for and that the profile does not bring itself.
    fn sets(&self) -> Vec<&'static str> {
        let own = Policy::of(self.policy.profile, None, crate::iana::Registry::built_in()).services;
        let declared = |set: &&crate::policy::services::ServiceSet| {
            set.declared()
                .all(|service| self.policy.services.contains(&service) && !own.contains(&service))
        };
        SETS.iter().filter(declared).map(|set| set.name).collect()
    }

    fn waivers(&self, report: &Report, text: &mut String, expires: &str) {
        let counts =
            |finding: &&Finding| self.policy.fail_on.is_some_and(|least| finding.severity >= least);
        let mut rules: BTreeMap<&str, Accepted<'_>> = BTreeMap::new();
        for outcome in &report.outcomes {
            for finding in outcome.verdict.unwaived().filter(counts) {
                let first = Accepted { ports: Some(PortSet::new()), ..Accepted::default() };
                let accepted = rules.entry(outcome.rule.name).or_insert(first);
                accepted.titles.push(&finding.title);
                accepted.ports = match &accepted.ports {
                    Some(ports) if !finding.ports.is_empty() => Some(ports.union(&finding.ports)),
                    _ => None,
                };
            }
        }
        for (rule, accepted) in rules {
            text.push('\n');
            for title in accepted.titles.iter().take(5) {
                // What fails here only makes the text shorter, and a String never fails.
                let _ = writeln!(text, "# {}", printable(title));
            }
            let ports =
                accepted.ports.map_or_else(String::new, |ports| format!("ports = \"{ports}\"\n"));
            let _ = write!(
                text,
                "[[waiver]]\nrule = {rule:?}\n{ports}reason = \"as found on {}: state why it is accepted\"\n\
                 owner = \"nobody yet\"\nexpires = {expires}\n",
                self.policy.today,
            );
        }
    }
}

/// The percentage of a pool that its busiest destination or source takes, where the sockets were
/// looked at.
fn busiest(scope: &Scope) -> Option<u32> {
    let usage = scope.usage.known()?;
    let pools = ephaudit_platform::pools(scope);
    let of = |row: &Destination| {
        let pool = pools.iter().find(|pool| pool.transport == row.transport)?;
        let bound = match row.transport {
            Transport::Tcp => usage.bound.intersection(&pool.ports).count(),
            Transport::Udp => 0,
        };
        Some(percent(row.ports_used, pool.usable().saturating_sub(bound)).min(100))
    };
    usage.census.as_ref()?.destinations.iter().filter_map(of).max()
}

fn profiles() -> String {
    let names: Vec<&str> = Profile::ALL.into_iter().map(Profile::name).collect();
    names.join(", ")
}
