//! The facts, and what else is told in rows.

use maud::{Markup, html};

use super::findings::slug;
use crate::render::view::facts::{fact_rows, listener_rows, spans};
use crate::render::view::{boot, scopes, usage};
use crate::text::shortened;
use crate::wire::v1::{Document, Scope, Service, Severity, Span, Verdict};

/// How many rows of a kind are told.
const ROWS: usize = 500;
/// How much of the names of namespaces that look the same.
const WHICH: usize = 400;

/// The sections of them; those with nothing to say are left out.
pub(super) fn sections(document: &Document) -> Markup {
    html! {
        @for scope in document.scopes.iter().filter(|scope| scope.current) {
            div #facts {} (section("Facts", &html! {
                (table("Facts", fact_rows(&document.host, scope), 0))
                (listeners(scope))
            }))
            (in_use(scope))
            (after_reboot(scope))
        }
        (services(&document.services))
        (other_namespaces(document))
        (rules(document))
    }
}

/// A part of the page under its title.
pub(in super::super) fn section(title: &str, body: &Markup) -> Markup {
    html! { section { h2 { (title) } div { (body) } } }
}

/// The columns in which a row has anything.
fn filled(rows: Vec<Vec<String>>) -> Vec<Vec<String>> {
    let columns = rows.first().map_or(0, Vec::len);
    let kept: Vec<bool> = (0..columns)
        .map(|at| rows.iter().skip(1).any(|row| row.get(at).is_some_and(|cell| !cell.is_empty())))
        .collect();
    let keep = |row: Vec<String>| {
        row.into_iter().zip(&kept).filter(|(_, kept)| **kept).map(|(cell, _)| cell).collect()
    };
    rows.into_iter().map(keep).collect()
}

/// Rows behind a heading, in a frame of their own that scrolls where the window is narrow.
pub(in super::super) fn table(name: &str, rows: Vec<Vec<String>>, more: usize) -> Markup {
    let mut rows = filled(rows).into_iter();
    let head = rows.next().unwrap_or_default();
    html! {
        div.scroll tabindex="0" role="region" aria-label=(name) {
            table {
                thead { tr { @for cell in &head { th scope="col" { (cell) } } } }
                tbody { @for row in rows { tr { @for (cell, name) in row.iter().zip(&head) { td data-name=(name) { (cell) } } } } }
            }
        }
        @if more > 0 { p.more { "And " (more) " more; the JSON report lists them all." } }
    }
}

fn listeners(scope: &Scope) -> Markup {
    let items = &scope.listeners.items;
    html! {
        @if !items.is_empty() {
            h3 { "Listeners" }
            @let more = items.len().saturating_sub(ROWS) + scope.listeners.unlisted();
            (table("Listeners", listener_rows(items.iter().take(ROWS)), more))
        }
    }
}

fn in_use(scope: &Scope) -> Markup {
    html! {
        @if !scope.usage.destinations.is_empty() {
            (section("Ports in use", &table("Ports in use", usage::used_rows(&scope.usage), 0)))
        }
    }
}

fn after_reboot(scope: &Scope) -> Markup {
    let list = |title: &str, lines: &[String]| {
        html! {
            h3 { (title) }
            ul { @for line in lines.iter().take(ROWS) { li { (line) } } }
            @if lines.len() > ROWS {
                p.more { "And " (lines.len() - ROWS) " more; the JSON report lists them all." }
            }
        }
    };
    let rejected = boot::rejected(scope);
    html! {
        @if !scope.boot.is_empty() {
            (section("After a reboot", &html! {
                (table("After a reboot", boot::value_rows(scope), 0))
                @for (winner, beaten) in boot::chains(scope).iter().take(ROWS) { (list(winner, beaten)) }
                @if !rejected.is_empty() { (list("Never applies as written", &rejected)) }
                @if !scope.suspects.is_empty() {
                    (list("May also set them", &boot::suspects(scope)))
                }
            }))
        }
    }
}

fn services(services: &[Service]) -> Markup {
    let head = ["SERVICE", "PORTS", "TRANSPORT", "DECLARED IN"].map(str::to_owned).to_vec();
    let row = |service: &Service| {
        let transports: Vec<&str> = service.transports.iter().map(|t| t.name()).collect();
        vec![
            service.name.clone(),
            spans(&[Span { first: service.first, last: service.last }]),
            transports.join(", "),
            service.origin.clone(),
        ]
    };
    let rows = std::iter::once(head).chain(services.iter().take(ROWS).map(row)).collect();
    html! {
        @if !services.is_empty() {
            (section("Declared services", &table("Declared services", rows, services.len().saturating_sub(ROWS))))
        }
    }
}

fn other_namespaces(document: &Document) -> Markup {
    let (rows, more) = scopes::rows(document, ROWS);
    html! {
        @if !rows.is_empty() {
            (section("Namespaces by what is set", &by_shape(document)))
            (section("Other namespaces", &table("Other namespaces", rows, more)))
        }
    }
}

/// A row for all namespaces that look the same, the worst first.
fn by_shape(document: &Document) -> Markup {
    let shapes = scopes::shapes(document);
    let head = ["WORST", "NAMESPACES", "RANGE", "POOL", "WHICH"].map(str::to_owned).to_vec();
    let row = |shape: &scopes::NamespaceShape<'_>| {
        vec![
            shape.worst.map_or("-", Severity::name).to_owned(),
            shape.members.len().to_string(),
            shape.range.clone(),
            shape.pool.clone(),
            shortened(&scopes::members(&shape.members), WHICH),
        ]
    };
    let more = shapes.len().saturating_sub(ROWS);
    let rows = std::iter::once(head).chain(shapes.iter().take(ROWS).map(row)).collect();
    table("Namespaces by what is set", rows, more)
}

fn rules(document: &Document) -> Markup {
    let sign = |verdict| match verdict {
        Verdict::Pass => "✓",
        Verdict::Fail => "!",
        Verdict::Unknown => "?",
        Verdict::NotApplicable | Verdict::NotAsked => "–",
        Verdict::Waived => "~",
    };
    html! {
        @if document.status.is_some() {
            div #rules {} (section("Rules", &html! {
                details open {
                    summary { "All " (document.rules.len()) " rules and their verdicts" }
                    div.scroll tabindex="0" role="region" aria-label="Rules" {
                        table {
                            thead { tr { @for cell in ["RULE", "VERDICT", "SEVERITY", "WHY"] { th scope="col" { (cell) } } } }
                            tbody {
                                @for rule in &document.rules {
                                    tr class=(rule.verdict.name()) id={ "rule-" (slug(&rule.rule)) } {
                                        td data-name="RULE" { code { (rule.rule) } }
                                        td.verdict-cell data-name="VERDICT" { span aria-hidden="true" { (sign(rule.verdict)) } " " (rule.verdict.name()) }
                                        td data-name="SEVERITY" { (rule.severity.name()) }
                                        td data-name="WHY" { (rule.reason.as_deref().unwrap_or_default()) }
                                    }
                                }
                            }
                        }
                    }
                }
            }))
        }
    }
}
