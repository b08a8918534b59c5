//! The line of a Checkmk local check: state, service, figures, text. The state is in the line, and
//! the exit code is 0.
//!
//! <https://docs.checkmk.com/latest/en/localchecks.html>

use super::nagios::{self, Metric, PluginState};
use crate::wire::v1::Document;

/// The line.
pub fn render(document: &Document) -> Vec<u8> {
    // Figures without a unit, and without levels: those would be numbers, and here a low figure is
    // the bad one.
    let metrics: Vec<String> = nagios::metrics(document)
        .into_iter()
        .map(|Metric { name, value, .. }| format!("{name}={value}"))
        .collect();
    let text = std::iter::once(nagios::summary(document)).chain(nagios::details(document));
    line(nagios::state(document), &metrics.join("|"), &text.collect::<Vec<_>>())
}

/// The line where there is no report.
pub fn complaint(why: &str) -> Vec<u8> {
    line(PluginState::Unknown, "-", &[nagios::flat(why)])
}

/// `\n` is how Checkmk tells one line of text from the next: no backslash of the text itself may
/// make one.
fn line(state: PluginState, metrics: &str, text: &[String]) -> Vec<u8> {
    let text: Vec<String> = text.iter().map(|line| line.replace('\\', "/")).collect();
    format!("{} \"Ephemeral_ports\" {metrics} {}\n", state.code(), text.join("\\n")).into_bytes()
}
