//! A rule's page for a terminal: its Markdown, wrapped to the width, with what it marks styled.

use super::Look;
use super::page::{BOLD, CYAN, PLAIN, Page};

/// No eye follows longer lines of prose.
const WIDTH: usize = 100;

/// The page.
pub fn render(markdown: &str, look: Look) -> Vec<u8> {
    let mut page = Page::new(Look { width: look.width.min(WIDTH), ..look });
    let mut paragraph = String::new();
    let mut indent = 0;
    for line in markdown.lines() {
        let item = line.trim_start().starts_with("- ");
        let as_it_is = line.starts_with("    ") || line.starts_with('|');
        if line.is_empty() || item || as_it_is || line.starts_with('#') {
            flush(&mut page, &mut paragraph, indent);
            indent = 0;
        }
        if line.is_empty() {
            page.gap();
        } else if let Some(heading) = line.strip_prefix('#') {
            let heading = heading.trim_start_matches('#').trim();
            page.prose((BOLD, ""), (BOLD, heading), 0);
        } else if line.starts_with("    ") {
            page.command(4, line.trim_start());
        } else if as_it_is {
            page.pieces([(PLAIN, line)]);
        } else {
            if item {
                indent = line.len() - line.trim_start().len() + 2;
            }
            if !paragraph.is_empty() {
                paragraph.push(' ');
            }
            paragraph.push_str(if item { line.trim_end() } else { line.trim() });
        }
    }
    flush(&mut page, &mut paragraph, indent);
    page.finish()
}

fn flush(page: &mut Page, paragraph: &mut String, indent: usize) {
    if !paragraph.is_empty() {
        page.marked(paragraph, CYAN, indent);
        paragraph.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::RULES;

    #[test]
    fn every_page_fits_its_terminal_and_shows_no_markup() {
        for rule in RULES {
            let look = Look { color: true, ..Look::plain(60) };
            let page = String::from_utf8(render(rule.page, look)).expect("UTF-8");
            assert!(page.contains("\u{1b}[1mWhat to do\u{1b}[0m"), "{page}");
            let plain = String::from_utf8(render(rule.page, Look::plain(60))).expect("UTF-8");
            for line in plain.lines() {
                let long_word = line.split_whitespace().any(|word| word.len() > 50);
                let whole = line.contains(['\'', '|']) || line.contains("netsh ");
                let fits = line.chars().count() <= 60 || long_word || whole;
                assert!(fits && !line.starts_with('#'), "{}: {line}", rule.name);
            }
        }
    }
}
