//! What rules about the persisted settings have in common.

use ephaudit_platform::boot::Boot;
use ephaudit_platform::snapshot::Scope;

use crate::report::Gap;

/// What could not be told of a scope's values after a reboot.
pub fn gaps(scope: &Scope) -> Vec<Gap> {
    let boot = scope.boot.read();
    let gaps = boot.map_or_else(Vec::new, Boot::gaps);
    gaps.into_iter().map(|(what, why)| Gap::new(scope, what, why)).collect()
}

/// Which of the same keys could not be read as they are now.
pub fn unread_now(scope: &Scope) -> Vec<Gap> {
    let running = scope.boot.read().into_iter().flat_map(|boot| &boot.running);
    running
        .filter_map(|now| {
            Some(Gap::new(scope, format!("running value of {}", now.key), now.value.why()?))
        })
        .collect()
}
