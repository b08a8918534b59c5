//! What changed between two sets of reports.

use super::super::page::{BOLD, GREEN, PLAIN, Page, RED, YELLOW};
use super::super::{Look, Screen, json};
use super::{number, several};
use crate::wire::v1::{FleetDiff, HostList, Status};

/// The changes in that format; each list of the table has so many rows.
pub fn render(diff: &FleetDiff, format: Screen, look: Look, top: usize) -> Vec<u8> {
    match format {
        Screen::Table => table(diff, look, top),
        Screen::Json => json::render(diff),
    }
}

fn table(diff: &FleetDiff, look: Look, top: usize) -> Vec<u8> {
    let mut page = Page::new(look);
    let hosts = &diff.hosts;
    let moved = hosts.changed + hosts.gone.count + hosts.came.count + hosts.renamed.count;
    let style = match () {
        () if hosts.worse > 0 => RED,
        () if moved > 0 || diff.measure_changed > 0 => YELLOW,
        () => GREEN,
    };
    let headline = format!(
        "{} in both, {} changed; {} gone, {} came, {} renamed",
        several(hosts.in_both, "host"),
        number(hosts.changed),
        number(hosts.gone.count),
        number(hosts.came.count),
        number(hosts.renamed.count)
    );
    page.prose((style, "CHANGES  "), (style, &headline), 2);
    if diff.measure_changed > 0 {
        page.gap();
        let text = format!(
            "{} judged by another measure now: their findings do not compare",
            several(diff.measure_changed, "host")
        );
        page.prose((BOLD, "measure  "), (PLAIN, &text), 9);
    }
    for (lead, list) in
        [("gone     ", &hosts.gone), ("came     ", &hosts.came), ("renamed  ", &hosts.renamed)]
    {
        if list.count > 0 {
            page.prose((BOLD, lead), (PLAIN, &names(list, top)), 9);
        }
    }
    let word = |status: Option<Status>| status.map_or("unjudged", Status::name).to_owned();
    let rows = diff.shape_moves.iter().take(top).map(|row| {
        let (removed, added) = (row.removed.join("; "), row.added.join("; "));
        vec![number(row.hosts), removed, added, row.examples.join(", ")]
    });
    rows_of(&mut page, &["HOSTS", "WAS SET", "IS SET", "SUCH AS"], rows.collect());
    let rows = diff.status_moves.iter().take(top);
    let rows = rows.map(|row| vec![number(row.hosts), word(row.from), word(row.to)]);
    rows_of(&mut page, &["HOSTS", "STATUS WAS", "STATUS IS"], rows.collect());
    let rows = diff.rules.iter().take(top).map(|row| {
        let counts = [row.new, row.fixed, row.waived, row.lost_sight].map(number);
        [vec![row.rule.clone()], counts.to_vec()].concat()
    });
    rows_of(&mut page, &["RULE", "NEW", "FIXED", "WAIVED", "LOST FROM SIGHT"], rows.collect());
    let rows = diff.items.iter().take(top).map(|host| {
        let status = if host.from == host.to {
            word(host.to)
        } else {
            format!("{}, was {}", word(host.to), word(host.from))
        };
        vec![host.name.clone(), status, host.new.join(", "), host.fixed.join(", ")]
    });
    rows_of(&mut page, &["HOST", "STATUS", "NEW", "FIXED"], rows.collect());
    page.finish()
}

fn names(list: &HostList, top: usize) -> String {
    let shown: Vec<&str> = list.items.iter().take(top).map(|host| host.name.as_str()).collect();
    let more = list.count.saturating_sub(shown.len() as u64);
    let more = if more > 0 { format!(", … {} more", number(more)) } else { String::new() };
    shown.join(", ") + &more
}

fn rows_of(page: &mut Page, head: &[&str], rows: Vec<Vec<String>>) {
    if !rows.is_empty() {
        page.gap();
        let head = head.iter().map(|cell| (*cell).to_owned()).collect();
        page.table([vec![head], rows].concat());
    }
}
