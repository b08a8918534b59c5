//! What a program of the system prints: by its absolute path, without a shell, with an empty environment, and bounded.

use std::io::{ErrorKind, Read};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::ask::{Outcome, Refusal};
use crate::snapshot::{Reason, Why};

/// How long a program may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// The most that is read of its output, in bytes: a list of all ports has 382,106.
const OUTPUT: u64 = 1024 * 1024;

/// Its standard output, where it ends well and in time.
pub(super) fn output(path: &str, arguments: &[&str]) -> Outcome {
    let failed = |reason, detail: String| {
        Err(Refusal::Failed(Why::new(reason, format!("{path} {}: {detail}", arguments.join(" ")))))
    };
    let started = Command::new(path)
        .args(arguments)
        .env_clear()
        .env("LC_ALL", "C")
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
    if !matches!(&read, Ok(Ok(bytes)) if bytes.len() as u64 <= OUTPUT) {
        // It may have ended by itself.
        let _ = child.kill();
    }
    let ended = child.wait();
    match (read, ended) {
        (Err(_), _) => failed(Reason::TimedOut, format!("took more than {} s", PATIENCE.as_secs())),
        (Ok(Err(error)), _) | (_, Err(error)) => failed(Reason::Unsupported, error.to_string()),
        (Ok(Ok(bytes)), _) if bytes.len() as u64 > OUTPUT => {
            failed(Reason::Truncated, format!("printed more than {OUTPUT} bytes"))
        }
        (Ok(Ok(bytes)), Ok(status)) if status.success() => Ok(bytes),
        (_, Ok(status)) => failed(Reason::Unsupported, format!("ended with {status}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(outcome: Outcome) -> Reason {
        match outcome {
            Err(Refusal::Failed(why)) => why.reason,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_program_that_ends_well_is_believed_and_no_other() {
        assert_eq!(output("/bin/echo", &["10000"]), Ok(b"10000\n".to_vec()));
        assert_eq!(reason(output("/bin/false", &[])), Reason::Unsupported);
        assert_eq!(reason(output("/nonexistent/sysctl", &[])), Reason::MissingTool);
        assert_eq!(reason(output("/etc/passwd", &[])), Reason::Denied);
    }

    #[test]
    fn one_that_never_ends_or_prints_for_ever_is_stopped() {
        assert_eq!(reason(output("/bin/sleep", &["600"])), Reason::TimedOut);
        assert_eq!(reason(output("/bin/cat", &["/dev/zero"])), Reason::Truncated);
    }

    #[test]
    fn nothing_of_the_environment_is_handed_on() {
        assert_eq!(output("/usr/bin/env", &[]), Ok(b"LC_ALL=C\n".to_vec()));
    }
}
