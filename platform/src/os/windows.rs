//! Windows: netsh(8)'s dynamic and excluded port ranges, one of each for every family and
//! transport, and the auto-reuse range of Get-NetTCPSetting.
//!
//! No word of netsh's output is relied on, since all of them are translated.

pub(super) mod boot;

use super::PersistedPaths;
use super::system::{Support, System, Way};
use crate::ask::{Answer, Ask, NetshTable, Question, Refusal};
use crate::parse::netsh::{self, Excluded, Section, Table};
use crate::parse::port_list;
use crate::parse::powershell::{self, StartCount, Template};
use crate::ports::{PortRange, PortSet};
use crate::snapshot::{
    Bounds, Family, HostInfo, Os, Range, Reading, Reason, Reserved, ReservedKind, Role, Scope,
    Snapshot, Source, Transport, Why,
};

use super::{knobs, time_wait};

pub(super) static SYSTEM: System = System {
    os: Os::Windows,
    title: "Windows",
    support: Support::new(Way::Command, Way::Command, Way::Live, Way::Evidence),
    kernel: None,
    signs: &["netsh "],
    read: |ask, _| read(ask),
    persisted: PersistedPaths::default,
    boot: |persisted, _| boot::read(persisted),
};

/// 49152 and 16,384 ports since Windows Vista and Server 2008 (support article 929851).
const DEFAULT: Option<PortRange> = PortRange::new(49_152, 65_535);

/// MaxUserPort where nobody set it.
const DEFAULT_OF_2003: Option<PortRange> = PortRange::new(1025, 5000);

fn read(ask: &dyn Ask) -> Snapshot {
    let mut ranges = Vec::new();
    let mut reserved = Vec::new();
    let transports: [(&'static [Transport], Transport); 2] =
        [(&[Transport::Tcp], Transport::Tcp), (&[Transport::Udp], Transport::Udp)];
    let families: [(&'static [Family], Family); 2] =
        [(&[Family::Ipv4], Family::Ipv4), (&[Family::Ipv6], Family::Ipv6)];
    for (transports, transport) in transports {
        let by_netsh =
            families.map(|(families, family)| (families, dynamic(ask, family, transport)));
        let by_templates = by_templates(ask, transport);
        // PowerShell tells one range for both families, and counts where netsh was not asked.
        let not_asked = by_netsh.iter().all(|(_, bounds)| not_captured(bounds));
        let of_old = of_registry(ask);
        if not_asked && !not_captured(&by_templates) {
            let base = knobs::range(Role::Ephemeral, DEFAULT, by_templates);
            ranges.push(Range { transports, ..base });
        } else if not_asked && of_old.known().is_some() {
            let base = knobs::range(Role::Ephemeral, DEFAULT_OF_2003, of_old);
            ranges.push(Range { transports, ..base });
        } else {
            ranges.extend(by_netsh.into_iter().map(|(families, bounds)| {
                let base = knobs::range(Role::Ephemeral, DEFAULT, bounds);
                Range { families, transports, ..base }
            }));
        }
        for (families, family) in families {
            let (rows, more) = excluded(ask, family, transport);
            let list = |kind, ports| Reserved { kind, families, transports, ports };
            for kind in [ReservedKind::Excluded, ReservedKind::Administered] {
                reserved.push(list(kind, of_kind(&rows, kind)));
            }
            // What is certain of a list that may go on is one list, and the rest of it another.
            reserved.extend(more.map(|ports| list(ReservedKind::Excluded, ports)));
        }
    }
    // Where it is off there is no such range.
    ranges.extend(auto_reuse(ask).map(|bounds| Range {
        transports: &[Transport::Tcp],
        ..knobs::range(Role::AutoReuse, None, bounds)
    }));
    let time_wait = match time_wait::knob(ask, "TcpTimedWaitDelay", 1000) {
        Reading::Unknown { .. } => time_wait::of_windows(),
        answer => answer,
    };
    let scope = Scope { reserved, ..knobs::host_scope(ask, ranges, time_wait) };
    Snapshot::of(HostInfo::of(Os::Windows), scope)
}

fn dynamic(ask: &dyn Ask, family: Family, transport: Transport) -> Reading<Bounds> {
    section(ask, NetshTable::DynamicPort, family, transport, |section| match section.table {
        Ok(Table::DynamicPort { start, count }) => bounds(start, count),
        _ => None,
    })
}

fn not_captured(bounds: &Reading<Bounds>) -> bool {
    bounds.why().is_some_and(|why| why.reason == Reason::NotCaptured)
}

/// The rows, and what may follow them.
fn excluded(
    ask: &dyn Ask,
    family: Family,
    transport: Transport,
) -> (Reading<Vec<Excluded>>, Option<Reading<PortSet>>) {
    let mut more = None;
    let rows = section(ask, NetshTable::ExcludedPortRange, family, transport, |section| {
        let Ok(Table::ExcludedPorts(rows)) = section.table else { return None };
        more = section.more;
        Some(rows)
    });
    let more = more.map(|damage| {
        let place = rows.source().location();
        let detail = format!("{place}: the list may go on: {}", damage.what);
        Reading::Unknown { source: rows.source().clone(), why: Why::new(Reason::Truncated, detail) }
    });
    (rows, more)
}

fn of_kind(rows: &Reading<Vec<Excluded>>, kind: ReservedKind) -> Reading<PortSet> {
    let wanted = |row: &&Excluded| row.administered == (kind == ReservedKind::Administered);
    rows.as_ref().map(|rows| rows.iter().filter(wanted).map(|row| row.range).collect())
}

/// The one table that such a command prints.
fn section<T>(
    ask: &dyn Ask,
    wanted: NetshTable,
    family: Family,
    transport: Transport,
    understand: impl FnOnce(Section) -> Option<T>,
) -> Reading<T> {
    let Answer { source, outcome } = ask.ask(Question::Netsh(wanted, family, transport));
    let answer = outcome.map_err(Refusal::why).and_then(|bytes| {
        let unparsable =
            |what: &str| Why::unparsable(format!("{}: {what}", source.location()), &bytes);
        let mut sections =
            netsh::sections(&bytes).map_err(|error| unparsable(&error.to_string()))?;
        if let Some(damage) = sections.iter().find_map(|section| section.table.as_ref().err()) {
            return Err(unparsable(&damage.to_string()));
        }
        let only = if sections.len() == 1 { sections.pop() } else { None };
        // netsh may print an error text, or nothing, and end well all the same.
        only.filter(|section| section.transport.is_none_or(|named| named == transport))
            .and_then(understand)
            .ok_or_else(|| unparsable("no such table was printed"))
    });
    Reading::new(source, answer)
}

fn by_templates(ask: &dyn Ask, transport: Transport) -> Reading<Bounds> {
    let (source, answer) = templates(ask, transport);
    let answer = answer.and_then(|templates| {
        let mut ranges = templates.iter().filter_map(|template| template.dynamic);
        let Some(first) = ranges.next() else {
            return Err(Why::new(Reason::Unparsable, "no template has a dynamic port range"));
        };
        if ranges.any(|other| other != first) {
            return Err(Why::new(
                Reason::Unsupported,
                "the templates have different dynamic port ranges: netsh shows which one is in \
                 effect",
            ));
        }
        of_start_count(first)
    });
    Reading::new(source, answer)
}

/// `None` where the range is off, as it is out of the box.
fn auto_reuse(ask: &dyn Ask) -> Option<Reading<Bounds>> {
    let (source, answer) = templates(ask, Transport::Tcp);
    let found = answer.and_then(|templates| {
        let mut answer = templates.iter().filter_map(|template| template.auto_reuse).peekable();
        if answer.peek().is_none() {
            let detail = "no template shows its auto-reuse range";
            return Err(Why::new(Reason::NotCaptured, detail));
        }
        Ok(answer.find(|range| range.count > 0))
    });
    match found {
        Ok(None) => None,
        Ok(Some(range)) => Some(Reading::new(source, of_start_count(range))),
        Err(why) => Some(Reading::Unknown { source, why }),
    }
}

/// Up to Server 2003 and XP, ports come from 1025 to MaxUserPort.
fn of_registry(ask: &dyn Ask) -> Reading<Bounds> {
    knobs::tunable(ask, "MaxUserPort", |text| {
        let last = port_list::port(text).map_err(|error| error.to_string())?;
        let bounds = Bounds { first: 1025, last, raw: text.to_owned() };
        (last >= 5000).then_some(bounds).ok_or_else(|| "Windows takes no less than 5000".to_owned())
    })
}

fn templates(ask: &dyn Ask, transport: Transport) -> (Source, Result<Vec<Template>, Why>) {
    let Answer { source, outcome } = ask.ask(Question::NetSetting(transport));
    let answer = outcome.map_err(Refusal::why).and_then(|bytes| {
        let mut templates = powershell::templates(&bytes)
            .map_err(|error| Why::unparsable(error.to_string(), &bytes))?;
        // Both commands' output may stand in one file; the one object of UDP has no name.
        templates.retain(|template| template.name.is_some() == (transport == Transport::Tcp));
        Ok(templates)
    });
    (source, answer)
}

fn of_start_count(range: StartCount) -> Result<Bounds, Why> {
    bounds(range.start, range.count)
        .ok_or_else(|| Why::new(Reason::Unparsable, "the range runs beyond port 65535"))
}

/// The second number is a COUNT.
fn bounds(start: u32, count: u32) -> Option<Bounds> {
    let last = start.checked_add(count)?.checked_sub(1)?;
    let (first, last) = (u16::try_from(start).ok()?, u16::try_from(last).ok()?);
    (first <= last).then(|| Bounds { first, last, raw: format!("{start} {count}") })
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    const DYNAMIC: &str = "\r\nProtocol tcp Dynamic Port Range\r\n\
        ---------------------------------\r\n\
        Start Port      : 49152\r\nNumber of Ports : 16384\r\n\r\n";

    /// What is read where each command of netsh prints that, and what was asked.
    fn read_with(printed: &str) -> (Snapshot, Vec<String>) {
        let asked: RefCell<Vec<String>> = RefCell::default();
        let ask = |question: Question<'_>| {
            if let Question::Netsh(table, family, transport) = question {
                let line = table.arguments(family, transport).join(" ");
                asked.borrow_mut().push(line);
                return Answer::new(Source::Command("netsh".into()), Ok(printed.into()));
            }
            let why = Why::new(Reason::Unsupported, "not asked here");
            Answer::new(Source::Command("it".into()), Err(Refusal::Failed(why)))
        };
        (read(&ask), asked.into_inner())
    }

    #[test]
    fn without_the_table_that_was_asked_for_nothing_is_known() {
        let two = DYNAMIC.repeat(2);
        for printed in ["", "The system cannot find the file specified.\r\n", &two] {
            let (snapshot, _) = read_with(printed);
            let scope = &snapshot.scopes[0];
            for range in scope.ephemeral() {
                let why = range.bounds.why().expect("unknown");
                assert_eq!(why.reason, Reason::Unparsable, "{printed:?}");
                assert_eq!(why.raw.as_deref(), Some(printed));
            }
            assert!(scope.reserved.iter().all(|reserved| reserved.ports.why().is_some()));
        }
    }

    #[test]
    fn each_table_is_asked_for_once_and_no_other_is_taken_for_it() {
        let (snapshot, mut asked) = read_with(DYNAMIC);
        let scope = &snapshot.scopes[0];
        for range in scope.ephemeral() {
            assert_eq!(range.bounds.known().is_some(), range.transports == [Transport::Tcp]);
        }
        let of_another_kind = |reserved: &Reserved| reserved.ports.why().is_some();
        assert!(scope.reserved.iter().all(of_another_kind));
        assert_eq!((asked.len(), scope.reserved.len()), (8, 8));
        asked.sort();
        asked.dedup();
        assert_eq!(asked.len(), 8, "{asked:?}");
    }
}
