//! The picture of the 65,536 ports.

use anstyle::Style;

use super::Look;
use super::page::{CYAN, DIM, GREEN, PLAIN, Page, RED, YELLOW};
use crate::wire::v1::{Family, Pool, Scope, Span, State, Transport};

const PORTS: u32 = 65_536;
const LABEL: usize = 10;

struct Marks {
    full: &'static str,
    part: &'static str,
    reserved: &'static str,
    outside: &'static str,
    listener_in: &'static str,
    listener_out: &'static str,
}

const UNICODE: Marks = Marks {
    full: "█",
    part: "▒",
    reserved: "○",
    outside: "·",
    listener_in: "▲",
    listener_out: "△",
};
const ASCII: Marks = Marks {
    full: "#",
    part: "+",
    reserved: "o",
    outside: ".",
    listener_in: "!",
    listener_out: "^",
};

/// Draws classes, ranges with their reserved holes, and listeners.
pub fn draw(page: &mut Page, scope: &Scope) {
    let Look { width, ascii, .. } = page.look();
    let marks = if ascii { &ASCII } else { &UNICODE };
    let (label, cells) = match width {
        140.. => (LABEL, 128),
        76.. => (LABEL, 64),
        44.. => (LABEL, 32),
        _ => (0, 16),
    };
    let strip = Strip { label, cells };

    page.pieces([(DIM, format!("{:label$}{}", "", strip.axis()).as_str())]);
    strip.row(page, "class", (0..cells).map(|cell| class(strip.ports(cell))));
    for (name, ranges) in rows(scope) {
        match ranges {
            Some((range, pool)) => {
                strip.row(
                    page,
                    &name,
                    (0..cells).map(|c| fill(marks, strip.ports(c), range, pool)),
                );
            }
            None => strip.row(page, &name, (0..cells).map(|_| (YELLOW, "?"))),
        }
    }
    if !scope.listeners.items.is_empty() {
        strip.row(page, "listening", (0..cells).map(|c| listening(marks, strip.ports(c), scope)));
    }
    let legend = format!(
        "S U D: System, User, Dynamic Ports; {} in the pool, {} in part, {} reserved, {} not in the range; \
         listener {} in the pool, {} outside; one column is {} ports",
        marks.full,
        marks.part,
        marks.reserved,
        marks.outside,
        marks.listener_in,
        marks.listener_out,
        PORTS / strip.cells
    );
    page.prose((PLAIN, &" ".repeat(label)), (DIM, &legend), label);
}

/// A row for each distinct pool: its name, its range, and itself; `None` where the range is not known.
pub fn rows(scope: &Scope) -> Vec<(String, Option<(Span, &Pool)>)> {
    let mut rows: Vec<(String, Option<(Span, &Pool)>)> = Vec::new();
    for range in scope.ranges.iter().filter(|range| range.role == "ephemeral") {
        let bounds = range.first.zip(range.last).filter(|_| range.state == State::Known);
        let Some((a, b)) = bounds else {
            rows.push(("pool".to_owned(), None));
            continue;
        };
        let span = Span { first: a.min(b), last: a.max(b) };
        let name = match (&range.families[..], &range.transports[..]) {
            ([Family::Ipv4], _) => "pool v4",
            ([Family::Ipv6], _) => "pool v6",
            (_, [Transport::Tcp]) => "pool tcp",
            (_, [Transport::Udp]) => "pool udp",
            _ => "pool",
        };
        // A part of a pool is no picture of it.
        let pools = scope.pools.iter().filter(|pool| !pool.truncated).filter(|pool| {
            range.transports.contains(&pool.transport) && pool.families == range.families
        });
        let mut drawn: Vec<&Pool> = Vec::new();
        for pool in pools {
            // Transports that differ by less than a column are one picture.
            if drawn.iter().any(|other| other.ports.abs_diff(pool.ports) <= 1) {
                continue;
            }
            drawn.push(pool);
            rows.push((name.to_owned(), Some((span, pool))));
        }
        if drawn.is_empty() {
            rows.push(("pool".to_owned(), None));
        }
    }
    // Ranges that are alike are one picture.
    rows.dedup_by(|next, kept| match (&next.1, &kept.1) {
        (Some((a, p)), Some((b, q))) => {
            let same = |x: &[Span], y: &[Span]| {
                x.iter().zip(y).all(|(x, y)| (x.first, x.last) == (y.first, y.last))
            };
            let alike = (a.first, a.last) == (b.first, b.last)
                && p.spans.len() == q.spans.len()
                && same(&p.spans, &q.spans);
            if alike {
                "pool".clone_into(&mut kept.0);
            }
            alike
        }
        (None, None) => true,
        _ => false,
    });
    rows
}

/// One line: where the pool lies among all ports, and how much of it is used.
pub fn line(
    page: &mut Page,
    indent: usize,
    row: Option<(Span, &Pool)>,
    percent: Option<u32>,
    alarm: bool,
) {
    let Look { width, ascii, .. } = page.look();
    let Some(room) = width.checked_sub(indent + 20).filter(|room| *room >= 24) else { return };
    let room = u32::try_from(room.min(100)).unwrap_or(100);
    let (outside, used, free) = if ascii { (".", "#", "-") } else { ("·", "█", "░") };
    let indent = " ".repeat(indent);
    let Some((range, _)) = row else {
        let unknown = "?".repeat(room as usize);
        page.pieces([(PLAIN, &*indent), (PLAIN, "0 "), (YELLOW, &unknown), (PLAIN, " 65535")]);
        return;
    };
    let cells = |ports: u32| ports * room / PORTS;
    let (first, last) = (u32::from(range.first), u32::from(range.last));
    let before = cells(first);
    let inside = cells(last - first + 1).max(1);
    let after = room.saturating_sub(before + inside);
    let filled = inside * percent.unwrap_or_default() / 100;
    // What is in use at all is never nothing.
    let filled = if percent.is_some_and(|percent| percent > 0) { filled.max(1) } else { filled };
    let colour = if alarm { RED } else { CYAN };
    let mark = |mark: &str, count: u32| mark.repeat(count as usize);
    let low = if first == 0 { String::new() } else { format!("{first} ") };
    let high = if last + 1 == PORTS { String::new() } else { format!(" {last}") };
    page.pieces([
        (PLAIN, &*format!("{indent}0 ")),
        (DIM, &mark(outside, before)),
        (PLAIN, &low),
        (colour, &mark(used, filled)),
        (colour, &mark(free, inside - filled)),
        (PLAIN, &high),
        (DIM, &mark(outside, after)),
        (PLAIN, " 65535"),
    ]);
}

/// How many columns the smallest strip has.
pub const SMALL: usize = 8;

/// The smallest strip: where the first pool of a scope lies among all ports.
pub fn small(scope: &Scope, ascii: bool) -> String {
    let (outside, inside) = if ascii { (".", "-") } else { ("·", "░") };
    let Some((_, Some((range, _)))) = rows(scope).into_iter().next() else {
        return "?".repeat(SMALL);
    };
    let each = PORTS / 8;
    let cells = (0..8).map(|cell| (cell * each, (cell + 1) * each - 1));
    cells.map(|cell| if overlap(cell, range) > 0 { inside } else { outside }).collect()
}

struct Strip {
    label: usize,
    cells: u32,
}

impl Strip {
    /// The ports that a column stands for.
    const fn ports(&self, cell: u32) -> (u32, u32) {
        let each = PORTS / self.cells;
        (cell * each, (cell + 1) * each - 1)
    }

    fn axis(&self) -> String {
        let ticks = (0..self.cells).step_by(8).map(|cell| format!("{:<8}", self.ports(cell).0));
        ticks.collect::<String>().trim_end().to_owned()
    }

    fn row(&self, page: &mut Page, name: &str, marks: impl Iterator<Item = (Style, &'static str)>) {
        let name = if self.label == 0 { String::new() } else { format!("{name:<0$}", self.label) };
        let mut runs: Vec<(Style, String)> = vec![(PLAIN, name)];
        for (style, mark) in marks {
            match runs.last_mut() {
                Some((last, run)) if *last == style => run.push_str(mark),
                _ => runs.push((style, mark.to_owned())),
            }
        }
        if let Some((_, last)) = runs.last_mut() {
            last.truncate(last.trim_end().len());
        }
        page.pieces(runs.iter().map(|(style, run)| (*style, run.as_str())));
    }
}

const fn class((first, _): (u32, u32)) -> (Style, &'static str) {
    match first {
        0..=1023 => (RED, "S"),
        1024..=49151 => (YELLOW, "U"),
        _ => (GREEN, "D"),
    }
}

fn overlap(a: (u32, u32), span: Span) -> u32 {
    let (first, last) = (a.0.max(span.first.into()), a.1.min(span.last.into()));
    (last + 1).saturating_sub(first)
}

fn fill(marks: &Marks, cell: (u32, u32), range: Span, pool: &Pool) -> (Style, &'static str) {
    let whole = cell.1 - cell.0 + 1;
    let in_range = overlap(cell, range);
    let in_pool: u32 = pool.spans.iter().map(|span| overlap(cell, *span)).sum();
    match (in_range, in_pool) {
        (0, _) => (DIM, marks.outside),
        (_, 0) => (YELLOW, marks.reserved),
        (_, n) if n == whole => (CYAN, marks.full),
        _ => (CYAN, marks.part),
    }
}

fn listening(marks: &Marks, cell: (u32, u32), scope: &Scope) -> (Style, &'static str) {
    let mut mark = (PLAIN, " ");
    for item in &scope.listeners.items {
        if (cell.0..=cell.1).contains(&u32::from(item.port)) {
            if item.in_pool == Some(true) {
                return (RED, marks.listener_in);
            }
            mark = (GREEN, marks.listener_out);
        }
    }
    mark
}
