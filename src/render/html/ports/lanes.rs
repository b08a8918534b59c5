//! The lanes of the ephemeral ranges.

use maud::{Markup, html};

use super::{RANGES, Window, mark, names, track};
use crate::render::view::rows::unread;
use crate::text::{counted, grouped};
use crate::wire::v1::{Family, Pool, Range, Scope, Span, State, Transport};

/// How many steps the axis has: one is drawn as wholly, partly or not at all in the pool.
const STEPS: u32 = 512;

/// A range and its pool, with all that share them.
pub(super) struct Lane<'a> {
    whose: Vec<(Transport, Vec<Family>)>,
    pub(super) range: Option<Span>,
    state: State,
    reason: Option<&'a str>,
    pool: Option<&'a Pool>,
}

/// A lane for each distinct range and pool, one more than are drawn at most. There is always one: a
/// range that nobody read is unknown.
pub(super) fn of(scope: &Scope) -> Vec<Lane<'_>> {
    let mut lanes: Vec<Lane<'_>> = Vec::new();
    for range in scope.ranges.iter().filter(|range| range.role == "ephemeral") {
        for transport in &range.transports {
            let lane = Lane::of(scope, range, *transport);
            if let Some(known) = lanes.iter_mut().find(|known| known.is_like(&lane)) {
                known.whose.extend(lane.whose);
            } else if lanes.len() <= RANGES {
                lanes.push(lane);
            }
        }
    }
    if lanes.is_empty() {
        lanes.push(Lane {
            whose: Vec::new(),
            range: None,
            state: State::Unknown,
            reason: None,
            pool: None,
        });
    }
    lanes
}

impl<'a> Lane<'a> {
    fn of(scope: &'a Scope, range: &'a Range, transport: Transport) -> Self {
        let bounds = range.first.zip(range.last).filter(|_| range.state == State::Known);
        let pool = scope
            .pools
            .iter()
            .find(|pool| pool.transport == transport && pool.families == range.families);
        Self {
            whose: vec![(transport, range.families.clone())],
            range: bounds.map(|(a, b)| Span { first: a.min(b), last: a.max(b) }),
            state: range.state,
            reason: range.reason.as_deref(),
            // A part of a pool is no picture of it.
            pool: pool.filter(|pool| bounds.is_some() && !pool.truncated),
        }
    }

    fn is_like(&self, other: &Self) -> bool {
        let ends = |span: &Span| (span.first, span.last);
        let spans = |pool: &Pool| pool.spans.iter().map(ends).collect::<Vec<_>>();
        self.range.as_ref().map(ends) == other.range.as_ref().map(ends)
            && self.pool.map(spans) == other.pool.map(spans)
            && (self.state, self.reason) == (other.state, other.reason)
    }

    /// "TCP, UDP IPv6"
    fn whose(&self) -> String {
        let lanes = [Transport::Tcp, Transport::Udp].into_iter().filter_map(|transport| {
            let mine = self.whose.iter().filter(|(its, _)| *its == transport);
            let families: Vec<&Family> = mine.flat_map(|(_, families)| families).collect();
            let name = transport.name().to_uppercase();
            match (families.contains(&&Family::Ipv4), families.contains(&&Family::Ipv6)) {
                (true, true) => Some(name),
                (true, false) => Some(format!("{name} IPv4")),
                (false, true) => Some(format!("{name} IPv6")),
                (false, false) => None,
            }
        });
        lanes.collect::<Vec<_>>().join(", ")
    }

    pub(super) fn draw(&self, window: Window) -> Markup {
        let name = format!("Pool {}", self.whose());
        let part = self.range.and_then(|range| window.part(range));
        let says = match (self.range, self.pool) {
            (Some(_), _) if part.is_none() => "none of these ports".to_owned(),
            (None, _) if self.state == State::Known => "UNKNOWN".to_owned(),
            (None, _) => unread(self.state, self.reason),
            (Some(range), None) => format!("{}-{}, pool UNKNOWN", range.first, range.last),
            (Some(range), Some(pool)) => {
                format!("{}-{}, {}", range.first, range.last, counted(pool.ports, "port"))
            }
        };
        let words = match (self.range, self.pool) {
            (Some(range), Some(pool)) => {
                let held = (u32::from(range.last - range.first) + 1).saturating_sub(pool.ports);
                let ports = counted(pool.ports, "port");
                format!(
                    "{name}: {}-{}; {ports} in the pool, {} kept out of it",
                    range.first,
                    range.last,
                    grouped(held)
                )
            }
            _ => format!("{name}: {says}"),
        };
        html! {
            (names(&name, &says))
            (track(window))
            @match (self.range, part) {
                (None, _) => {
                    (mark(window, window.first, "range", &words, &html! {
                        rect.unknown x="0" y="22" width="100%" height="22" {}
                    }))
                }
                (Some(_), Some(part)) => {
                    (mark(window, part.0, "range", &words, &html! { (self.steps(window, part)) }))
                }
                (Some(_), None) => {}
            }
        }
    }

    /// The part of the range, step for step, those that look the same as one.
    fn steps(&self, window: Window, (first, last): (u32, u32)) -> Markup {
        let each = window.ports().div_ceil(STEPS);
        let mut runs: Vec<(&str, u32, u32)> = Vec::new();
        let mut start = first;
        while start <= last {
            let end = last.min(start / each * each + each - 1);
            let look = self.look(start, end);
            match runs.last_mut() {
                Some((known, _, until)) if *known == look => *until = end,
                _ => runs.push((look, start, end)),
            }
            start = end + 1;
        }
        html! {
            @for (look, first, last) in runs {
                rect class=(look) x=(window.left(first)) y="22" width=(window.width((first, last))) height="22" {}
            }
        }
    }

    fn look(&self, first: u32, last: u32) -> &'static str {
        let Some(pool) = self.pool else { return "unknown" };
        let inside = pool.spans.iter().map(|span| {
            let (a, b) = (first.max(span.first.into()), last.min(span.last.into()));
            u64::from((b + 1).saturating_sub(a))
        });
        match inside.sum::<u64>() {
            0 => "held",
            some if some > u64::from(last - first) => "pool",
            _ => "part",
        }
    }
}
