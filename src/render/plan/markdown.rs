//! A plan for tickets, wikis and pull requests.

use super::super::markdown::{MarkdownText, cell, code, fence, prose};
use super::super::view::facts::{called, spans};
use super::super::view::findings::gap_lines;
use super::{headline, named, otherwise, ports, rows};
use crate::wire::v1::{Planned, PlannedScope};

/// A plan, as a page.
pub fn render(document: &Planned) -> Vec<u8> {
    let mut page = MarkdownText::default();
    page.line("# Plan of the ephemeral ports");
    let host = document.host.name.as_deref().unwrap_or("this host");
    page.line(&format!("\nOf {}, read {}.", code(host), code(&document.collected_at)));
    for scope in &document.scopes {
        let (word, rest) = headline(scope);
        page.line(&format!("\n**{word}** {}", prose(&rest)));
        let name = called(&scope.scope.id, &scope.scope.names);
        page.line(&format!("\n- in {}", code(&name)));
        one(&mut page, scope);
    }
    let gaps = gap_lines(&document.gaps);
    if !gaps.is_empty() {
        page.line("\n## Not read\n");
    }
    for line in gaps {
        page.line(&format!("- this: {}", prose(&line)));
    }
    page.finish()
}

fn one(page: &mut MarkdownText, scope: &PlannedScope) {
    let (Some(now), Some(plan)) = (&scope.now, &scope.proposal) else { return };
    item(page, "wanted", &format!("{} ports: {}", scope.demand.wanted, scope.demand.why));
    item(page, "goes", &named(&scope.before, "goes"));
    item(page, "stays", &named(&scope.after, "stays"));
    item(page, "comes", &named(&scope.after, "comes"));
    item(page, "or", &otherwise(scope).unwrap_or_default());
    if plan.nothing_to_do {
        return;
    }
    item(page, "handed out then, and not now", &ports(&plan.newly));
    item(page, "handed out now, and not then", &ports(&plan.no_longer));
    for remark in &scope.remarks {
        item(page, "note", remark);
    }
    page.line("");
    for (at, row) in rows(now, plan).iter().enumerate() {
        if at == 0 {
            page.head(&row.each_ref().map(String::as_str));
        } else {
            page.row(&row.each_ref().map(|text| cell(text)));
        }
    }
    page.line("");
    for one in &scope.demand.protect {
        item(page, "kept out of the pool", &format!("{}, {}", spans(&[one.ports]), one.reason));
    }
    for (word, steps) in [("do", &plan.steps), ("back", &plan.rollback)] {
        for step in steps {
            item(page, word, &step.text);
            fence(page, step.command.as_deref().unwrap_or_default());
        }
    }
}

fn item(page: &mut MarkdownText, name: &str, text: &str) {
    if !text.is_empty() {
        page.line(&format!("- {name}: {}", prose(text)));
    }
}
