//! The lines as somebody wrote them: what a number looks like, and the knobs that are gone.

use super::files::Files;
use super::kernel::Key;
use super::line_log::LineLog;
use crate::boot::{Boot, Origin, Written};
use crate::parse::sysctl_conf::{parts, path};
use crate::reading::beginning;
use crate::snapshot::{Reason, Why};
use crate::unread::{Settings, Subject, Unread};

/// Knobs that the kernel has no more: `tcp_tw_recycle` was removed in 4.12 (commit 4396e46187ca).
const GONE: [&str; 1] = ["net.ipv4.tcp_tw_recycle"];
/// How many lines are kept of a loader.
const KEPT: usize = 1000;

/// Adds the lines of the files that the loader reads, each once; those that there is no room for
/// are told to be unread.
pub(super) fn add(files: &Files<'_>, log: &LineLog, boot: &mut Boot) {
    let mut lines: Vec<Written> = Vec::new();
    for key in Key::ALL {
        lines.extend(log.key(key).written().map(|(value, origin)| Written {
            key: key.name(),
            value: value.clone(),
            origin: origin.clone(),
        }));
    }
    for from in files.lines() {
        let named = parts(&path(from.line.key, files.grammar)).collect::<Vec<_>>().join(&b'.');
        let gone = GONE.iter().find(|key| key.as_bytes() == named);
        if let (Some(key), Some(value)) = (gone, from.line.value) {
            let origin = Origin { source: from.source.clone(), line: Some(from.line.number) };
            lines.push(Written { key, value: beginning(&String::from_utf8_lossy(value)), origin });
        }
    }
    if lines.len() > KEPT {
        let detail = format!("more than {KEPT} lines set these keys");
        let subject = Subject::Settings(Settings::Lines);
        boot.unread.push(Unread::new(subject, Why::new(Reason::Truncated, detail)));
    }
    for line in lines.into_iter().take(KEPT) {
        if !boot.written.contains(&line) {
            boot.written.push(line);
        }
    }
}
