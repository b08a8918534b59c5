//! The roll-up as a document.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::odd::{ShapeGroup, differs};
use super::roll::{HostRow, RowContext};
use super::sum::{LISTED, Sum, time};
use crate::wire::v1::{
    Coverage, FindingRow, Fleet, FleetOptions, HostList, Hosts, IdentityTrouble, Named, Namespaces,
    Odd, OddHost, RiskRow, SCHEMA_VERSION, Severity, ShapeRow, Shared, Statuses, Transport,
    Undetermined, UnknownRule, tool,
};

/// How many rows a list of names has, the one called "other" included.
const NAMES: usize = 50;
/// How many hosts stand for many.
const EXAMPLES: usize = 3;

impl<'a> Sum<'a> {
    /// The whole roll-up.
    pub fn fleet(&self) -> Fleet {
        let rows = || self.roll.rows.iter();
        let seconds = || rows().filter(|row| !row.ahead).map(|row| row.seconds);
        let mut measures: BTreeMap<&str, u64> = BTreeMap::new();
        for row in rows() {
            *measures.entry(self.roll.about(row).measure).or_default() += 1;
        }
        Fleet {
            schema_version: SCHEMA_VERSION.into(),
            kind: "fleet".into(),
            tool: tool(),
            oldest: seconds().min().map(time),
            newest: seconds().max().map(time),
            options: FleetOptions {
                names: if self.options.short_names { "short" } else { "full" }.into(),
                by: self.options.by.name(),
                odd_per_million: self.options.odd_per_million,
                stale_s: self.options.stale.as_secs(),
                now: humantime::format_rfc3339_seconds(self.options.now).to_string(),
            },
            input: self.input(),
            coverage: self.coverage(),
            hosts: self.hosts(),
            measures: most(measures.into_iter().map(|(name, count)| (name.to_owned(), count))),
            shapes: self.shape_rows(),
            namespaces: self.namespaces(),
            odd: self.odd(),
            findings: self.findings(),
            undetermined: self.undetermined(),
            at_risk: self.at_risk(),
            identity: self.identity(),
        }
    }

    fn coverage(&self) -> Coverage {
        let mut missing = self.missing();
        let count = missing.len() as u64;
        missing.truncate(LISTED);
        let expected = self.inventory.map(|all| all.len() as u64);
        Coverage {
            expected,
            received: expected.map_or(self.roll.rows.len() as u64, |all| all - count),
            missing: HostList { count, items: missing },
            unexpected: self.list(|row| self.is_unexpected(row)),
            stale: self.list(|row| self.is_stale(row)),
            clock_ahead: self.list(|row| row.ahead),
        }
    }

    fn hosts(&self) -> Hosts {
        let mut status = Statuses::default();
        self.roll.rows.iter().for_each(|row| status.add(row.status));
        let mut abouts: HashMap<u32, (&HostRow, u64)> = HashMap::new();
        let mut groups: BTreeMap<String, u64> = BTreeMap::new();
        for row in &self.roll.rows {
            abouts.entry(row.about).or_insert((row, 0)).1 += 1;
            if let Some(group) = self.group(row) {
                *groups.entry(group).or_default() += 1;
            }
        }
        let by = |of: fn(RowContext<'a>) -> &'a str| {
            let mut names: BTreeMap<String, u64> = BTreeMap::new();
            for (row, count) in abouts.values() {
                *names.entry(of(self.roll.about(row)).to_owned()).or_default() += count;
            }
            names.remove("");
            most(names.into_iter())
        };
        Hosts {
            count: self.roll.rows.len() as u64,
            status,
            by_os: by(|about| about.os),
            by_os_version: by(|about| about.os_version),
            by_kernel: by(|about| about.kernel),
            by_tool: by(|about| about.tool),
            by_group: most(groups.into_iter()),
        }
    }

    fn shape_rows(&self) -> Vec<ShapeRow> {
        let mut counts: HashMap<u32, (u64, Statuses, Vec<String>)> = HashMap::new();
        let mut systems: HashMap<&str, ShapeGroup> = HashMap::new();
        for row in self.rows() {
            let (hosts, status, examples) = counts.entry(row.shape).or_default();
            *hosts += 1;
            status.add(row.status);
            if examples.len() < EXAMPLES {
                examples.push(self.called(row));
            }
            systems.entry(self.roll.about(row).os).or_default().add(row.shape);
        }
        for group in systems.values_mut() {
            group.settle(&self.shapes);
        }
        let all = self.roll.rows.len().max(1) as u64;
        let mut rows: Vec<ShapeRow> = counts
            .into_iter()
            .filter_map(|(at, (hosts, status, examples))| {
                let shape = self.shapes.get(at as usize)?;
                let os = shape.settings.split(';').next().unwrap_or_default();
                let common = systems.get(os).and_then(|group| group.common);
                let common = common.filter(|common| *common != at);
                let common = common.and_then(|common| self.shapes.get(common as usize));
                Some(ShapeRow {
                    shape: shape.id.clone(),
                    settings: shape.settings.clone(),
                    os: os.to_owned(),
                    known: shape.known,
                    hosts,
                    per_million: hosts * 1_000_000 / all,
                    status,
                    examples,
                    differs_from: common.map(|common| common.id.clone()),
                    differs: common
                        .map(|common| differs(&shape.settings, &common.settings))
                        .unwrap_or_default(),
                })
            })
            .collect();
        rows.sort_unstable_by(|one, other| {
            other.hosts.cmp(&one.hosts).then_with(|| one.shape.cmp(&other.shape))
        });
        rows
    }

    fn namespaces(&self) -> Namespaces {
        let mut shapes: BTreeMap<String, u64> = BTreeMap::new();
        for row in &self.roll.rows {
            for shape in self.roll.others.get(row.others).split_whitespace() {
                *shapes.entry(shape.to_owned()).or_default() += 1;
            }
        }
        Namespaces { count: shapes.values().sum(), shapes: most(shapes.into_iter()) }
    }

    fn odd(&self) -> Odd {
        let mut odd = Odd { by: self.options.by.name(), shapes: 0, hosts: 0, items: Vec::new() };
        let mut shapes: BTreeSet<(u32, String)> = BTreeSet::new();
        for row in self.rows().filter(|row| self.is_odd(row)) {
            odd.hosts += 1;
            let group = self.peers(row).into_owned();
            shapes.insert((row.shape, group.clone()));
            if odd.items.len() == LISTED {
                continue;
            }
            let host = self.host(row);
            let common = self.groups.get(&group).and_then(|group| group.common);
            let common = common.and_then(|common| self.shapes.get(common as usize));
            odd.items.push(OddHost {
                name: self.called(row),
                id: host.id,
                shape: host.shape,
                differs: common
                    .map(|common| differs(&host.settings, &common.settings))
                    .unwrap_or_default(),
                group,
            });
        }
        odd.shapes = shapes.iter().map(|(shape, _)| shape).collect::<BTreeSet<_>>().len() as u64;
        odd
    }

    /// What several hosts share, and how many do.
    fn counted<'b, T>(
        &self,
        of: fn(&HostRow) -> u32,
        all: &'b [T],
    ) -> impl Iterator<Item = (&'b T, u64)> {
        let mut counts = vec![0_u64; all.len()];
        for row in &self.roll.rows {
            if let Some(count) = counts.get_mut(of(row) as usize) {
                *count += 1;
            }
        }
        all.iter().zip(counts).filter(|(_, count)| *count > 0)
    }

    fn findings(&self) -> Vec<FindingRow> {
        let mut found: BTreeMap<(Severity, &String, bool), (u64, u64)> = BTreeMap::new();
        for (answers, same) in self.counted(|row| row.answers, &self.answers) {
            for ((severity, rule, waived), count) in &answers.found {
                let (hosts, findings) = found.entry((*severity, rule, *waived)).or_default();
                (*hosts, *findings) = (*hosts + same, *findings + same * count);
            }
        }
        let mut rows: Vec<FindingRow> = found
            .into_iter()
            .map(|((severity, rule, waived), (hosts, findings))| FindingRow {
                rule: rule.clone(),
                severity,
                waived,
                hosts,
                findings,
            })
            .collect();
        rows.sort_by_key(|row| (row.waived, row.severity, std::cmp::Reverse(row.hosts)));
        rows
    }

    fn undetermined(&self) -> Undetermined {
        let list = self.list(|row| self.is_undetermined(row));
        let mut rules: BTreeMap<&String, (u64, BTreeMap<String, u64>)> = BTreeMap::new();
        for (answers, same) in self.counted(|row| row.answers, &self.answers) {
            let of_gaps = answers.gaps.iter().map(|(rule, _)| rule);
            let lacking: BTreeSet<&String> = of_gaps.chain(answers.with("unknown")).collect();
            for rule in lacking {
                rules.entry(rule).or_default().0 += same;
            }
            for (rule, why) in &answers.gaps {
                *rules.entry(rule).or_default().1.entry(why.clone()).or_default() += same;
            }
        }
        let rules = rules.into_iter().map(|(rule, (hosts, why))| UnknownRule {
            rule: rule.clone(),
            hosts,
            why: most(why.into_iter()),
        });
        Undetermined { hosts: list.count, rules: rules.collect(), items: list.items }
    }

    fn at_risk(&self) -> Vec<RiskRow> {
        let mut services: HashMap<&str, u64> = HashMap::new();
        let lists: Vec<&str> = self.roll.risks.all().collect();
        for (list, same) in self.counted(|row| row.risks, &lists) {
            list.lines().for_each(|service| *services.entry(service).or_default() += same);
        }
        let mut rows: Vec<RiskRow> = services
            .into_iter()
            .filter_map(|(service, hosts)| {
                let (place, name) =
                    service.trim_end().split_once(' ').unwrap_or((service.trim_end(), ""));
                let (transport, port) = place.split_once('/')?;
                let transport = if transport == "tcp" { Transport::Tcp } else { Transport::Udp };
                let name = (!name.is_empty()).then(|| name.to_owned());
                Some(RiskRow { transport, port: port.parse().ok()?, name, hosts })
            })
            .collect();
        rows.sort_unstable_by(|one, other| {
            let key = |row: &RiskRow| (row.transport, row.port, row.name.clone());
            other.hosts.cmp(&one.hosts).then_with(|| key(one).cmp(&key(other)))
        });
        rows.truncate(LISTED);
        rows
    }

    fn identity(&self) -> IdentityTrouble {
        let mut all: Vec<u128> = self.roll.rows.iter().map(|row| row.id).collect();
        all.sort_unstable();
        let twice = all.windows(2).filter(|pair| matches!(pair, [a, b] if a == b && *a != 0));
        let twice: BTreeSet<u128> = twice.filter_map(|pair| pair.first().copied()).collect();
        let mut ids: BTreeMap<u128, Vec<String>> = BTreeMap::new();
        // The rows of one name stand together.
        let mut names: Vec<(String, Vec<String>)> = Vec::new();
        let mut before: Option<&HostRow> = None;
        for row in self.rows() {
            if twice.contains(&row.id) {
                ids.entry(row.id).or_default().push(self.called(row));
            }
            let name = self.roll.name(row);
            let id = |row: &HostRow| match row.id {
                0 => "-".to_owned(),
                id => format!("{id:032x}"),
            };
            let same = |before: &&HostRow| {
                !name.is_empty() && self.roll.name(before).eq_ignore_ascii_case(name)
            };
            if let Some(before) = before.filter(same) {
                match names.last_mut() {
                    Some((known, ids)) if known.eq_ignore_ascii_case(name) => ids.push(id(row)),
                    _ => names.push((name.to_owned(), vec![id(before), id(row)])),
                }
            }
            before = Some(row);
        }
        let shared = |value: String, mut hosts: Vec<String>| {
            let count = hosts.len() as u64;
            hosts.truncate(EXAMPLES);
            Shared { value, hosts: count, examples: hosts }
        };
        let ids = ids.into_iter().map(|(id, hosts)| shared(format!("{id:032x}"), hosts));
        let names = names.into_iter().map(|(name, ids)| shared(name, ids));
        IdentityTrouble {
            shared_ids: ids.take(LISTED).collect(),
            shared_names: names.take(LISTED).collect(),
        }
    }
}

/// The most common names first, and the smallest together.
fn most(names: impl Iterator<Item = (String, u64)>) -> Vec<Named> {
    let mut rows: Vec<Named> = names.map(|(name, count)| Named { name, count }).collect();
    rows.sort_unstable_by(|one, other| {
        other.count.cmp(&one.count).then_with(|| one.name.cmp(&other.name))
    });
    if rows.len() > NAMES {
        let count = rows.drain(NAMES - 1..).map(|row| row.count).sum();
        rows.push(Named { name: "other".to_owned(), count });
    }
    rows
}
