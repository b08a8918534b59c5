//! Whether TCP ports must come from the parity that goes first.

use crate::ask::{Ask, Question, Refusal};
use crate::parse::sockstat::counter;

/// Steps of a random width between connect() calls, whatever the parity; 0 is off. Newer than Linux 6.18.
const STEP_WIDTH: &str = "net.ipv4.ip_local_port_step_width";
const SOCKSTAT: &str = "/proc/thread-self/net/sockstat";

/// How many TCP ports can be in use at most, where connect() does not step at random; `None` where that can't be told.
///
/// `inuse` leaves out sockets that are bound and nothing else. `alloc` counts every TCP socket of the machine, of both
/// families, but those in TIME_WAIT.
pub(in crate::os) fn ports_in_use_at_most(ask: &Ask<'_>) -> Option<u32> {
    match ask(Question::Tunable(STEP_WIDTH)).outcome {
        Ok(text) if text.trim_ascii() == b"0" => {}
        Err(Refusal::NotFound(_)) => {}
        _ => return None,
    }
    let text = ask(Question::File(SOCKSTAT)).outcome.ok()?;
    let text = String::from_utf8_lossy(&text);
    let number = |key| counter(&text, "TCP", key).ok();
    number("alloc")?.checked_add(number("tw")?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ask::{Answer, Outcome};
    use crate::snapshot::Source;

    fn with(step_width: &Outcome, sockstat: &str) -> Option<u32> {
        ports_in_use_at_most(&|question| {
            let outcome = match question {
                Question::Tunable(STEP_WIDTH) => step_width.clone(),
                Question::File(SOCKSTAT) => Ok(sockstat.as_bytes().to_vec()),
                other => panic!("{other:?}"),
            };
            Answer::new(Source::File("test".into()), outcome)
        })
    }

    #[test]
    fn every_socket_counts_and_random_steps_prove_nothing() {
        let missing = || Err(Refusal::NotFound("missing".to_owned()));
        let text = "TCP: inuse 1 orphan 0 tw 5 alloc 900 mem 9\n";
        assert_eq!(with(&missing(), text), Some(905));
        assert_eq!(with(&Ok(b"0\n".to_vec()), text), Some(905));
        assert_eq!(with(&Ok(b"64\n".to_vec()), text), None);
        assert_eq!(with(&missing(), "TCP: inuse 1 orphan 0 tw 5\n"), None);
    }
}
