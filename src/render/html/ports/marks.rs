//! What stands on single ports: listeners and declared services.

use maud::{Markup, html};

use super::{Window, mark, names, track};
use crate::render::view::facts::listener_rows;
use crate::text::counted;
use crate::wire::v1::{Pool, Scope, Service, Span, State, Transport};

/// Fewer marks than this have their ports beside them.
const LABELLED: usize = 8;
/// Marks nearer to each other than this part of the axis are one.
const APART: u32 = 96;
/// How many of the things behind one mark are named, and how much of each.
const NAMED: usize = 4;
const LETTERS: usize = 72;

/// Something at its ports.
struct Thing {
    at: Span,
    class: &'static str,
    words: String,
}

/// The listeners' lane.
pub(super) fn listeners(window: Window, scope: &Scope) -> Markup {
    let listeners = &scope.listeners.items;
    let rows = listener_rows(listeners).into_iter().skip(1);
    let things = listeners.iter().zip(rows).map(|(item, row)| {
        let [address, _, service, owner] = row.try_into().unwrap_or_default();
        let class = where_(item.in_pool);
        let words = [address, service, owner, class_words(class).to_owned()];
        let words: Vec<String> = words.into_iter().filter(|word| !word.is_empty()).collect();
        Thing { at: Span { first: item.port, last: item.port }, class, words: brief(&words) }
    });
    let whole = scope.listeners.state == State::Known;
    lane(window, ("Listeners", "listener"), whole, scope.listeners.unlisted(), things)
}

/// The declared services' lane.
pub(super) fn services(window: Window, scope: &Scope, services: &[Service]) -> Markup {
    let things = services.iter().map(|service| {
        let (first, last) = (service.first.min(service.last), service.first.max(service.last));
        let class = where_(in_pool(scope, service));
        let ports = if first == last { first.to_string() } else { format!("{first}-{last}") };
        let words = [format!("{} {ports}", service.name), class_words(class).to_owned()];
        Thing { at: Span { first, last }, class, words: brief(&words) }
    });
    lane(window, ("Declared services", "service"), true, 0, things)
}

/// Whether one of its ports is in a pool; `None` where that cannot be told.
fn in_pool(scope: &Scope, service: &Service) -> Option<bool> {
    let of = |transport: Transport| scope.pools.iter().filter(move |p| p.transport == transport);
    let meets =
        |pool: &Pool| pool.spans.iter().any(|s| s.first <= service.last && service.first <= s.last);
    let mut transports = service.transports.iter();
    if transports.clone().any(|transport| of(*transport).any(meets)) {
        return Some(true);
    }
    let whole = |transport| of(transport).next().is_some() && of(transport).all(|p| !p.truncated);
    transports.all(|transport| whole(*transport)).then_some(false)
}

const fn where_(in_pool: Option<bool>) -> &'static str {
    match in_pool {
        Some(true) => "inside",
        Some(false) => "outside",
        None => "unsure",
    }
}

fn class_words(class: &str) -> &'static str {
    match class {
        "inside" => "in the pool",
        "outside" => "outside the pool",
        _ => "pool not known",
    }
}

/// The sign of a single port: each has a form of its own.
pub(super) fn shape(class: &str) -> Markup {
    html! {
        @match class {
            "inside" => { path d="M0-7 7 0 0 7-7 0z" {} }
            "outside" => { circle r="5" {} }
            _ => { path d="M-5-5H5V5H-5z" {} }
        }
    }
}

fn brief(words: &[String]) -> String {
    let cut = |word: &String| {
        let mut letters = word.chars();
        let start: String = letters.by_ref().take(LETTERS).collect();
        if letters.next().is_some() { format!("{start}…") } else { start }
    };
    words.iter().map(cut).collect::<Vec<_>>().join(", ")
}

fn lane(
    window: Window,
    (name, noun): (&str, &str),
    whole: bool,
    unlisted: usize,
    things: impl Iterator<Item = Thing>,
) -> Markup {
    let mut inside: Vec<((u32, u32), Thing)> =
        things.filter_map(|thing| window.part(thing.at).map(|part| (part, thing))).collect();
    inside.sort_by_key(|(part, _)| *part);
    let number = counted(u32::try_from(inside.len()).unwrap_or(u32::MAX), noun);
    let says = if whole { number } else { format!("{number} found, the rest UNKNOWN") };
    let says = match unlisted {
        0 => says,
        more => format!("{says}; {more} anywhere are not listed"),
    };
    let mut groups: Vec<((u32, u32), Vec<Thing>)> = Vec::new();
    for (part, thing) in inside {
        match groups.last_mut() {
            Some((known, others)) if part.0 - known.0 <= window.ports() / APART => {
                known.1 = known.1.max(part.1);
                others.push(thing);
            }
            _ => groups.push((part, vec![thing])),
        }
    }
    html! {
        (names(name, &says))
        (track(window))
        @if !whole { rect.unknown x="0" y="22" width="100%" height="22" {} }
        @for (part, things) in &groups { (group(window, *part, things, groups.len() < LABELLED)) }
    }
}

/// Things so near to each other that they share a mark: it looks as the most severe of them.
fn group(window: Window, (first, last): (u32, u32), things: &[Thing], labelled: bool) -> Markup {
    let class = ["inside", "unsure", "outside"]
        .into_iter()
        .find(|class| things.iter().any(|thing| thing.class == *class))
        .unwrap_or("unsure");
    let named: Vec<&str> = things.iter().take(NAMED).map(|thing| &*thing.words).collect();
    let mut words = named.join("; ");
    if things.len() > NAMED {
        words = format!("{words}; and {} more", things.len() - NAMED);
    }
    let wide = last - first > window.ports() / APART;
    let middle = if wide { first + (last - first) / 2 } else { first };
    mark(
        window,
        first,
        class,
        &words,
        &html! {
            @if wide {
                rect.span x=(window.left(first)) y="26" width=(window.width((first, last))) height="14" {}
            }
            svg x=(window.left(middle)) y="33" { (shape(class)) }
            @if things.len() > 1 {
                text x=(window.left(middle)) dx="10" y="37" { (things.len()) }
            } @else if labelled && !wide {
                // Where there is no room on its right it stands on its left.
                @let (anchor, dx) = if window.is_near_end(middle) { ("end", "-10") } else { ("start", "10") };
                text x=(window.left(middle)) dx=(dx) y="37" text-anchor=(anchor) { (first) }
            }
        },
    )
}
