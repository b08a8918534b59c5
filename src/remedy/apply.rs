//! What a scope would be like after a change.

use ephaudit_platform::boot::{Boot, Facts, State};
use ephaudit_platform::ports::PortRange;
use ephaudit_platform::snapshot::{
    Bounds, Reading, Reserved, ReservedKind, Role, Scope, Snapshot, Source,
};

use super::boot;
use super::change::Change;

/// The snapshot of a scope alone, with those values: now and, where the files of the next boot were
/// read, after it too. Sockets stay as they are, and what is unknown stays unknown.
pub fn planned(snapshot: &Snapshot, scope: &Scope, values: &[Change]) -> Snapshot {
    let mut scope = scope.clone();
    for value in values {
        set(&mut scope, value);
        if let Facts::Read(boot) = &mut scope.boot {
            persist(boot, value);
        }
    }
    let held = if scope.current { snapshot.held.clone() } else { Vec::new() };
    let mut planned = Snapshot::of(snapshot.host.clone(), scope);
    planned.held = held;
    planned
}

fn set(scope: &mut Scope, value: &Change) {
    match value {
        Change::Range(range) => {
            for known in scope.ranges.iter_mut().filter(|known| known.role == Role::Ephemeral) {
                replace(&mut known.bounds, bounds(*range));
            }
        }
        Change::Reserved(ports) => {
            let lists = scope.reserved.iter_mut();
            for list in lists.filter(|list| is_editable(list)) {
                replace(&mut list.ports, ports.clone());
            }
        }
        Change::UnprivilegedStart(port) => replace(&mut scope.unprivileged_start, *port),
    }
}

/// Whether an administrator may edit the list.
pub fn is_editable(list: &Reserved) -> bool {
    matches!(list.kind, ReservedKind::Reserved | ReservedKind::Administered)
}

fn bounds(range: PortRange) -> Bounds {
    let (first, last) = (range.first(), range.last());
    Bounds { first, last, raw: format!("{first}\t{last}") }
}

fn replace<T>(reading: &mut Reading<T>, value: T) {
    let source: Source = reading.source().clone();
    *reading = Reading::Known { value, source };
}

fn persist(boot: &mut Boot, value: &Change) {
    let text = match value {
        Change::Range(range) => format!("{}\t{}", range.first(), range.last()),
        _ => value.text(),
    };
    for entry in boot.entries.iter_mut().filter(|entry| entry.key == value.key()) {
        entry.state = State::Known { value: text.clone(), origin: boot::line_of(value) };
    }
    for now in boot.running.iter_mut().filter(|now| now.key == value.key()) {
        replace(&mut now.value, text.clone());
    }
}
