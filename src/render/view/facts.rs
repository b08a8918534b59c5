//! The facts of a scope and of the host, as rows and words.

use ephaudit_platform::ports::{PortRange, PortSet};

use super::rows::{row, unread};
use super::usage;
use crate::text::{self, counted, grouped};
use crate::wire::v1::{
    Family, Host, Listener, Owner, Pool, Range, Registry, Reserved, Scope, Source, Span, State,
    Transport,
};

/// A scope by its name, where it has one, and its id.
pub fn called(id: &str, names: &[String]) -> String {
    match names.first() {
        Some(name) if *name != *id => format!("{name} {id}"),
        Some(name) => name.clone(),
        None => id.to_owned(),
    }
}

/// What the host runs.
pub fn system(host: &Host) -> String {
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
pub fn edition(registry: &Registry) -> String {
    format!(
        "IANA ports of {} ({} entries, {})",
        registry.edition,
        grouped(registry.entries),
        registry.source
    )
}

/// The facts of a scope, each with where it was read, behind a heading.
pub fn fact_rows(host: &Host, scope: &Scope) -> Vec<Vec<String>> {
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
    rows.push(listeners_row(host, scope));
    rows.extend(usage::fact(scope));
    rows
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

/// The ports of a list, or why they are not known.
pub fn reserved_value(reserved: &Reserved) -> String {
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

fn listeners_row(host: &Host, scope: &Scope) -> Vec<String> {
    let items = &scope.listeners.items;
    let count = |wanted: Transport| grouped(scope.listeners.total(wanted).count);
    let inside = grouped(scope.listeners.shown().1);
    let mut value =
        format!("{} tcp, {} udp; {inside} in pool", count(Transport::Tcp), count(Transport::Udp));
    if scope.listeners.state != State::Known {
        value = format!(
            "{}; seen: {value}",
            unread(scope.listeners.state, scope.listeners.reason.as_deref())
        );
    }
    let from = match items.first() {
        Some(item) => item.source.kind.as_ref(),
        None if host.os == "linux" => "sock_diag",
        // Nobody was asked, or nothing says who.
        None => "",
    };
    row("listeners", &value, from)
}

/// A sysctl by its short name, what nobody read as such, anything else as it is.
pub fn place(source: &Source) -> String {
    if source.kind == "asked" {
        return format!("asked for in {}", source.location);
    }
    match source.location.strip_prefix("/proc/sys/") {
        Some(key) => key.replace('/', "."),
        None => source.location.clone(),
    }
}

/// The spans of a list, the first dozen of them.
pub fn spans(spans: &[Span]) -> String {
    text::spans(&set(spans))
}

fn set(spans: &[Span]) -> PortSet {
    spans.iter().map(|span| PortRange::between(span.first, span.last)).collect()
}

/// The listeners behind a heading.
pub fn listener_rows<'a>(items: impl IntoIterator<Item = &'a Listener>) -> Vec<Vec<String>> {
    let mut rows =
        vec![["LISTENER", "IN POOL", "FIXED", "SERVICE", "OWNER"].map(str::to_owned).to_vec()];
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
            fixed(item),
            item.service.clone().unwrap_or_default(),
            item.owner.as_ref().map(holder).unwrap_or_default(),
        ]
    }));
    rows
}

/// Whether it is a fixed service, and what tells it.
fn fixed(item: &Listener) -> String {
    let Some(fixed) = &item.fixed else { return "?".to_owned() };
    let signs = item.signs.join(", ");
    if signs.is_empty() { fixed.to_string() } else { format!("{fixed}: {signs}") }
}

/// A process and what runs it.
pub fn holder(owner: &Owner) -> String {
    let run_by = text::run_by(owner.unit.as_deref(), owner.container.as_deref());
    match &owner.command {
        Some(command) => format!("{command} ({}{run_by})", owner.pid),
        None => format!("pid {}{run_by}", owner.pid),
    }
}
