//! A plan as a page for a terminal.

use super::super::Look;
use super::super::blocks::{where_and_when, write_gaps};
use super::super::page::{BOLD, GREEN, PLAIN, Page, RED, YELLOW};
use super::super::view::facts::called;
use super::{headline, named, otherwise, ports, rows};
use crate::text::counted;
use crate::wire::v1::{PlanProposal, Planned, PlannedScope, Status};

/// How many services are told.
const SERVICES: usize = 4;

/// How many namespaces are named that have the same plan.
const NAMED: usize = 8;

/// A plan, as a page.
pub fn render(document: &Planned, look: Look) -> Vec<u8> {
    let mut page = Page::new(look);
    let host = document.host.name.as_deref().unwrap_or("this host");
    for (at, alike) in alike(&document.scopes).iter().enumerate() {
        let [scope, others @ ..] = alike.as_slice() else { continue };
        if at > 0 {
            page.gap();
        }
        let name = called(&scope.scope.id, &scope.scope.names);
        let (word, rest) = headline(scope);
        let style = match (scope.status, word) {
            (_, "NOT ENOUGH" | "NO PLAN") => RED,
            (Status::Compliant, _) => GREEN,
            _ => YELLOW,
        };
        let subject = match (document.scopes.len(), others.len()) {
            (1, _) => host.to_owned(),
            (_, 0) => name.clone(),
            (_, others) => format!("{name} and {others} more"),
        };
        page.prose((style, &format!("{word}  ")), (style, &format!("{subject}: {rest}")), 2);
        page.gap();
        if at == 0 {
            where_and_when(&mut page, &document.host, &document.collected_at, &name);
        }
        one(&mut page, scope);
        if !others.is_empty() {
            let names = others.iter().map(|one| called(&one.scope.id, &one.scope.names));
            let mut names: Vec<String> = names.take(NAMED).collect();
            if others.len() > NAMED {
                names.push(format!("and {} more", others.len() - NAMED));
            }
            line(&mut page, "the same", &format!("{}; with a way into each", names.join(", ")));
        }
    }
    if document.scopes.is_empty() {
        page.prose((YELLOW, "UNDETERMINED  "), (YELLOW, &format!("{host}: nothing was read")), 2);
    }
    write_gaps(&mut page, &document.gaps);
    page.finish()
}

/// Those with the same settings, now and planned, and the same findings, in the order that the
/// first of them has.
fn alike(scopes: &[PlannedScope]) -> Vec<Vec<&PlannedScope>> {
    let mut groups: Vec<(_, Vec<&PlannedScope>)> = Vec::new();
    for scope in scopes {
        let table = scope.now.as_ref().zip(scope.proposal.as_ref()).map(|(now, to)| rows(now, to));
        let key = (headline(scope), table, named(&scope.before, "goes"), scope.status);
        match groups.iter_mut().find(|(known, _)| *known == key) {
            Some((_, group)) => group.push(scope),
            None => groups.push((key, vec![scope])),
        }
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

fn one(page: &mut Page, scope: &PlannedScope) {
    let (Some(now), Some(plan)) = (&scope.now, &scope.proposal) else { return };
    let wanted = format!("{}: {}", counted(scope.demand.wanted, "port"), scope.demand.why);
    if plan.nothing_to_do || plan.short > 0 || !scope.demand.why.contains("the policy") {
        line(page, "wanted", &wanted);
    }
    if plan.nothing_to_do {
        line(page, "stays", &named(&scope.after, "stays"));
        line(page, "or", &otherwise(scope).unwrap_or_default());
        return;
    }
    page.table(rows(now, plan).into_iter().map(Vec::from));
    line(page, "newly", &ports(&plan.newly));
    line(page, "no longer", &ports(&plan.no_longer));
    line(page, "goes", &named(&scope.before, "goes"));
    line(page, "stays", &named(&scope.after, "stays"));
    line(page, "comes", &named(&scope.after, "comes"));
    why(page, scope, plan);
    line(page, "or", &otherwise(scope).unwrap_or_default());
    // The gravest is first.
    line(page, "note", scope.remarks.first().map_or("", String::as_str));
    for steps in plan.steps.chunk_by(|one, next| one.text == next.text && next.command.is_some()) {
        for (at, step) in steps.iter().enumerate() {
            match &step.command {
                Some(command) if at > 0 => page.command(8, command),
                command => page.step(&step.text, command.as_deref()),
            }
        }
    }
    let (commands, words): (Vec<_>, Vec<_>) =
        plan.rollback.iter().partition(|step| step.command.is_some());
    let words = words.iter().map(|step| format!("; {}", step.text)).collect::<Vec<_>>().concat();
    if !plan.rollback.is_empty() {
        let end = if commands.is_empty() { "" } else { ":" };
        page.prose((BOLD, "  back  "), (PLAIN, &format!("to what is now{words}{end}")), 8);
    }
    for command in commands.iter().filter_map(|step| step.command.as_deref()) {
        page.command(8, command);
    }
}

/// Why each port is reserved that is added to the list.
fn why(page: &mut Page, scope: &PlannedScope, plan: &PlanProposal) {
    let added = |ports: &crate::wire::v1::Span| {
        plan.added.iter().any(|span| span.first <= ports.last && ports.first <= span.last)
    };
    let of_added: Vec<_> = scope.demand.protect.iter().filter(|one| added(&one.ports)).collect();
    for one in of_added.iter().take(SERVICES) {
        let ports = super::super::view::facts::spans(&[one.ports]);
        line(page, "reserves", &format!("{ports}, {}", one.reason));
    }
    if of_added.len() > SERVICES {
        let more = of_added.len() - SERVICES;
        line(page, "reserves", &format!("and {more} more; --format json lists them all"));
    }
}

fn line(page: &mut Page, name: &str, text: &str) {
    if !text.is_empty() {
        page.prose((PLAIN, &format!("{name:<10}")), (PLAIN, text), 10);
    }
}
