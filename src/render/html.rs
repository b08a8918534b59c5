//! One page for a browser: it fetches nothing, runs nothing, and can be mailed, printed and
//! archived.
//!
//! Two nets hold whatever stands in a report. Each value is escaped by the template, which knows no
//! other way in (the style sheet is the only text taken as it is), and the finished page passes
//! [`printable`] as a whole.

mod findings;
mod fullness;
mod lead;
mod ports;
mod tables;

pub(super) use tables::{section, table};

use maud::{Markup, html};

use super::view::causes::causes;
use super::view::facts::{called, edition, system};
use super::view::verdict::{count_rules, severities, turned_off, unlooked};
use super::view::{figures, scopes};
use crate::text::{counted, printable, shortened};
use crate::wire::v1::{Document, Finding, Severity, Span, Status, Verdict};

/// The start and end tags of `head` and `body` may be left out where they change nothing (HTML
/// Living Standard 13.1.2.4).
const OPEN: &str = concat!(
    "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n",
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; ",
    "base-uri 'none'; form-action 'none'\">\n",
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n",
    "<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n<style>\n",
    include_str!("html/style.css"),
    "</style>\n",
);

/// The most characters of the banner's title.
const TITLE: usize = 300;

/// The document as a page of its own.
pub fn render(document: &Document) -> Vec<u8> {
    standalone(&page(document))
}

/// What stands in it as a page of its own.
pub(super) fn standalone(markup: &Markup) -> Vec<u8> {
    let mut page = OPEN.to_owned();
    page.push_str(&printable(&markup.0));
    page.push_str("\n</html>\n");
    page.into_bytes()
}

fn page(document: &Document) -> Markup {
    let mood = Mood::of(document);
    let host = document.host.name.as_deref().unwrap_or("Unnamed host");
    html! {
        title { (host) ": " (mood.title(document)) ", ephaudit" }
        body class=(mood.class) {
            (lead::skip())
            header { (top(document, host, &mood)) }
            main #report {
                (lead::sections(document))
                (ports::section(document))
                (findings::sections(document))
                (tables::sections(document))
            }
            footer {
                (about(document))
                p {
                    (document.tool.name) " " (document.tool.version) ", report version "
                    (document.schema_version)
                }
                p { (document.registry.name) ", " (edition(&document.registry)) }
            }
        }
    }
}

/// How a status is told: by a shape and a word as well as by a colour.
struct Mood {
    class: &'static str,
    word: &'static str,
    sign: Markup,
    says: String,
}

impl Mood {
    /// The verdict for whoever has many pages open.
    fn title(&self, document: &Document) -> String {
        match severities(document) {
            found if found.is_empty() => self.word.to_lowercase(),
            found => format!("{}, {found}", self.word.to_lowercase()),
        }
    }

    fn of(document: &Document) -> Self {
        let unanswered = match count_rules(document, Verdict::Unknown) {
            0 => "No rule was answered".to_owned(),
            unknown => {
                let rules = document.rules.iter().filter(|rule| rule.verdict == Verdict::Unknown);
                let names: Vec<&str> = rules.map(|rule| &*rule.rule).collect();
                let names = names.join(", ");
                format!("{} could not be answered ({names})", counted(unknown, "rule"))
            }
        };
        match document.status {
            Some(Status::Compliant) => Self {
                class: "compliant",
                word: "Compliant",
                sign: html! { circle cx="24" cy="24" r="22" {} path d="M14 25l7 7 13-15" {} },
                says: format!(
                    "Every rule that was asked is answered, and {}{}{}.",
                    harmless(document),
                    unlooked(document),
                    turned_off(document)
                ),
            },
            Some(Status::Findings) => Self {
                class: "found",
                word: "Findings",
                sign: html! { path d="M24 3 46 43H2z" {} path d="M24 18v12m0 6v.5" {} },
                says: found(document),
            },
            Some(Status::Undetermined) => Self {
                class: "undetermined",
                word: "Undetermined",
                sign: html! {
                    circle cx="24" cy="24" r="21" {}
                    path d="M18 19c0-8 12-8 12 0 0 5-6 5-6 10m0 6v.5" {}
                },
                says: format!(
                    "{unanswered}: this host can be called neither compliant nor at fault."
                ),
            },
            None => Self {
                class: "unjudged",
                word: "Not judged",
                sign: html! { rect x="3" y="3" width="42" height="42" rx="4" {} path d="M15 24h18" {} },
                says: "These are facts only. No rule was asked.".to_owned(),
            },
        }
    }
}

/// What a compliant host has all the same.
fn harmless(document: &Document) -> String {
    let all = document.findings.len();
    match document.findings.iter().filter(|finding| finding.waived.is_some()).count() {
        _ if all == 0 => "nothing was found".to_owned(),
        0 => "no finding reaches the threshold".to_owned(),
        waived if waived == all => format!("all that was found is waived ({waived})"),
        waived => format!("no finding reaches the threshold; {waived} are waived"),
    }
}

fn found(document: &Document) -> String {
    let counts = |finding: &&Finding| document.counts(finding);
    let number = document.findings.iter().filter(counts).count();
    let of = |level: Severity| {
        let number =
            document.findings.iter().filter(counts).filter(|f| f.severity == level).count();
        (number > 0).then(|| format!("{number} {}", level.name()))
    };
    let levels: Vec<String> = Severity::ALL.into_iter().filter_map(of).collect();
    let number = counted(u32::try_from(number).unwrap_or(u32::MAX), "finding");
    let unanswered = match count_rules(document, Verdict::Unknown) {
        0 => String::new(),
        rules => format!(" {} could not be answered.", counted(rules, "rule")),
    };
    let worst = causes(document);
    let worst = worst.first().map_or_else(String::new, |cause| {
        let title = shortened(&cause.first().title, TITLE);
        let mut letters = title.chars();
        let first = letters.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
        format!("{first}{}. ", letters.as_str())
    });
    format!("{worst}{number} at or above the threshold: {}.{unanswered}", levels.join(", "))
}

fn top(document: &Document, host: &str, mood: &Mood) -> Markup {
    html! {
        p.brand { b { "ephaudit" } " Ephemeral ports of one host" }
        h1 { (host) }
        div.verdict {
            svg.sign viewBox="0 0 48 48" width="48" height="48" aria-hidden="true" { (mood.sign) }
            p { strong { (mood.word) } " " (mood.says) }
        }
        @if document.status.is_some() { (tally(document)) }
    }
}

/// Where the report is from.
fn about(document: &Document) -> Markup {
    let own = document.scopes.iter().filter(|scope| scope.current);
    let own: Vec<String> = own.map(|scope| called(&scope.id, &scope.names)).collect();
    html! {
        dl.about {
            div { dt { "System" } dd { (system(&document.host)) } }
            div {
                dt { "Read" }
                dd { (document.collected_at) " in " (own.join(", ")) (scopes::count(document)) }
            }
            @if document.status.is_some() { div { dt { "Judged by" } dd { (measure(document)) } } }
            div { dt { "Port names" } dd { (edition(&document.registry)) } }
        }
    }
}

/// How many there are of each kind of answer.
fn tally(document: &Document) -> Markup {
    let waived = document.findings.iter().filter(|finding| finding.waived.is_some()).count();
    let found = document.findings.len().saturating_sub(waived);
    let rules = |verdict| count_rules(document, verdict);
    html! {
        ul.tally {
            li { b { (found) } " " (if found == 1 { "finding" } else { "findings" }) }
            li { b { (waived) } " waived" }
            li { b { (rules(Verdict::Unknown)) } " rules not answered" }
            li { b { (rules(Verdict::Pass)) } " rules passed" }
            li { b { (rules(Verdict::NotApplicable)) } " not applicable" }
            @if let Some(unasked) = figures::not_asked(document) { li { (unasked) } }
        }
    }
}

/// One by one: a range lies in one of them, not in all together.
fn intervals(allowed: &[Span]) -> String {
    let one = |span: &Span| format!("{}-{}", span.first, span.last);
    allowed.iter().map(one).collect::<Vec<_>>().join(" or ")
}

fn measure(document: &Document) -> Markup {
    html! {
        "Profile " (document.profile)
        @if let Some(policy) = &document.policy {
            ", allowed " (intervals(&policy.allowed))
            @match policy.fail_on {
                Some(level) => { ", fails on " (level.name()) }
                None => { ", never fails" }
            }
            @if let Some(file) = &policy.file { ", by " code { (file) } }
            @if !policy.off.is_empty() { (turned_off(document)) }
        }
    }
}
