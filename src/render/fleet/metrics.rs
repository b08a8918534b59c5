//! For Prometheus and OpenMetrics: few series, however many hosts there are.

use super::super::prometheus::{Exposition, sample, seconds};
use crate::wire::v1::{Fleet, ShapeRow};

/// How many shapes have a series of their own.
const SHAPES: usize = 20;

/// The roll-up as an exposition.
pub fn render(fleet: &Fleet, is_openmetrics: bool) -> Vec<u8> {
    let mut text = Exposition::default();
    let status = fleet.hosts.status.all();
    text.gauges(
        "fleet_hosts",
        "Hosts by status.",
        status.map(|(name, count)| sample(&[("status", name)], count)),
    );
    let coverage = &fleet.coverage;
    let expected = coverage.expected;
    text.gauges(
        "fleet_expected_hosts",
        "Hosts that the inventory names.",
        expected.map(|count| sample(&[], count)),
    );
    text.gauges(
        "fleet_missing_hosts",
        "Expected hosts without a report.",
        expected.map(|_| sample(&[], coverage.missing.count)),
    );
    for (name, help, count) in [
        ("fleet_unexpected_hosts", "Hosts that no inventory names.", coverage.unexpected.count),
        ("fleet_stale_hosts", "Hosts whose report is too old.", coverage.stale.count),
        ("fleet_rejected_lines", "Rows that are no report.", fleet.input.rejected.count),
        ("fleet_superseded_reports", "Reports that a later one replaces.", fleet.input.superseded),
        ("fleet_shapes", "Different settings.", fleet.shapes.len() as u64),
        ("fleet_odd_hosts", "Hosts that are set as few others are.", fleet.odd.hosts),
    ] {
        text.gauges(name, help, [sample(&[], count)]);
    }
    let open = fleet.findings.iter().filter(|row| !row.waived);
    text.gauges(
        "fleet_finding_hosts",
        "Hosts with a finding that nobody accepted.",
        open.map(|row| {
            sample(&[("rule", row.rule.as_str()), ("severity", row.severity.name())], row.hosts)
        }),
    );
    text.gauges(
        "fleet_undetermined_hosts",
        "Hosts on which a rule has no complete answer.",
        fleet
            .undetermined
            .rules
            .iter()
            .map(|row| sample(&[("rule", row.rule.as_str())], row.hosts)),
    );
    let (named, others) = fleet.shapes.split_at(fleet.shapes.len().min(SHAPES));
    let of = |row: &ShapeRow| {
        sample(&[("shape", row.shape.as_str()), ("os", row.os.as_str())], row.hosts)
    };
    let other: u64 = others.iter().map(|row| row.hosts).sum();
    let other = (other > 0).then(|| sample(&[("shape", "other"), ("os", "")], other));
    text.gauges(
        "fleet_shape_hosts",
        "Hosts by what is set on them.",
        named.iter().map(of).chain(other),
    );
    text.gauges(
        "fleet_newest_timestamp_seconds",
        "When the newest report was made, in seconds since 1970.",
        fleet.newest.as_deref().and_then(seconds).map(|newest| sample(&[], newest)),
    );
    text.finish(is_openmetrics)
}
