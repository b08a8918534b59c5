//! The answer on one screen: the verdict first and last, a line a cause, what to run in one place.
//! The long report has the rest.

use super::budget::{BriefBudget, MOST, STEPS};
use super::parts;
use crate::render::Look;
use crate::render::page::{DIM, PLAIN, Page};
use crate::render::view::actions::{Action, actions};
use crate::render::view::causes::{Cause, causes, counts};
use crate::render::view::figures::gravest_unasked;
use crate::render::view::verdict::{measure, summary, word};
use crate::text::cut;
use crate::wire::v1::Document;

/// The document as one screen.
pub fn render(document: &Document, look: Look) -> Vec<u8> {
    let causes = causes(document);
    let actions = actions(document, &causes);
    let mut room = MOST;
    for step in STEPS {
        room = step(room);
        let page = screen(document, &causes, &actions, look, room);
        if page.lines() <= look.lines {
            return page.finish();
        }
    }
    screen(document, &causes, &actions, look, room).finish()
}

fn screen(
    document: &Document,
    causes: &[Cause<'_>],
    actions: &[Action],
    look: Look,
    room: BriefBudget,
) -> Page {
    let mut page = Page::new(look);
    let style = super::style(document.status);
    let word = word(document.status);
    page.prose((style, &format!("{word}  ")), (style, &summary(document, causes)), 2);
    let gap = |page: &mut Page| {
        if room.gaps {
            page.gap();
        }
    };
    page.gap();
    parts::shapes(&mut page, document, room);
    parts::found(&mut page, document, causes, room);
    parts::unanswered(&mut page, document, room);
    parts::pools(&mut page, document, room, causes.is_empty() || room.services);
    gap(&mut page);
    parts::run(&mut page, actions, causes.len(), room);
    parts::not_asked(&mut page, document, room);
    gap(&mut page);
    let why =
        causes.first().map(|cause| format!("why: ephaudit explain {}   ", cause.first().rule));
    let more = format!("{}everything: -v", why.unwrap_or_default());
    page.prose((DIM, ""), (DIM, &more), 2);
    let exit = look.exit.map(|code| format!("exit {code}"));
    let counts = Some(counts(document, causes)).filter(|counts| !counts.is_empty());
    let at = Some(document.collected_at.clone()).filter(|at| !at.is_empty());
    let unasked = gravest_unasked(document).map(|names| format!("{names} not asked"));
    let parts = [exit, counts, unasked, Some(measure(document)), at.filter(|_| causes.is_empty())];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    let separator = if look.ascii { " - " } else { " · " };
    let room = look.width.saturating_sub(word.len() + 2);
    let last = cut(&parts.join(separator), room.max(20));
    page.prose((style, &format!("{word}  ")), (PLAIN, &last), 2);
    page
}
