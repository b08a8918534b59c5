//! The end of a program that runs on, asked for from outside.

use std::io;

/// Calls `end` once SIGTERM or SIGINT comes, from a thread of its own. The signals no longer end the
/// program by themselves. It is for the beginning of a run: threads that run already are not asked
/// to leave the signals alone. Where there are no signals, it does nothing, and the system ends the
/// program.
///
/// # Errors
/// The system starts no thread, or takes no set of signals.
#[cfg(unix)]
pub fn on_end(end: impl FnOnce() + Send + 'static) -> io::Result<()> {
    use nix::sys::signal::{SigSet, Signal};

    let signals: SigSet = [Signal::SIGTERM, Signal::SIGINT].into_iter().collect();
    signals.thread_block()?;
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        // It fails for a set that is none.
        if signals.wait().is_ok() {
            end();
        }
    })?;
    Ok(())
}

/// Nothing: there are no such signals, and the system ends the program.
#[cfg(not(unix))]
#[allow(clippy::missing_errors_doc, clippy::unnecessary_wraps)]
pub fn on_end(_end: impl FnOnce() + Send + 'static) -> io::Result<()> {
    Ok(())
}
