//! systemd-sysctl(8): all lines go into one table, in which the last of a key stays, and then the
//! table is written.

use std::collections::HashMap;

use super::files::Files;
use super::glob;
use super::kernel::Key;
use super::line_log::{LineLog, ODD, Placed, excluded};
use crate::parse::sysctl_conf::{Grammar, is_pattern, path};

/// A row of the table: the path below /proc/sys, or a pattern of paths; without a value it keeps
/// patterns off.
struct SysctlRow<'a> {
    path: Vec<u8>,
    from: Placed<'a>,
}

impl SysctlRow<'_> {
    fn found(&self) -> Vec<(Key, Vec<u8>)> {
        found(&self.path).unwrap_or_default()
    }

    fn overrule(&self, log: &mut LineLog) {
        let Some(value) = self.from.line.value else { return };
        for (key, _) in self.found() {
            log.overrule(key, value, self.from.place());
        }
    }
}

/// A pattern whose first part is longer may end systemd-sysctl: file names end at 255 bytes.
const LONGEST_FIRST: usize = 250;

/// The keys that a path or a pattern names and the paths under which it finds them, in the order in
/// which they are written; `None` where that is not known.
fn found(path: &[u8]) -> Option<Vec<(Key, Vec<u8>)>> {
    if !is_pattern(path) {
        return Some(Key::at(path).into_iter().map(|key| (key, path.to_vec())).collect());
    }
    // glob(7) finds what systemd then takes for no path below /proc/sys, and it aborts
    // (`path_startswith`, 252).
    if path.split(|byte| *byte == b'/').next().is_some_and(|first| first.len() > LONGEST_FIRST) {
        return None;
    }
    let patterns = glob::braced(path).filter(|_| !glob::is_odd(path))?;
    let of = |pattern: Vec<u8>| {
        Key::ALL.into_iter().filter_map(move |key| {
            let found = glob::found(&pattern, &key.path())?;
            // systemd writes to no path with ".." in it.
            let up = found.split(|byte| *byte == b'/').any(|part| part == b"..");
            (!up).then_some((key, found))
        })
    };
    Some(patterns.into_iter().flat_map(of).collect())
}

pub(super) fn apply(files: &Files<'_>, log: &mut LineLog) {
    let table = SysctlTable::of(files, log);
    for row in table.rows.iter().flatten() {
        let Some(value) = row.from.line.value else { continue };
        let text = [value, b"\n"].concat();
        for (key, found) in row.found() {
            let own = table.row(&found);
            match own.filter(|_| is_pattern(&row.path)) {
                Some(own) => {
                    log.reject(key, value, row.from.place(), excluded(&own.from));
                }
                None => log.write_all(key, value, &text, row.from.place()),
            }
        }
    }
}

/// The rows in the order in which they are written; `None` where one was taken out.
#[derive(Default)]
struct SysctlTable<'a> {
    rows: Vec<Option<SysctlRow<'a>>>,
    at: HashMap<Vec<u8>, usize>,
}

impl<'a> SysctlTable<'a> {
    fn row(&self, path: &[u8]) -> Option<&SysctlRow<'a>> {
        self.at.get(path).and_then(|at| self.rows.get(*at)).and_then(Option::as_ref)
    }

    fn of(files: &'a Files<'_>, log: &mut LineLog) -> Self {
        let mut table = Self::default();
        for from in files.lines() {
            if from.line.value.is_none() && !from.line.dash {
                continue;
            }
            let path = path(from.line.key, Grammar::Systemd);
            match found(&path) {
                Some(keys) if keys.is_empty() => {}
                Some(_) => table.put(SysctlRow { path, from }, log),
                None => log.doubt_all(ODD),
            }
        }
        table
    }

    /// A line that says the same again leaves the row where it is; one that says otherwise takes it
    /// out and stands last.
    fn put(&mut self, row: SysctlRow<'a>, log: &mut LineLog) {
        let old = self.at.get(&row.path).and_then(|at| self.rows.get_mut(*at));
        match old {
            Some(Some(old)) if old.from.line.value == row.from.line.value => row.overrule(log),
            Some(old) => {
                if let Some(old) = old.take() {
                    old.overrule(log);
                }
                self.push(row);
            }
            None => self.push(row),
        }
    }

    fn push(&mut self, row: SysctlRow<'a>) {
        self.at.insert(row.path.clone(), self.rows.len());
        self.rows.push(Some(row));
    }
}
