//! What a command line of `ss` or `netstat` asks for.

use super::SocketPart;
use crate::parse::typed::echoed;
use crate::snapshot::{Family, Transport};

/// What is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shown {
    family: Option<Family>,
    /// TCP, UDP.
    transports: [bool; 2],
    /// Those that wait for others, and all others.
    parts: [bool; 2],
    /// Whether a filter of its own or another program left out some.
    filtered: bool,
}

impl Shown {
    /// The command of a line with a prompt.
    pub(super) fn of_command(line: &str) -> Option<Self> {
        ["ss", "netstat"].into_iter().find_map(|tool| {
            let words: Vec<&str> = echoed(line, tool)?.collect();
            Some(Self::of(tool, &words))
        })
    }

    /// The command that a name of sosreport was made of: `netstat_-W_-neopa`, `ss_-peaonmi`.
    pub(super) fn of_file(name: &str) -> Option<Self> {
        let file = name.rsplit('/').next().unwrap_or(name);
        let mut words = file.split('_');
        let tool = words.next().filter(|tool| matches!(*tool, "ss" | "netstat"))?;
        let words: Vec<&str> = words.collect();
        // A person's name for the file.
        let of_options = words.iter().all(|word| word.starts_with('-')) && !words.is_empty();
        of_options.then(|| Self::of(tool, &words))
    }

    fn of(tool: &str, words: &[&str]) -> Self {
        let short = |letter: char| {
            words.iter().any(|word| {
                word.strip_prefix('-')
                    .is_some_and(|letters| !letters.starts_with('-') && letters.contains(letter))
            })
        };
        let option = |letter: char, name: &str| short(letter) || words.contains(&name);
        let (tcp, udp) = (option('t', "--tcp"), option('u', "--udp"));
        let others = option('w', "--raw") || option('x', "--unix");
        let any = !tcp && !udp && !others;
        let listening = option('l', "--listening");
        let all = option('a', "--all");
        let (four, six) = (option('4', "--ipv4"), option('6', "--ipv6"));
        Self {
            family: match (four, six) {
                (true, false) => Some(Family::Ipv4),
                (false, true) => Some(Family::Ipv6),
                _ => None,
            },
            transports: [tcp || any, udp || any],
            parts: [all || listening, all || !listening],
            filtered: !words.iter().all(|word| is_known(tool, word)),
        }
    }

    /// Whether all of these are shown.
    pub(super) fn has(self, family: Family, transport: Transport, part: SocketPart) -> bool {
        !self.filtered
            && self.transports[transport as usize]
            && self.parts[part as usize]
            && self.family.is_none_or(|shown| shown == family)
    }

    /// The one transport that is shown.
    pub(super) const fn only(self) -> Option<Transport> {
        match self.transports {
            [true, false] => Some(Transport::Tcp),
            [false, true] => Some(Transport::Udp),
            _ => None,
        }
    }
}

/// Whether an option chooses nothing but transports, families and states, or says more of each
/// socket. Any other (`ss -S`, `netstat -s`) may list something else.
fn is_known(tool: &str, word: &str) -> bool {
    let letters = if tool == "ss" { "tuwx46alnroempibOZT" } else { "tuwx46alnpeoWvT" };
    match word.strip_prefix("--") {
        Some(name) => matches!(
            name,
            "tcp"
                | "udp"
                | "all"
                | "listening"
                | "numeric"
                | "processes"
                | "programs"
                | "extended"
                | "extend"
                | "options"
                | "timers"
                | "memory"
                | "info"
                | "ipv4"
                | "ipv6"
                | "wide"
        ),
        None => word
            .strip_prefix('-')
            .is_some_and(|some| !some.is_empty() && some.chars().all(|c| letters.contains(c))),
    }
}
