//! What changed between two roll-ups. A rule is fixed only where it passes now: what nobody sees
//! any more is lost from sight, and what another measure judged does not compare.

use std::collections::{BTreeMap, HashMap};

use hashbrown::DefaultHashBuilder;

use super::answers::Answers;
use super::odd::differs;
use super::roll::HostRow;
use super::sum::{Key, LISTED, Sum};
use crate::wire::v1::{
    FleetDiff, HostList, HostMove, HostMoves, HostName, RuleMove, SCHEMA_VERSION, ShapeMove,
    Status, StatusMove, tool,
};

/// What changed from the old to the new.
pub fn diff(old: &Sum<'_>, new: &Sum<'_>) -> FleetDiff {
    let mut before: HashMap<Key<'_>, &HostRow, DefaultHashBuilder> =
        old.rows().map(|row| (old.key(row), row)).collect();
    let mut moves = Moves::default();
    let mut came: Vec<&HostRow> = Vec::new();
    for row in new.rows() {
        match before.remove(&new.key(row)) {
            Some(was) => moves.host(old, was, new, row),
            None => came.push(row),
        }
    }
    let mut gone: Vec<(Key<'_>, &HostRow)> = before.into_iter().collect();
    gone.sort_by(|one, other| one.0.1.cmp(&other.0.1).then(one.0.0.cmp(&other.0.0)));
    let mut hosts = HostMoves::default();
    // The same id under one other name is the same host; where several have it, nobody knows.
    let mut ids: HashMap<u128, (u32, u32)> = HashMap::new();
    for (_, row) in &gone {
        ids.entry(row.id).or_default().0 += 1;
    }
    for row in &came {
        ids.entry(row.id).or_default().1 += 1;
    }
    let renamed = |row: &HostRow| row.id != 0 && ids.get(&row.id) == Some(&(1, 1));
    let left = gone.iter().filter(|(_, row)| renamed(row)).map(|(_, row)| (row.id, *row));
    let left: HashMap<u128, &HostRow> = left.collect();
    for row in came {
        if let Some(was) = left.get(&row.id) {
            let why = Some(format!("it was {}", old.called(was)));
            push(&mut hosts.renamed, HostName { name: new.called(row), why });
            moves.host(old, was, new, row);
        } else {
            push(&mut hosts.came, HostName { name: new.called(row), why: None });
        }
    }
    for (_, row) in gone.iter().filter(|(_, row)| !renamed(row)) {
        push(&mut hosts.gone, HostName { name: old.called(row), why: None });
    }
    moves.finish(old, new, hosts)
}

fn push(list: &mut HostList, host: HostName) {
    list.count += 1;
    if list.items.len() < LISTED {
        list.items.push(host);
    }
}

#[derive(Default)]
struct Moves {
    both: u64,
    changed: u64,
    worse: u64,
    measure_changed: u64,
    shapes: BTreeMap<(u32, u32), (u64, Vec<String>)>,
    statuses: Vec<StatusMove>,
    rules: BTreeMap<String, RuleMove>,
    items: Vec<HostMove>,
}

impl Moves {
    /// One that is in both.
    fn host(&mut self, old: &Sum<'_>, was: &HostRow, new: &Sum<'_>, is: &HostRow) {
        self.both += 1;
        let (from, to) = (old.roll.shapes.get(was.shape), new.roll.shapes.get(is.shape));
        let measured = old.roll.about(was).measure == new.roll.about(is).measure;
        let same = old.roll.answers.get(was.answers) == new.roll.answers.get(is.answers);
        let rules = match old.answers(was).zip(new.answers(is)) {
            Some((before, now)) if measured && !same => changed(before, now),
            _ => BTreeMap::new(),
        };
        self.measure_changed += u64::from(!measured);
        if from == to && was.status == is.status && rules.is_empty() {
            return;
        }
        self.changed += 1;
        let name = new.called(is);
        if from != to {
            let (hosts, examples) = self.shapes.entry((was.shape, is.shape)).or_default();
            *hosts += 1;
            if examples.len() < 3 {
                examples.push(name.clone());
            }
        }
        if was.status != is.status {
            self.status(was.status, is.status);
        }
        for (rule, became) in &rules {
            let all = self.rules.entry(rule.clone()).or_insert_with(|| RuleMove {
                rule: rule.clone(),
                new: 0,
                fixed: 0,
                waived: 0,
                lost_sight: 0,
            });
            *match became {
                Became::New => &mut all.new,
                Became::Fixed => &mut all.fixed,
                Became::Waived => &mut all.waived,
                Became::LostSight => &mut all.lost_sight,
            } += 1;
        }
        let is_new = rules.values().any(|became| *became == Became::New);
        self.worse += u64::from(is_new && is.status == Some(Status::Findings));
        if self.items.len() == LISTED {
            return;
        }
        let such = |wanted: Became| -> Vec<String> {
            let such = rules.iter().filter(|(_, became)| **became == wanted);
            such.map(|(rule, _)| rule.clone()).collect()
        };
        self.items.push(HostMove {
            name,
            from: was.status,
            to: is.status,
            removed: differs(from, to),
            added: differs(to, from),
            new: such(Became::New),
            fixed: such(Became::Fixed),
            lost_sight: such(Became::LostSight),
        });
    }

    fn status(&mut self, from: Option<Status>, to: Option<Status>) {
        let same = |known: &&mut StatusMove| known.from == from && known.to == to;
        match self.statuses.iter_mut().find(same) {
            Some(known) => known.hosts += 1,
            None => self.statuses.push(StatusMove { from, to, hosts: 1 }),
        }
    }

    fn finish(mut self, old: &Sum<'_>, new: &Sum<'_>, hosts: HostMoves) -> FleetDiff {
        let shape = |sum: &Sum<'_>, at: u32| sum.shapes.get(at as usize).cloned();
        let mut shape_moves: Vec<ShapeMove> = self
            .shapes
            .into_iter()
            .filter_map(|((from, to), (hosts, examples))| {
                let (from, to) = (shape(old, from)?, shape(new, to)?);
                Some(ShapeMove {
                    hosts,
                    removed: differs(&from.settings, &to.settings),
                    added: differs(&to.settings, &from.settings),
                    examples,
                    from: from.id,
                    to: to.id,
                })
            })
            .collect();
        shape_moves.sort_by(|one, other| {
            let key = |one: &ShapeMove| (one.from.clone(), one.to.clone());
            other.hosts.cmp(&one.hosts).then_with(|| key(one).cmp(&key(other)))
        });
        let word = |status: Option<Status>| status.map_or("unjudged", Status::name);
        self.statuses
            .sort_by_key(|one| (std::cmp::Reverse(one.hosts), word(one.from), word(one.to)));
        FleetDiff {
            schema_version: SCHEMA_VERSION.into(),
            kind: "fleet-diff".into(),
            tool: tool(),
            old: old.input(),
            new: new.input(),
            hosts: HostMoves {
                in_both: self.both,
                changed: self.changed,
                worse: self.worse,
                ..hosts
            },
            measure_changed: self.measure_changed,
            shape_moves,
            status_moves: self.statuses,
            rules: self.rules.into_values().collect(),
            items: self.items,
        }
    }
}

/// What became of a rule's findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Became {
    New,
    Fixed,
    Waived,
    LostSight,
}

fn changed(before: &Answers, now: &Answers) -> BTreeMap<String, Became> {
    let is = |answers: &Answers, rule: &str, verdict: &str| {
        answers.verdicts.get(rule).is_some_and(|is| is == verdict)
    };
    let new = now.with("fail").filter(|rule| !is(before, rule, "fail"));
    let new = new.map(|rule| (rule.clone(), Became::New));
    let old = before.with("fail").filter(|rule| !is(now, rule, "fail"));
    let old = old.map(|rule| {
        let became = match now.verdicts.get(rule).map(String::as_str) {
            Some("pass") => Became::Fixed,
            Some("waived") => Became::Waived,
            _ => Became::LostSight,
        };
        (rule.clone(), became)
    });
    new.chain(old).collect()
}
