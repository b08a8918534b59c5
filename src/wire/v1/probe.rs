//! What `ephaudit probe` says: its structs, and how they are filled.

use ephaudit_platform::probe::{Drawn, Given, Probe};
use ephaudit_platform::snapshot as facts;
use schemars::JsonSchema;
use serde::Serialize;

use super::explanation::{ScopeName, scope_name};
use super::make::{self, pool};
use super::words::{family, spans, transport};
use super::{Family, Finding, Gap, Host, Pool, SCHEMA_VERSION, Span, State, Tool, Transport};
use crate::probe::{Judged, ProbeStatus};

/// What the kernel handed out, compared with its settings.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Probed {
    /// Version of this document's form, MAJOR.MINOR.
    pub schema_version: &'static str,
    /// Always "probe".
    pub kind: &'static str,
    /// The program that wrote it.
    pub tool: Tool,
    /// The host it is about.
    pub host: Host,
    /// When the kernel was asked: RFC 3339, UTC.
    pub collected_at: String,
    /// The network namespace (or the like) it was asked in; null where none was read.
    pub scope: Option<ScopeName>,
    /// Overall status.
    pub status: Agreement,
    /// How many ports each kind of socket asked for.
    pub count: u32,
    /// What automatic allocation can hand out, by the settings; a pool that could not be computed
    /// is missing.
    pub pools: Vec<Pool>,
    /// What was given.
    pub draws: Vec<Draw>,
    /// What is other than it should be, most severe first. The names are not rules.
    pub findings: Vec<Finding>,
    /// What could not be determined.
    pub gaps: Vec<Gap>,
}

/// The probe's overall status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Agreement {
    /// Everything was answered, and no finding reaches the threshold.
    Agrees,
    /// A finding reaches the threshold.
    Disagrees,
    /// None does, but something could not be determined.
    Undetermined,
}

/// What one kind of socket was given.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Draw {
    /// Its transport.
    pub transport: Transport,
    /// Its family.
    pub family: Family,
    /// "bind" to port 0, or "connect" without bind.
    #[schemars(extend("enum" = ["bind", "connect"]))]
    pub call: &'static str,
    /// "absent" where the loopback has no address of the family, "unknown" where not all could be
    /// asked (there is a gap).
    pub state: State,
    /// How many ports were given.
    pub given: u32,
    /// How many different ones.
    pub distinct: u32,
    /// How many even ones.
    pub even: u32,
    /// How many odd ones.
    pub odd: u32,
    /// The lowest.
    pub lowest: Option<u16>,
    /// The highest.
    pub highest: Option<u16>,
    /// Those that are not in the pool.
    pub outside: Vec<Span>,
}

/// The document of a probe.
pub fn probed(
    snapshot: &facts::Snapshot,
    probe: &Probe,
    judged: &Judged,
    collected_at: String,
    count: u32,
) -> Probed {
    let scope = snapshot.scopes.first();
    Probed {
        schema_version: SCHEMA_VERSION,
        kind: "probe",
        tool: make::tool(),
        host: make::host(&snapshot.host),
        collected_at,
        scope: scope.map(scope_name),
        status: match judged.status {
            ProbeStatus::Agrees => Agreement::Agrees,
            ProbeStatus::Disagrees => Agreement::Disagrees,
            ProbeStatus::Undetermined => Agreement::Undetermined,
        },
        count,
        pools: scope
            .map(ephaudit_platform::pools)
            .iter()
            .flatten()
            .map(|one| pool(one, usize::MAX))
            .collect(),
        draws: probe.drawn.iter().map(draw).collect(),
        findings: judged.findings.iter().map(|(name, found)| make::finding(name, found)).collect(),
        gaps: judged.gaps.iter().map(|gap| make::gap(None, gap)).collect(),
    }
}

fn draw(drawn: &Drawn) -> Draw {
    let (ports, state) = match &drawn.given {
        Given::NoSuchFamily => (&[][..], State::Absent),
        Given::Ports(ports, None) => (&ports[..], State::Known),
        Given::Ports(ports, Some(_)) => (&ports[..], State::Unknown),
    };
    let mut distinct = ports.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let even = ports.iter().filter(|port| *port % 2 == 0).count();
    Draw {
        transport: transport(drawn.wish.transport),
        family: family(drawn.wish.family),
        call: drawn.wish.call.name(),
        state,
        given: count(ports.len()),
        distinct: count(distinct.len()),
        even: count(even),
        odd: count(ports.len() - even),
        lowest: distinct.first().copied(),
        highest: distinct.last().copied(),
        outside: spans(&drawn.outside),
    }
}
