//! `watch`: one audit after the other, until the program is asked to end.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::slice::from_ref;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use ephaudit_platform::on_end;

use super::input::is_stdin;
use super::output::{self, Content};
use super::{Failure, Screenful, exit, inspect, look, present};
use crate::cli::WatchArgs;
use crate::render::{self, Format, SCREEN};
use crate::wire::v1::Document;

/// How long an output file that is being put in place is waited for.
const LAST: Duration = Duration::from_secs(1);

/// What the program waits for.
enum WatchEvent {
    /// It is to end.
    End,
    /// An audit is done and written, or cannot be.
    Audited(Result<u8, Failure>),
}

/// Audits until it is asked to end; the exit code is the last audit's.
pub(super) fn run(args: WatchArgs) -> Result<u8, Failure> {
    if args.audit.show.read.facts.from.iter().any(|path| is_stdin(path)) {
        let why = "--from -: standard input ends, and watch reads again and again";
        return Err(Failure::Usage(why.to_owned()));
    }
    let (events, waits) = channel();
    let end = events.clone();
    on_end(move || {
        // Nobody waits any more where the program ends already.
        let _ = end.send(WatchEvent::End);
    })
    .map_err(|error| Failure::Output(format!("cannot wait for signals: {error}")))?;
    let args = Arc::new(args);
    let files =
        args.audit.show.report.output.output.is_some() || !args.audit.show.report.emit.is_empty();
    let (every, jitter) = (args.every, args.jitter);
    let (go, goes) = channel();
    thread::Builder::new()
        .name("audits".to_owned())
        .spawn(move || audits(&args, &goes, &events))
        .map_err(|error| Failure::Output(format!("cannot start a thread: {error}")))?;
    let mut code = exit::OK;
    loop {
        let start = Instant::now();
        // Its thread ends only with this function.
        let _ = go.send(());
        match waits.recv() {
            Ok(WatchEvent::Audited(done)) => code = done?,
            Ok(WatchEvent::End) | Err(_) => return last(&waits, files, code),
        }
        if output::reader_has_gone() {
            return Ok(code);
        }
        let period = every + part_of(jitter);
        match waits.recv_timeout(period.saturating_sub(start.elapsed())) {
            Err(RecvTimeoutError::Timeout) => {}
            Ok(_) | Err(RecvTimeoutError::Disconnected) => return Ok(code),
        }
    }
}

/// The end in the middle of an audit: at once, but a file is not left half in place.
fn last(waits: &Receiver<WatchEvent>, files: bool, code: u8) -> Result<u8, Failure> {
    match waits.recv_timeout(LAST) {
        Ok(WatchEvent::Audited(done)) if files => done,
        _ => Ok(code),
    }
}

/// An audit for each time that it is told to.
fn audits(args: &WatchArgs, goes: &Receiver<()>, events: &Sender<WatchEvent>) {
    let mut before = None;
    while goes.recv().is_ok() {
        let done = once(args, before.as_ref());
        let done = done.map(|(document, code)| {
            before = Some(document);
            code
        });
        if events.send(WatchEvent::Audited(done)).is_err() {
            return;
        }
    }
}

fn once(args: &WatchArgs, before: Option<&Document>) -> Result<(Document, u8), Failure> {
    let (document, code) = inspect(&args.audit)?;
    let report = &args.audit.show.report;
    // One line of the screen is for what changed.
    let mut lines = SCREEN;
    if report.format == Format::Table && !report.quiet && report.output.output.is_none() {
        lines -= 1;
        let seen = look(report, &report.output);
        let clear = output::is_terminal(&report.output) && output::moves_cursor();
        let head = render::watched(before, &document, clear, seen);
        output::write(&report.output, false, Content::Facts, || head)?;
    }
    present(from_ref(&document), report, None, Screenful { exit: Some(code), lines })?;
    Ok((document, code))
}

/// A part of a time, by chance.
fn part_of(most: Duration) -> Duration {
    let chance = RandomState::new().build_hasher().finish() % 1000;
    most.saturating_mul(u32::try_from(chance).unwrap_or_default()) / 1000
}
