//! What the systems share whose ranges are pairs of named numbers.

use super::sockets;
use crate::ask::{Answer, Ask, Question};
use crate::boot;
use crate::parse::port_list;
use crate::ports::{PortRange, PortSet};
use crate::reading::beginning;
use crate::snapshot::{
    Bounds, Family, HostInfo, Os, Range, Reading, Reserved, ReservedKind, Role, Scope, ScopeKind,
    ScopeName, Source, Transport, Why,
};

/// A tunable, understood by `parse`.
pub(super) fn tunable<T>(
    ask: &dyn Ask,
    name: &str,
    parse: impl FnOnce(&str) -> Result<T, String>,
) -> Reading<T> {
    let Answer { source, outcome } = ask.ask(Question::Tunable(name));
    let parsed = match outcome {
        Ok(bytes) => {
            let text = String::from_utf8_lossy(&bytes);
            parse(text.trim()).map_err(|what| Why::unparsable(format!("{name}: {what}"), &bytes))
        }
        Err(refusal) => Err(refusal.why()),
    };
    Reading::new(source, parsed)
}

/// A C truth: 0 or any other number.
pub(super) fn flag(text: &str) -> Result<bool, String> {
    text.parse::<i32>()
        .map(|number| number != 0)
        .map_err(|_| format!("{:?} is not a number", beginning(text)))
}

/// A tunable that holds one port.
pub(super) fn port(ask: &dyn Ask, name: &str) -> Reading<u16> {
    tunable(ask, name, |text| port_list::port(text).map_err(|error| error.to_string()))
}

/// A tunable that holds a list of ports.
pub(super) fn ports(ask: &dyn Ask, name: &str) -> Reading<PortSet> {
    tunable(ask, name, |text| port_list::ports(text).map_err(|error| error.to_string()))
}

/// Two tunables that hold the bounds of a range, in whatever order; a zero is no port that can be
/// allocated.
pub(super) fn bounds(ask: &dyn Ask, first: &str, last: &str) -> Reading<Bounds> {
    let (first, last) = match (port(ask, first), port(ask, last)) {
        (Reading::Unknown { source, why }, _) | (_, Reading::Unknown { source, why }) => {
            return Reading::Unknown { source, why };
        }
        (Reading::Absent { source }, _) | (_, Reading::Absent { source }) => {
            return Reading::Absent { source };
        }
        (Reading::Known { value, source }, Reading::Known { value: last, .. }) => {
            ((value, source), last)
        }
    };
    let (first, source) = first;
    let raw = format!("{first} {last}");
    if first == 0 || last == 0 {
        let why = Why::unparsable("port 0 bounds no range", raw.as_bytes());
        return Reading::Unknown { source, why };
    }
    Reading::Known { value: Bounds { first, last, raw }, source }
}

/// A range of both families and both transports.
pub(super) fn range(
    role: Role,
    vendor_default: Option<PortRange>,
    bounds: Reading<Bounds>,
) -> Range {
    Range {
        role,
        families: Family::ALL,
        transports: Transport::ALL,
        vendor_default,
        tcp_by_parity: Some(false),
        udp_held_back: 0,
        bounds,
    }
}

/// A reserved list of both families.
pub(super) fn reserved(
    kind: ReservedKind,
    transports: &'static [Transport],
    ports: Reading<PortSet>,
) -> Reserved {
    Reserved { kind, families: Family::ALL, transports, ports }
}

/// The whole host as one scope; low ports are privileged by no knob of their own.
pub(super) fn host_scope(ask: &dyn Ask, ranges: Vec<Range>, time_wait: Reading<u32>) -> Scope {
    Scope {
        id: "host".to_owned(),
        kind: ScopeKind::Host,
        names: vec![ScopeName::Host],
        current: true,
        path: None,
        ranges,
        reserved: Vec::new(),
        randomization: Vec::new(),
        unprivileged_start: Reading::Absent { source: Source::Kernel("no knob of its own".into()) },
        time_wait,
        usage: Reading::Absent { source: Source::Kernel("not read on this system".into()) },
        listeners: sockets::read(ask),
        nat: None,
        boot: boot::Facts::NotAsked,
        notes: Vec::new(),
    }
}

/// The host by the names of its sysctls.
pub(super) fn host(os: Os, ask: &dyn Ask) -> HostInfo {
    let text = |name: &str| {
        tunable(ask, name, |text| Ok(beginning(text)))
            .known()
            .cloned()
            .filter(|text| !text.is_empty())
    };
    HostInfo {
        name: text("kern.hostname"),
        kernel: text("kern.osrelease"),
        arch: text("hw.machine"),
        ..HostInfo::of(os)
    }
}
