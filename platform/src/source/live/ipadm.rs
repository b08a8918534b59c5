//! illumos and Solaris 11: ipadm(8).

use super::{program, unasked};
use crate::ask::{Answer, Outcome, Question, Refusal};
use crate::parse::ipadm;
use crate::snapshot::{Os, Source, Why};

/// The OS this was compiled for.
pub(crate) const LIVE_OS: Os = if cfg!(target_os = "solaris") { Os::Solaris } else { Os::Illumos };

/// By its path: what comes first in PATH is no business of an audit that root runs.
const IPADM: &str = "/usr/sbin/ipadm";

/// Asks the running system.
pub(super) fn answer(question: Question<'_>) -> Answer {
    match question {
        Question::Tunable(name) => {
            let (protocol, property) = name.split_once('/').unwrap_or(("ip", name));
            let arguments = ["show-prop", "-p", property, protocol];
            let command = format!("{IPADM} {}", arguments.join(" "));
            let outcome =
                program::output(IPADM, &arguments, &[]).and_then(|bytes| current(name, &bytes));
            Answer::new(Source::Command(command.into()), outcome)
        }
        _ => unasked(),
    }
}

/// The column CURRENT of the one row that was asked for.
fn current(name: &str, bytes: &[u8]) -> Outcome {
    let text = String::from_utf8_lossy(bytes);
    let mut rows = ipadm::rows(&text);
    let row = rows.find(|row| format!("{}/{}", row.proto, row.property) == name);
    match row.as_ref().and_then(|row| row.current.value()) {
        Some(value) => Ok(value.as_bytes().to_vec()),
        None => Err(Refusal::Failed(Why::unparsable("ipadm did not print this row", bytes))),
    }
}
