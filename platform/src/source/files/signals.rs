//! Signals that wait.

use nix::sys::signal::{SigSet, SigmaskHow, Signal};

/// What ends a program from outside; KILL waits for nobody.
const ENDING: [Signal; 4] = [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP, Signal::SIGQUIT];

/// As long as it lives, what would end the program waits: a file with a name for a moment only is
/// not left behind. A signal that is ignored stays ignored, as nohup(1) has it.
pub(super) struct HeldSignals(Option<SigSet>);

pub(super) fn hold() -> HeldSignals {
    HeldSignals(ENDING.into_iter().collect::<SigSet>().thread_swap_mask(SigmaskHow::SIG_BLOCK).ok())
}

impl Drop for HeldSignals {
    fn drop(&mut self) {
        // It fails for a set that is none, and this one the system gave.
        let _ = self.0.map(|before| before.thread_set_mask());
    }
}

/// A write above the limit fails with EFBIG where SIGXFSZ is blocked: setrlimit(2).
pub(super) fn hold_size_limit() {
    // It fails for a set that is none.
    let _ = SigSet::from(Signal::SIGXFSZ).thread_block();
}
