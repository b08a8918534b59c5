//! What a probe says.

use ephaudit_platform::probe::ENOUGH;

use super::Look;
use super::blocks::{where_and_when, write_gaps, write_one};
use super::page::{GREEN, PLAIN, Page, RED, YELLOW};
use super::view::facts::{called, spans};
use crate::text::{counted, grouped};
use crate::wire::v1::{Agreement, Draw, Family, Probed, State};

/// Fewer columns hold no table of eight.
const TABLE: usize = 72;

/// What a probe says, as a page.
pub fn render(probed: &Probed, look: Look) -> Vec<u8> {
    let mut page = Page::new(look);
    let host = probed.host.name.as_deref().unwrap_or("this host");
    let (style, word, rest) = headline(probed.status, probed.findings.len(), &probed.draws);
    page.prose((style, &format!("{word}  ")), (style, &format!("{host}: {rest}")), 2);
    page.gap();
    let scope = probed.scope.as_ref().map(|scope| called(&scope.id, &scope.names));
    where_and_when(
        &mut page,
        &probed.host,
        &probed.collected_at,
        &scope.unwrap_or_else(|| "no scope".to_owned()),
    );
    for pool in &probed.pools {
        let line = format!(
            "{}: {}: {}",
            pool.transport.name(),
            counted(pool.ports, "port"),
            spans(&pool.spans)
        );
        page.prose((PLAIN, "pool      "), (PLAIN, &line), 10);
    }
    if !probed.draws.is_empty() {
        page.gap();
    }
    if page.look().width < TABLE {
        for draw in &probed.draws {
            page.prose((PLAIN, ""), (PLAIN, &line(draw)), 2);
        }
    } else if !probed.draws.is_empty() {
        let head = ["ASKED BY", "GIVEN", "DISTINCT", "FROM", "TO", "EVEN", "ODD", "OUTSIDE"]
            .map(str::to_owned);
        page.table(std::iter::once(head.to_vec()).chain(probed.draws.iter().map(row)));
    }
    let mut already = std::collections::HashSet::new();
    for finding in &probed.findings {
        page.gap();
        write_one(&mut page, finding, "", &mut already);
    }
    write_gaps(&mut page, &probed.gaps);
    page.finish()
}

/// Agreement with findings is none in full.
fn headline(
    status: Agreement,
    findings: usize,
    draws: &[Draw],
) -> (anstyle::Style, &'static str, String) {
    match status {
        Agreement::Agrees if findings == 0 => (GREEN, "AGREES", agreement(draws)),
        Agreement::Agrees => {
            let findings = u32::try_from(findings).unwrap_or(u32::MAX);
            let findings = counted(findings, "finding");
            (YELLOW, "AGREES", format!("{findings} below the threshold"))
        }
        Agreement::Disagrees => {
            (RED, "DISAGREES", "the kernel does not give what its settings say".to_owned())
        }
        Agreement::Undetermined => (
            YELLOW,
            "UNDETERMINED",
            "what the kernel gives could not be fully determined".to_owned(),
        ),
    }
}

/// Few ports tell that they are of the pool, but not whether they come from all of it.
fn agreement(draws: &[Draw]) -> String {
    let given = counted(draws.iter().map(|draw| draw.given).sum(), "port");
    let asked = draws.iter().filter(|draw| draw.state != State::Absent);
    match asked.map(|draw| draw.given).min() {
        Some(least) if least < ENOUGH => format!(
            "the kernel gave {given} of its pool; {} per kind are too few to show how they are \
             drawn",
            grouped(least)
        ),
        _ => format!("the kernel gave {given}, as its settings say"),
    }
}

fn who(draw: &Draw) -> String {
    let family = match draw.family {
        Family::Ipv4 => "127.0.0.1",
        Family::Ipv6 => "::1",
    };
    format!("{} {}() {family}", draw.transport.name(), draw.call)
}

fn line(draw: &Draw) -> String {
    match (draw.state, draw.lowest, draw.highest) {
        (State::Absent, ..) => format!("{}: no such address", who(draw)),
        (_, Some(lowest), Some(highest)) => format!(
            "{}: {}, {} of them distinct, {lowest}-{highest}; {} even, {} odd; outside: {}",
            who(draw),
            counted(draw.given, "port"),
            grouped(draw.distinct),
            grouped(draw.even),
            grouped(draw.odd),
            spans(&draw.outside),
        ),
        _ => format!("{}: none", who(draw)),
    }
}

fn row(draw: &Draw) -> Vec<String> {
    let who = who(draw);
    if draw.state == State::Absent {
        return vec![who, "absent".to_owned()];
    }
    let port = |port: Option<u16>| port.map_or_else(String::new, |port| port.to_string());
    vec![
        who,
        grouped(draw.given),
        grouped(draw.distinct),
        port(draw.lowest),
        port(draw.highest),
        grouped(draw.even),
        grouped(draw.odd),
        spans(&draw.outside),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_are_no_full_agreement() {
        assert_eq!(headline(Agreement::Agrees, 0, &[]).1, "AGREES");
        let (_, word, rest) = headline(Agreement::Agrees, 1, &[]);
        assert_eq!((word, &*rest), ("AGREES", "1 finding below the threshold"));
    }
}
