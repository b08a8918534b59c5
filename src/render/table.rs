//! The view for people.

mod brief;
mod budget;
mod findings;
mod parts;

use anstyle::Style;

use super::page::{BOLD, GREEN, PLAIN, Page, RED, YELLOW};
use super::view::changes::changes;
use super::view::facts::{called, edition, fact_rows, listener_rows};
use super::view::scopes;
use super::view::usage::used_rows;
use super::view::verdict::{measure, verdict};
use super::{Detail, Look, blocks, strip};
use crate::text::{counted, cut};
use crate::wire::v1::{Document, Status};

/// How many other scopes have a line.
const SCOPES: usize = 30;

/// The document as one screen; whole where that was asked, or nothing was judged.
pub fn render(document: &Document, look: Look) -> Vec<u8> {
    if document.status.is_some() && look.detail == Detail::Brief {
        return brief::render(document, look);
    }
    let mut page = Page::new(look);
    headline(&mut page, document);
    page.gap();
    about(&mut page, document);
    for scope in document.scopes.iter().filter(|scope| scope.current) {
        page.gap();
        strip::draw(&mut page, scope);
        page.gap();
        page.table(fact_rows(&document.host, scope));
        if !scope.usage.destinations.is_empty() {
            page.gap();
            page.table(used_rows(&scope.usage));
        }
        if document.status.is_none() && !scope.listeners.items.is_empty() {
            page.gap();
            page.table(listener_rows(&scope.listeners.items));
            let more = u32::try_from(scope.listeners.unlisted()).unwrap_or(u32::MAX);
            if more > 0 {
                let more = format!("and {} that are not listed", counted(more, "more listener"));
                page.prose((PLAIN, ""), (PLAIN, &more), 2);
            }
        }
        if document.status.is_none() && !scope.boot.is_empty() {
            blocks::boot(&mut page, scope);
        }
    }
    others(&mut page, document);
    findings::write_all(&mut page, document);
    findings::write_waived(&mut page, document);
    blocks::write_gaps(&mut page, &document.gaps);
    if document.status.is_some() {
        page.gap();
        findings::verdicts(&mut page, document);
        page.gap();
        headline(&mut page, document);
    }
    page.finish()
}

/// The time and what changed since the report before, on one line.
pub fn watched(before: Option<&Document>, now: &Document, clear: bool, look: Look) -> Vec<u8> {
    let since = match before {
        None => "the first audit; Ctrl-C ends it".to_owned(),
        Some(before) => {
            let changed = changes(before, now);
            let changed = if changed.is_empty() { "no change".into() } else { changed.join("; ") };
            format!("since {}: {changed}", clock(&before.collected_at))
        }
    };
    let line = cut(&format!("{}  {since}", clock(&now.collected_at)), look.width.saturating_sub(1));
    let mut page = Page::new(look);
    page.prose((BOLD, ""), (BOLD, &line), 2);
    // ECMA-48: the cursor goes home, and what is below is erased.
    let mut bytes = if clear { b"\x1b[H\x1b[J".to_vec() } else { Vec::new() };
    bytes.extend(page.finish());
    bytes
}

/// The time of day of a time of RFC 3339.
fn clock(at: &str) -> &str {
    at.split_once('T').map_or(at, |(_, time)| time)
}

/// Its findings and gaps alone.
#[cfg(test)]
pub fn render_rule(document: &Document, look: Look) -> Vec<u8> {
    let mut page = Page::new(look);
    findings::write_all(&mut page, document);
    findings::write_waived(&mut page, document);
    blocks::write_gaps(&mut page, &document.gaps);
    page.finish()
}

fn headline(page: &mut Page, document: &Document) {
    let (word, rest) = verdict(document);
    let style = style(document.status);
    page.prose((style, &format!("{word}  ")), (style, &rest), 2);
}

/// How the verdict is coloured.
const fn style(status: Option<Status>) -> Style {
    match status {
        None => BOLD,
        Some(Status::Compliant) => GREEN,
        Some(Status::Findings) => RED,
        Some(Status::Undetermined) => YELLOW,
    }
}

fn about(page: &mut Page, document: &Document) {
    let own = document.scopes.iter().filter(|scope| scope.current);
    let own: Vec<String> = own.map(|scope| called(&scope.id, &scope.names)).collect();
    let scopes = format!("{}{}", own.join(", "), scopes::count(document));
    blocks::where_and_when(page, &document.host, &document.collected_at, &scopes);
    let edition = edition(&document.registry);
    match document.status {
        Some(_) => {
            let measure = format!("{}; {edition}", measure(document));
            page.prose((PLAIN, "judged by "), (PLAIN, &measure), 10);
        }
        None => page.prose((PLAIN, "names     "), (PLAIN, &edition), 10),
    }
}

fn others(page: &mut Page, document: &Document) {
    let (rows, more) = scopes::rows(document, SCOPES);
    if rows.is_empty() {
        return;
    }
    page.gap();
    page.table(rows);
    if more > 0 {
        let more = format!("and {more} more; --format json lists them all");
        page.prose((PLAIN, ""), (PLAIN, &more), 2);
    }
}
