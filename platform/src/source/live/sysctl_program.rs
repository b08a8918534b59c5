//! OpenBSD, NetBSD and DragonFly BSD: sysctl(8), whose text is the same through every release where
//! the call's numbers and structures are not.

use super::{program, unasked};
use crate::ask::{Answer, Question};
use crate::snapshot::{Os, Source};

/// The OS this was compiled for.
#[cfg(target_os = "openbsd")]
pub(crate) const LIVE_OS: Os = Os::OpenBsd;
/// The OS this was compiled for.
#[cfg(target_os = "netbsd")]
pub(crate) const LIVE_OS: Os = Os::NetBsd;
/// The OS this was compiled for.
#[cfg(target_os = "dragonfly")]
pub(crate) const LIVE_OS: Os = Os::DragonFly;

/// By its path: what comes first in PATH is no business of an audit that root runs.
const SYSCTL: &str = "/sbin/sysctl";

/// Asks the running system.
pub(super) fn answer(question: Question<'_>) -> Answer {
    match question {
        Question::Tunable(name) => {
            let source = Source::Sysctl(name.to_owned().into());
            Answer::new(source, program::output(SYSCTL, &["-n", name], &[]))
        }
        _ => unasked(),
    }
}
