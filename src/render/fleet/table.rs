//! The view for people.

use super::super::Look;
use super::super::page::{BOLD, GREEN, PLAIN, Page, RED, YELLOW};
use super::{coverage, input, number, settings, several, share, statuses};
use crate::text::shortened;
use crate::wire::v1::{Fleet, HostList};

/// The longest name of a service, in characters.
const NAME: usize = 40;

/// The roll-up as a page; each list has so many rows.
pub fn render(fleet: &Fleet, look: Look, top: usize) -> Vec<u8> {
    let mut page = Page::new(look);
    let status = &fleet.hosts.status;
    let style = match () {
        () if status.findings > 0 => RED,
        () if status.undetermined + status.unjudged > 0 || fleet.hosts.count == 0 => YELLOW,
        () => GREEN,
    };
    let headline = format!("{}: {}", several(fleet.hosts.count, "host"), statuses(status));
    page.prose((style, "FLEET  "), (style, &headline), 2);
    page.gap();
    let mut line = |lead: &str, text: &str| page.prose((BOLD, lead), (PLAIN, text), 10);
    line("read      ", &input(fleet));
    line("coverage  ", &coverage(fleet));
    if fleet.measures.len() > 1 {
        let all = fleet.measures.iter().map(|one| format!("{} {}", one.name, number(one.count)));
        let all = all.collect::<Vec<_>>().join(", ");
        line("measures  ", &format!("{all}: their findings do not add up"));
    }
    for (lead, list) in
        [("missing   ", &fleet.coverage.missing), ("ahead     ", &fleet.coverage.clock_ahead)]
    {
        if list.count > 0 {
            line(lead, &names(list));
        }
    }
    for shared in fleet.identity.shared_ids.iter().chain(&fleet.identity.shared_names).take(top) {
        let text = format!("{} has {}", shared.value, several(shared.hosts, "host"));
        line("identity  ", &format!("{text}: {}", shared.examples.join(", ")));
    }
    rejected(&mut page, fleet, top);
    shapes(&mut page, fleet, top);
    odd(&mut page, fleet, top);
    findings(&mut page, fleet, top);
    risks(&mut page, fleet, top);
    unknown(&mut page, fleet, top);
    page.finish()
}

fn names(list: &HostList) -> String {
    let shown: Vec<String> = list
        .items
        .iter()
        .take(3)
        .map(|host| match &host.why {
            Some(why) => format!("{} ({why})", host.name),
            None => host.name.clone(),
        })
        .collect();
    let more = list.count.saturating_sub(shown.len() as u64);
    let more = if more > 0 { format!(", … {} more", number(more)) } else { String::new() };
    shown.join(", ") + &more
}

fn table(page: &mut Page, head: &[&str], rows: Vec<Vec<String>>, more: u64) {
    if rows.is_empty() {
        return;
    }
    page.gap();
    let head = head.iter().map(|cell| (*cell).to_owned()).collect();
    page.table([vec![head], rows].concat());
    if more > 0 {
        let more = format!("and {} more; --format json has them", number(more));
        page.prose((PLAIN, ""), (PLAIN, &more), 0);
    }
}

fn beyond(all: usize, top: usize) -> u64 {
    all.saturating_sub(top) as u64
}

fn rejected(page: &mut Page, fleet: &Fleet, top: usize) {
    let rejected = &fleet.input.rejected;
    let rows = rejected.items.iter().take(top).map(|row| {
        let place = format!("{}:{}", row.file, row.line);
        vec![row.reason.clone().into_owned(), place, row.detail.clone()]
    });
    let more = rejected.count.saturating_sub(top as u64);
    table(page, &["REJECTED", "WHERE", "WHY"], rows.collect(), more);
}

fn shapes(page: &mut Page, fleet: &Fleet, top: usize) {
    let rows = fleet.shapes.iter().take(top).map(|row| {
        let (hosts, of) = (number(row.hosts), share(row.per_million));
        let known = if row.known { "" } else { "not known: " };
        let set = format!("{known}{}", settings(&row.settings));
        vec![row.shape.clone(), hosts, of, row.os.clone(), set, statuses(&row.status)]
    });
    let head = ["SHAPE", "HOSTS", "SHARE", "SYSTEM", "SETTINGS", "STATUS"];
    table(page, &head, rows.collect(), beyond(fleet.shapes.len(), top));
}

fn odd(page: &mut Page, fleet: &Fleet, top: usize) {
    let rows = fleet.odd.items.iter().take(top).map(|host| {
        vec![host.name.clone(), host.shape.clone(), host.group.clone(), host.differs.join("; ")]
    });
    let head = ["ODD HOST", "SHAPE", "AMONG", "DIFFERS FROM THE MOST COMMON IN"];
    table(page, &head, rows.collect(), fleet.odd.hosts.saturating_sub(top as u64));
}

fn findings(page: &mut Page, fleet: &Fleet, top: usize) {
    let rows = fleet.findings.iter().take(top).map(|row| {
        let waived = if row.waived { " (waived)" } else { "" };
        let severity = format!("{}{waived}", row.severity.name());
        vec![row.rule.clone(), severity, number(row.hosts), number(row.findings)]
    });
    let head = ["RULE", "SEVERITY", "HOSTS", "FINDINGS"];
    table(page, &head, rows.collect(), beyond(fleet.findings.len(), top));
}

fn risks(page: &mut Page, fleet: &Fleet, top: usize) {
    let rows = fleet.at_risk.iter().take(top).map(|row| {
        let place = format!("{}/{}", row.transport.name(), row.port);
        vec![place, shortened(row.name.as_deref().unwrap_or_default(), NAME), number(row.hosts)]
    });
    let more = beyond(fleet.at_risk.len(), top);
    table(page, &["AT RISK", "SERVICE", "HOSTS"], rows.collect(), more);
}

fn unknown(page: &mut Page, fleet: &Fleet, top: usize) {
    let rules = &fleet.undetermined.rules;
    let rows = rules.iter().take(top).map(|row| {
        let why = row.why.iter().map(|why| format!("{} {}", why.name, number(why.count)));
        vec![row.rule.clone(), number(row.hosts), why.collect::<Vec<_>>().join(", ")]
    });
    table(page, &["UNDETERMINED", "HOSTS", "WHY"], rows.collect(), beyond(rules.len(), top));
}
