//! One screen about a port: the answer first, then what it rests on, then what to do.

use anstyle::Style;

use super::Look;
use super::page::{BOLD, GREEN, PLAIN, Page, RED, YELLOW};
use super::view::facts::holder;
use super::view::findings::gap_lines;
use crate::text::{counted, cut, seconds};
use crate::wire::v1::{Bind, Explanation, Family, Holder, Meeting, PortOn, PortState};

/// How many lines the screen may have.
const LINES: usize = 22;

/// How much the screen tells.
#[derive(Clone, Copy)]
struct ScreenBudget {
    /// Sockets.
    holders: usize,
    /// Reasons for what was not read, and steps.
    lines: usize,
    /// Footnotes, and empty lines.
    notes: bool,
}

/// As many steps as belong together: those that take a port out of a block of Windows.
const STEPS: usize = 3;

/// The steps down, one after the other until it fits.
const ROOMS: [ScreenBudget; 5] = [
    ScreenBudget { holders: 6, lines: 20, notes: true },
    ScreenBudget { holders: 3, lines: 6, notes: true },
    ScreenBudget { holders: 2, lines: 4, notes: false },
    ScreenBudget { holders: 1, lines: 2, notes: false },
    ScreenBudget { holders: 1, lines: 1, notes: false },
];

/// The explanation as a page.
pub fn render(explanation: &Explanation, look: Look) -> Vec<u8> {
    let mut pages = ROOMS.iter().map(|room| screen(explanation, look, *room));
    let fits = pages.find(|page| page.lines() <= LINES);
    fits.unwrap_or_else(|| screen(explanation, look, ROOMS[ROOMS.len() - 1])).finish()
}

fn screen(explanation: &Explanation, look: Look, room: ScreenBudget) -> Page {
    let mut page = Page::new(look);
    for on in &explanation.transports {
        headline(&mut page, explanation.port, on);
    }
    page.gap();
    page.prose((PLAIN, "port      "), (PLAIN, &port(explanation)), 10);
    pool(&mut page, &explanation.transports);
    for on in explanation.transports.iter().filter(|on| !on.holders.is_empty()) {
        if room.notes {
            page.gap();
        }
        holders(&mut page, on, room.holders);
    }
    if room.notes {
        page.gap();
    }
    meetings(&mut page, &explanation.transports, room.notes);
    for self_connect in explanation.transports.iter().filter_map(|on| on.self_connect.as_ref()) {
        page.prose((PLAIN, "itself    "), (PLAIN, &self_connect.reason), 10);
    }
    if !explanation.steps.is_empty() && room.notes {
        page.gap();
    }
    // Steps that belong together are never told in part.
    let together = explanation.transports.iter().any(|on| !on.excluded.is_empty());
    let least = if together { STEPS } else { 0 };
    let steps = explanation.steps.iter().take(room.lines.max(least));
    for step in steps.clone() {
        page.step(&step.text, step.command.as_deref());
    }
    let gaps = gap_lines(&explanation.gaps);
    for (at, line) in gaps.iter().take(room.lines).enumerate() {
        let lead = if at == 0 { "NOT READ  " } else { "          " };
        let line = cut(line, 2 * look.width.saturating_sub(12).max(20));
        page.prose((YELLOW, lead), (PLAIN, &line), 10);
    }
    let left = gaps.len().saturating_sub(room.lines) + (explanation.steps.len() - steps.len());
    if left > 0 {
        page.prose((PLAIN, "          "), (PLAIN, "and more: --format json"), 10);
    }
    page.gap();
    for on in &explanation.transports {
        let (style, word) = state(on.state);
        let line = format!(
            "{} {}, read {}",
            on.transport.name(),
            explanation.port,
            explanation.collected_at
        );
        page.prose((style, &format!("{word}  ")), (style, &line), 2);
    }
    page
}

fn headline(page: &mut Page, port: u16, on: &PortOn) {
    let (style, word) = state(on.state);
    let service = on.service.as_ref().map_or_else(String::new, |name| format!(" ({name})"));
    let line = format!("{} {port}{service}: {}", on.transport.name(), on.answer);
    page.prose((style, &format!("{word}  ")), (style, &line), 2);
}

const fn state(state: PortState) -> (Style, &'static str) {
    match state {
        PortState::Free => (GREEN, "FREE"),
        PortState::Served => (BOLD, "SERVED"),
        PortState::Open => (BOLD, "OPEN"),
        PortState::Bound | PortState::Connected | PortState::SelfConnected | PortState::Waiting => {
            (RED, "TAKEN")
        }
        PortState::Excluded => (RED, "EXCLUDED"),
        PortState::Unknown => (YELLOW, "UNKNOWN"),
    }
}

fn port(explanation: &Explanation) -> String {
    let class = match explanation.class {
        "system" => "a System Port",
        "user" => "a User Port",
        _ => "a Dynamic Port",
    };
    let assigned: Vec<&PortOn> =
        explanation.transports.iter().filter(|on| on.service.is_some()).collect();
    let service = |on: &PortOn| on.service.clone().unwrap_or_default();
    let alike = assigned.len() == explanation.transports.len()
        && assigned.iter().all(|on| on.service == assigned[0].service);
    let names = match &assigned[..] {
        [] => "not assigned by IANA".to_owned(),
        [one, ..] if alike => format!("IANA: {}", service(one)),
        each => {
            let name = |on: &&PortOn| format!("{} ({})", service(on), on.transport.name());
            format!("IANA: {}", each.iter().map(name).collect::<Vec<_>>().join(", "))
        }
    };
    let privilege = match explanation.privileged {
        Some(true) => "; binding it takes CAP_NET_BIND_SERVICE",
        Some(false) | None => "",
    };
    format!("{}, {class}; {names}{privilege}", explanation.port)
}

/// One line for all transports where they are alike.
fn pool(page: &mut Page, transports: &[PortOn]) {
    let lines: Vec<String> = transports.iter().map(in_pool).collect();
    let alike = lines.iter().all(|line| Some(line) == lines.first());
    for (on, line) in transports.iter().zip(&lines).take(if alike { 1 } else { lines.len() }) {
        let which = if alike { String::new() } else { format!("{}: ", on.transport.name()) };
        page.prose((PLAIN, "pool      "), (PLAIN, &format!("{which}{line}")), 10);
    }
}

fn in_pool(on: &PortOn) -> String {
    let range = match (on.range_first, on.range_last) {
        (Some(first), Some(last)) => format!("{first}-{last}"),
        _ => "(not known)".to_owned(),
    };
    match (on.in_pool, on.in_range, on.reserved) {
        (Some(true), ..) => format!("in it: inside the range {range}, and not reserved"),
        (_, Some(true), Some(true)) => format!("not in it: inside the range {range}, but reserved"),
        (_, Some(false), Some(true)) => {
            format!("not in it: outside the range {range}, and reserved")
        }
        (_, Some(false), _) => format!("not in it: outside the range {range}"),
        (Some(false), ..) => format!("not in it, though inside the range {range}"),
        (None, Some(true), _) => {
            format!("inside the range {range}; whether it is reserved is not known")
        }
        (None, ..) if on.range_first.is_none() => "not known, as the range is not".to_owned(),
        (None, ..) => format!("not known: the range is {range}"),
    }
}

fn holders(page: &mut Page, on: &PortOn, shown: usize) {
    let first = format!("{} SOCKET", on.transport.name().to_uppercase());
    let mut rows = vec![vec![first, "LOCAL".into(), "PEER".into(), "OWNER".into()]];
    rows.extend(on.holders.iter().take(shown).map(row));
    page.table(rows);
    let shown = u32::try_from(on.holders.len().min(shown)).unwrap_or(u32::MAX);
    let more = on.sockets.saturating_sub(shown);
    if more > 0 {
        let line =
            format!("and {}; --format json lists the first hundred", counted(more, "more socket"));
        page.prose((PLAIN, ""), (PLAIN, &line), 2);
    }
}

fn row(item: &Holder) -> Vec<String> {
    let owner = match (&item.owner, item.uid, item.time_wait_left) {
        (Some(owner), ..) => holder(owner),
        (None, Some(uid), _) => format!("uid {uid}"),
        (None, None, Some(left)) => format!("none; {} left", seconds(left.div_ceil(1000) * 1000)),
        (None, None, None) => String::new(),
    };
    vec![item.state.to_owned(), item.local.clone(), item.peer.clone().unwrap_or_default(), owner]
}

/// What a service meets; addresses that meet the same stand in one row.
fn meetings(page: &mut Page, transports: &[PortOn], notes: bool) {
    let mut rows: Vec<(String, Bind, Bind)> = Vec::new();
    for on in transports {
        let mut own: Vec<(Vec<&Meeting>, Bind, Bind)> = Vec::new();
        for meeting in &on.if_wanted {
            let (without, with) = (meeting.without_reuseaddr, meeting.with_reuseaddr);
            match own.iter_mut().find(|(_, a, b)| (*a, *b) == (without, with)) {
                Some((alike, ..)) => alike.push(meeting),
                None => own.push((vec![meeting], without, with)),
            }
        }
        let all = own.len() == 1;
        rows.extend(own.into_iter().map(|(alike, without, with)| {
            let addresses = if all { "any address".to_owned() } else { addresses(&alike) };
            (format!("{} {addresses}", on.transport.name()), without, with)
        }));
    }
    // One line where SO_REUSEADDR and the address make no difference.
    if let Some((_, first, _)) = rows.first() {
        let alike = rows.iter().all(|(_, without, with)| without == first && with == first);
        if alike && !bind(*first).contains(['*', '+']) {
            let line = format!("{}, with SO_REUSEADDR too, on any address", bind(*first));
            page.prose((PLAIN, "bind()    "), (PLAIN, &line), 10);
            rows.clear();
        }
    }
    if rows.is_empty() {
        return;
    }
    let head = ["A SERVICE ON", "WITHOUT SO_REUSEADDR", "WITH SO_REUSEADDR"];
    let cells = rows.iter().map(|(addresses, without, with)| {
        vec![addresses.clone(), bind(*without).to_owned(), bind(*with).to_owned()]
    });
    page.table(std::iter::once(head.map(str::to_owned).to_vec()).chain(cells));
    for (mark, line) in [
        (
            '*',
            "unless the socket that holds it set SO_REUSEADDR too, which no kernel shows: few clients do, most services do",
        ),
        (
            '+',
            "unless the socket that holds it is IPv6 only, by IPV6_V6ONLY or bind() to one address, which is not shown here",
        ),
    ] {
        let marked = |outcome: Bind| bind(outcome).contains(mark);
        let shown = rows.iter().any(|(_, without, with)| marked(*without) || marked(*with));
        if notes && shown {
            page.prose((PLAIN, ""), (PLAIN, &format!("{mark} {line}")), 2);
        }
    }
}

fn addresses(alike: &[&Meeting]) -> String {
    let name = |meeting: &&Meeting| match (&meeting.address, meeting.family) {
        (Some(address), Family::Ipv4) => address.clone(),
        (Some(address), Family::Ipv6) => format!("[{address}]"),
        (None, Family::Ipv4) => "other IPv4".to_owned(),
        (None, Family::Ipv6) => "other IPv6".to_owned(),
    };
    alike.iter().map(name).collect::<Vec<_>>().join(", ")
}

const fn bind(bind: Bind) -> &'static str {
    match bind {
        Bind::Works => "works",
        Bind::WorksAsSeen => "works, as far as is known",
        Bind::InUse => "EADDRINUSE",
        Bind::InUseUnlessHolderReuses => "EADDRINUSE *",
        Bind::InUseUnlessHolderV6Only => "EADDRINUSE +",
        Bind::InUseUnlessHolderReusesOrV6Only => "EADDRINUSE * +",
        Bind::Excluded => "WSAEACCES",
        Bind::Unknown => "not known",
    }
}
