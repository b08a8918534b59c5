//! Reports that call their host compliant: held against their facts once for all that differ only
//! in what no check looks at, such as names, times and process ids.

use std::collections::HashSet;
use std::ops::Range;

use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::read::{Refusal, ReportView};
use crate::wire::v1::{self as wire, Status, Text};

/// How many reports are remembered, by a digest of 32 bytes each.
const REPORTS: usize = 16_384;
/// The longest of them: at this length no limit of `read` depends on what is taken out.
const LONGEST: usize = 64 * 1024;
/// The longest text that is taken out.
const TEXT: usize = 255;
/// Stands where something was taken out: no UTF-8 has it.
const HOLE: [u8; 1] = [0xff];

/// Reports whose verdicts hold against their facts.
#[derive(Default)]
pub struct Believed {
    seen: HashSet<[u8; 32]>,
}

impl Believed {
    /// Fails where a report calls its host compliant and `convert` would not believe its text: its
    /// verdicts have to hold against its facts. Other reports can do no harm by being worse than
    /// the truth.
    pub(super) fn check(&mut self, report: &ReportView<'_>, text: &str) -> Result<(), Refusal> {
        if report.status != Some(Status::Compliant) {
            return Ok(());
        }
        let alike = digest(report, text);
        if alike.is_some_and(|alike| self.seen.contains(&alike)) {
            return Ok(());
        }
        wire::read(text.as_bytes()).map_err(|why| {
            Refusal::contradicts(why.strip_prefix("it is not a report: ").unwrap_or(&why))
        })?;
        if let Some(alike) = alike.filter(|_| self.seen.len() < REPORTS) {
            self.seen.insert(alike);
        }
        Ok(())
    }
}

/// A digest of the text without what no check looks at. Two texts of one digest are the same JSON
/// but for those values, which have the same types in both.
fn digest(report: &ReportView<'_>, text: &str) -> Option<[u8; 32]> {
    if text.len() > LONGEST {
        return None;
    }
    let mut holes: Vec<Range<usize>> =
        unchecked(report).filter_map(|value| place(text, value)).collect();
    holes.sort_unstable_by_key(|hole| hole.start);
    let mut digest = Sha256::new();
    let mut begin = 0;
    for hole in holes {
        digest.update(text.get(begin..hole.start)?);
        digest.update(HOLE);
        begin = hole.end;
    }
    digest.update(text.get(begin..)?);
    Some(digest.finalize().into())
}

/// The values that `read` takes as they are: what stands between the quotes of short texts without
/// escapes, and the digits of small numbers.
fn unchecked<'a>(report: &'a ReportView<'_>) -> impl Iterator<Item = &'a str> {
    let host = &report.host;
    let names = [&host.name, &host.id, &host.kernel, &host.booted_at, &report.run];
    let listeners = || report.scopes.iter().flat_map(|scope| &scope.listeners.items);
    let addresses = listeners().filter_map(|item| item.address.as_ref());
    let texts = names.into_iter().flatten().chain([&report.collected_at]).chain(addresses);
    let owners = listeners().filter_map(|item| item.owner.as_ref());
    let pids = owners.filter_map(|owner| owner.pid);
    let usages = report.scopes.iter().filter_map(|scope| scope.usage.as_ref());
    let counts = usages.flat_map(|usage| {
        [
            usage.tcp_sockets,
            usage.tcp_time_wait,
            usage.udp_sockets,
            usage.bound_in_pool,
            usage.bound_unseen,
            usage.uncounted,
        ]
    });
    texts.filter_map(between_quotes).chain(pids.chain(counts.flatten()).filter_map(digits))
}

fn between_quotes<'a>(text: &'a Text<'_>) -> Option<&'a str> {
    match &text.0 {
        std::borrow::Cow::Borrowed(text) if text.len() <= TEXT => Some(text),
        _ => None,
    }
}

fn digits(number: &RawValue) -> Option<&str> {
    number.get().parse::<u32>().is_ok().then(|| number.get())
}

/// Where a part of a text stands in it.
fn place(text: &str, part: &str) -> Option<Range<usize>> {
    let begin = part.as_ptr().addr().checked_sub(text.as_ptr().addr())?;
    let range = begin..begin.checked_add(part.len())?;
    (range.end <= text.len()).then_some(range)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::read::{Piece, piece};
    use super::*;

    fn compliant() -> Value {
        let path = format!("{}/fixtures/reports/compliant.json", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(path).expect("a report");
        let mut report: Value = serde_json::from_str(&text).expect("JSON");
        let listeners = &mut report["scopes"][0]["listeners"];
        listeners["count"] = 1.into();
        listeners["totals"][0]["count"] = 1.into();
        listeners["items"] = serde_json::json!([{
            "transport": "tcp",
            "address": "192.0.2.1",
            "port": 22,
            "families": ["ipv4"],
            "in_pool": false,
            "owner": {"pid": 812, "command": "sshd", "unit": null, "container": null},
            "service": "ssh",
            "source": {"kind": "file", "location": "/proc/net/tcp"},
        }]);
        report
    }

    fn check(believed: &mut Believed, text: &str) -> Option<Result<(), Refusal>> {
        match piece(text) {
            Ok((Piece::Report(report), _)) => Some(believed.check(&report, text)),
            _ => None,
        }
    }

    /// The paths of all values that hold no others.
    fn paths(value: &Value, path: &str, all: &mut Vec<String>) {
        let mut inner = |key: &str, value: &Value| paths(value, &format!("{path}/{key}"), all);
        match value {
            Value::Object(map) => map.iter().for_each(|(key, value)| inner(key, value)),
            Value::Array(list) => {
                list.iter().enumerate().for_each(|(at, value)| inner(&at.to_string(), value));
            }
            _ => all.push(path.to_owned()),
        }
    }

    #[test]
    fn what_is_remembered_is_what_would_be_believed_anyway() {
        let report = compliant();
        let mut all = Vec::new();
        paths(&report, "", &mut all);
        let mut believed = Believed::default();
        check(&mut believed, &report.to_string()).expect("a report").expect("believed");
        let (mut alike, mut refused) = (0, 0);
        for path in &all {
            for other in [Value::Null, 7.into(), "b".into()] {
                let mut changed = report.clone();
                *changed.pointer_mut(path).expect("a value") = other.clone();
                let text = changed.to_string();
                let before = believed.seen.len();
                let Some(told) = check(&mut believed, &text) else { continue };
                let whole = wire::read(text.as_bytes());
                let is_it = changed["status"] == "compliant";
                assert_eq!(told.is_ok(), whole.is_ok() || !is_it, "{path} {other}: {whole:?}");
                alike += usize::from(told.is_ok() && is_it && believed.seen.len() == before);
                refused += usize::from(told.is_err());
            }
        }
        assert!(alike > 10 && refused > 100, "{alike} alike, {refused} refused");
    }

    #[test]
    fn names_times_and_process_ids_are_not_looked_at_again() {
        let mut report = compliant();
        let mut believed = Believed::default();
        check(&mut believed, &report.to_string()).expect("a report").expect("believed");
        report["host"]["name"] = "web-77.example".into();
        report["collected_at"] = "2026-01-02T03:04:05.678Z".into();
        report["scopes"][0]["listeners"]["items"][0]["owner"]["pid"] = 4_000_000.into();
        check(&mut believed, &report.to_string()).expect("a report").expect("believed");
        assert_eq!(believed.seen.len(), 1);
        // What needs an escape is not taken out, nor what is long.
        report["host"]["name"] = "a\"b".into();
        check(&mut believed, &report.to_string()).expect("a report").expect("believed");
        report["run"] = "a".repeat(256).into();
        check(&mut believed, &report.to_string()).expect("a report").expect("believed");
        assert_eq!(believed.seen.len(), 3);
    }

    #[test]
    fn so_many_are_remembered() {
        let mut report = compliant();
        let mut believed = Believed::default();
        believed.seen.extend((0_u64..).take(REPORTS).map(|number| {
            let mut digest = [0; 32];
            digest[..8].copy_from_slice(&number.to_le_bytes());
            digest
        }));
        report["run"] = "x".into();
        check(&mut believed, &report.to_string()).expect("a report").expect("believed");
        assert_eq!(believed.seen.len(), REPORTS);
    }
}
