//! What the settings will be after a reboot.

use super::Look;
use super::blocks::{self, where_and_when, write_gaps};
use super::page::{DIM, GREEN, Page, YELLOW};
use super::view::boot;
use super::view::facts::called;
use crate::text::counted;
use crate::wire::v1::{Document, Gap, Running, Scope, State};

/// The document's boot values, as a page.
pub fn render(document: &Document, look: Look) -> Vec<u8> {
    let mut page = Page::new(look);
    let host = document.host.name.as_deref().unwrap_or("this host");
    let own = document.scopes.iter().find(|scope| scope.current);
    let (style, line) = match own {
        Some(scope) if scope.boot_reason.is_none() => headline(document, scope),
        Some(scope) => (YELLOW, scope.boot_reason.clone().unwrap_or_default().into_owned()),
        None => (YELLOW, "nothing was read".to_owned()),
    };
    page.prose((style, "BOOT  "), (style, &format!("{host}: {line}")), 2);
    page.gap();
    let scopes = own.map(|scope| called(&scope.id, &scope.names)).unwrap_or_default();
    where_and_when(&mut page, &document.host, &document.collected_at, &scopes);
    if let Some(scope) = own.filter(|scope| !scope.boot.is_empty()) {
        blocks::boot(&mut page, scope);
    }
    let about_boot = |gap: &Gap| {
        let unread_now = gap.what.starts_with("running value") && gap.why != "not-captured";
        gap.what.starts_with("boot value") || unread_now
    };
    write_gaps(&mut page, document.gaps.iter().filter(|gap| about_boot(gap)));
    page.gap();
    page.prose((DIM, ""), (DIM, "the same with a verdict: ephaudit --boot"), 2);
    page.finish()
}

fn headline(document: &Document, scope: &Scope) -> (anstyle::Style, String) {
    let count = |wanted: Comparison| {
        let each =
            scope.running.iter().filter(|running| agreement(document, scope, running) == wanted);
        u32::try_from(each.count()).unwrap_or(u32::MAX)
    };
    let (other, unknown) = (count(Comparison::Differs), count(Comparison::Unknown));
    if scope.boot.is_empty() {
        return (YELLOW, "what the settings will be could not be determined".to_owned());
    }
    if scope.running.iter().all(|running| running.value.is_none()) {
        return (YELLOW, "what the settings are now is not known".to_owned());
    }
    match (other, unknown) {
        (0, 0) => (GREEN, "a reboot changes no setting".to_owned()),
        (0, unknown) => {
            (YELLOW, format!("{} could not be determined", counted(unknown, "setting")))
        }
        (other, 0) => (YELLOW, format!("a reboot changes {}", counted(other, "setting"))),
        (other, unknown) => {
            let other = counted(other, "setting");
            (YELLOW, format!("a reboot changes {other}; {unknown} could not be determined"))
        }
    }
}

/// How a setting goes with what it will be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Same,
    Differs,
    Unknown,
}

fn agreement(document: &Document, scope: &Scope, running: &Running) -> Comparison {
    let Some(now) = &running.value else { return Comparison::Unknown };
    let mut known = true;
    for entry in boot::lasting(scope, &running.key) {
        let then = entry.value.as_deref().or(running.default.as_deref());
        match (entry.state, then) {
            (State::Unknown, _) => known = false,
            // On Linux a default that depends on the machine, with nobody to change it.
            (_, None) if document.host.os == "linux" => {}
            (_, None) => known = false,
            (_, Some(then)) if then == now => {}
            (_, Some(_)) => return Comparison::Differs,
        }
    }
    if known { Comparison::Same } else { Comparison::Unknown }
}
