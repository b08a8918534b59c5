//! The rows of netstat of Windows.

use super::ends;
use super::list_line::{CUT, ListLine, V4, V6, connects, is_number, waits};
use super::rows;
use crate::snapshot::Transport;

/// As Linux numbers them.
const TIME_WAIT: u8 = 6;
const BOUND: u8 = 7;

/// The state is translated: what waits has no other end.
pub(super) fn row(words: &[&str]) -> ListLine {
    let of = |transport, local: &str| (transport, if local.starts_with('[') { V6 } else { V4 });
    let pid = |rest: &[&str]| rest.first().and_then(|word| word.parse().ok());
    match words {
        // `-q` lists those too that are bound and nothing else.
        ["TCP", local, remote, state, rest @ ..]
            if ends::is_any(remote) && rows::state_of(state) != Some(BOUND) =>
        {
            waits(of(Transport::Tcp, local), local, pid(rest))
        }
        ["TCP", local, remote, state, rest @ ..] => {
            // A translated state is known by nobody's holding the socket any more.
            let left = if pid(rest) == Some(0) { TIME_WAIT } else { 0 };
            let state = rows::state_of(state).unwrap_or(left);
            connects(of(Transport::Tcp, local), local, remote, state)
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
