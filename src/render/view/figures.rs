//! Figures that monitoring reads off a document: of the scope that the program ran in, and none
//! where it is not known.

use std::cmp::Reverse;

use ephaudit_platform::ports::{PortRange, PortSet};

use crate::text::shortened;
use crate::wire::v1::{
    Document, Family, Range, Reserved, Rule, Scope, Severity, State, Transport, Verdict,
};

/// What a pool is for.
pub const KINDS: [(Transport, Family); 4] = [
    (Transport::Tcp, Family::Ipv4),
    (Transport::Tcp, Family::Ipv6),
    (Transport::Udp, Family::Ipv4),
    (Transport::Udp, Family::Ipv6),
];

/// The scope that the program ran in.
pub fn own_scope(document: &Document) -> Option<&Scope> {
    document.scopes.iter().find(|scope| scope.current)
}

/// The ranges that automatic allocation uses, where the system has such a knob.
pub fn ephemeral(scope: &Scope) -> impl Iterator<Item = &Range> {
    scope.ranges.iter().filter(|range| range.role == "ephemeral" && range.state != State::Absent)
}

/// Both numbers of a range.
pub fn bounds(range: &Range) -> Option<(u16, u16)> {
    match (range.state, range.first, range.last) {
        (State::Known, Some(first), Some(last)) => Some((first, last)),
        _ => None,
    }
}

/// How many ports a list holds, each counted once; none where the report has only a part of it.
pub fn reserved(list: &Reserved) -> Option<u32> {
    let ports = list.spans.iter().map(|span| PortRange::between(span.first, span.last));
    let whole = list.state == State::Known && !list.truncated;
    whole.then(|| ports.collect::<PortSet>().count())
}

/// How many ports automatic allocation can hand out.
pub fn pool(scope: &Scope, transport: Transport, family: Family) -> Option<u32> {
    let serves = |families: &[Family]| families.contains(&family);
    let mut pools = scope.pools.iter();
    pools.find(|pool| pool.transport == transport && serves(&pool.families)).map(|pool| pool.ports)
}

/// How many listeners are in the pool; none where one may be unseen, or may be in it.
pub fn listeners_in_pool(scope: &Scope, transport: Transport) -> Option<u32> {
    let known = scope.listeners.state == State::Known;
    known.then(|| scope.listeners.total(transport).in_pool).flatten()
}

/// The part in use, in percent, of the ports towards the busiest destination.
pub fn busiest(scope: &Scope, transport: Transport) -> Option<u32> {
    let used = scope.usage.destinations.iter();
    used.filter(|used| used.transport == transport && used.destination.is_some())
        .filter_map(|used| used.percent)
        .max()
}

/// How many rules have that verdict.
pub fn rules(document: &Document, verdict: Verdict) -> usize {
    document.rules.iter().filter(|rule| rule.verdict == verdict).count()
}

/// How many options are named, and how much of each.
const OPTIONS: usize = 8;
const OPTION: usize = 24;

/// "15 not asked (--boot 6, --usage top 3)": the rules that nobody asked, and the options that ask;
/// nothing where there are none.
pub fn not_asked(document: &Document) -> Option<String> {
    let options: Vec<String> = unasked(document)
        .into_iter()
        .map(|(option, count)| format!("{} {count}", shortened(option, OPTION)))
        .collect();
    let options =
        if options.is_empty() { String::new() } else { format!(" ({})", options.join(", ")) };
    match rules(document, Verdict::NotAsked) {
        0 => None,
        count => Some(format!("{count} not asked{options}{}", worst(document))),
    }
}

/// The options that nobody gave, and how many rules each asks, most first.
pub fn unasked(document: &Document) -> Vec<(&str, usize)> {
    let unasked = document.rules.iter().filter(|rule| rule.verdict == Verdict::NotAsked);
    let mut options: Vec<(&str, usize)> = Vec::new();
    for option in unasked.filter_map(|rule| rule.asks.as_deref()) {
        match options.iter_mut().find(|(known, _)| *known == option) {
            Some((_, count)) => *count += 1,
            None => options.push((option, 1)),
        }
    }
    // The sort is stable: of equal ones the first in the order of rules.
    options.sort_by_key(|(_, count)| Reverse(*count));
    options.truncate(OPTIONS);
    options
}

/// The critical rules that nobody asked: what they find nobody may overlook.
pub fn critical_unasked(document: &Document) -> impl Iterator<Item = &Rule> {
    document
        .rules
        .iter()
        .filter(|rule| rule.verdict == Verdict::NotAsked && rule.severity == Severity::Critical)
}

/// Their names, "the critical self-connected-socket", or nothing.
pub fn gravest_unasked(document: &Document) -> Option<String> {
    let unasked = critical_unasked(document).take(OPTIONS);
    let names: Vec<String> = unasked.map(|rule| shortened(&rule.rule, OPTION)).collect();
    (!names.is_empty()).then(|| format!("the critical {}", names.join(", ")))
}

fn worst(document: &Document) -> String {
    gravest_unasked(document).map_or_else(String::new, |names| format!(", {names} among them"))
}

/// How many findings are waived.
pub fn waived(document: &Document) -> usize {
    document.findings.len() - document.unwaived().count()
}

/// How many findings of that severity are not waived.
pub fn open_of(document: &Document, severity: Severity) -> usize {
    document.unwaived().filter(|finding| finding.severity == severity).count()
}
