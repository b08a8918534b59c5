//! The end of a program that is at fault itself: a panic is one line and an exit code of the
//! contract, like any failure.

use std::panic::{self, PanicHookInfo, UnwindSafe};
use std::process;
use std::sync::OnceLock;

use super::{Failure, exit, protocol};

/// What the first panic said; one that follows is of its making.
static FIRST: OnceLock<String> = OnceLock::new();

/// Does the work, and tells a panic of it, on whichever thread, as the command line's format has
/// it.
pub(super) fn guarded(work: impl FnOnce() -> u8 + UnwindSafe) -> u8 {
    panic::set_hook(Box::new(note));
    panic::catch_unwind(work).unwrap_or_else(|_| report_panic())
}

fn note(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map_or_else(String::new, |place| format!(" at {place}"));
    let payload = panic.payload();
    let owned = || payload.downcast_ref::<String>().map(String::as_str);
    let what = payload.downcast_ref::<&str>().copied().or_else(owned).unwrap_or("a panic");
    let what = what.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = format!("internal error{place}: {what}; please report it");
    if FIRST.set(line).is_err() {
        // While the first one is on its way out a second ends the process by a signal (std::panic).
        #[expect(clippy::exit, reason = "nothing else ends it with a code of its own")]
        process::exit(i32::from(report_panic()));
    }
}

/// Says what the first panic said; the exit code.
fn report_panic() -> u8 {
    let line = FIRST.get().map_or("internal error; please report it", String::as_str);
    let written = || {
        protocol::fail(Failure::Output(line.to_owned()), protocol::asked_for(std::env::args_os()))
    };
    panic::catch_unwind(written).unwrap_or(exit::OUTPUT)
}
