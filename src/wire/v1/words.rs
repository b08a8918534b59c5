//! The facts' own small words as the document has them.

use ephaudit_platform::ports::{PortRange, PortSet};
use ephaudit_platform::snapshot as facts;

use super::{Family, Source, Span, State, Transport, Word};

pub(super) fn state<T>(reading: &facts::Reading<T>) -> State {
    match reading {
        facts::Reading::Known { .. } => State::Known,
        facts::Reading::Absent { .. } => State::Absent,
        facts::Reading::Unknown { .. } => State::Unknown,
    }
}

pub(super) fn raw<T>(reading: &facts::Reading<T>) -> Option<String> {
    reading.why().and_then(|why| why.raw.clone())
}

pub(super) fn source(source: &facts::Source) -> Source {
    Source { kind: source.kind().into(), location: source.location().to_owned() }
}

pub(super) fn span(range: PortRange) -> Span {
    Span { first: range.first(), last: range.last() }
}

pub(super) fn spans(ports: &PortSet) -> Vec<Span> {
    ports.spans().iter().copied().map(span).collect()
}

pub(super) fn families(families: &[facts::Family]) -> Vec<Family> {
    families.iter().copied().map(family).collect()
}

pub(super) const fn family(family: facts::Family) -> Family {
    match family {
        facts::Family::Ipv4 => Family::Ipv4,
        facts::Family::Ipv6 => Family::Ipv6,
    }
}

pub(super) fn transports(transports: &[facts::Transport]) -> Vec<Transport> {
    transports.iter().copied().map(transport).collect()
}

pub(super) const fn transport(transport: facts::Transport) -> Transport {
    match transport {
        facts::Transport::Tcp => Transport::Tcp,
        facts::Transport::Udp => Transport::Udp,
    }
}

pub(super) fn reason(reason: facts::Reason) -> Word {
    reason.name().into()
}
