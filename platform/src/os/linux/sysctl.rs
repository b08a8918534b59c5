//! One sysctl of a namespace.

use crate::ask::{Answer, Ask, Question, Refusal};
use crate::snapshot::{Reading, Reason, Why};

/// Reads one knob. `before_its_time` says whether the kernel is older than the knob, where that is
/// known: then, and only then, a file that isn't there means that there is no such knob.
pub(super) fn sysctl<T>(
    ask: &dyn Ask,
    name: &str,
    before_its_time: Option<bool>,
    parse: impl Fn(&[u8]) -> Result<T, Why>,
) -> Reading<T> {
    let Answer { source, outcome } = ask.ask(Question::Tunable(name));
    let parsed = match outcome {
        Ok(bytes) => parse(&bytes),
        Err(Refusal::NotFound(_)) if before_its_time == Some(true) => {
            return Reading::Absent { source };
        }
        Err(Refusal::NotFound(detail)) => Err(Why::new(
            Reason::Unsupported,
            format!("{detail}; is /proc/sys hidden here, or kept from this namespace?"),
        )),
        Err(Refusal::Failed(why)) => Err(why),
    };
    Reading::new(source, parsed)
}
