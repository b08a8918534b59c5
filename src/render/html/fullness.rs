//! How full the pool is: a bar for each of the busiest destinations, and one for the ports that are
//! bound.

use maud::{Markup, html};

use crate::render::view::usage::destination;
use crate::text::{counted, grouped, percent};
use crate::wire::v1::Scope;

/// How many destinations have a bar.
const BARS: usize = 5;
/// From how many percent on it is drawn as a danger.
const NEAR_FULL: u32 = 80;

/// The bars; nothing where nobody looked.
pub(super) fn bars(scope: &Scope) -> Markup {
    let usage = &scope.usage;
    let busiest = usage.destinations.iter().filter_map(|used| {
        let usable = used.ports_usable.filter(|usable| *usable > 0)?;
        let name = format!("{} {} to {}", used.transport.name(), used.source, destination(used));
        Some((name, used.ports_used, usable))
    });
    let pool = scope.pools.iter().find(|pool| pool.transport.name() == "tcp");
    let bound = usage.bound_in_pool.zip(pool).filter(|(_, pool)| pool.ports > 0);
    let bound = bound.map(|(ports, pool)| ("tcp bound".to_owned(), ports, pool.ports));
    let all: Vec<(String, u32, u32)> = busiest.take(BARS).chain(bound).collect();
    html! {
        @if !all.is_empty() {
            h3 { "How full it is" }
            ul.bars {
                @for (name, used, usable) in &all {
                    @let part = percent(*used, *usable).min(100);
                    @let look = if part >= NEAR_FULL { "full" } else { "fill" };
                    li {
                        span { (name) ": " (grouped(*used)) " of " (counted(*usable, "port")) ", " (part) " %" }
                        svg.bar width="100%" height="14" aria-hidden="true" {
                            rect.track width="100%" height="14" {}
                            rect class=(look) width={ (part) "%" } height="14" {}
                        }
                    }
                }
            }
        }
    }
}
