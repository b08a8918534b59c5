//! What a plan says: for people, and for tickets.

pub mod markdown;
pub mod table;

use std::fmt::Write;

use super::view::facts::spans;
use crate::text::{counted, grouped};
use crate::wire::v1::{PlanFinding, PlanProposal, PlanSettings, PlannedScope, Span, Status};

/// The plan in a word and a sentence.
fn headline(scope: &PlannedScope) -> (&'static str, String) {
    let Some(now) = &scope.now else {
        return ("UNDETERMINED", "the range or the list could not be read".to_owned());
    };
    let Some(plan) = &scope.proposal else {
        return ("NO PLAN", scope.refused.clone().unwrap_or_default());
    };
    let goes = count(&scope.before, "goes");
    let (stays, comes) = (count(&scope.after, "stays"), count(&scope.after, "comes"));
    let left: Vec<String> = [(stays, "stay"), (comes, "come")]
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|&(count, verb)| format!(", {}", does(count, verb)))
        .collect();
    if plan.short > 0 {
        let what = format!(
            "{} wanted ({}), and the best range has {}",
            counted(scope.demand.wanted, "port"),
            scope.demand.why,
            grouped(plan.settings.pool)
        );
        return ("NOT ENOUGH", format!("{what}; {}", change(now, plan)));
    }
    if plan.nothing_to_do {
        let unseen = if scope.status == Status::Undetermined {
            "; what was not read may ask for more"
        } else {
            ""
        };
        let left = match stays {
            0 => String::new(),
            1 => "; 1 finding stays that no range or list ends".to_owned(),
            stays => format!("; {} findings stay that no range or list ends", grouped(stays)),
        };
        return ("NOTHING TO DO", format!("the range and the list are right{left}{unseen}"));
    }
    let gone = match goes {
        1 => "1 finding goes".to_owned(),
        goes => format!("{} findings go", grouped(goes)),
    };
    ("PLAN", format!("{}; {gone}{}", change(now, plan), left.concat()))
}

/// "1 stays", "2 stay".
fn does(count: u32, verb: &str) -> String {
    if count == 1 { format!("1 {verb}s") } else { format!("{} {verb}", grouped(count)) }
}

fn change(now: &PlanSettings, plan: &PlanProposal) -> String {
    let (from, to) = (range(now.range), range(plan.settings.range));
    let range =
        if from == to { format!("range {from} stays") } else { format!("range {from} → {to}") };
    let added: u32 = plan.added.iter().copied().map(length).sum();
    if added > 0 { format!("{range}, reserve {}", counted(added, "port")) } else { range }
}

fn length(span: Span) -> u32 {
    u32::from(span.last) - u32::from(span.first) + 1
}

fn range(span: Span) -> String {
    format!("{}-{}", span.first, span.last)
}

fn count(findings: &[PlanFinding], change: &str) -> u32 {
    let same = findings.iter().filter(|finding| finding.change == change);
    u32::try_from(same.count()).unwrap_or(u32::MAX)
}

/// The figures before and after, with a heading.
fn rows(now: &PlanSettings, plan: &PlanProposal) -> Vec<[String; 3]> {
    let then = &plan.settings;
    let row =
        |name: &str, of: &dyn Fn(&PlanSettings) -> String| [name.to_owned(), of(now), of(then)];
    let rate = |settings: &PlanSettings| match settings.rate {
        Some(rate) => format!("{} a second", grouped(rate)),
        None => "not known".to_owned(),
    };
    let mut rows = vec![
        [String::new(), "NOW".to_owned(), "PLANNED".to_owned()],
        row("range", &|settings| range(settings.range)),
        row("reserved", &|settings| spans(&settings.reserved)),
        row("pool", &|settings| counted(settings.pool, "port")),
    ];
    if now.rate.is_some() || then.rate.is_some() {
        rows.push(row("new connections", &rate));
    }
    rows
}

/// How many ports these are, and which.
fn ports(spans_of: &[Span]) -> String {
    let all: u32 = spans_of.iter().copied().map(length).sum();
    if all == 0 {
        "none".to_owned()
    } else {
        format!("{}: {}", counted(all, "port"), spans(spans_of))
    }
}

/// The names of the rules whose findings change so, each once.
fn named(findings: &[PlanFinding], change: &str) -> String {
    let mut names: Vec<String> = Vec::new();
    for finding in findings.iter().filter(|finding| finding.change == change) {
        let name = format!("{} ({})", finding.rule, finding.severity.name());
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.join(", ")
}

/// The other preference in a line.
fn otherwise(scope: &PlannedScope) -> Option<String> {
    let other = scope.alternative.as_ref()?;
    let mut line = format!(
        "--prefer {}: {}, {}, {} of them new",
        other.prefer,
        range(other.range),
        counted(other.pool, "port"),
        if other.newly == 0 { "none".to_owned() } else { grouped(other.newly) }
    );
    if other.short > 0 {
        // Writing to a String does not fail.
        let _ = write!(line, ", {} short", grouped(other.short));
    }
    Some(line)
}
