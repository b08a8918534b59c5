//! What `ephaudit explain PORT` says: its structs, and how they are filled.

use ephaudit_platform::holders as held;
use ephaudit_platform::ports::PortClass;
use ephaudit_platform::snapshot as facts;
use schemars::JsonSchema;
use serde::Serialize;

use super::listeners::owner;
use super::make;
use super::steps::{Step, sentences, step};
use super::words::{self, source, transport};
use super::{Family, Gap, Host, Owner, Registry, SCHEMA_VERSION, Source, Tool, Transport};
use crate::explain::{self, Bind, PortState, SelfConnect};
use crate::iana;

/// What is known about one port.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Explanation {
    /// Version of this document's form, MAJOR.MINOR.
    pub schema_version: &'static str,
    /// Always "explanation".
    pub kind: &'static str,
    /// The program that wrote it.
    pub tool: Tool,
    /// The host it is about.
    pub host: Host,
    /// When the facts were read: RFC 3339, UTC.
    pub collected_at: String,
    /// The registry of assigned ports that was used.
    pub registry: Registry,
    /// The network namespace (or the like) it is about.
    pub scope: ScopeName,
    /// The port.
    pub port: u16,
    /// Its class by RFC 6335.
    #[schemars(extend("enum" = ["system", "user", "dynamic"]))]
    pub class: &'static str,
    /// Whether binding it takes privilege; null where that is not known.
    pub privileged: Option<bool>,
    /// For each transport that was asked about.
    pub transports: Vec<PortOn>,
    /// What can be done, as sentences.
    pub remediation: Vec<String>,
    /// The same, for programs: in the order to do it.
    pub steps: Vec<Step>,
    /// What could not be read.
    pub gaps: Vec<Gap>,
}

/// A scope by its names.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ScopeName {
    /// On Linux `net:[inode]`.
    pub id: String,
    /// Names people know it by.
    pub names: Vec<String>,
    /// Whether the program ran in it.
    pub current: bool,
}

/// What is known about a port of one transport; null is what is not known.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PortOn {
    /// The transport.
    pub transport: Transport,
    /// The name IANA assigned to the port; null where it is not assigned.
    pub service: Option<String>,
    /// First number of the ephemeral range.
    pub range_first: Option<u16>,
    /// Last number of the ephemeral range.
    pub range_last: Option<u16>,
    /// Whether the port is in that range.
    pub in_range: Option<bool>,
    /// Whether it is kept out of automatic allocation.
    pub reserved: Option<bool>,
    /// The blocks of Windows that lie on it: bind() fails there although nobody listens.
    pub excluded: Vec<Exclusion>,
    /// The blocks that an administrator added there: kept for a program that asks for the port.
    pub administered: Vec<Exclusion>,
    /// Whether automatic allocation can hand it out.
    pub in_pool: Option<bool>,
    /// Its state.
    pub state: PortState,
    /// The same in one line.
    pub answer: String,
    /// How many sockets have the port.
    pub sockets: u32,
    /// The first hundred of them; the strongest hold first.
    pub holders: Vec<Holder>,
    /// Where they were read.
    pub sources: Vec<Source>,
    /// What happens to a service that binds it now.
    pub if_wanted: Vec<Meeting>,
    /// Whether a TCP client can be connected to itself there; null for UDP.
    pub self_connect: Option<SelfConnect>,
}

/// A socket that has the port.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Holder {
    /// As `ss` names it.
    pub state: &'static str,
    /// Its own end, ADDRESS:PORT.
    pub local: String,
    /// The other end; null where there is none.
    pub peer: Option<String>,
    /// Who holds it; null where no process does or none could be read (then there is a gap).
    pub owner: Option<Owner>,
    /// The user that made it; null where that is not reported, as for a socket that no process has
    /// open.
    pub uid: Option<u32>,
    /// How long it stays in `TIME_WAIT`, in milliseconds.
    pub time_wait_left: Option<u32>,
}

/// A block of ports that a service of Windows holds.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Exclusion {
    /// The family that it is of.
    pub family: Family,
    /// Its first port.
    pub first: u16,
    /// Its last port.
    pub last: u16,
}

/// What happens to a service that binds an address, by its SO_REUSEADDR.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Meeting {
    /// The family of the address; "::" is taken to serve both.
    pub family: Family,
    /// The address; null is every one that is not in the list.
    pub address: Option<String>,
    /// Without SO_REUSEADDR.
    pub without_reuseaddr: Bind,
    /// With it.
    pub with_reuseaddr: Bind,
}

/// The document of an explanation.
pub fn explanation(
    host: &facts::HostInfo,
    registry: &iana::Registry,
    explanation: explain::Explanation<'_>,
    collected_at: String,
) -> Explanation {
    let explain::Explanation { scope, port, privileged, transports, steps, gaps } = explanation;
    Explanation {
        schema_version: SCHEMA_VERSION,
        kind: "explanation",
        tool: make::tool(),
        host: make::host(host),
        collected_at,
        registry: make::registry(registry),
        scope: scope_name(scope),
        port,
        class: match PortClass::of(port) {
            PortClass::System => "system",
            PortClass::User => "user",
            PortClass::Dynamic => "dynamic",
        },
        privileged,
        transports: transports.into_iter().map(port_on).collect(),
        remediation: sentences(&steps),
        steps: steps.iter().map(step).collect(),
        gaps: gaps.iter().map(|gap| make::gap(None, gap)).collect(),
    }
}

pub(super) fn scope_name(scope: &facts::Scope) -> ScopeName {
    let names = scope.names.iter().map(ToString::to_string).collect();
    ScopeName { id: scope.id.clone(), names, current: scope.current }
}

fn port_on(on: explain::OnTransport<'_>) -> PortOn {
    let items = &on.holders.items;
    PortOn {
        transport: transport(on.transport),
        service: on.service.map(str::to_owned),
        range_first: on.bounds.map(|bounds| bounds.first),
        range_last: on.bounds.map(|bounds| bounds.last),
        in_range: on.in_range,
        reserved: on.reserved,
        excluded: on.excluded.iter().copied().map(exclusion).collect(),
        administered: on.administered.iter().copied().map(exclusion).collect(),
        in_pool: on.in_pool,
        state: on.state,
        answer: on.answer,
        sockets: u32::try_from(items.len()).unwrap_or(u32::MAX),
        holders: items.iter().take(held::Holders::OWNERS_MAX).map(holder).collect(),
        sources: on.holders.sources.iter().map(source).collect(),
        if_wanted: on.if_wanted.iter().map(meeting).collect(),
        self_connect: on.self_connect,
    }
}

fn holder(item: &held::Holder) -> Holder {
    Holder {
        state: item.ends.state_name(),
        local: item.ends.local.to_string(),
        peer: item.peer().map(|_| item.ends.peer.to_string()),
        owner: owner(&item.owner),
        uid: item.uid,
        time_wait_left: item.time_wait_left,
    }
}

const fn exclusion(exclusion: explain::Exclusion) -> Exclusion {
    let (first, last) = (exclusion.block.first(), exclusion.block.last());
    Exclusion { family: words::family(exclusion.family), first, last }
}

fn meeting(meeting: &explain::Meeting) -> Meeting {
    Meeting {
        family: words::family(meeting.family),
        address: meeting.address.map(|address| address.to_string()),
        without_reuseaddr: meeting.without,
        with_reuseaddr: meeting.with,
    }
}
