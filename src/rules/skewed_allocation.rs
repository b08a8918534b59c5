//! Ports that come far more often than others, because a block before them is reserved.

use ephaudit_platform::ports::{PortRange, PortSet};

use crate::policy::Policy;
use crate::report::{Severity, Step, Verdict};
use crate::rule::{Check, Facts, Rule, by_parity, each_pool};
use crate::text::counted;

pub static RULE: Rule = Rule {
    name: "skewed-allocation",
    summary: "the port behind a reserved block is chosen far more often than others",
    severity: |_| Severity::Medium,
    needs: &[],
    page: include_str!("skewed-allocation.md"),
    check: Check::Facts(check),
};

/// Where fewer places of the search end at a port, its share is that of a small pool.
const PLACES: u32 = 16;

fn check(facts: &Facts<'_>, _policy: &Policy) -> Verdict {
    each_pool(facts, |judgement, scope, view| {
        if !by_parity(judgement, scope, view) {
            return;
        }
        let (range, pool) = (view.bounds.range(), &view.ports);
        let of = |walk| likeliest(range, pool, walk);
        let all = [of(Walk::Bind), of(Walk::Connect)];
        let Some(worst) = all.iter().flatten().copied().max_by_key(Share::millionths) else {
            return judgement.pass();
        };
        if worst.hits < PLACES || worst.percent() < 1 {
            return judgement.pass();
        }
        let severity = match worst.percent() {
            25.. => Severity::Medium,
            5.. => Severity::Low,
            _ => Severity::Info,
        };
        let [bind, connect] = all.map(|share| share.map(Share::told));
        let told = [
            bind.map(|told| format!("{told} of all bind() to port 0")),
            connect.map(|told| format!("{told} of connect() where the destinations are many")),
        ];
        let told: Vec<String> = told.into_iter().flatten().collect();
        judgement.found(
            view.of_pool(&RULE, severity, scope)
                .says(
                    format!(
                        "port {} is the likeliest to be chosen, with a share of {} %",
                        worst.port,
                        worst.percent()
                    ),
                    format!(
                        "A search for a free port begins at random and steps over reserved ports, \
                         so the port behind a reserved block gets each search that begins in the \
                         block: {}. An even share of {} would be {}. Such a port is soon in \
                         TIME_WAIT or in use, and easy to guess.",
                        told.join(", "),
                        counted(pool.count(), "port"),
                        even(pool.count())
                    ),
                )
                .advises([Step::elsewhere(
                    "reserve the ports that services use, and not whole blocks, or move the range \
                     beside the block",
                )]),
        );
    })
}

/// How a free port is searched for on Linux.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Walk {
    /// TCP's bind() to port 0 without SO_REUSEADDR: by two, from the parity that the low bound has
    /// not (`inet_csk_find_open_port`, net/ipv4/inet_connection_sock.c).
    Bind,
    /// TCP's connect(): by two, from the parity of the low bound; where it begins is the
    /// destination's (`__inet_hash_connect`, net/ipv4/inet_hashtables.c).
    Connect,
}

/// The part of all searches that end at a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Share {
    port: u16,
    /// At so many places a search may begin that ends there,
    hits: u32,
    /// of so many.
    of: u32,
}

impl Share {
    fn millionths(&self) -> u64 {
        u64::from(self.hits) * 1_000_000 / u64::from(self.of.max(1))
    }

    /// Rounded down.
    fn percent(self) -> u64 {
        self.millionths() / 10_000
    }

    fn told(self) -> String {
        format!("{} gets {} %", self.port, self.percent())
    }
}

/// "0.004 %".
fn even(ports: u32) -> String {
    let thousandths = 100_000 / ports.max(1);
    format!("{}.{:03} %", thousandths / 1000, thousandths % 1000)
}

/// The port that most searches end at while all of the pool is free; `None` of an empty pool.
fn likeliest(range: PortRange, pool: &PortSet, walk: Walk) -> Option<Share> {
    let count = range.count();
    // Two passes take an even number of ports.
    let taken = if count > 1 { count & !1 } else { count };
    let places = |first: u32| -> Vec<u16> {
        let offsets = (first..taken).step_by(2);
        offsets.filter_map(|offset| u16::try_from(u32::from(range.first()) + offset).ok()).collect()
    };
    let passes = match walk {
        Walk::Bind => [places(1), places(0)],
        Walk::Connect => [places(0), places(1)],
    };
    // The second pass is for whom the first has nothing.
    passes.iter().find_map(|places| longest(places, pool))
}

/// The port of a pass with the longest row of others before it that are not in the pool; behind the
/// last comes the first.
fn longest(places: &[u16], pool: &PortSet) -> Option<Share> {
    let of = u32::try_from(places.len()).ok()?;
    let mut best: Option<Share> = None;
    let mut hits = 0;
    // Twice round, so that the row before the first is known.
    for &port in places.iter().chain(places) {
        hits += 1;
        if pool.contains(port) {
            if best.is_none_or(|best| hits > best.hits) && hits <= of {
                best = Some(Share { port, hits, of });
            }
            hits = 0;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(range: (u16, u16), reserved: &str, walk: Walk) -> Option<(u16, u32, u32)> {
        let range = PortRange::between(range.0, range.1);
        let reserved: PortSet = reserved.parse().expect("a list");
        let pool = PortSet::from(range).difference(&reserved);
        likeliest(range, &pool, walk).map(|share| (share.port, share.hits, share.of))
    }

    #[test]
    fn the_port_behind_a_block_gets_what_begins_in_it() {
        let sap = "1128-1129,3200-3399,3600-3699,8000-8199,19200-21213,30000-40402,44300-44399,\
                   50000-59999";
        let range = (9000, 65_499);
        assert_eq!(share(range, sap, Walk::Bind), Some((40_403, 5202, 28_250)));
        assert_eq!(share(range, sap, Walk::Connect), Some((40_404, 5203, 28_250)));
    }

    #[test]
    fn behind_the_last_port_comes_the_first() {
        assert_eq!(share((100, 119), "110-119", Walk::Connect), Some((100, 6, 10)));
        assert_eq!(share((100, 119), "100-109", Walk::Connect), Some((110, 6, 10)));
        assert_eq!(share((100, 119), "112-119,100-101", Walk::Bind), Some((103, 6, 10)));
        // Of an odd number of ports the last is left out.
        assert_eq!(share((100, 104), "100-103", Walk::Connect), None);
    }

    #[test]
    fn one_parity_gets_all_where_the_other_has_none() {
        assert_eq!(share((100, 107), "101,103,105,107", Walk::Bind), Some((100, 1, 4)));
        assert_eq!(share((100, 107), "100-107", Walk::Bind), None);
        assert_eq!(share((100, 100), "", Walk::Connect), Some((100, 1, 1)));
    }
}
