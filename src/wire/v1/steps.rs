//! What can be done, as the contract has it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Finding, Word, closed};
use crate::report;

/// A thing to do. Nothing of it is ever done by this tool.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Step {
    /// When it takes effect: "now" and "boot" on this host, "elsewhere" where no setting of this
    /// host decides.
    #[schemars(extend("enum" = closed::moments()))]
    pub when: Word,
    /// What it is.
    pub text: String,
    /// The command that does it, or shows what is to be done; null where there is none.
    pub command: Option<String>,
}

pub(super) fn step(step: &report::Step) -> Step {
    Step { when: step.when.name().into(), text: step.words.clone(), command: step.command.clone() }
}

/// The same as sentences.
pub(super) fn sentences(steps: &[report::Step]) -> Vec<String> {
    steps.iter().map(ToString::to_string).collect()
}

impl Finding {
    /// What can be done, each with its command. Reports from before there were `steps` have
    /// sentences alone.
    pub fn to_do(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        let of_before = if self.steps.is_empty() { &*self.remediation } else { &[] };
        let steps = self.steps.iter().map(|step| (&*step.text, step.command.as_deref()));
        steps.chain(of_before.iter().map(|sentence| taken_apart(sentence)))
    }
}

/// A sentence, and the command between backticks that it may end in.
fn taken_apart(sentence: &str) -> (&str, Option<&str>) {
    match sentence.strip_suffix('`').and_then(|sentence| sentence.rsplit_once('`')) {
        Some((text, command)) => (text.trim_end().trim_end_matches(':'), Some(command)),
        None => (sentence, None),
    }
}

#[cfg(test)]
mod tests {
    use super::taken_apart;

    #[test]
    fn sentences_of_before_end_in_their_command() {
        assert_eq!(taken_apart("now: `sysctl -w a=1`"), ("now", Some("sysctl -w a=1")));
        assert_eq!(taken_apart("(first `a`): `b`"), ("(first `a`)", Some("b")));
        assert_eq!(taken_apart("move the service"), ("move the service", None));
        assert_eq!(taken_apart("`"), ("`", None));
    }
}
