//! A system whose listeners are not read.

use crate::ask::{OpenSockets, Refusal, Reply};
use crate::snapshot::{Family, Reason, Source, Transport, Why};

/// That they are not read.
pub(super) fn listeners(_family: Family, _transport: Transport) -> Reply<OpenSockets> {
    let why = Why::new(Reason::Unsupported, "listeners are not read on this system");
    Reply::new(Source::Command("netstat -an".into()), Err(Refusal::Failed(why)))
}
