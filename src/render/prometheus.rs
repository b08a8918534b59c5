//! The text format of Prometheus, version 0.0.4, for the textfile collector of node_exporter.
//!
//! <https://prometheus.io/docs/instrumenting/exposition_formats/> and its naming practices. No
//! sample has a timestamp, since the collector refuses a file with one; no label holds a port, a
//! process or a text of the host, so that the series stay few. What is not known has no series, and
//! a 0 in the series `…_known` beside it.

use std::collections::{BTreeMap, HashSet};
use std::fmt::{Display, Write};
use std::time::UNIX_EPOCH;

use super::view::figures::{self, KINDS};
use crate::text::{printable, shortened};
use crate::wire::v1::{
    Document, Family, Range, Reserved, Scope, Severity, State, Status, Transport, Verdict,
};

/// The longest label value: no name of a rule comes near it.
const LABEL: usize = 128;

/// Labels between braces, or nothing, and the value.
pub(super) type Sample<V> = (String, V);

/// The document as a file for the collector.
pub fn render(document: &Document) -> Vec<u8> {
    let mut text = Exposition(String::new());
    audit(&mut text, document);
    if let Some(scope) = figures::own_scope(document) {
        ranges(&mut text, scope);
        pools(&mut text, scope);
        usage(&mut text, scope);
    }
    text.0.into_bytes()
}

/// A text in the making.
#[derive(Default)]
pub(super) struct Exposition(String);

impl Exposition {
    /// The whole of it; OpenMetrics wants a mark at its end.
    pub(super) fn finish(mut self, is_openmetrics: bool) -> Vec<u8> {
        if is_openmetrics {
            self.0.push_str("# EOF\n");
        }
        self.0.into_bytes()
    }

    /// A family of gauges; none where it has no sample, and of two samples with the same labels the
    /// first.
    pub(super) fn gauges<V: Display>(
        &mut self,
        name: &str,
        help: &str,
        samples: impl IntoIterator<Item = Sample<V>>,
    ) {
        let mut written = HashSet::new();
        for (labels, value) in samples {
            // Writing to a String does not fail.
            if written.is_empty() {
                let _ = write!(
                    self.0,
                    "# HELP ephemeral_port_{name} {help}\n# TYPE ephemeral_port_{name} gauge\n"
                );
            }
            if !written.contains(&labels) {
                let _ = writeln!(self.0, "ephemeral_port_{name}{labels} {value}");
                written.insert(labels);
            }
        }
    }
}

/// A sample with these labels.
pub(super) fn sample<V>(labels: &[(&str, &str)], value: V) -> Sample<V> {
    let labels: Vec<String> =
        labels.iter().map(|(name, text)| format!("{name}=\"{}\"", escaped(text))).collect();
    let labels =
        if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
    (labels, value)
}

/// A label value may hold any character but these three as they are; control characters are no use
/// to anybody.
fn escaped(text: &str) -> String {
    shortened(&printable(text), LABEL)
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

fn audit(text: &mut Exposition, document: &Document) {
    let build = [
        ("version", &*document.tool.version),
        ("schema_version", &*document.schema_version),
        ("profile", &*document.profile),
    ];
    text.gauges(
        "audit_build_info",
        "Always 1; which ephaudit wrote this, and by which profile it judged.",
        [sample(&build, 1)],
    );
    text.gauges(
        "audit_last_run_timestamp_seconds",
        "When the facts were read, in seconds since 1970.",
        seconds(&document.collected_at).map(|seconds| sample(&[], seconds)),
    );
    text.gauges(
        "audit_status",
        "1 for the status of the audit, 0 for the others; all 0 where nothing was judged.",
        Status::ALL.into_iter().map(|status| {
            sample(&[("status", status.name())], u8::from(document.status == Some(status)))
        }),
    );
    text.gauges(
        "audit_scopes",
        "Network namespaces, or the like, that were looked at.",
        [sample(&[], document.scopes.len())],
    );
    text.gauges("audit_gaps", "Things that could not be read.", [sample(&[], document.gaps.len())]);
    text.gauges(
        "audit_rules",
        "Rules by their verdict.",
        Verdict::ALL.into_iter().map(|verdict| {
            sample(&[("verdict", verdict.name())], figures::rules(document, verdict))
        }),
    );
    text.gauges(
        "audit_critical_rules_not_asked",
        "Critical rules that nobody asked.",
        [sample(&[], figures::critical_unasked(document).count())],
    );
    let off = document.policy.as_ref().map(|policy| policy.off.len());
    text.gauges(
        "audit_rules_off",
        "Rules that the policy turns off.",
        off.map(|off| sample(&[], off)),
    );
    text.gauges(
        "audit_rule_unknown",
        "1 where the rule could not be answered.",
        document.rules.iter().map(|rule| {
            sample(&[("rule", &*rule.rule)], u8::from(rule.verdict == Verdict::Unknown))
        }),
    );
    text.gauges("audit_findings", "Findings of a rule by their severity.", findings(document));
}

pub(super) fn seconds(time: &str) -> Option<u64> {
    let time = humantime::parse_rfc3339(time).ok()?;
    time.duration_since(UNIX_EPOCH).ok().map(|since| since.as_secs())
}

/// The findings of each rule by their severity, zeros included: only so can an alert tell that one
/// is gone. A rule that found nothing has its own severity.
fn findings(document: &Document) -> Vec<Sample<usize>> {
    let mut counts: BTreeMap<(&str, bool, Severity), usize> = BTreeMap::new();
    for rule in &document.rules {
        for waived in [false, true] {
            counts.insert((&rule.rule, waived, rule.severity), 0);
        }
    }
    for finding in &document.findings {
        for waived in [false, true] {
            let of = (&*finding.rule, waived, finding.severity);
            *counts.entry(of).or_default() += usize::from(waived == finding.waived.is_some());
        }
    }
    let written = |((rule, waived, severity), count): ((&str, bool, Severity), usize)| {
        let status = if waived { "waived" } else { "fail" };
        sample(&[("rule", rule), ("severity", severity.name()), ("status", status)], count)
    };
    counts.into_iter().map(written).collect()
}

fn ranges(text: &mut Exposition, scope: &Scope) {
    let there: Vec<_> = scope.ranges.iter().filter(|range| range.state != State::Absent).collect();
    let each = |value: fn(Option<(u16, u16)>) -> Option<u32>| {
        there.iter().flat_map(move |range| {
            let value = value(figures::bounds(range));
            kinds(&range.transports, &range.families).filter_map(move |(transport, family)| {
                Some(sample(
                    &[("role", &*range.role), ("transport", transport), ("family", family)],
                    value?,
                ))
            })
        })
    };
    text.gauges(
        "range_known",
        "1 where the port range could be read; its role is ephemeral where bind() and connect() use it.",
        each(|bounds| Some(u32::from(bounds.is_some()))),
    );
    text.gauges(
        "range_first",
        "First number of the port range.",
        each(|bounds| bounds.map(|(first, _)| first.into())),
    );
    text.gauges(
        "range_last",
        "Last number of the port range.",
        each(|bounds| bounds.map(|(_, last)| last.into())),
    );
    text.gauges(
        "range_ports",
        "Ports between both numbers, inclusive, with the reserved ones.",
        each(|bounds| bounds.map(|(first, last)| u32::from(first.abs_diff(last)) + 1)),
    );
}

fn kinds<'a>(
    transports: &'a [Transport],
    families: &'a [Family],
) -> impl Iterator<Item = (&'static str, &'static str)> + 'a {
    transports.iter().flat_map(move |transport| {
        families.iter().map(move |family| (transport.name(), family.name()))
    })
}

fn pools(text: &mut Exposition, scope: &Scope) {
    let lists = || scope.reserved.iter().filter(|list| list.state != State::Absent);
    let reserved = |value: fn(&Reserved) -> Option<u32>| {
        lists().flat_map(move |list| {
            let value = value(list);
            kinds(&list.transports, &list.families).filter_map(move |(transport, family)| {
                Some(sample(
                    &[("kind", &*list.kind), ("transport", transport), ("family", family)],
                    value?,
                ))
            })
        })
    };
    text.gauges(
        "reserved_known",
        "1 where the list of reserved or excluded ports could be read.",
        reserved(|list| Some(u32::from(figures::reserved(list).is_some()))),
    );
    text.gauges(
        "reserved_ports",
        "Ports on the list, inside the range or not.",
        reserved(figures::reserved),
    );
    let pools = KINDS.into_iter().filter(|(transport, family)| {
        let serves =
            |range: &Range| range.transports.contains(transport) && range.families.contains(family);
        figures::ephemeral(scope).any(serves)
    });
    let pools: Vec<_> = pools
        .map(|(transport, family)| {
            let labels = [("transport", transport.name()), ("family", family.name())];
            (labels, figures::pool(scope, transport, family))
        })
        .collect();
    text.gauges(
        "pool_known",
        "1 where it could be computed which ports automatic allocation can hand out.",
        pools.iter().map(|(labels, ports)| sample(labels, u8::from(ports.is_some()))),
    );
    text.gauges(
        "pool_ports",
        "Ports that automatic allocation can hand out: the range less the reserved and excluded ones.",
        pools.iter().filter_map(|(labels, ports)| Some(sample(labels, (*ports)?))),
    );
}

fn usage(text: &mut Exposition, scope: &Scope) {
    let each = [Transport::Tcp, Transport::Udp].map(|transport| {
        let labels = [("transport", transport.name())];
        (labels, figures::listeners_in_pool(scope, transport), figures::busiest(scope, transport))
    });
    text.gauges(
        "listeners_in_pool_known",
        "1 where all listeners could be read, and whether they are in the pool.",
        each.iter().map(|(labels, inside, _)| sample(labels, u8::from(inside.is_some()))),
    );
    text.gauges(
        "listeners_in_pool",
        "TCP listeners and unconnected UDP sockets on ports of the pool.",
        each.iter().filter_map(|(labels, inside, _)| Some(sample(labels, (*inside)?))),
    );
    let usage = &scope.usage;
    if usage.state != State::Absent {
        text.gauges(
            "usage_known",
            "1 where it could be read who uses the pool.",
            [sample(&[], u8::from(usage.state == State::Known))],
        );
    }
    for (name, help, value) in [
        ("tcp_sockets", "TCP sockets, except those in TIME_WAIT.", usage.tcp_sockets),
        ("tcp_time_wait_sockets", "TCP sockets in TIME_WAIT.", usage.tcp_time_wait),
        ("udp_sockets", "UDP sockets with a port.", usage.udp_sockets),
    ] {
        text.gauges(name, help, value.map(|value| sample(&[], value)));
    }
    text.gauges(
        "busiest_destination_ratio",
        "Part in use, from 0 to 1, of the ports towards the busiest destination; only where the sockets were looked at.",
        each.iter().filter_map(|(labels, _, percent)| {
            let percent = (*percent)?;
            Some(sample(labels, format!("{}.{:02}", percent / 100, percent % 100)))
        }),
    );
}
