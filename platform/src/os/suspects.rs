//! Who else sets values at boot, by what it leaves among the files.

use crate::boot::Suspect;
use crate::persisted::{Found, Persisted};
use crate::snapshot::Source;

/// What every system with an rc(8) may run last.
pub(super) const RC_LOCAL: &str = "/etc/rc.local";

/// /etc/rc.local, where it names one of the keys.
pub(super) fn rc_local(persisted: &Persisted, keys: &[&str]) -> Vec<Suspect> {
    let files = persisted.files.iter().filter(|file| file.name == b"rc.local");
    let naming = files.filter_map(|file| {
        let Found::Text(text) = &file.found else { return None };
        let text = String::from_utf8_lossy(text);
        let key = keys.iter().find(|key| text.contains(**key))?;
        let source = Source::File(file.place.clone().into());
        Some(Suspect { what: format!("rc.local, which names {key}"), source })
    });
    naming.collect()
}
