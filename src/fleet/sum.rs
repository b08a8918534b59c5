//! The sums, made at the end from the rows: nothing is ever subtracted.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::answers::Answers;
use super::coverage::Inventory;
use super::input::{Part, Tally};
use super::names::SEPARATOR;
use super::odd::ShapeGroup;
use super::roll::{HostRow, Roll, RowContext};
use super::{By, Options};
use crate::wire::v1::{
    Counts, FleetHost, HostList, HostName, Input, Named, Rejected, RejectedRow, SCHEMA_VERSION,
    Shape, Status,
};

/// How many items a list of hosts has.
pub const LISTED: usize = 1000;

/// A host's id, and how it is called, in lower case.
pub(super) type Key<'a> = (u128, Cow<'a, str>);

/// A roll-up that has all its rows, and what they come to.
pub struct Sum<'a> {
    /// The rows.
    pub roll: &'a Roll,
    pub(super) tally: &'a Tally,
    files: &'a [String],
    pub(super) inventory: Option<&'a Inventory>,
    pub(super) options: &'a Options,
    /// The shapes by their places.
    pub shapes: Vec<Shape>,
    pub(super) answers: Vec<Answers>,
    pub(super) groups: HashMap<String, ShapeGroup>,
    /// The rows by name and id.
    order: Vec<u32>,
}

impl<'a> Sum<'a> {
    /// Of what was read of these files.
    pub fn new(
        part: &'a Part,
        files: &'a [String],
        inventory: Option<&'a Inventory>,
        options: &'a Options,
    ) -> Self {
        let roll = &part.roll;
        let shapes: Vec<Shape> = roll.shapes.all().map(|text| Shape::of(text.to_owned())).collect();
        let mut order: Vec<u32> = (0_u32..).take(roll.rows.len()).collect();
        order.sort_unstable_by(|one, other| {
            let row = |at: &u32| roll.rows.get(*at as usize);
            let (Some(one), Some(other)) = (row(one), row(other)) else { return Ordering::Equal };
            // In lower case, so that all rows of a name stand together.
            let (name, beside) = (roll.name(one), roll.name(other));
            let lower = |name: &'a str| name.bytes().map(|byte| byte.to_ascii_lowercase());
            let first = if roll.cased {
                lower(name).cmp(lower(beside)).then_with(|| name.cmp(beside))
            } else {
                name.cmp(beside)
            };
            first.then_with(|| (one.id, one.place).cmp(&(other.id, other.place)))
        });
        let answers = roll.answers.all().map(Answers::of).collect();
        let mut sum = Self {
            roll,
            tally: &part.tally,
            files,
            inventory,
            options,
            shapes,
            answers,
            groups: HashMap::new(),
            order,
        };
        let mut groups: HashMap<String, ShapeGroup> = HashMap::new();
        for row in &roll.rows {
            let peers = sum.peers(row);
            match groups.get_mut(&*peers) {
                Some(group) => group.add(row.shape),
                None => groups.entry(peers.into_owned()).or_default().add(row.shape),
            }
        }
        for group in groups.values_mut() {
            group.settle(&sum.shapes);
        }
        sum.groups = groups;
        sum
    }

    /// The rows, by name.
    pub fn rows(&self) -> impl Iterator<Item = &'a HostRow> + '_ {
        self.order.iter().filter_map(|at| self.roll.rows.get(*at as usize))
    }

    /// What it answers.
    pub fn answers(&self, row: &HostRow) -> Option<&Answers> {
        self.answers.get(row.answers as usize)
    }

    /// Its shape.
    pub fn shape(&self, row: &HostRow) -> Option<&Shape> {
        self.shapes.get(row.shape as usize)
    }

    /// How it is called where there must be a name: by its id or its place where it has none.
    pub fn called(&self, row: &HostRow) -> String {
        match (self.roll.name(row), row.id) {
            ("", 0) => self.source(row),
            ("", id) => format!("{id:032x}"),
            (name, _) => name.to_owned(),
        }
    }

    /// What is the same in two roll-ups where it is the same host.
    pub(super) fn key(&self, row: &HostRow) -> Key<'a> {
        let name = match self.roll.name(row) {
            "" => Cow::Owned(self.called(row)),
            name => Cow::Borrowed(name),
        };
        let is_lower = !name.bytes().any(|byte| byte.is_ascii_uppercase());
        (row.id, if is_lower { name } else { name.to_ascii_lowercase().into() })
    }

    fn source(&self, row: &HostRow) -> String {
        let file = self.files.get(row.place.file as usize).map_or("-", |file| file);
        format!("{file}:{}", row.place.line)
    }

    /// Its group: the inventory's, else what the label "group" says.
    pub fn group(&self, row: &HostRow) -> Option<String> {
        let expected = self.inventory.and_then(|all| all.get(self.roll.name(row)));
        let group = expected.and_then(|expected| expected.group.clone());
        group.or_else(|| label(&self.roll.about(row), "group").map(str::to_owned))
    }

    /// Among which hosts it may be odd.
    pub(super) fn peers(&self, row: &HostRow) -> Cow<'a, str> {
        let about = self.roll.about(row);
        match &self.options.by {
            By::Os => about.os.into(),
            By::OsVersion => format!("{} {}", about.os, about.os_version).into(),
            By::Profile => about.profile.into(),
            By::Group => self.group(row).unwrap_or_default().into(),
            By::Label(name) => label(&about, name).unwrap_or_default().into(),
        }
    }

    /// Whether its shape is odd.
    pub fn is_odd(&self, row: &HostRow) -> bool {
        let group = self.groups.get(&*self.peers(row));
        group.is_some_and(|group| {
            group.is_odd(row.shape, &self.shapes, self.options.odd_per_million)
        })
    }

    /// Whether something of it could not be told.
    pub fn is_undetermined(&self, row: &HostRow) -> bool {
        row.status == Some(Status::Undetermined)
            || self.answers(row).is_some_and(|answers| answers.with("unknown").next().is_some())
            || self.shape(row).is_none_or(|shape| !shape.known)
    }

    /// How old its report is, in seconds.
    pub fn age(&self, row: &HostRow) -> i64 {
        let now = self.options.now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        i64::try_from(now).unwrap_or(i64::MAX).saturating_sub(row.seconds)
    }

    /// Whether its report is too old.
    pub fn is_stale(&self, row: &HostRow) -> bool {
        u64::try_from(self.age(row)).is_ok_and(|age| age > self.options.stale.as_secs())
    }

    /// Whether the inventory, where there is one, does not have it.
    pub fn is_unexpected(&self, row: &HostRow) -> bool {
        self.inventory.is_some_and(|all| all.get(self.roll.name(row)).is_none())
    }

    /// The services in its pool.
    pub fn risks(&self, row: &HostRow) -> impl Iterator<Item = &'a str> {
        self.roll.risks.get(row.risks).lines().map(str::trim_end)
    }

    /// The expected hosts that have no report that counts, and why.
    pub fn missing(&self) -> Vec<HostName> {
        let Some(inventory) = self.inventory else { return Vec::new() };
        let here: BTreeSet<String> =
            self.roll.rows.iter().map(|row| self.roll.name(row).to_ascii_lowercase()).collect();
        let mut why: HashMap<String, String> = HashMap::new();
        for rejected in &self.tally.rejected {
            if let Some(host) = &rejected.host {
                let cause = format!("{}: {}", rejected.reason, rejected.detail);
                why.entry(host.to_ascii_lowercase()).or_insert(cause);
            }
        }
        for (host, cause) in &self.roll.absent {
            why.insert(host.to_ascii_lowercase(), cause.clone());
        }
        let missing = inventory.all().filter(|(key, _)| !here.contains(*key));
        let mut missing: Vec<HostName> = missing
            .map(|(key, host)| HostName { name: host.name.clone(), why: why.get(key).cloned() })
            .collect();
        missing.sort_unstable();
        missing
    }

    pub(super) fn list(&self, such: impl Fn(&HostRow) -> bool) -> HostList {
        let mut list = HostList::default();
        for row in self.rows().filter(|row| such(row)) {
            list.count += 1;
            if list.items.len() < LISTED {
                list.items.push(HostName { name: self.called(row), why: None });
            }
        }
        list
    }

    /// The row of a host.
    pub fn host(&self, row: &HostRow) -> FleetHost {
        let about = self.roll.about(row);
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let shape = self.shape(row).cloned().unwrap_or_else(|| Shape::of("?".to_owned()));
        let mut findings = Counts::default();
        let answers = self.answers(row);
        for ((severity, _, waived), count) in answers.iter().flat_map(|answers| &answers.found) {
            findings.add(*severity, *waived, u32::try_from(*count).unwrap_or(u32::MAX));
        }
        let rules = |verdict: &'static str| -> Vec<String> {
            answers.map(|answers| answers.with(verdict).cloned().collect()).unwrap_or_default()
        };
        FleetHost {
            schema_version: SCHEMA_VERSION.into(),
            kind: "fleet-host".into(),
            name: some(self.roll.name(row)),
            id: (row.id != 0).then(|| format!("{:032x}", row.id)),
            group: self.group(row),
            os: about.os.to_owned(),
            os_version: some(about.os_version),
            kernel: some(about.kernel),
            collected_at: time(row.seconds),
            age_s: self.age(row),
            status: row.status,
            shape: shape.id,
            settings: shape.settings,
            odd: self.is_odd(row),
            findings,
            failed: rules("fail"),
            waived: rules("waived"),
            unknown: rules("unknown"),
            at_risk: self.risks(row).map(str::to_owned).collect(),
            measure: about.measure.to_owned(),
            tool: about.tool.to_owned(),
            source: self.source(row),
        }
    }

    /// What was read.
    pub fn input(&self) -> Input {
        let Tally { files, bytes, lines, blank, absences, reasons, rejected } = self.tally;
        let items = rejected.iter().map(|rejection| RejectedRow {
            file: self.files.get(rejection.place.file as usize).cloned().unwrap_or_default(),
            line: rejection.place.line,
            byte: rejection.byte,
            reason: rejection.reason.into(),
            detail: rejection.detail.clone(),
            host: rejection.host.clone(),
        });
        let by_reason = reasons.iter().map(|(reason, count)| (*reason, *count));
        Input {
            files: *files,
            bytes: *bytes,
            lines: *lines,
            blank: *blank,
            reports: self.roll.reports,
            superseded: self.roll.reports.saturating_sub(self.roll.rows.len() as u64),
            absences: *absences,
            rejected: Rejected {
                count: reasons.values().sum(),
                by_reason: by_reason
                    .map(|(name, count)| Named { name: name.to_owned(), count })
                    .collect(),
                items: items.collect(),
            },
        }
    }
}

fn label<'a>(about: &RowContext<'a>, name: &str) -> Option<&'a str> {
    let labels = about.labels.split(SEPARATOR);
    labels
        .filter_map(|label| label.split_once('='))
        .find_map(|(key, value)| (key == name).then_some(value))
}

/// A time in words of RFC 3339.
pub(super) fn time(seconds: i64) -> String {
    let since = Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
    let time: SystemTime = UNIX_EPOCH + since;
    humantime::format_rfc3339_seconds(time).to_string()
}
