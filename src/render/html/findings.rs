//! What was found, what is excepted, and what could not be seen.

use std::collections::HashMap;
use std::ptr;

use maud::{Markup, html};

use crate::render::view::causes::causes;
use crate::render::view::facts::place;
use crate::render::view::findings::{alike, by_reason, places, what_of};
use crate::text::shortened;
use crate::wire::v1::{Document, Evidence, Finding, Severity};

/// How many findings of one rule are told in full, and of all rules.
const TOLD: usize = 50;
const TOLD_OF_ALL: usize = 500;
/// How many pieces of evidence and how many steps of a finding are told.
const PIECES: usize = 50;
/// How many kinds of gaps are told.
const GAPS: usize = 200;
/// The most characters of one text.
const TEXT: usize = 4000;

/// What a finding that nobody waived is known by on the page, by its place.
pub(super) fn anchor(at: usize) -> String {
    format!("finding-{}", at + 1)
}

/// The findings that nobody waived, those that say the same as one, in the order of their causes.
pub(super) fn open(document: &Document) -> Vec<(&Finding, Vec<&str>)> {
    let order: HashMap<*const Finding, usize> = causes(document)
        .iter()
        .flat_map(|cause| cause.alike.iter().chain(&cause.findings))
        .enumerate()
        .map(|(at, finding)| (ptr::from_ref(*finding), at))
        .collect();
    let mut open: Vec<_> =
        alike(document).into_iter().filter(|(finding, _)| finding.waived.is_none()).collect();
    open.sort_by_key(|(finding, _)| order.get(&ptr::from_ref(*finding)).copied());
    open
}

/// The sections of them; those with nothing to say are left out.
pub(super) fn sections(document: &Document) -> Markup {
    let open = open(document);
    let waived: Vec<_> =
        alike(document).into_iter().filter(|(finding, _)| finding.waived.is_some()).collect();
    html! {
        @if !open.is_empty() { (list(document, "Findings", "findings", &open)) }
        @if !waived.is_empty() { (list(document, "Waived", "waived", &waived)) }
        (gaps(document))
    }
}

fn list(
    document: &Document,
    title: &str,
    class: &str,
    findings: &[(&Finding, Vec<&str>)],
) -> Markup {
    let mut groups: Vec<(&str, usize)> = Vec::new();
    let mut shown: Vec<(usize, &Finding, String)> = Vec::new();
    let mut more: Vec<usize> = Vec::new();
    for (place, (finding, scopes)) in findings.iter().enumerate() {
        let at = groups.iter().position(|(rule, _)| *rule == finding.rule).unwrap_or(groups.len());
        if at == groups.len() {
            groups.push((&finding.rule, 0));
            more.push(0);
        }
        if groups[at].1 < TOLD && shown.len() < TOLD_OF_ALL {
            groups[at].1 += 1;
            shown.push((place, *finding, places(document, scopes)));
        } else {
            more[at] += 1;
        }
    }
    html! {
        section class=(class) id=(class) {
            h2 { (title) }
            div {
                @if class == "waived" { p.lead { "Found, and waived for the reason given." } }
                @for (place, finding, places) in &shown { (card(*place, finding, places)) }
                @for ((rule, _), more) in groups.iter().zip(&more).filter(|(_, more)| **more > 0) {
                    p.more {
                        "And " (more) " more of " (rule) "; the JSON report lists them all."
                    }
                }
            }
        }
    }
}

/// A card is closed below medium: its title says what it is.
fn card(place: usize, finding: &Finding, places: &str) -> Markup {
    let id = finding.waived.is_none().then(|| anchor(place));
    let body = body(finding, places);
    html! {
        article.finding.(finding.severity.name()) id=[id] {
            p.kind title={ "Fingerprint " (text(&finding.fingerprint)) } {
                @match finding.waived {
                    Some(_) => { span.level { "Waived, " (finding.severity.name()) } }
                    None => { span.level { (finding.severity.name()) } }
                }
                " " a href={ "#rule-" (slug(&finding.rule)) } { code { (finding.rule) } }
            }
            h3 { (text(&finding.title)) }
            @if finding.severity > Severity::Medium {
                details { summary { "What was seen, and what to do" } (body) }
            } @else { (body) }
        }
    }
}

fn body(finding: &Finding, places: &str) -> Markup {
    html! {
        @if let Some(reason) = &finding.waived { p.reason { b { "Waived: " } (text(reason)) } }
        p { (text(&finding.message)) }
        @if !places.is_empty() { p { b { "In " } (text(places)) } }
        h4 { "Seen" }
        dl.evidence { @for evidence in finding.evidence.iter().take(PIECES) { (evidence_row(evidence)) } }
        @if finding.to_do().next().is_some() {
            details {
                summary { "Every step for this finding, and alternatives" }
                ul.steps { @for (text, command) in finding.to_do().take(PIECES) { (step(text, command)) } }
            }
        }
    }
}

/// A rule's name as a part of an address of this page.
pub(super) fn slug(rule: &str) -> String {
    rule.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect()
}

/// The beginning of a text from outside that is longer than anybody reads; the JSON report has it
/// all.
fn text(text: &str) -> String {
    shortened(text, TEXT)
}

fn evidence_row(evidence: &Evidence) -> Markup {
    html! {
        div {
            dt { (text(&evidence.what)) }
            dd {
                b { (text(&evidence.value)) }
                " " span.from { "from " code { (text(&place(&evidence.source))) } }
                @if !evidence.command.is_empty() { (command(&evidence.command)) }
            }
        }
    }
}

fn step(text: &str, line: Option<&str>) -> Markup {
    html! {
        li { (self::text(text)) @if let Some(line) = line { ":" (command(line)) } }
    }
}

/// A command to copy: one click takes it whole.
fn command(line: &str) -> Markup {
    html! { pre { code { (text(line)) } } }
}

fn gaps(document: &Document) -> Markup {
    let reasons = by_reason(&document.gaps);
    html! {
        @if !reasons.is_empty() {
            section.gaps #gaps {
                h2 { "Not read" }
                div {
                    p.lead { "Whatever depends on these is unknown; no default was assumed." }
                    ul {
                        @for (gap, what) in reasons.iter().take(GAPS) {
                            li {
                                b { (text(&what_of(what))) } " " span.why { (gap.why) }
                                p { (text(&gap.detail)) }
                            }
                        }
                    }
                    @if reasons.len() > GAPS {
                        p.more {
                            "And " (reasons.len() - GAPS) " more; the JSON report lists them all."
                        }
                    }
                }
            }
        }
    }
}
