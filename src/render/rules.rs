//! The rules as a table.

use super::Look;
use super::page::Page;
use crate::wire::v1::{RulePage, Rules};

/// A row for each, with its highest severity.
pub fn render(document: &Rules, look: Look) -> Vec<u8> {
    let mut page = Page::new(look);
    let head = ["RULE", "UP TO", "WHAT IT FINDS"].map(str::to_owned).to_vec();
    let row = |rule: &RulePage| vec![rule.rule.to_owned(), weight(rule), rule.summary.to_owned()];
    page.table(std::iter::once(head).chain(document.rules.iter().map(row)));
    page.finish()
}

/// That of the first profile, and of the others where they differ.
fn weight(rule: &RulePage) -> String {
    let Some((first, others)) = rule.severities.split_first() else { return String::new() };
    let differ = others.iter().filter(|weight| weight.severity != first.severity);
    let differ = differ.map(|weight| format!(", {}: {}", weight.profile, weight.severity.name()));
    format!("{}{}", first.severity.name(), differ.collect::<String>())
}
