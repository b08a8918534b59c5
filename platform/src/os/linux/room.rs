//! How much a report may hold of all namespaces: whoever may make one fills it as he likes.

use std::ops::ControlFlow;

use crate::snapshot::Scope;
use crate::usage::{Census, Usage};

/// The most that all namespaces together may take in a report, in bytes; a report of twice as many
/// is never read again.
const ROOM: usize = 32 * 1024 * 1024;

// What each fact takes, in bytes: as JSON, where it is told, and in memory until it has been
// judged. Measured on reports.

/// A namespace with nothing in it: its facts, and what the rules find and miss there.
const SCOPE: usize = 12 * 1024;
/// A span that is told, and one that is kept; it is told in the list and in the pool of each
/// transport.
const SPAN_TOLD: usize = 3 * 90;
const SPAN: usize = 4;
/// How many spans are told of another namespace than the reader's own.
const SPANS_KEPT: usize = 256;
/// A listener that is told, and one that is kept.
const LISTENER_TOLD: usize = 450;
const LISTENER: usize = 210;
/// How many listeners are told of both transports.
const LISTENERS_TOLD: usize = 2000;
/// A destination or a connection, and what a rule finds in the first of them.
const ROW: usize = 160;
const ROW_FOUND: usize = 4 * 1024;
const ROWS_FOUND: usize = 64;

/// What is left of the room.
pub(super) struct Room {
    /// `None` once somebody needed more than there was.
    left: Option<usize>,
}

impl Room {
    /// What these scopes leave to others.
    pub(super) fn beside(scopes: &[Scope]) -> Self {
        let taken: usize = scopes.iter().map(cost).sum();
        Self { left: Some(ROOM.saturating_sub(taken)) }
    }

    /// Whether somebody needed more than there was.
    pub(super) const fn is_full(&self) -> bool {
        self.left.is_none()
    }

    /// Takes what a scope needs. Where there is not as much no other gets anything.
    pub(super) fn take(&mut self, scope: &Scope) -> ControlFlow<()> {
        self.left = self.left.and_then(|left| left.checked_sub(cost(scope)));
        if self.is_full() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

fn cost(scope: &Scope) -> usize {
    let spans: usize =
        scope.reserved.iter().filter_map(|list| list.ports.known()).map(|p| p.spans().len()).sum();
    let spans_kept = if scope.current { spans } else { spans.min(SPANS_KEPT) };
    let listeners = scope.listeners.items.len();
    let rows = scope.usage.known().map_or(0, rows);
    let bound = scope.usage.known().map_or(0, |usage| usage.bound.spans().len());
    SCOPE
        + SPAN_TOLD * spans_kept
        + SPAN * (spans + bound)
        + LISTENER_TOLD * listeners.min(LISTENERS_TOLD)
        + LISTENER * listeners
        + ROW * rows
        + ROW_FOUND * rows.min(ROWS_FOUND)
}

fn rows(usage: &Usage) -> usize {
    let of = |census: &Census| {
        census.destinations.len()
            + census.self_connected.len()
            + census.from_system_ports.len()
            + census.left_behind.len()
    };
    usage.census.as_ref().map_or(0, of)
}
