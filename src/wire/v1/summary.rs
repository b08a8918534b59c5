//! What a roll-up of many reports needs of each, and the line that fits where there is little room.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Document, OwnScope, Scope, Severity, Shape, Status, Transport, Verdict, Word};

/// What a roll-up of many reports needs of each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Summary {
    /// 16 hexadecimal digits: the same where the same is set.
    pub shape: String,
    /// What is set in the namespace that the program ran in; `?` stands for what is not known, `-`
    /// for what this system does not have.
    pub settings: String,
    /// How many ports can be handed out there: the fewest of any family.
    pub pool: PoolSizes,
    /// How many findings there are of each severity.
    pub findings: Counts,
    /// The rules that found something that nobody accepted, by name.
    pub failed: Vec<String>,
    /// The rules all of whose findings are waived.
    pub waived: Vec<String>,
    /// The rules that have no complete answer.
    pub unknown: Vec<String>,
    /// The listeners in the pool: PORT and process, or IANA's name of the port.
    pub at_risk: Vec<String>,
}

/// The sizes of the pools; null where they are not known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PoolSizes {
    /// Of TCP.
    pub tcp: Option<u32>,
    /// Of UDP.
    pub udp: Option<u32>,
}

/// How many findings there are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Counts {
    /// Critical ones.
    pub critical: u32,
    /// High ones.
    pub high: u32,
    /// Medium ones.
    pub medium: u32,
    /// Low ones.
    pub low: u32,
    /// Those that are good to know.
    pub info: u32,
    /// Those that are accepted, of any severity; the others leave them out.
    pub waived: u32,
}

impl Counts {
    /// One more.
    pub fn add(&mut self, severity: Severity, waived: bool, count: u32) {
        let place = match severity {
            _ if waived => &mut self.waived,
            Severity::Critical => &mut self.critical,
            Severity::High => &mut self.high,
            Severity::Medium => &mut self.medium,
            Severity::Low => &mut self.low,
            Severity::Info => &mut self.info,
        };
        *place = place.saturating_add(count);
    }
}

impl Summary {
    /// That of a report.
    pub fn of(document: &Document) -> Self {
        let own = document.scopes.iter().find(|scope| scope.current);
        let own = own.or(document.scopes.first());
        let settings = own.map(|own| OwnScope::of(own).settings(&document.host.os));
        let Shape { id, settings, .. } = Shape::of(settings.unwrap_or_else(|| "?".to_owned()));
        let rules = |verdict| {
            let such = document.rules.iter().filter(move |rule| rule.verdict == verdict);
            such.map(|rule| rule.rule.clone().into_owned()).collect()
        };
        let mut findings = Counts::default();
        for finding in &document.findings {
            findings.add(finding.severity, finding.waived.is_some(), 1);
        }
        Self {
            shape: id,
            settings,
            pool: PoolSizes { tcp: size(own, Transport::Tcp), udp: size(own, Transport::Udp) },
            findings,
            failed: rules(Verdict::Fail),
            waived: rules(Verdict::Waived),
            unknown: rules(Verdict::Unknown),
            at_risk: own.map(at_risk).unwrap_or_default(),
        }
    }
}

fn size(own: Option<&Scope>, transport: Transport) -> Option<u32> {
    let pools = own?.pools.iter().filter(|pool| pool.transport == transport);
    pools.map(|pool| pool.ports).min()
}

/// A listener on each of several addresses is one service.
fn at_risk(own: &Scope) -> Vec<String> {
    let inside = own.listeners.items.iter().filter(|listener| listener.in_pool == Some(true));
    let services: BTreeSet<(Transport, u16, &str)> = inside
        .map(|listener| {
            let process = listener.owner.as_ref().and_then(|owner| owner.command.as_deref());
            let name = process.or(listener.service.as_deref()).unwrap_or_default();
            (listener.transport, listener.port, name)
        })
        .collect();
    services
        .into_iter()
        .map(|(transport, port, name)| {
            format!("{}/{port} {name}", transport.name()).trim_end().to_owned()
        })
        .collect()
}

/// A report in one short line: `--format summary`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SummaryLine<'a> {
    /// Version of this document's form.
    pub schema_version: &'a str,
    /// Always "summary".
    pub kind: Word,
    /// The host.
    pub host: ShortHost<'a>,
    /// When the facts were read.
    pub collected_at: &'a str,
    /// The run of a job.
    pub run: Option<&'a str>,
    /// The profile judged by.
    pub profile: &'a str,
    /// Overall status; null where nothing was judged.
    pub status: Option<Status>,
    /// The critical rules that nobody asked, by name.
    pub critical_not_asked: Vec<String>,
    /// The summary; each list ends in "+N" where it leaves N out.
    pub summary: Summary,
}

/// The host of a short line.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ShortHost<'a> {
    /// Node name.
    pub name: Option<String>,
    /// Its id.
    pub id: Option<&'a str>,
    /// Its operating system.
    pub os: &'a str,
}
