//! What is to be known of a plan beside its figures.

use ephaudit_platform::snapshot::{Reading, Scope};

use super::Proposal;
use super::space::Space;
use crate::text::{counted, spans};

/// The remarks that apply, the gravest first.
pub fn remarks(scope: &Scope, space: &Space, proposal: &Proposal) -> Vec<String> {
    let mut remarks = Vec::new();
    let solution = &proposal.solution;
    if solution.blocks > 0 {
        remarks.push(format!(
            "reserved in blocks, with {} more than services need: `sysctl -w` cuts a longer list",
            counted(solution.blocks, "port")
        ));
    }
    if !proposal.settled {
        remarks.push(
            "which listeners are fixed services hangs on the range, and did not settle: plan again \
             after the change"
                .to_owned(),
        );
    }
    if solution.range != space.range() {
        if proposal.newly.is_empty() {
            remarks.push(
                "filters and NAT rules for the old range match the planned one too".to_owned(),
            );
        } else {
            remarks.push(format!(
                "filters and NAT rules for the old range do not match {}",
                spans(&proposal.newly)
            ));
        }
        remarks.push(
            "open connections keep their ports, and what reads the range at its start keeps that"
                .to_owned(),
        );
    }
    if !proposal.added.is_empty() {
        if let Some(Reading::Known { value: true, .. }) = scope.nat.as_ref().map(|n| &n.forwards) {
            remarks.push(
                "the host passes packets on: source NAT does not look at the list of reserved ports"
                    .to_owned(),
            );
        }
    }
    remarks
}
