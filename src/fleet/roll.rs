//! The latest report of each host. Rows are small and of one size; what many hosts share is kept
//! once. Nothing here depends on the order in which reports come.

use std::collections::BTreeSet;
use std::collections::HashSet;
use std::fmt::Write;
use std::hash::BuildHasher;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hashbrown::{DefaultHashBuilder, HashTable};

use super::Options;
use super::believed::Believed;
use super::judged::Memory;
use super::names::{Names, SEPARATOR};
use super::place::Place;
use super::read::{Refusal, ReportView};
use super::settings::KnownShapes;
use crate::wire::v1::{Absence, FleetHost, Shape, Status, Text, Transport};

/// A report from further ahead than this is of a wrong clock.
const AHEAD: Duration = Duration::from_secs(3600);

/// A host and what its latest report says; numbers are places among the texts that hosts share.
#[derive(Debug, Clone, Copy)]
pub struct HostRow {
    name: usize,
    length: u8,
    /// 0 where it has none.
    pub(super) id: u128,
    pub(super) seconds: i64,
    nanos: u32,
    pub(super) ahead: bool,
    pub(super) status: Option<Status>,
    pub(super) shape: u32,
    pub(super) answers: u32,
    pub(super) risks: u32,
    pub(super) about: u32,
    pub(super) others: u32,
    pub(super) place: Place,
}

/// What a row is about beside its settings and answers.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct RowContext<'a> {
    /// The system.
    pub os: &'a str,
    /// Its version.
    pub os_version: &'a str,
    /// Its kernel.
    pub kernel: &'a str,
    /// The program's version.
    pub tool: &'a str,
    /// The profile.
    pub profile: &'a str,
    /// What it was judged by.
    pub measure: &'a str,
    /// `NAME=VALUE`, with separators of their own.
    pub labels: &'a str,
}

/// The latest report of each host.
#[derive(Default)]
pub struct Roll {
    hasher: DefaultHashBuilder,
    table: HashTable<u32>,
    /// The hosts.
    pub rows: Vec<HostRow>,
    arena: Vec<u8>,
    /// Whether any name has a capital letter.
    pub(super) cased: bool,
    pub(super) shapes: Names,
    pub(super) answers: Names,
    pub(super) risks: Names,
    pub(super) abouts: Names,
    pub(super) others: Names,
    memory: Memory,
    believed: Believed,
    settings: KnownShapes,
    scratch: String,
    /// How many reports were taken in.
    pub reports: u64,
    /// Hosts that somebody says there is no report of, and why.
    pub absent: Vec<(String, String)>,
}

impl Roll {
    /// Takes in the report of a text, unless it contradicts itself.
    pub fn add(
        &mut self,
        report: &ReportView<'_>,
        text: &str,
        place: Place,
        options: &Options,
    ) -> Result<(), Refusal> {
        let time = report.time()?;
        whereabouts(report)?;
        let answers = self.memory.answers(report, &mut self.answers)?;
        self.believed.check(report, text)?;
        let own = report.scopes.iter().position(|scope| scope.current).unwrap_or_default();
        let mut shape = None;
        let mut others: Vec<String> = Vec::new();
        for (at, scope) in report.scopes.iter().enumerate() {
            let set = self.settings.shape(&report.host.os.0, scope)?;
            if at == own {
                report.holds_shape(&set.id)?;
                shape = Some(self.shapes.intern(&set.settings));
            } else {
                others.push(set.id.clone());
            }
        }
        let shape = shape.ok_or_else(|| Refusal::contradicts("it has no namespace"))?;
        others.sort_unstable();
        let others = self.others.intern(&others.join(" "));
        let risks = self.risks_of(report, own);
        let about = self.about_of(report);
        let name = report.host.name.as_ref().map_or("", |name| cut(&name.0, options));
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        let row = HostRow {
            name: 0,
            length: u8::try_from(name.len()).unwrap_or(u8::MAX),
            id: id(report.host.id.as_ref().map_or("", |id| &id.0)),
            seconds: i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
            nanos: since.subsec_nanos(),
            ahead: is_ahead(time, options.now),
            status: report.status,
            shape,
            answers,
            risks,
            about,
            others,
            place,
        };
        self.reports += 1;
        self.keep(row, name);
        Ok(())
    }

    /// Takes in a row of an earlier roll-up.
    pub fn add_row(
        &mut self,
        host: &FleetHost,
        place: Place,
        options: &Options,
    ) -> Result<(), Refusal> {
        let time = humantime::parse_rfc3339(&host.collected_at)
            .map_err(|_| Refusal::new("bad-time", "collected_at is not an RFC 3339 time"))?;
        let shape = Shape::of(host.settings.clone());
        if shape.id != host.shape {
            return Err(Refusal::contradicts("its shape is not that of its settings"));
        }
        let mut lines: Vec<String> = Vec::new();
        for (rules, verdict) in
            [(&host.failed, "fail"), (&host.waived, "waived"), (&host.unknown, "unknown")]
        {
            lines.extend(rules.iter().map(|rule| format!("V {rule} {verdict}\n")));
        }
        let version = host.os_version.as_deref().unwrap_or_default();
        let kernel = host.kernel.as_deref().unwrap_or_default();
        let profile = host.measure.split(' ').next().unwrap_or_default();
        let about = [&host.os, version, kernel, &host.tool, profile, &host.measure, ""];
        let name = host.name.as_deref().unwrap_or_default();
        let texts = about.iter().chain([&name]);
        if texts.clone().any(|text| text.len() > 255 || text.contains(SEPARATOR)) {
            return Err(Refusal::new("not-a-report", "a name in it is no name"));
        }
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        let name = cut(name, options);
        let row = HostRow {
            name: 0,
            length: u8::try_from(name.len()).unwrap_or(u8::MAX),
            id: id(host.id.as_deref().unwrap_or_default()),
            seconds: i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
            nanos: since.subsec_nanos(),
            ahead: is_ahead(time, options.now),
            status: host.status,
            shape: self.shapes.intern(&host.settings),
            answers: self.answers.intern(&lines.concat()),
            risks: self.risks.intern(""),
            about: self.abouts.intern(&about.join(&SEPARATOR.to_string())),
            others: self.others.intern(""),
            place,
        };
        self.reports += 1;
        self.keep(row, name);
        Ok(())
    }

    /// Notes that somebody says there is no report of a host.
    pub fn add_absence(&mut self, absence: Absence, options: &Options) {
        let name = absence.host.name.or(absence.host.id).unwrap_or_default();
        let detail = absence.detail.map(|detail| format!(": {detail}")).unwrap_or_default();
        self.absent.push((cut(&name, options).to_owned(), format!("{}{detail:.200}", absence.why)));
    }

    /// Takes in what another part of the input came to.
    pub fn absorb(&mut self, other: &Self) {
        let all = |ours: &mut Names, theirs: &Names| -> Vec<u32> {
            theirs.all().map(|text| ours.intern(text)).collect()
        };
        let shapes = all(&mut self.shapes, &other.shapes);
        let answers = all(&mut self.answers, &other.answers);
        let risks = all(&mut self.risks, &other.risks);
        let abouts = all(&mut self.abouts, &other.abouts);
        let others = all(&mut self.others, &other.others);
        let ours = |places: &[u32], theirs: u32| places.get(theirs as usize).copied().unwrap_or(0);
        for row in &other.rows {
            let moved = HostRow {
                shape: ours(&shapes, row.shape),
                answers: ours(&answers, row.answers),
                risks: ours(&risks, row.risks),
                about: ours(&abouts, row.about),
                others: ours(&others, row.others),
                ..*row
            };
            self.keep(moved, other.name(row));
        }
        self.reports += other.reports;
        self.absent.extend_from_slice(&other.absent);
    }

    /// The name of a host; empty where it has none.
    pub fn name(&self, row: &HostRow) -> &str {
        let bytes = self.arena.get(row.name..row.name + usize::from(row.length));
        bytes.and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default()
    }

    /// What it is about.
    pub fn about(&self, row: &HostRow) -> RowContext<'_> {
        let mut parts = self.abouts.get(row.about).splitn(7, SEPARATOR);
        let mut next = || parts.next().unwrap_or_default();
        RowContext {
            os: next(),
            os_version: next(),
            kernel: next(),
            tool: next(),
            profile: next(),
            measure: next(),
            labels: next(),
        }
    }

    fn keep(&mut self, row: HostRow, name: &str) {
        let nobody = name.is_empty() && row.id == 0;
        let hash = self.hash(row.id, name);
        let same = |at: &u32| {
            self.rows.get(*at as usize).is_some_and(|known| {
                known.id == row.id && self.name(known).eq_ignore_ascii_case(name)
            })
        };
        let known = if nobody { None } else { self.table.find(hash, same).copied() };
        if let Some(at) = known {
            let Some(before) = self.rows.get(at as usize).copied() else { return };
            if self.rank(&row) <= self.rank(&before) {
                return;
            }
            let begin = if self.name(&before) == name { before.name } else { self.store(name) };
            if let Some(place) = self.rows.get_mut(at as usize) {
                *place = HostRow { name: begin, ..row };
            }
            return;
        }
        let at = u32::try_from(self.rows.len()).unwrap_or(u32::MAX);
        let begin = self.store(name);
        self.rows.push(HostRow { name: begin, ..row });
        if nobody {
            return;
        }
        let Self { hasher, table, rows, arena, .. } = self;
        table.insert_unique(hash, at, |at| {
            let Some(row) = rows.get(*at as usize) else { return 0 };
            let end = row.name + usize::from(row.length);
            hash_of(hasher, row.id, arena.get(row.name..end).unwrap_or_default())
        });
    }

    fn store(&mut self, name: &str) -> usize {
        let begin = self.arena.len();
        self.cased |= name.bytes().any(|byte| byte.is_ascii_uppercase());
        self.arena.extend_from_slice(name.as_bytes());
        begin
    }

    fn hash(&self, id: u128, name: &str) -> u64 {
        hash_of(&self.hasher, id, name.as_bytes())
    }

    /// What counts of two reports of a host: the later, but one from the future loses; of two at
    /// once the graver, and then whatever does not depend on their order.
    fn rank(&self, row: &HostRow) -> impl Ord + '_ {
        let grave = match row.status {
            Some(Status::Findings) => 3,
            Some(Status::Undetermined) => 2,
            Some(Status::Compliant) => 1,
            None => 0,
        };
        let shape = self.shapes.get(row.shape);
        let content = [
            self.answers.get(row.answers),
            self.abouts.get(row.about),
            self.risks.get(row.risks),
            self.others.get(row.others),
        ];
        (!row.ahead, row.seconds, row.nanos, grave, shape, content, std::cmp::Reverse(row.place))
    }

    fn risks_of(&mut self, report: &ReportView<'_>, own: usize) -> u32 {
        let Some(own) = report.scopes.get(own) else { return self.risks.intern("") };
        let inside = own.listeners.items.iter().filter(|item| item.in_pool == Some(true));
        let services: BTreeSet<(Transport, u16, &str)> = inside
            .map(|item| {
                let process = item.owner.as_ref().and_then(|owner| owner.command.as_ref());
                let name = process.or(item.service.as_ref()).map_or("", |name| &*name.0);
                (item.transport, item.port, name)
            })
            .collect();
        self.scratch.clear();
        for (transport, port, name) in services {
            let name = name.replace([SEPARATOR, '\n'], " ");
            // Writing to a String does not fail.
            let _ = writeln!(self.scratch, "{}/{port} {name}", transport.name());
        }
        self.risks.intern(&self.scratch)
    }

    fn about_of<'a>(&mut self, report: &'a ReportView<'_>) -> u32 {
        let host = &report.host;
        let text = &mut self.scratch;
        text.clear();
        let optional = |text: Option<&'a Text<'_>>| text.map_or("", |text| &*text.0);
        for part in [
            &*host.os.0,
            optional(host.os_version.as_ref()),
            optional(host.kernel.as_ref()),
            &report.tool.version.0,
            &report.profile.0,
        ] {
            text.push_str(part);
            text.push(SEPARATOR);
        }
        // Writing to a String does not fail.
        let _ = match &report.policy {
            None => write!(text, "not judged"),
            Some(policy) => {
                let digest = policy.digest.as_ref().map(|digest| &*digest.0);
                let file = policy.file.as_ref().map(|file| &*file.0);
                let least = policy.fail_on.map_or("none", |severity| severity.name());
                let by = digest
                    .map_or_else(|| format!("{} {least}", file.unwrap_or("-")), str::to_owned);
                let by = by.replace(SEPARATOR, " ");
                write!(text, "{} {by:.200}", report.profile.0)
            }
        };
        text.push(SEPARATOR);
        for label in &host.labels {
            let _ = write!(text, "{}={}{SEPARATOR}", label.name.0, label.value.0);
        }
        self.abouts.intern(text)
    }
}

fn hash_of(hasher: &DefaultHashBuilder, id: u128, name: &[u8]) -> u64 {
    let mut small = [0_u8; 255];
    for (to, byte) in small.iter_mut().zip(name) {
        *to = byte.to_ascii_lowercase();
    }
    hasher.hash_one((id, small.get(..name.len()).unwrap_or_default()))
}

fn id(text: &str) -> u128 {
    if text.len() == 32 { u128::from_str_radix(text, 16).unwrap_or(0) } else { 0 }
}

fn is_ahead(time: SystemTime, now: SystemTime) -> bool {
    now.checked_add(AHEAD).is_some_and(|limit| time > limit)
}

/// The name as far as it counts.
pub(super) fn cut<'a>(name: &'a str, options: &Options) -> &'a str {
    if options.short_names { name.split('.').next().unwrap_or_default() } else { name }
}

/// Fails where a finding or a gap is of a namespace that the report does not have, or none is the
/// reader's own.
fn whereabouts(report: &ReportView<'_>) -> Result<(), Refusal> {
    let own = report.scopes.iter().filter(|scope| scope.current).count();
    if own != 1 {
        let detail = format!("{own} of its namespaces are the one it was read in");
        return Err(Refusal::contradicts(detail));
    }
    let findings = report.findings.iter().map(|finding| &finding.scope);
    let mut named = findings.chain(report.gaps.iter().map(|gap| &gap.scope));
    let fits = if let [only] = &report.scopes[..] {
        named.all(|id| id.0 == only.id.0)
    } else {
        let ids: HashSet<&str> = report.scopes.iter().map(|scope| &*scope.id.0).collect();
        if ids.len() != report.scopes.len() {
            return Err(Refusal::contradicts("a namespace is there twice"));
        }
        named.all(|id| ids.contains(&*id.0))
    };
    if fits {
        Ok(())
    } else {
        Err(Refusal::contradicts("it is about a namespace it does not have"))
    }
}
