//! The picture of the 65,536 ports: one drawing of all, one of the System Ports alone, which are a
//! hair's breadth in it, where there is or may be something among them, and one of a narrow range.
//!
//! Places along the axis are in percent, so that the drawing fits any width and its letters keep
//! their size.

mod lanes;
mod marks;

use ephaudit_platform::ports::PortClass;
use maud::{Markup, html};

use super::fullness;
use crate::render::view::facts::called;
use crate::wire::v1::{Document, Scope, Service, Span, State};
use lanes::Lane;

/// A range with fewer ports than this is drawn once more, alone.
const NARROW: u32 = 4096;
/// How many distinct ranges are drawn; hosts have one to four.
const RANGES: usize = 8;
/// The height of a lane's name, of a lane, and of the space below it.
const HEIGHTS: [u32; 3] = [22, 22, 14];
/// The height of the numbers below the lanes.
const AXIS: u32 = 26;

/// The section of it.
pub(super) fn section(document: &Document) -> Markup {
    let own: Vec<&Scope> = document.scopes.iter().filter(|scope| scope.current).collect();
    html! {
        section.ports #ports {
            h2 { "Port space" }
            div {
                (patterns())
                @if own.is_empty() {
                    p.lead { "This report does not include the namespace that ephaudit ran in, so \
                              there is nothing to draw." }
                }
                @for scope in own { (figure(document, scope)) }
            }
        }
    }
}

fn figure(document: &Document, scope: &Scope) -> Markup {
    let lanes = lanes::of(scope);
    let system = Window::of(0, 1023);
    let services = document.services.iter().map(|service| service.first.min(service.last));
    let there = scope.listeners.items.iter().map(|item| item.port).chain(services);
    // What is not known may be there.
    let unknown = scope.listeners.state != State::Known
        || scope.listeners.unlisted() > 0
        || scope.ranges.iter().any(|range| range.state == State::Unknown);
    let shown = unknown
        || there.into_iter().any(|port| u32::from(port) <= system.last)
        || scope.pools.iter().any(|pool| pool.system_ports > 0);
    let windows = [("All ports", Window::of(0, u16::MAX))]
        .into_iter()
        .chain(shown.then_some(("System Ports, enlarged", system)));
    let narrow = lanes.iter().filter_map(|lane| lane.range).filter_map(|range| {
        let window = Window::of(range.first, range.last);
        (window.ports() < NARROW).then_some(("The ephemeral range, enlarged", window))
    });
    let drawings: Vec<(&str, Window, Markup)> = windows
        .chain(narrow.take(1))
        .map(|(name, window)| {
            (name, window, drawing(name, window, &lanes, scope, &document.services))
        })
        .collect();
    html! {
        figure {
            @if document.scopes.len() > 1 {
                p.lead { "Namespace " (called(&scope.id, &scope.names)) }
            }
            @for (name, window, drawing) in &drawings {
                h3 { (name) " " span.span { (window.first) "–" (window.last) } }
                (drawing)
            }
            (fullness::bars(scope))
            @if lanes.len() > RANGES {
                p.more { "And more ranges; the facts have them all." }
            }
            figcaption { (legend(&drawings)) }
        }
    }
}

/// The ports that a drawing shows.
#[derive(Clone, Copy)]
struct Window {
    first: u32,
    last: u32,
}

impl Window {
    fn of(first: u16, last: u16) -> Self {
        Self { first: first.min(last).into(), last: first.max(last).into() }
    }

    const fn ports(self) -> u32 {
        self.last - self.first + 1
    }

    /// The part of a span that lies inside.
    fn part(self, span: Span) -> Option<(u32, u32)> {
        let first = self.first.max(span.first.into());
        let last = self.last.min(span.last.into());
        (first <= last).then_some((first, last))
    }

    /// The left edge of a port of the window.
    fn left(self, port: u32) -> String {
        self.percent(port.saturating_sub(self.first))
    }

    /// The width of the ports of the window from first to last.
    fn width(self, (first, last): (u32, u32)) -> String {
        self.percent(last.saturating_sub(first) + 1)
    }

    /// Whether words behind the port would leave the picture.
    const fn is_near_end(self, port: u32) -> bool {
        self.last.saturating_sub(port) < self.ports() / 6
    }

    fn percent(self, ports: u32) -> String {
        let thousandths = u64::from(ports) * 100_000 / u64::from(self.ports());
        format!("{}.{:03}%", thousandths / 1000, thousandths % 1000)
    }
}

fn drawing(
    name: &str,
    window: Window,
    ranges: &[Lane],
    scope: &Scope,
    services: &[Service],
) -> Markup {
    let mut lanes = vec![classes(window)];
    lanes.extend(ranges.iter().take(RANGES).map(|lane| lane.draw(window)));
    lanes.push(marks::listeners(window, scope));
    if !services.is_empty() {
        lanes.push(marks::services(window, scope, services));
    }
    let each: u32 = HEIGHTS.iter().sum();
    let below = each * u32::try_from(lanes.len()).unwrap_or_default();
    let label = format!("{name}, {} to {}", window.first, window.last);
    html! {
        svg.drawing role="group" aria-label=(label) width="100%" height=(below + AXIS) {
            (axis(window, below))
            @for (at, lane) in (0..below).step_by(each as usize).zip(&lanes) {
                g transform={ "translate(0 " (at) ")" } { (lane) }
            }
        }
    }
}

/// The hatches of all drawings. Theirs has no size but is not hidden: a reference into a hidden one
/// shows nothing.
fn patterns() -> Markup {
    html! {
        svg.patterns width="0" height="0" aria-hidden="true" {
            pattern #held width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)" {
                rect.held-ground width="6" height="6" {} rect.held-line width="2" height="6" {}
            }
            pattern #unknown width="14" height="14" patternUnits="userSpaceOnUse" patternTransform="rotate(-45)" {
                rect.unknown-ground width="14" height="14" {} rect.unknown-line width="5" height="14" {}
            }
        }
    }
}

/// An empty lane, with the borders of the classes.
fn track(window: Window) -> Markup {
    let borders =
        [1024, 49152].into_iter().filter(|port| window.first < *port && *port <= window.last);
    html! {
        rect.track x="0" y="22" width="100%" height="22" {}
        @for x in borders.map(|port| window.left(port)) { line.border x1=(x) x2=(x) y1="22" y2="44" {} }
    }
}

/// A lane's name, and what there is to say about it at its other end.
fn names(name: &str, says: &str) -> Markup {
    html! {
        text.name x="0" y="15" { (name) }
        text.says x="100%" y="15" text-anchor="end" { (says) }
    }
}

/// Something on a lane that can be pointed at and tabbed to, and the words that then appear above
/// it.
fn mark(window: Window, at: u32, class: &str, words: &str, shape: &Markup) -> Markup {
    // The words grow away from the nearer edge.
    let half = window.first + window.ports() / 2;
    let (x, width, end) = if at < half {
        (window.left(at), window.width((at, window.last)), "start")
    } else {
        ("0".to_owned(), window.width((window.first, at)), "end")
    };
    html! {
        g.mark.(class) tabindex="0" role="img" aria-label=(words) { (shape) }
        foreignObject.tip x=(x) y="-98" width=(width) height="118" aria-hidden="true" {
            div class=(end) { span { (words) } }
        }
    }
}

fn classes(window: Window) -> Markup {
    let all = PortClass::ALL.map(|class| {
        let name = match class {
            PortClass::System => "System",
            PortClass::User => "User",
            PortClass::Dynamic => "Dynamic",
        };
        (name, Span { first: class.range().first(), last: class.range().last() })
    });
    html! {
        (names("Classes of RFC 6335", ""))
        @for (name, span) in all {
            @if let Some(part) = window.part(span) {
                (mark(window, part.0, &name.to_lowercase(), &format!("{name} Ports: {}-{}", span.first, span.last), &html! {
                    rect x=(window.left(part.0)) y="22" width=(window.width(part)) height="22" {}
                    // A name that the block has no room for is in its words.
                    @if part.1 - part.0 >= window.ports() / 8 {
                        text x=(window.left(part.0)) y="37" dx="8" { (name) }
                    }
                }))
            }
        }
    }
}

fn axis(window: Window, below: u32) -> Markup {
    let quarter = |n: u32| window.first + window.ports() / 4 * n;
    let ends = [(window.first, "start"), (window.last, "end")];
    let middle = (1..4).map(|n| (quarter(n), "middle")).filter(|_| window.ports() >= 64);
    html! {
        g.axis {
            line x1="0" x2="100%" y1=(below) y2=(below) {}
            @for (port, anchor) in ends.into_iter().chain(middle) {
                @let x = if anchor == "end" { "100%".to_owned() } else { window.left(port) };
                line x1=(x) x2=(x) y1=(below) y2=(below + 5) {}
                text x=(x) y=(below + 19) text-anchor=(anchor) { (port) }
            }
        }
    }
}

/// The marks that are in the pictures.
fn legend(drawings: &[(&str, Window, Markup)]) -> Markup {
    let block = |class: &str| html! { svg.key width="28" height="14" aria-hidden="true" { rect class=(class) width="28" height="14" {} } };
    let sign = |class: &str| html! { svg.key width="28" height="14" aria-hidden="true" { g class=(class) transform="translate(14 7)" { (marks::shape(class)) } } };
    let is_drawn = |look: &str| drawings.iter().any(|(.., drawing)| drawing.0.contains(look));
    let entries = [
        ("pool", "Pool: what connect() and bind(0) are given"),
        ("part", "Pool in part"),
        ("held", "In the range, kept out of the pool"),
        ("track", "Not in the range"),
        ("unknown", "Unknown"),
        ("inside", "Listener or service inside the pool"),
        ("outside", "Outside the pool"),
        ("unsure", "Pool not known"),
    ];
    let signs = ["inside", "outside", "unsure"];
    html! {
        ul.legend {
            @for (class, words) in entries {
                @if signs.contains(&class) && is_drawn(&format!("class=\"mark {class}\"")) {
                    li { (sign(class)) (words) }
                } @else if !signs.contains(&class) && is_drawn(&format!("class=\"{class}\"")) {
                    li { (block(class)) (words) }
                }
            }
        }
        p.hint { "Point at a mark, or go from one to the next with Tab, to read it." }
    }
}
