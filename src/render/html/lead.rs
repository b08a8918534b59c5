//! What stands first: what was found, what to do, and where the rest is.

use maud::{Markup, html};

use super::findings::{anchor, open};
use crate::render::view::actions::{Action, Moment, actions};
use crate::render::view::causes::{Cause, causes};
use crate::text::shortened;
use crate::wire::v1::Document;

/// How many findings stand first, and how many things to do.
const FOUND: usize = 8;
const TO_DO: usize = 24;
/// The most characters of a title, of a sentence, and of a command: one that is cut is a wrong one,
/// and a list of a thousand reserved ports has 6,000.
const TITLE: usize = 200;
const WORDS: usize = 1000;
const COMMAND: usize = 16_000;

/// For who goes through the page by keyboard.
pub(super) fn skip() -> Markup {
    html! { a.skip href="#report" { "Skip to what was found" } }
}

/// The findings, each a line that leads to its card, what to do, and the contents.
pub(super) fn sections(document: &Document) -> Markup {
    let found = open(document);
    html! {
        @if !found.is_empty() {
            section.first {
                h2 { "Found" }
                ol.index {
                    @for (at, (finding, _)) in found.iter().enumerate().take(FOUND) {
                        li.(finding.severity.name()) {
                            span.level { (finding.severity.name()) } " "
                            a href={ "#" (anchor(at)) } { (shortened(&finding.title, TITLE)) }
                        }
                    }
                }
                @if found.len() > FOUND { p.more { "And " (found.len() - FOUND) " more below." } }
            }
        }
        (to_do(document))
        nav aria-label="Contents" {
            a href="#ports" { "Port space" }
            @if !found.is_empty() { " " a href="#findings" { "Findings in full" } }
            @if !document.gaps.is_empty() { " " a href="#gaps" { "Not read" } }
            " " a href="#facts" { "Facts" }
            @if document.status.is_some() { " " a href="#rules" { "Rules" } }
        }
    }
}

/// Each command once, in the order to run them.
fn to_do(document: &Document) -> Markup {
    let causes = causes(document);
    let all = actions(document, &causes);
    html! {
        @if !all.is_empty() {
            section.to-do {
                h2 { "What to do" }
                ol.steps { @for action in all.iter().take(TO_DO) { (step(action, &causes)) } }
                @if all.len() > TO_DO {
                    p.more { "And " (all.len() - TO_DO) " more; the findings have them all." }
                }
            }
        }
    }
}

fn step(action: &Action, causes: &[Cause<'_>]) -> Markup {
    let when = match action.when {
        Moment::Now => "Now",
        Moment::Boot => "For the next boot",
        Moment::Elsewhere => "Elsewhere",
    };
    let of = |at: &usize| causes.get(*at).map_or("", |cause| &*cause.first().title);
    let ends = match action.causes.first() {
        Some(_) if causes.len() == 1 => String::new(),
        Some(_) if action.causes.len() == causes.len() => ", for all of them".to_owned(),
        Some(first) if action.causes.len() == 1 => {
            format!(", for: {}", shortened(of(first), TITLE))
        }
        _ => format!(", for {} of them", action.causes.len()),
    };
    html! {
        li {
            b { (when) } (ends)
            @if !action.words.is_empty() { "; " (shortened(&action.words, WORDS)) }
            @for command in &action.commands { pre { code { (shortened(command, COMMAND)) } } }
        }
    }
}
