//! The parts of the short screen.

use std::collections::BTreeSet;

use super::budget::BriefBudget;
use crate::render::blocks::colour;
use crate::render::page::{BOLD, CYAN, DIM, PLAIN, Page, RED, YELLOW};
use crate::render::strip;
use crate::render::view::actions::{Action, Moment};
use crate::render::view::causes::Cause;
use crate::render::view::facts::reserved_value;
use crate::render::view::figures::{self, own_scope};
use crate::render::view::findings::by_reason;
use crate::render::view::rows::unread;
use crate::render::view::scopes::{members, shapes as shapes_of};
use crate::render::view::usage::busiest;
use crate::text::{counted, cut, grouped};
use crate::wire::v1::{Document, Gap, Scope, State, Status, Transport, Verdict};

/// Where the text of a part begins.
const LABEL: usize = 12;
/// How many reasons for what was not read have their lines, how many shapes, and how many pools.
const REASONS: usize = 3;
const SHAPES: usize = 5;
const POOLS: usize = 2;

fn label(text: &str) -> String {
    format!("{text:<LABEL$}")
}

/// How wide the text of a part is.
fn room_of(page: &Page) -> usize {
    page.look().width.saturating_sub(LABEL).max(8)
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// The namespaces by their shapes, where there are several.
pub(super) fn shapes(page: &mut Page, document: &Document, room: BriefBudget) {
    if document.scopes.len() < 2 {
        return;
    }
    let shapes = shapes_of(document);
    let shown = if room.cut { 3 } else { SHAPES };
    let ends = format!("0{:>1$}", 65535, strip::SMALL - 1);
    let head = ["WORST", "NAMESPACES", "RANGE", "POOL", &ends, "WHICH"].map(str::to_owned).to_vec();
    let (ascii, room) = (page.look().ascii, page.look().width.saturating_sub(53).clamp(16, 48));
    let rows = shapes.iter().take(shown).map(|shape| {
        let worst = shape.worst.map_or_else(|| "-".to_owned(), |worst| worst.name().to_uppercase());
        let count = grouped(number(shape.members.len()));
        let which = cut(&members(&shape.members), room);
        let strip =
            shape.members.first().map_or_else(String::new, |scope| strip::small(scope, ascii));
        vec![worst, count, shape.range.clone(), shape.pool.clone(), strip, which]
    });
    page.table(std::iter::once(head).chain(rows));
    let more: usize = shapes.iter().skip(shown).map(|shape| shape.members.len()).sum();
    if more > 0 {
        let more = format!("and {} that look otherwise", counted(number(more), "namespace"));
        page.prose((DIM, ""), (DIM, &more), 2);
    }
    page.gap();
}

/// A line a cause, and a sentence about the first of them.
pub(super) fn found(page: &mut Page, document: &Document, causes: &[Cause<'_>], room: BriefBudget) {
    let width = room_of(page);
    let mut details = room.details;
    for (at, cause) in causes.iter().take(room.causes).enumerate() {
        let finding = cause.first();
        let level = finding.severity.name().to_uppercase();
        let lead = label(&format!("{} {level}", at + 1));
        let mut title = finding.title.clone();
        if document.scopes.len() > 1 {
            let scopes: Vec<&Scope> =
                document.scopes.iter().filter(|s| cause.scopes().any(|id| id == s.id)).collect();
            title = match &scopes[..] {
                [only] => format!("{}: {title}", members(&[*only])),
                several => format!("{}: {title}", counted(number(several.len()), "namespace")),
            };
        }
        if room.cut {
            title = cut(&title, width);
        }
        page.prose((colour(finding.severity), &lead), (PLAIN, &title), LABEL);
        if details > 0 {
            // What the rules beside it say is one line more; else what it means, in short.
            let beside = cause.findings.get(1).map(|second| second.title.clone());
            let detail = beside.unwrap_or_else(|| first_sentence(&finding.message).to_owned());
            if detail.chars().count() <= 2 * width && !detail.is_empty() {
                details -= 1;
                page.prose((PLAIN, &label("")), (DIM, &detail), LABEL);
            }
        }
    }
    let more = causes.len().saturating_sub(room.causes);
    if more > 0 {
        let more = format!("and {}: -v lists them", counted(number(more), "more finding"));
        page.prose((PLAIN, &label("")), (PLAIN, &more), LABEL);
    }
    if !causes.is_empty() {
        page.gap();
    }
}

fn first_sentence(text: &str) -> &str {
    match text.find(". ") {
        Some(end) => text.get(..=end).unwrap_or(text).trim_end_matches('.'),
        None => text.trim_end_matches('.'),
    }
}

/// What could not be read, the rules that hang on it, and what to do about it.
pub(super) fn unanswered(page: &mut Page, document: &Document, room: BriefBudget) {
    let gaps: Vec<&Gap> = document.gaps.iter().filter(|gap| gap.rule.is_some()).collect();
    if gaps.is_empty() {
        return;
    }
    let undetermined = document.status == Some(Status::Undetermined);
    let shown = if undetermined { REASONS } else { 1 };
    let width = room_of(page);
    let reasons = by_reason(gaps.iter().copied());
    for (at, (gap, things)) in reasons.iter().take(shown).enumerate() {
        let lead = if at == 0 { "NOT READ" } else { "" };
        let what = match things.len() {
            0..=2 => things.join(", "),
            more => format!("{} and {} more", things[0], more - 1),
        };
        let mut line = format!("{what}: {}", gap.detail);
        line = cut(&line, if room.cut { width } else { (2 * width).saturating_sub(8).max(width) });
        page.prose((YELLOW, &label(lead)), (PLAIN, &line), LABEL);
    }
    if reasons.len() > shown {
        let more = format!("and {}: -v", counted(number(reasons.len() - shown), "more reason"));
        page.prose((PLAIN, &label("")), (PLAIN, &more), LABEL);
    }
    let steps: BTreeSet<&str> = gaps.iter().map(|gap| next_step(gap)).collect();
    let steps: Vec<&str> = steps.into_iter().take(2).collect();
    page.prose((PLAIN, &label("  next")), (PLAIN, &steps.join("; or ")), LABEL);
    let rules: BTreeSet<&str> = gaps.iter().filter_map(|gap| gap.rule.as_deref()).collect();
    let all = rules.into_iter().collect::<Vec<_>>().join(" ");
    let all = fitted(
        &all,
        ' ',
        if undetermined && !room.cut { 4 * width } else { width.saturating_sub(12).max(8) },
    );
    page.prose((PLAIN, &label("  for rules")), (PLAIN, &all), LABEL);
    page.gap();
}

fn next_step(gap: &Gap) -> &'static str {
    match &*gap.why {
        "denied" => "run it as root on the host itself",
        "not-captured" => "capture it: ephaudit capture on that host, as root",
        "missing-tool" => "install what it names, or use ephaudit capture on that host",
        "timed-out" | "truncated" => "run it again when the host has less to do",
        "unparsable" => "look at what it shows; ephaudit -v has it",
        _ => "run it on the host itself, outside of containers and mounts",
    }
}

/// As many of the items as fit into so many characters, and how many more there are.
fn fitted(items: &str, separator: char, most: usize) -> String {
    if items.chars().count() <= most {
        return items.to_owned();
    }
    let all: Vec<&str> = items.split(separator).collect();
    let mut line = String::new();
    for (at, item) in all.iter().enumerate() {
        if line.chars().count() + item.chars().count() + 14 > most {
            return format!("{line}and {} more", all.len() - at);
        }
        line = format!("{line}{item}{separator}");
    }
    line
}

/// The pools, how full they are, who listens, and the busiest destination.
pub(super) fn pools(page: &mut Page, document: &Document, room: BriefBudget, services: bool) {
    let Some(scope) = own_scope(document) else { return };
    let near = document.policy.as_ref().map_or(100, |policy| policy.near_exhaustion);
    let fullness = in_use(scope);
    let rows = strip::rows(scope);
    // Of several namespaces the table has the pools too.
    let shown = if document.scopes.len() > 1 && !room.gaps { 0 } else { POOLS };
    for (name, row) in rows.iter().take(shown) {
        let name = label(name);
        let Some((range, pool)) = row else {
            page.prose((PLAIN, &name), (YELLOW, &unknown_pool(scope)), LABEL);
            strip::line(page, LABEL, None, None, false);
            continue;
        };
        let reserved = scope.reserved.iter().map(reserved_value).collect::<BTreeSet<_>>();
        let reserved = reserved.into_iter().collect::<Vec<_>>().join(", ");
        let reserved = match &*reserved {
            "" => String::new(),
            list if list.len() <= 24 => format!(", reserved {list}"),
            _ => format!(", {} reserved", grouped(range_count(*range).saturating_sub(pool.ports))),
        };
        let text = format!(
            "{}, {}-{}{}",
            counted(pool.ports, "port"),
            range.first,
            range.last,
            reserved.replace("reserved none", "none reserved")
        );
        let (percent, words) = fullness.clone().unwrap_or((None, String::new()));
        let colour_of_use = percent.filter(|percent| *percent >= near).map_or(PLAIN, |_| RED);
        let fill = room_of(page).saturating_sub(words.len());
        if words.is_empty() || fill <= text.len() {
            let separator = if words.is_empty() { "" } else { "; " };
            page.prose(
                (PLAIN, &name),
                (colour_of_use, &format!("{text}{separator}{words}")),
                LABEL,
            );
        } else {
            let text = format!("{text:<fill$}");
            page.pieces([(PLAIN, &*name), (PLAIN, &text), (colour_of_use, &words)]);
        }
        strip::line(page, LABEL, Some((*range, pool)), percent, colour_of_use == RED);
    }
    if services {
        page.prose((PLAIN, &label("services")), (PLAIN, &listening(scope, room_of(page))), LABEL);
    }
    if let Some(line) = busiest(&scope.usage) {
        page.prose((PLAIN, &label("busiest")), (PLAIN, &line), LABEL);
    }
}

fn unknown_pool(scope: &Scope) -> String {
    let mut ranges = scope.ranges.iter().filter(|range| range.role == "ephemeral");
    let range = ranges.next();
    match range {
        Some(range) if range.state == State::Known => match (range.first, range.last) {
            (Some(first), Some(last)) => format!("{first}-{last}, less a list that is not known"),
            _ => "not known".to_owned(),
        },
        Some(range) => format!("range {}", unread(range.state, range.reason.as_deref())),
        None => "not known".to_owned(),
    }
}

const fn range_count(range: crate::wire::v1::Span) -> u32 {
    range.last as u32 - range.first as u32 + 1
}

/// The part of the pool in use in percent, and in words; the counters give a bound.
fn in_use(scope: &Scope) -> Option<(Option<u32>, String)> {
    let usage = &scope.usage;
    if let Some(most) = usage.destinations.iter().filter_map(|used| used.percent).max() {
        return Some((Some(most), format!("{most} % in use")));
    }
    let (sockets, waiting) = usage.tcp_sockets.zip(usage.tcp_time_wait)?;
    let pool = scope.pools.iter().find(|pool| pool.transport == Transport::Tcp)?;
    let most = crate::text::percent(sockets.saturating_add(waiting), pool.ports).min(100);
    let bound = if most == 0 { "" } else { "at most " };
    Some((Some(most), format!("{bound}{most} % in use")))
}

fn listening(scope: &Scope, width: usize) -> String {
    let listeners = &scope.listeners;
    let (count, inside) = listeners.shown();
    if listeners.state != State::Known && count == 0 {
        return unread(listeners.state, listeners.reason.as_deref());
    }
    let inside = match inside {
        0 => "none inside the pool".to_owned(),
        inside => format!("{} inside the pool", grouped(inside)),
    };
    let mut named: Vec<String> = Vec::new();
    let mut items: Vec<_> = listeners.items.iter().collect();
    items.sort_by_key(|item| (item.in_pool != Some(true), item.port));
    for item in items {
        let service = item.service.as_deref().unwrap_or_default();
        let name = format!("{} {service}", item.port).trim_end().to_owned();
        if !named.contains(&name) && named.len() < 16 {
            named.push(name);
        }
    }
    let lead = if listeners.state == State::Known { "" } else { "at least " };
    let count = format!("{lead}{} listen", grouped(count));
    if named.is_empty() {
        return format!("{count}; {inside}");
    }
    let room = width.saturating_sub(count.len() + inside.len() + 4);
    format!("{count}: {}; {inside}", fitted(&named.join(","), ',', room).replace(',', ", "))
}

/// What to run, after what it ends.
pub(super) fn run(page: &mut Page, actions: &[Action], causes: usize, room: BriefBudget) {
    let wanted = |action: &&Action| {
        (room.boot || action.when != Moment::Boot)
            && action.causes.iter().any(|cause| *cause < room.causes)
    };
    let shown: Vec<&Action> = actions.iter().filter(wanted).take(room.actions).collect();
    for alike in shown.chunk_by(|a, b| (a.when, &a.words) == (b.when, &b.words)) {
        let Some(first) = alike.first() else { continue };
        let word = match first.when {
            Moment::Now => "DO NOW",
            Moment::Boot => "AT BOOT",
            Moment::Elsewhere => "DO",
        };
        let ended: BTreeSet<usize> =
            alike.iter().flat_map(|action| action.causes.iter().copied()).collect();
        let ends = alike.iter().any(|action| !action.commands.is_empty());
        let ends = ends && !first.words.starts_with("see");
        let mut rest = which(if ends { "ends" } else { "for" }, &ended, causes);
        if !first.words.is_empty() {
            rest = format!("{rest}: {}", first.words);
        }
        if room.cut {
            rest = cut(&rest, room_of(page));
        }
        page.prose((BOLD, &label(word)), (PLAIN, &rest), LABEL);
        for command in alike.iter().flat_map(|action| &action.commands) {
            page.command(2, command);
        }
    }
    let boot = actions.iter().any(|action| action.when == Moment::Boot) && !room.boot;
    if shown.len() < actions.len() {
        let what = if boot { "and for the next boot: -v" } else { "and more to do: -v" };
        page.prose((PLAIN, &label("")), (CYAN, what), LABEL);
    }
}

/// "ends 1, 2".
fn which(verb: &str, ended: &BTreeSet<usize>, causes: usize) -> String {
    match (ended.len(), causes) {
        (_, 1) => return format!("{verb} it"),
        (2, 2) => return format!("{verb} both"),
        (ended, all) if ended == all => return format!("{verb} all {all}"),
        _ => {}
    }
    let numbers: Vec<String> = ended.iter().take(8).map(|cause| (cause + 1).to_string()).collect();
    let numbers = numbers.join(", ");
    match ended.len().saturating_sub(8) {
        0 => format!("{verb} {numbers}"),
        more => format!("{verb} {numbers} and {more} more"),
    }
}

/// What nobody asked, with the option that asks: a line each, on few lines, or counted.
pub(super) fn not_asked(page: &mut Page, document: &Document, room: BriefBudget) {
    let lead = label("not asked");
    let Some(all) = figures::not_asked(document) else { return };
    if !room.unasked {
        let all = if room.cut {
            let count = figures::rules(document, Verdict::NotAsked);
            format!("{}: -v", counted(number(count), "check"))
        } else {
            all.replacen(" not asked", " checks", 1)
        };
        page.prose((DIM, &lead), (DIM, &all), LABEL);
        return;
    }
    for (at, (option, count)) in figures::unasked(document).into_iter().enumerate() {
        let lead = if at == 0 { lead.clone() } else { label("") };
        let (what, value) = match option {
            "--boot" => ("the next boot", ""),
            "--all-netns" => ("other namespaces", ""),
            "--services" => ("declared services", " NAME"),
            "--usage top" => ("each connection", ""),
            "--policy" => ("waivers", " FILE.toml"),
            "--profile vendor" => ("the vendor's default", ""),
            _ => ("", ""),
        };
        let count = counted(number(count), "check");
        let line = format!("{what:<22}{count:<10}ephaudit {option}{value}");
        page.prose((DIM, &lead), (DIM, &line), LABEL);
    }
}
