//! Things to do about a finding.

use std::fmt;

/// When a step takes effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// On this host, at once.
    Now,
    /// On this host, from the next boot on.
    Boot,
    /// Where no setting of this host decides: in a program, in a policy, where a container is made.
    Elsewhere,
}

impl When {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Now, Self::Boot, Self::Elsewhere];

    /// The word in the report.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Now => "now",
            Self::Boot => "boot",
            Self::Elsewhere => "elsewhere",
        }
    }
}

/// A thing to do. Nothing of it is ever done by this tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// When it takes effect.
    pub when: When,
    /// What it is, without a colon at its end.
    pub words: String,
    /// The command that does it, or shows what is to be done.
    pub command: Option<String>,
}

impl Step {
    /// What takes effect at once.
    pub fn now(words: impl Into<String>) -> Self {
        Self { when: When::Now, words: words.into(), command: None }
    }

    /// What takes effect at the next boot.
    pub fn boot(words: impl Into<String>) -> Self {
        Self { when: When::Boot, words: words.into(), command: None }
    }

    /// What is done where no setting of this host decides.
    pub fn elsewhere(words: impl Into<String>) -> Self {
        Self { when: When::Elsewhere, words: words.into(), command: None }
    }

    /// With the command that does it.
    #[must_use]
    pub fn by(self, command: impl Into<String>) -> Self {
        Self { command: Some(command.into()), ..self }
    }
}

impl fmt::Display for Step {
    /// As one sentence: the command between backticks at its end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.command {
            Some(command) => write!(f, "{}: `{command}`", self.words),
            None => f.write_str(&self.words),
        }
    }
}
