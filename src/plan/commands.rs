//! The settings of a plan, and the commands for them: those that the audit prints.

use ephaudit_platform::snapshot::{Bounds, Os, Scope, Snapshot};

use super::solve::Solution;
use super::space::Space;
use crate::remedy::{self, Change, SPANS_MAX};
use crate::report::{Step, When};

/// The settings that change: the list before the range, so that no service is handed out on the
/// way.
pub fn values(scope: &Scope, space: &Space, solution: &Solution) -> Vec<Change> {
    let list = (solution.reserved != *space.reserved())
        .then(|| Change::Reserved(solution.reserved.clone()));
    let is_there = scope
        .ephemeral()
        .all(|range| range.bounds.known().is_none_or(|bounds| bounds.range() == solution.range));
    list.into_iter().chain((!is_there).then_some(Change::Range(solution.range))).collect()
}

/// The commands that the audit prints for those settings. `sysctl -w` cuts a list that is too long:
/// only a file has it whole.
pub fn steps(snapshot: &Snapshot, scope: &Scope, values: &[Change]) -> Vec<Step> {
    let too_long = |value: &&Change| match value {
        Change::Reserved(list) => snapshot.host.os == Os::Linux && list.spans().len() > SPANS_MAX,
        _ => false,
    };
    let Some(list) = values.iter().find(too_long) else {
        return remedy::steps(snapshot, scope, values);
    };
    let file = remedy::file_of(list.key());
    let others = values.iter().filter(|value| *value != list).cloned();
    let words = format!(
        "write the list to {file} (it is longer than `sysctl -w` takes), then have it read"
    );
    let by_file = Step::now(words).by(format!("/usr/lib/systemd/systemd-sysctl {file}"));
    // In their order.
    let mut steps = vec![by_file];
    let others: Vec<Change> = others.collect();
    let others = remedy::steps(snapshot, scope, &others);
    let at = if values.first() == Some(list) { steps.len() } else { 0 };
    steps.splice(at..at, others);
    steps
}

/// How to have what was before: the range first, then the list. The other way round services would
/// be handed out.
pub fn rollback(snapshot: &Snapshot, scope: &Scope, space: &Space, values: &[Change]) -> Vec<Step> {
    if differ(scope) && values.iter().any(|value| matches!(value, Change::Range(_))) {
        let words = "the ranges of the families and transports differ now: note them before, as \
                     ephaudit lists them, and set each again";
        return vec![Step::elsewhere(words)];
    }
    let before = values.iter().rev().map(|value| match value {
        Change::Range(_) => Change::Range(space.range()),
        Change::Reserved(_) => Change::Reserved(space.reserved().clone()),
        Change::UnprivilegedStart(start) => Change::UnprivilegedStart(*start),
    });
    let before: Vec<Change> = before.collect();
    // Seen from where the plan leads: other systems are told the difference.
    let planned = remedy::planned(snapshot, scope, values);
    let all = planned
        .scopes
        .iter()
        .filter(|planned| planned.id == scope.id)
        .flat_map(|scope| steps(&planned, scope, &before))
        .collect::<Vec<_>>();
    let lasts = all.iter().any(|step| step.when == When::Boot && step.command.is_some());
    let now = all.into_iter().filter(|step| step.when == When::Now);
    let mut back: Vec<Step> =
        now.map(|step| Step { words: "back to what is now".to_owned(), ..step }).collect();
    if snapshot.host.os == Os::Linux && lasts {
        let words = "the files of the steps at boot as they were, or removed";
        back.push(Step::boot(words));
    }
    back
}

/// Whether there is more than one range.
fn differ(scope: &Scope) -> bool {
    let known = || scope.ephemeral().filter_map(|range| range.bounds.known()).map(Bounds::range);
    known().any(|range| Some(range) != known().next())
}
