//! Failures, as the caller can hear them: a monitoring system reads standard output and knows only
//! its own exit codes.

use std::ffi::OsString;

use clap::ValueEnum;

use super::{Failure, environment, exit, output};
use crate::render::Format;

/// Says why there is no report; the exit code.
pub(super) fn fail(failure: Failure, format: Option<Format>) -> u8 {
    let (line, code) = match failure {
        Failure::Usage(line) => (line, exit::USAGE),
        Failure::Output(line) => (line, exit::OUTPUT),
    };
    if let Some((complaint, code)) = format.and_then(|format| format.complaint(&line)) {
        if output::to_stdout(&complaint).is_err() {
            output::complain(&line);
        }
        return code;
    }
    output::complain(&line);
    code
}

/// The format that a command line with a mistake in it asks for: the last that it names, else the
/// environment's.
pub(super) fn asked_for(args: impl IntoIterator<Item = OsString>) -> Option<Format> {
    let mut args = args.into_iter().take_while(|arg| arg != "--");
    let mut named = None;
    while let Some(arg) = args.next() {
        if arg == "--format" {
            named = args.next().or(named);
        } else if let Some(name) = arg.to_str().and_then(|arg| arg.strip_prefix("--format=")) {
            named = Some(name.into());
        }
    }
    let named = named.or_else(environment::format)?;
    Format::from_str(named.to_str()?, false).ok()
}
