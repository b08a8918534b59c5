//! Remedies, tried before they are printed: each is applied to a copy of the facts and judged by
//! the same rules. Nothing here is ever run by this tool.

mod apply;
mod boot;
mod change;
mod elsewhere;
pub mod exclusion;
pub mod figures;
mod holders;
mod linux;
mod trial;

use std::collections::HashMap;

use ephaudit_platform::ports::PortSet;
use ephaudit_platform::snapshot::{Scope, Snapshot};

pub use apply::{is_editable, planned};
pub use boot::file_of;
pub use change::Change;
pub use elsewhere::can_reserve;
pub use holders::{end, end_connection, let_go};
pub use linux::SPANS_MAX;
use trial::{Bench, Judge};
pub use trial::{in_use, list_with, steps, targets};

use crate::policy::Policy;
use crate::report::{Step, Verdict};
use crate::rule::Outcome;

/// What helps wherever nothing else does.
pub const MOVE: &str = "or move the service to a port outside the pool";

/// Makes steps of what would end each finding, where that does nothing worse. `judge` judges a
/// planned snapshot as this one was judged.
pub fn attach(snapshot: &Snapshot, policy: &Policy, outcomes: &mut [Outcome], judge: &Judge<'_>) {
    let mut benches: HashMap<String, Bench<'_>> = HashMap::new();
    let present = trial::rows(outcomes);
    for outcome in outcomes {
        let Verdict::Fail { findings, .. } = &mut outcome.verdict else { continue };
        for finding in findings {
            let Some(cure) = finding.cure.take() else { continue };
            let Some(scope) = snapshot.scopes.iter().find(|scope| scope.id == finding.scope) else {
                continue;
            };
            let bench = benches
                .entry(scope.id.clone())
                .or_insert_with(|| Bench::new(snapshot, scope, policy, &present, judge));
            let (steps, words) = bench.cure(outcome.rule.name, finding, &cure);
            if let Some(words) = words {
                finding.message.push(' ');
                finding.message.push_str(&words);
            }
            finding.steps = first(steps, std::mem::take(&mut finding.steps));
        }
    }
}

/// The cure first; the first step is never another way.
pub fn first(cure: Vec<Step>, others: Vec<Step>) -> Vec<Step> {
    let mut steps: Vec<Step> = cure.into_iter().chain(others).collect();
    if let Some(step) = steps.first_mut() {
        if let Some(words) = step.words.strip_prefix("or ") {
            step.words = words.to_owned();
        }
    }
    steps
}

/// The name of a namespace that ip-netns(8) keeps.
fn named(path: &str) -> Option<&str> {
    let name = path.strip_prefix("/run/netns/").or_else(|| path.strip_prefix("/var/run/netns/"))?;
    (!name.is_empty() && !name.contains('/')).then_some(name)
}

/// How to keep automatic allocation off ports that no finding is about.
pub fn keep_out(snapshot: &Snapshot, scope: &Scope, ports: &PortSet) -> Vec<Step> {
    list_with(snapshot, scope, ports)
        .map_or_else(Vec::new, |list| steps(snapshot, scope, &[Change::Reserved(list)]))
}
