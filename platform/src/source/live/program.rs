//! What a program of the system prints: by its absolute path, without a shell, with an empty
//! environment, and bounded.

// the only file that may: clippy.toml
#![allow(clippy::disallowed_types)]

use std::io::{self, ErrorKind, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crate::ask::{Outcome, Refusal};
use crate::snapshot::{Reason, Why};

/// How long a program may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long one that closed its output is left alone before it is looked at again.
const PAUSE: Duration = Duration::from_millis(1);
/// The most that is read of its output, in bytes: a list of all ports has 382,106.
const OUTPUT: u64 = 1024 * 1024;

/// Its standard output, where it ends well and in time. Of the environment it gets `variables`
/// alone.
pub(super) fn output(path: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Outcome {
    let why = |reason, detail: String| {
        Why::new(reason, format!("{path} {}: {detail}", arguments.join(" ")))
    };
    let failed = |reason, detail: String| Err(Refusal::Failed(why(reason, detail)));
    let late = || failed(Reason::TimedOut, format!("took more than {} s", PATIENCE.as_secs()));
    let deadline = Instant::now() + PATIENCE;
    let started = Command::new(path)
        .args(arguments)
        .env_clear()
        .env("LC_ALL", "C")
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let mut child = match started {
        Ok(child) => child,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return failed(Reason::MissingTool, "there is no such program".to_owned());
        }
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            return failed(Reason::Denied, error.to_string());
        }
        Err(error) => return failed(Reason::Unsupported, error.to_string()),
    };
    let Some(pipe) = child.stdout.take() else {
        return failed(Reason::Unsupported, "it has no output".to_owned());
    };
    // The reader ends with the pipe: where the program is killed, the kernel closes it.
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let read = pipe.take(OUTPUT + 1).read_to_end(&mut bytes);
        // Nobody listens any more where it came too late.
        let _ = sender.send(read.map(|_| bytes));
    });
    let read = receiver.recv_timeout(PATIENCE);
    let whole = matches!(&read, Ok(Ok(bytes)) if bytes.len() as u64 <= OUTPUT);
    let ended = end(&mut child, if whole { deadline } else { Instant::now() });
    match (read, ended) {
        (Err(_), _) => late(),
        (Ok(Err(error)), _) | (_, Err(error)) => failed(Reason::Unsupported, error.to_string()),
        (Ok(Ok(bytes)), _) if bytes.len() as u64 > OUTPUT => {
            failed(Reason::Truncated, format!("printed more than {OUTPUT} bytes"))
        }
        (_, Ok(None)) => late(),
        (Ok(Ok(bytes)), Ok(Some(status))) if status.success() => Ok(bytes),
        (Ok(Ok(bytes)), Ok(Some(status))) => {
            let why = why(Reason::Unsupported, format!("ended with {status}"));
            // netsh says there what is wrong
            Err(Refusal::Failed(if bytes.is_empty() { why } else { why.with_raw(&bytes) }))
        }
    }
}

/// How it ended by itself, or `None` where it had to be killed at the deadline.
fn end(child: &mut Child, deadline: Instant) -> io::Result<Option<ExitStatus>> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= deadline {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(PAUSE);
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;

    fn why(outcome: Outcome) -> Why {
        match outcome {
            Err(Refusal::Failed(why)) => why,
            other => panic!("{other:?}"),
        }
    }

    fn reason(path: &str, arguments: &[&str]) -> Reason {
        why(output(path, arguments, &[])).reason
    }

    #[test]
    fn a_program_that_ends_well_is_believed_and_no_other() {
        assert_eq!(output("/bin/echo", &["10000"], &[]), Ok(b"10000\n".to_vec()));
        assert_eq!(reason("/bin/false", &[]), Reason::Unsupported);
        assert_eq!(reason("/nonexistent/sysctl", &[]), Reason::MissingTool);
        assert_eq!(reason("/etc/passwd", &[]), Reason::Denied);
    }

    #[test]
    fn what_it_printed_before_it_failed_is_told() {
        let why = why(output("/bin/sh", &["-c", "echo Access is denied.; exit 1"], &[]));
        assert_eq!(why.raw.as_deref(), Some("Access is denied.\n"));
        assert!(why.detail.contains("exit status: 1"), "{}", why.detail);
    }

    #[test]
    fn one_that_never_ends_or_prints_for_ever_is_stopped() {
        assert_eq!(reason("/bin/sleep", &["600"]), Reason::TimedOut);
        assert_eq!(reason("/bin/cat", &["/dev/zero"]), Reason::Truncated);
        let silent = "exec >/dev/null; sleep 600";
        assert_eq!(reason("/bin/sh", &["-c", silent]), Reason::TimedOut);
    }

    #[test]
    fn nothing_of_the_environment_is_handed_on() {
        assert_eq!(output("/usr/bin/env", &[], &[]), Ok(b"LC_ALL=C\n".to_vec()));
    }
}
