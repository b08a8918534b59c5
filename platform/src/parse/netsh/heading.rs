//! What stands above a table of netsh: its title, and the command line that a prompt echoed.

use super::{Damage, Kind, Store};
use crate::parse::lines::Line;
use crate::snapshot::{Family, Transport};

/// What stands above a table, back to the last table or command line.
#[derive(Default)]
pub(super) struct Above<'a> {
    command: Option<EchoedCommand>,
    /// How many lines that are not blank.
    lines: usize,
    /// The last two of them, the latest first.
    latest: [Option<Line<'a>>; 2],
}

/// What a table is of, by what stands above it.
pub(super) struct Heading {
    /// The line of the title, or of the table where there is no title.
    pub(super) line: usize,
    pub(super) transport: Option<Transport>,
    pub(super) family: Option<Family>,
    pub(super) store: Option<Store>,
    /// Whether the command line right above asked for such a table.
    pub(super) asked: bool,
}

impl<'a> Above<'a> {
    pub(super) fn push(&mut self, line: Line<'a>) {
        if line.text.is_empty() {
            return;
        }
        if let Some(command) = EchoedCommand::echoed(line.text) {
            *self = Self { command: Some(command), ..Self::default() };
        } else {
            self.lines = self.lines.saturating_add(1);
            self.latest = [Some(line), self.latest[0]];
        }
    }

    /// The title stands `depth` lines above `start`: the heads of two columns come between it and a
    /// rule, and nothing where the rule is lost.
    ///
    /// An echoed command line belongs to the table only where nothing else stands between them.
    /// Otherwise it is that of a command that failed, with its error text.
    pub(super) fn heading(
        &self,
        kind: Kind,
        depth: usize,
        start: Line<'_>,
    ) -> Result<Heading, Damage> {
        let title = self.latest.get(depth - 1).copied().flatten();
        let named = title.and_then(|title| only(words(title.text).filter_map(titled)));
        let line = title.or(self.latest[0]).unwrap_or(start).number;
        let command = self.command.as_ref().filter(|_| self.lines <= depth);
        let command = command.filter(|command| command.kind.is_none_or(|asked| asked == kind));
        let asked = command.and_then(|command| command.transport);
        if named.is_some() && asked.is_some() && named != asked {
            return Err(Damage { line, what: "the title and the command line above disagree" });
        }
        Ok(Heading {
            line,
            transport: named.or(asked),
            family: command.and_then(|command| command.family),
            store: command.and_then(|command| command.store),
            asked: command.is_some_and(|command| command.kind == Some(kind)),
        })
    }

    /// Whether the last line is a sentence that may be a title.
    pub(super) fn ends_in_a_title(&self) -> bool {
        self.latest[0].is_some_and(|line| {
            only(words(line.text).filter_map(titled)).is_some()
                && !line.text.iter().any(|byte| b":=$#>/.".contains(byte))
        })
    }
}

/// A command line that a prompt echoed: `C:\>netsh int ipv6 show dynamicport tcp`, or in netsh's
/// own shell `netsh interface ipv4>show excludedportrange udp store=persistent`.
pub(super) struct EchoedCommand {
    /// The table that it shows, where it is one of ours.
    kind: Option<Kind>,
    transport: Option<Transport>,
    family: Option<Family>,
    store: Option<Store>,
}

impl EchoedCommand {
    /// Where a line says two things, as one with two commands does, it says neither.
    pub(super) fn echoed(text: &[u8]) -> Option<Self> {
        let mut arguments = words(text);
        arguments.find(|word| word.eq_ignore_ascii_case(b"netsh"))?;
        let family = |word: &[u8]| match word.to_ascii_lowercase().as_slice() {
            // `netsh interface ip` is the older name of ipv4's context.
            b"ipv4" | b"ip" => Some(Family::Ipv4),
            b"ipv6" => Some(Family::Ipv6),
            _ => None,
        };
        let store = |word: &[u8]| match word.to_ascii_lowercase().as_slice() {
            b"active" => Some(Store::Active),
            b"persistent" => Some(Store::Persistent),
            _ => None,
        };
        // netsh takes the beginnings of its words.
        let kind = |word: &[u8]| match word.to_ascii_lowercase().as_slice() {
            [b'd', b'y', b'n', ..] => Some(Kind::DynamicPort),
            [b'e', b'x', b'c', ..] => Some(Kind::ExcludedPorts),
            _ => None,
        };
        let shows = arguments.clone().any(|word| {
            let word = word.to_ascii_lowercase();
            word.len() > 1 && b"show".starts_with(&word)
        });
        Some(Self {
            kind: only(arguments.clone().filter_map(kind)).filter(|_| shows),
            transport: only(arguments.clone().filter_map(transport)),
            family: only(arguments.clone().filter_map(family)),
            store: only(arguments.filter_map(store)),
        })
    }
}

fn transport(word: &[u8]) -> Option<Transport> {
    let is = |transport: &Transport| word.eq_ignore_ascii_case(transport.name().as_bytes());
    Transport::ALL.iter().copied().find(is)
}

/// The transport of a title. netsh puts in what was asked for, in lower case in all languages; the
/// titles of its statistics and global parameters have `TCP` as a word of their own.
fn titled(word: &[u8]) -> Option<Transport> {
    let is = |transport: &Transport| word == transport.name().as_bytes();
    Transport::ALL.iter().copied().find(is)
}

/// ASCII words. The letters among the trail bytes of the East Asian code pages can hide a word that
/// no blank or quotation mark sets off, but cannot make one of three letters.
fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> + Clone {
    text.split(|byte| !byte.is_ascii_alphanumeric()).filter(|word| !word.is_empty())
}

/// What all items say, if they agree.
fn only<T: PartialEq>(mut items: impl Iterator<Item = T>) -> Option<T> {
    let first = items.next()?;
    items.all(|item| item == first).then_some(first)
}
