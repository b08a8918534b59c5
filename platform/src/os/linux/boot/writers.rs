//! Programs that write sysctls at boot after the loader has run, from files of their own: what they
//! leave is predicted like the loader's.

pub(super) mod saptune;
pub(super) mod tuned;
pub(super) mod ufw;
pub(super) mod units;

use super::kernel::Key;
use super::line_log::LineLog;
use crate::boot::{Entry, Loader, State};
use crate::parse::sysctl_conf::{Grammar, path};
use crate::persisted::{File, Persisted};
use crate::reading::beginning;
use crate::snapshot::Source;
use crate::unread::Unread;

/// One program: what it writes, after the loader and those before it.
type Writer = fn(&Persisted, &mut LineLog);

/// In the order in which they run: ufw.service stands before network-pre.target, the others are
/// started with multi-user.target.
const WRITERS: [(Loader, Writer); 4] = [
    (Loader::Ufw, ufw::write),
    (Loader::Tuned, tuned::write),
    (Loader::Saptune, saptune::write),
    (Loader::Unit, units::write),
];

/// What is left of each key that one of them writes to: that of the last one.
pub(super) fn entries(
    persisted: &Persisted,
    after: &LineLog,
    unknown: Option<&Unread>,
) -> Vec<Entry> {
    let mut log = after.clone();
    let mut last: Vec<Entry> = Vec::new();
    for (loader, write) in WRITERS {
        let before = log.clone();
        write(persisted, &mut log);
        let broken = log.lost().filter(|_| before.lost().is_none());
        for key in Key::ALL {
            let of = |log: &LineLog, unknown: Option<&Unread>| {
                log.key(key).entry(key.name(), loader, unknown, log.sysctls().value(key))
            };
            let (earlier, entry) = (of(&before, None), of(&log, None));
            if broken.is_none()
                && (&earlier.state, &earlier.rejected) == (&entry.state, &entry.rejected)
            {
                continue;
            }
            let unread = broken.map(|why| Unread::of_key(key.name(), why.clone()));
            let mut entry = of(&log, unknown.or(unread.as_ref()));
            // The loader's own entry has those before.
            entry.rejected.retain(|line| !earlier.rejected.contains(line));
            if entry.state == State::Absent {
                continue;
            }
            last.retain(|other| other.key != entry.key);
            last.push(entry);
        }
    }
    last
}

/// Writes one assignment of a file, where its key is one of ours.
fn assign(log: &mut LineLog, file: &File, line: u32, key: &[u8], value: &[u8]) {
    let source: Source = file.source();
    if let Some(key) = Key::at(&path(key, Grammar::Procps)) {
        let text = [value, b"\n"].concat();
        log.write_once(key, value, &text, (&source, Some(line)));
    }
}

/// A name out of a file, where it can be that of a file without leading elsewhere.
fn name(bytes: &[u8]) -> Option<String> {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-+@".contains(byte);
    let is_name = !bytes.is_empty() && bytes.len() <= 128 && bytes.iter().all(plain);
    (is_name && !bytes.starts_with(b".")).then(|| beginning(&String::from_utf8_lossy(bytes)))
}

#[cfg(test)]
mod tests;
