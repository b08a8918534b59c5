//! The rows of netstat of Windows.

use super::ends;
use super::forms::{CUT, ListLine, V4, V6, is_number, waits};
use crate::snapshot::Transport;

/// The state is translated: what waits has no other end.
pub(super) fn row(words: &[&str]) -> ListLine {
    let of = |transport, local: &str| (transport, if local.starts_with('[') { V6 } else { V4 });
    let pid = |rest: &[&str]| rest.first().and_then(|word| word.parse().ok());
    match words {
        ["TCP", local, remote, _, rest @ ..] if ends::is_any(remote) => {
            waits(of(Transport::Tcp, local), local, pid(rest))
        }
        ["TCP", local, _, _, ..] => {
            let (transport, families) = of(Transport::Tcp, local);
            ListLine::Connection(transport, families)
        }
        ["UDP", local, "*:*", rest @ ..] => waits(of(Transport::Udp, local), local, pid(rest)),
        ["UDP", ..] => ListLine::Damaged("expected *:* behind the local end"),
        ["TCP", ..] => ListLine::Damaged(CUT),
        _ => ListLine::Other,
    }
}

/// Whether a row has its process; `None` where it is no whole row.
pub(super) fn has_pid(words: &[&str]) -> Option<bool> {
    let (["TCP", _, _, _, rest @ ..] | ["UDP", _, _, rest @ ..]) = words else { return None };
    Some(rest.first().is_some_and(|word| is_number(word)))
}
