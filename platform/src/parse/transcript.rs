//! Which lines of a text are commands: what is told again behind one replaces what was told before
//! it, as before and after a change.

use super::typed::{COMMAND_MAX, echoed};

/// The place of a value among the commands of all texts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Epoch {
    /// Which text.
    piece: usize,
    /// How many commands stand before it there.
    commands: usize,
    /// The line.
    line: usize,
}

impl Epoch {
    /// Whether it is told later than another, by somebody who looked again.
    pub(crate) const fn follows(self, before: Self) -> bool {
        self.piece == before.piece && self.commands > before.commands
    }

    /// Whether it stands behind another in the same text.
    pub(crate) const fn is_behind(self, before: Self) -> bool {
        self.piece == before.piece && self.line > before.line
    }
}

/// The commands of one text.
pub(crate) struct Transcript {
    piece: usize,
    lines: Vec<usize>,
}

impl Transcript {
    /// The commands of text number `piece`.
    pub(crate) fn of(piece: usize, text: &str) -> Self {
        let lines = text.lines().zip(1..).filter(|(line, _)| is_command(line));
        Self { piece, lines: lines.map(|(_, number)| number).collect() }
    }

    /// Where a line stands among them.
    pub(crate) fn at(&self, line: usize) -> Epoch {
        Epoch { piece: self.piece, commands: self.commands_above(line), line }
    }

    /// The same of what follows nothing that was told before it.
    pub(crate) const fn of_no_command(&self, line: usize) -> Epoch {
        Epoch { piece: self.piece, commands: 0, line }
    }

    /// Whether there is any.
    pub(crate) fn has_commands(&self) -> bool {
        !self.lines.is_empty()
    }

    /// How many commands stand above a line.
    pub(crate) fn commands_above(&self, line: usize) -> usize {
        self.lines.partition_point(|command| *command < line)
    }
}

/// The programs of Unix whose output is read.
const TOOLS: [&str; 4] = ["sysctl", "no", "ndd", "ipadm"];
/// What a command line of Windows has in it.
const OF_WINDOWS: [&str; 6] = [
    "netsh ",
    "netsh interface",
    "reg query",
    "reg.exe query",
    "get-nettcpsetting",
    "get-netudpsetting",
];

fn is_command(line: &str) -> bool {
    let runs = |tool: &str| {
        echoed(line, tool).is_some_and(|mut words| {
            // `no` is a word too.
            tool != "no" || words.next().is_some_and(|word| word.starts_with('-'))
        })
    };
    if line.len() > COMMAND_MAX {
        return false;
    }
    let lower = line.to_ascii_lowercase();
    // `sysctl --system` and `-p` say which file they apply next.
    let applies = line.starts_with("* Applying ");
    applies
        || super::shown::is_command(line)
        || OF_WINDOWS.iter().any(|words| lower.contains(words))
        || TOOLS.into_iter().any(runs)
}
