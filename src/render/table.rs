//! The view for people.

pub(super) mod boot;
pub(super) mod findings;
pub(super) mod others;
pub(super) mod usage;

use anstyle::Style;
use ephaudit_platform::ports::{PortRange, PortSet};

use super::Look;
use super::page::{BOLD, GREEN, PLAIN, Page, RED, YELLOW};
use super::strip;
use crate::text::{self, counted, grouped};
use crate::wire::v1::{
    Document, Family, Host, Listener, Owner, Pool, Range, Registry, Reserved, Scope, Severity,
    Source, Span, State, Status, Transport, Verdict,
};

/// The document as a page.
pub fn render(document: &Document, look: Look) -> Vec<u8> {
    let mut page = Page::new(look);
    headline(&mut page, document);
    page.gap();
    about(&mut page, document);
    for scope in document.scopes.iter().filter(|scope| scope.current) {
        page.gap();
        strip::draw(&mut page, scope);
        page.gap();
        page.table(fact_rows(scope));
        usage::busiest(&mut page, &scope.usage);
        if document.status.is_none() && !scope.listeners.items.is_empty() {
            page.gap();
            page.table(listener_rows(&scope.listeners.items));
            let more = u32::try_from(scope.listeners.unlisted()).unwrap_or(u32::MAX);
            if more > 0 {
                let more = format!("and {} that are not listed", counted(more, "more listener"));
                page.prose((PLAIN, ""), (PLAIN, &more), 2);
            }
        }
        if document.status.is_none() && !scope.boot.is_empty() {
            boot::tell(&mut page, scope);
        }
    }
    others::list(&mut page, document);
    findings::tell_all(&mut page, document);
    findings::tell_waived(&mut page, document);
    findings::tell_gaps(&mut page, &document.gaps);
    if document.status.is_some() {
        page.gap();
        findings::tally(&mut page, document);
    }
    page.finish()
}

/// Its findings and gaps alone.
#[cfg(test)]
pub fn render_rule(document: &Document, look: Look) -> Vec<u8> {
    let mut page = Page::new(look);
    findings::tell_all(&mut page, document);
    findings::tell_waived(&mut page, document);
    findings::tell_gaps(&mut page, &document.gaps);
    page.finish()
}

fn headline(page: &mut Page, document: &Document) {
    let (style, word, rest) = verdict(document);
    page.prose((style, &format!("{word}  ")), (style, &rest), 2);
}

/// The verdict in a word, and what it rests on.
pub(super) fn verdict(document: &Document) -> (Style, &'static str, String) {
    let host = document.host.name.as_deref().unwrap_or("this host");
    let unknown = count_rules(document, Verdict::Unknown);
    let (style, word, rest) = match document.status {
        None => (BOLD, "FACTS", format!("about {host}, not judged")),
        Some(Status::Compliant) if document.findings.is_empty() => {
            (GREEN, "COMPLIANT", format!("{host}: no findings{}", unlooked(document)))
        }
        Some(Status::Compliant) => {
            let found = severities(document);
            let policy = document.policy.as_ref();
            let none = match policy.and_then(|policy| policy.fail_on) {
                Some(least) => format!("none at or above {}", least.name()),
                None => "none of which fails".to_owned(),
            };
            (GREEN, "COMPLIANT", format!("{host}: {found}, {none}{}", unlooked(document)))
        }
        Some(Status::Findings) => (RED, "FINDINGS", format!("{host}: {}", severities(document))),
        Some(Status::Undetermined) => (
            YELLOW,
            "UNDETERMINED",
            match unknown {
                0 => format!("{host}: no rule was answered"),
                unknown => format!("{host}: {} could not be answered", counted(unknown, "rule")),
            },
        ),
    };
    (style, word, rest + &turned_off(document))
}

/// What the policy left out of the audit; nothing where it left out nothing.
pub(super) fn turned_off(document: &Document) -> String {
    match document.policy.as_ref().map_or(0, |policy| policy.off.len()) {
        0 => String::new(),
        off => {
            let off = u32::try_from(off).unwrap_or(u32::MAX);
            format!("; {} turned off by the policy", counted(off, "rule"))
        }
    }
}

/// By what it was judged.
pub(super) fn measure(document: &Document) -> String {
    let Some(policy) = &document.policy else { return format!("profile {}", document.profile) };
    let file =
        policy.file.as_ref().map_or_else(String::new, |file| format!(" and the policy {file}"));
    let least = policy.fail_on.map_or("nothing", Severity::name);
    match least {
        // What holds where nobody says otherwise needs no word.
        "medium" => format!("profile {}{file}", document.profile),
        least => format!("profile {}{file}, failing on {least}", document.profile),
    }
}

/// What a compliant host was not looked at for: the counters prove that no pool is near exhaustion,
/// and no more.
pub(super) fn unlooked(document: &Document) -> &'static str {
    let looked = |scope: &Scope| scope.usage.method.as_deref() != Some("counters");
    if document.scopes.iter().all(looked) {
        return "";
    }
    "; connections not inspected (--usage top)"
}

fn severities(document: &Document) -> String {
    let parts: Vec<String> = Severity::ALL
        .into_iter()
        .filter_map(|level| {
            let count = document.unwaived().filter(|f| f.severity == level).count();
            (count > 0).then(|| format!("{count} {}", level.name()))
        })
        .collect();
    let waived = document.findings.len() - document.unwaived().count();
    let parts = parts.into_iter().chain((waived > 0).then(|| format!("{waived} waived")));
    parts.collect::<Vec<_>>().join(", ")
}

pub(super) fn count_rules(document: &Document, verdict: Verdict) -> u32 {
    let count = document.rules.iter().filter(|rule| rule.verdict == verdict).count();
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn about(page: &mut Page, document: &Document) {
    let own = document.scopes.iter().filter(|scope| scope.current);
    let own: Vec<String> = own.map(|scope| called(&scope.id, &scope.names)).collect();
    let scopes = format!("{}{}", own.join(", "), others::count(document));
    where_and_when(page, &document.host, &document.collected_at, &scopes);
    let edition = edition(&document.registry);
    match document.status {
        Some(_) => {
            let measure = format!("{}; {edition}", measure(document));
            page.prose((PLAIN, "judged by "), (PLAIN, &measure), 10);
        }
        None => page.prose((PLAIN, "names     "), (PLAIN, &edition), 10),
    }
}

/// A scope by its name, where it has one, and its id.
pub(super) fn called(id: &str, names: &[String]) -> String {
    match names.first() {
        Some(name) if *name != *id => format!("{name} {id}"),
        Some(name) => name.clone(),
        None => id.to_owned(),
    }
}

/// The host, and when it was read in which scopes.
pub(super) fn where_and_when(page: &mut Page, host: &Host, at: &str, scopes: &str) {
    page.prose((PLAIN, "host      "), (PLAIN, &system(host)), 10);
    page.prose((PLAIN, "read      "), (PLAIN, &format!("{at} in {scopes}")), 10);
}

/// What the host runs.
pub(super) fn system(host: &Host) -> String {
    let mut words: Vec<String> = Vec::new();
    words.extend(host.os_version.clone());
    words.push(match &host.kernel {
        Some(kernel) => format!("{} {kernel}", host.os),
        None => host.os.to_string(),
    });
    words.extend(host.arch.clone());
    words.extend(host.environment.as_ref().map(|environment| format!("in {environment}")));
    words.join(", ")
}

/// Which registry the names come from.
pub(super) fn edition(registry: &Registry) -> String {
    format!(
        "IANA ports of {} ({} entries, {})",
        registry.edition,
        grouped(registry.entries),
        registry.source
    )
}

/// The facts of a scope, each with where it was read, behind a heading.
pub(super) fn fact_rows(scope: &Scope) -> Vec<Vec<String>> {
    let mut rows = vec![row("FACT", "VALUE", "SOURCE")];
    rows.extend(scope.ranges.iter().map(range_row));
    rows.extend(scope.reserved.iter().map(reserved_row));
    let start = &scope.unprivileged_start;
    let value = match start.value {
        Some(value) => format!("from {value}"),
        None => unread(start.state, start.reason.as_deref()),
    };
    rows.push(row("unprivileged", &value, &place(&start.source)));
    let length = &scope.time_wait;
    let value = length.milliseconds.map(text::seconds);
    let value = value.unwrap_or_else(|| unread(length.state, length.reason.as_deref()));
    rows.push(row("TIME_WAIT", &value, &place(&length.source)));
    rows.extend(scope.pools.iter().map(pool_row));
    rows.push(listeners_row(scope));
    rows.extend(usage::fact(scope));
    rows
}

fn row(fact: &str, value: &str, from: &str) -> Vec<String> {
    vec![fact.to_owned(), value.to_owned(), from.to_owned()]
}

fn range_row(range: &Range) -> Vec<String> {
    let value = match (range.state, range.first, range.last) {
        (State::Known, Some(first), Some(last)) => {
            let default = match range.vendor_default {
                Some(span) if (span.first, span.last) == (first, last) => ", the default",
                _ => "",
            };
            format!("{first}-{last}{default}")
        }
        _ => unread(range.state, range.reason.as_deref()),
    };
    let value = match range.families[..] {
        [Family::Ipv4] => format!("{value} (IPv4)"),
        [Family::Ipv6] => format!("{value} (IPv6)"),
        _ => value,
    };
    let value = match range.transports[..] {
        [only] => format!("{} {value}", only.name()),
        _ => value,
    };
    row(&format!("{} range", range.role), &value, &place(&range.source))
}

fn reserved_value(reserved: &Reserved) -> String {
    match reserved.state {
        State::Known if reserved.spans.is_empty() => "none".to_owned(),
        State::Known => {
            let unknown = (reserved.span_count as usize).saturating_sub(reserved.spans.len());
            text::spans_of(&set(&reserved.spans), unknown)
        }
        state => unread(state, reserved.reason.as_deref()),
    }
}

fn reserved_row(reserved: &Reserved) -> Vec<String> {
    let value = reserved_value(reserved);
    let which = match reserved.transports[..] {
        [only] => format!("{} {}", only.name(), reserved.kind),
        _ => format!("{} ports", reserved.kind),
    };
    row(&which, &value, &place(&reserved.source))
}

fn pool_row(pool: &Pool) -> Vec<String> {
    let classes =
        [(pool.system_ports, "System"), (pool.user_ports, "User"), (pool.dynamic_ports, "Dynamic")];
    let parts: Vec<String> = classes
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, class)| format!("{} {class}", grouped(*count)))
        .collect();
    row(&format!("{} pool", pool.transport.name()), &counted(pool.ports, "port"), &parts.join(", "))
}

fn listeners_row(scope: &Scope) -> Vec<String> {
    let items = &scope.listeners.items;
    let count = |wanted: Transport| grouped(scope.listeners.total(wanted).count);
    let inside = grouped(scope.listeners.seen().1);
    let mut value =
        format!("{} tcp, {} udp; {inside} in pool", count(Transport::Tcp), count(Transport::Udp));
    if scope.listeners.state != State::Known {
        value = format!(
            "{}; seen: {value}",
            unread(scope.listeners.state, scope.listeners.reason.as_deref())
        );
    }
    let from =
        items.first().map_or_else(|| "sock_diag".to_owned(), |item| item.source.kind.to_string());
    row("listeners", &value, &from)
}

/// What stands where a value would, were it known.
pub(super) fn unread(state: State, reason: Option<&str>) -> String {
    match (state, reason) {
        (State::Absent, _) => "not on this system".to_owned(),
        (_, Some(reason)) => format!("UNKNOWN ({reason})"),
        (_, None) => "UNKNOWN".to_owned(),
    }
}

/// A sysctl by its short name, anything else as it is.
pub(super) fn place(source: &Source) -> String {
    match source.location.strip_prefix("/proc/sys/") {
        Some(key) => key.replace('/', "."),
        None => source.location.clone(),
    }
}

pub(super) fn spans(spans: &[Span]) -> String {
    text::spans(&set(spans))
}

fn set(spans: &[Span]) -> PortSet {
    spans.iter().map(|span| PortRange::between(span.first, span.last)).collect()
}

/// The listeners behind a heading.
pub(super) fn listener_rows<'a>(items: impl IntoIterator<Item = &'a Listener>) -> Vec<Vec<String>> {
    let mut rows = vec![["LISTENER", "IN POOL", "SERVICE", "OWNER"].map(str::to_owned).to_vec()];
    rows.extend(items.into_iter().map(|item| {
        let address = if item.address.contains(':') {
            format!("[{}]:{}", item.address, item.port)
        } else {
            format!("{}:{}", item.address, item.port)
        };
        vec![
            format!("{} {address}", item.transport.name()),
            match item.in_pool {
                Some(true) => "yes".to_owned(),
                Some(false) => "no".to_owned(),
                None => "?".to_owned(),
            },
            item.service.clone().unwrap_or_default(),
            item.owner.as_ref().map(holder).unwrap_or_default(),
        ]
    }));
    rows
}

/// A process and what runs it.
pub(super) fn holder(owner: &Owner) -> String {
    let run_by = text::run_by(owner.unit.as_deref(), owner.container.as_deref());
    match &owner.command {
        Some(command) => format!("{command} ({}{run_by})", owner.pid),
        None => format!("pid {}{run_by}", owner.pid),
    }
}
