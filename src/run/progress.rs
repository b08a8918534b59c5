//! A word on a terminal's standard error while something takes longer than a second.

use std::io::{self, IsTerminal, Write};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// As long as it lives, what is done is said once a second, and its line is empty afterwards.
/// Nothing is said where nobody looks.
pub(super) struct Progress(Option<(Sender<()>, JoinHandle<()>)>);

impl Progress {
    pub(super) fn of(what: &'static str) -> Self {
        if !io::stderr().is_terminal() {
            return Self(None);
        }
        let (done, waits) = channel::<()>();
        let start = Instant::now();
        let say = move || {
            let mut said = false;
            while waits.recv_timeout(Duration::from_secs(1)) == Err(RecvTimeoutError::Timeout) {
                said = true;
                let _ = write!(io::stderr(), "\r{what}, {} s ", start.elapsed().as_secs());
            }
            if said {
                let _ = write!(io::stderr(), "\r{:width$}\r", "", width = what.len() + 12);
            }
        };
        // Where no thread starts, nothing is said.
        Self(thread::Builder::new().spawn(say).ok().map(|thread| (done, thread)))
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some((done, thread)) = self.0.take() {
            drop(done);
            // It only writes.
            let _ = thread.join();
        }
    }
}
