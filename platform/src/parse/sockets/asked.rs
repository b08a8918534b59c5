//! What a command line asks a list for, and whether all of it is shown.

use crate::parse::typed::{BLANKS, COMMAND_MAX, echoed};
use crate::snapshot::{Family, Transport};

/// What a command line asks of a list.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Asked {
    pub(super) command: Option<ListCommand>,
    family: Option<Family>,
    transport: Option<Transport>,
}

/// How a list was asked for.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ListCommand {
    /// Whether those that wait are in it.
    pub(super) all: bool,
    /// Whether it shows a part: of one process, one port, or what another program passed on.
    pub(super) partly: bool,
    pub(super) as_root: bool,
    pub(super) rows: AskedRows,
}

/// What is special about the rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum AskedRows {
    #[default]
    Plain,
    /// Each ends in a process.
    WithPids,
    /// They follow at once, without heads.
    Headless,
    /// All wait.
    Listening,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum ListTool {
    Netstat,
    Sockstat,
    Lsof,
    Fstat,
    Pfiles,
    NetTcp,
    NetUdp,
}

const TOOLS: [(&str, ListTool); 7] = [
    ("netstat", ListTool::Netstat),
    ("sockstat", ListTool::Sockstat),
    ("lsof", ListTool::Lsof),
    ("fstat", ListTool::Fstat),
    ("pfiles", ListTool::Pfiles),
    ("get-nettcpconnection", ListTool::NetTcp),
    ("get-netudpendpoint", ListTool::NetUdp),
];

impl Asked {
    /// Whether the rows are so.
    pub(super) fn rows_are(self, rows: AskedRows) -> bool {
        self.command.is_some_and(|command| command.rows == rows)
    }

    pub(super) fn of(line: &str) -> Option<Self> {
        if line.len() > COMMAND_MAX {
            return None;
        }
        let typed = line.rsplit(['>', '#', '$', '%']).next().unwrap_or_default().trim_start();
        let named = typed.split(BLANKS).next().unwrap_or_default();
        let named = named.strip_suffix(".exe").unwrap_or(named);
        let runs = |tool: &str| echoed(line, tool).is_some() || named.eq_ignore_ascii_case(tool);
        let (name, tool) = TOOLS.into_iter().find(|(name, _)| runs(name))?;
        let mut piped = typed.split('|');
        let words: Vec<&str> = piped
            .next()
            .unwrap_or_default()
            .split(BLANKS)
            .filter(|word| !word.is_empty())
            .collect();
        let mut asked = Self::default();
        let mut command = ListCommand {
            partly: !piped.all(|next| passes_all(next, tool)),
            as_root: line.contains('#') || line.contains("sudo ") || line.contains("doas "),
            ..ListCommand::default()
        };
        // `sudo` may stand before it.
        let at = words.iter().position(|word| word.to_ascii_lowercase().contains(name));
        let words = at.and_then(|at| words.get(at + 1..)).unwrap_or_default();
        match tool {
            ListTool::Netstat => asked.netstat(words, &mut command),
            ListTool::Sockstat => asked.sockstat(words, &mut command),
            ListTool::Lsof => asked.lsof(words, &mut command),
            ListTool::Fstat => {
                command.all = true;
                if typed.contains('|') {
                    command.rows = AskedRows::Headless;
                }
                command.partly |= words.iter().any(|word| !matches!(*word, "-n" | "-v"));
            }
            ListTool::Pfiles => command.partly = true,
            ListTool::NetTcp => {
                command.all = true;
                asked.transport = Some(Transport::Tcp);
                let of_listeners = matches!(words, [state, listen]
                    if state.eq_ignore_ascii_case("-State") && listen.eq_ignore_ascii_case("Listen"));
                if of_listeners {
                    command.rows = AskedRows::Listening;
                }
                command.partly |= !words.is_empty() && !of_listeners;
            }
            ListTool::NetUdp => {
                command.all = true;
                asked.transport = Some(Transport::Udp);
                command.partly |= !words.is_empty();
            }
        }
        Some(Self { command: Some(command), ..asked })
    }

    pub(super) const fn transport(self) -> Option<Transport> {
        self.transport
    }

    pub(super) fn takes_in(self, family: Family, transport: Transport) -> bool {
        self.family.is_none_or(|of| of == family) && self.transport.is_none_or(|of| of == transport)
    }

    /// A protocol's or family's name; `false` where it is none.
    fn narrow(&mut self, word: &str) -> bool {
        let (family, transport) = match word.to_ascii_lowercase().as_str() {
            "tcp" => (None, Some(Transport::Tcp)),
            "udp" => (None, Some(Transport::Udp)),
            "tcpv6" | "tcp6" => (Some(Family::Ipv6), Some(Transport::Tcp)),
            "udpv6" | "udp6" => (Some(Family::Ipv6), Some(Transport::Udp)),
            "tcp4" => (Some(Family::Ipv4), Some(Transport::Tcp)),
            "udp4" => (Some(Family::Ipv4), Some(Transport::Udp)),
            "inet" => (Some(Family::Ipv4), None),
            "inet6" => (Some(Family::Ipv6), None),
            _ => return false,
        };
        self.family = family.or(self.family);
        self.transport = transport.or(self.transport);
        true
    }

    fn netstat(&mut self, words: &[&str], command: &mut ListCommand) {
        for word in words {
            let Some(letters) = word.strip_prefix(['-', '/']) else {
                command.partly |= !self.narrow(word);
                continue;
            };
            command.all |= letters.contains('a');
            if letters.contains('o') && !letters.contains(['p', 't', 'u']) {
                command.rows = AskedRows::WithPids;
            }
            // Routes, statistics, interfaces and one jail's are other lists.
            command.partly |= letters.contains(['r', 's', 'i', 'I', 'm', 'g', 'M', 'N', 'j', 'L']);
        }
    }

    fn sockstat(&mut self, words: &[&str], command: &mut ListCommand) {
        let mut protocols = false;
        let (mut four, mut six, mut all) = (false, false, true);
        for word in words {
            if std::mem::take(&mut protocols) {
                let both = word.contains("tcp") && word.contains("udp");
                command.partly |= !both && !self.narrow(word);
                continue;
            }
            let letters = word.strip_prefix('-').unwrap_or("?");
            four |= letters.contains('4');
            six |= letters.contains('6');
            all &= !letters.contains('c');
            command.all |= letters.contains('l');
            protocols = letters.ends_with('P');
            let known = |letter: char| "46lcnvwWsSCiUPf".contains(letter);
            command.partly |= !letters.chars().all(known);
        }
        command.all |= all;
        self.family = match (four, six) {
            (true, false) => Some(Family::Ipv4),
            (false, true) => Some(Family::Ipv6),
            _ => None,
        };
    }

    fn lsof(&mut self, words: &[&str], command: &mut ListCommand) {
        command.all = true;
        let mut which = false;
        for word in words {
            let Some(letters) = word.strip_prefix('-') else {
                // `-i tcp`, and `+c 0`.
                let width = word.starts_with('+') || word.bytes().all(|byte| byte.is_ascii_digit());
                command.partly |= !(width || which && self.of_lsof(word));
                which = false;
                continue;
            };
            let (flags, of) = letters.split_once('i').unwrap_or((letters, ""));
            // `-nPi` and `-inP` are written too.
            let of = if of.chars().all(|letter| "nP".contains(letter)) { "" } else { of };
            which = letters.contains('i') && of.is_empty();
            if letters.eq_ignore_ascii_case("sTCP:LISTEN") {
                self.transport = Some(Transport::Tcp);
                continue;
            }
            command.partly |= !of.is_empty() && !self.of_lsof(of);
            command.partly |= !flags.chars().all(|letter| "nPwV".contains(letter));
        }
    }

    /// `4`, `6TCP`, `udp`: an address or a port makes it a part.
    fn of_lsof(&mut self, which: &str) -> bool {
        let rest = which.trim_start_matches(['4', '6']);
        match which.as_bytes().first() {
            Some(b'4') => self.family = Some(Family::Ipv4),
            Some(b'6') => self.family = Some(Family::Ipv6),
            _ => {}
        }
        rest.is_empty() || self.narrow(rest)
    }
}

/// Whether a program behind a pipe passes on every row as it is.
fn passes_all(command: &str, tool: ListTool) -> bool {
    let command = command.trim().to_ascii_lowercase();
    let mut words = command.split_ascii_whitespace();
    match words.next().unwrap_or_default() {
        "more" | "less" | "cat" | "tee" | "out-file" | "out-string" => true,
        "ft" | "fl" | "format-table" | "format-list" | "export-csv" | "convertto-csv" | "sort"
        | "sort-object" | "select" | "select-object" => {
            let part =
                |word: &str| ["-first", "-last", "-skip", "-unique", "-index"].contains(&word);
            matches!(tool, ListTool::NetTcp | ListTool::NetUdp) && !words.any(part)
        }
        // fstat(1) has all files; these rows are named so.
        "grep" => tool == ListTool::Fstat && words.eq(["internet"]),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> String {
        let Some(Asked { command: Some(command), family, transport }) = Asked::of(line) else {
            return "none".to_owned();
        };
        let mut words = vec![if command.partly { "part" } else { "whole" }.to_owned()];
        words.extend(command.all.then(|| "all".to_owned()));
        words.extend(command.as_root.then(|| "root".to_owned()));
        words.extend((command.rows == AskedRows::WithPids).then(|| "pids".to_owned()));
        words.extend(family.map(|family| format!("{family:?}")));
        words.extend(transport.map(|transport| transport.name().to_owned()));
        words.join(" ")
    }

    #[test]
    fn a_command_line_says_what_is_in_the_list() {
        for (line, wanted) in [
            ("$ netstat -an", "whole all"),
            ("C:\\>netstat -ano", "whole all pids"),
            ("C:\\>netstat.exe -ano -p UDPv6", "whole all pids Ipv6 udp"),
            ("$ netstat -an -f inet -p tcp", "whole all Ipv4 tcp"),
            ("$ netstat -an | grep LISTEN", "part all"),
            ("$ netstat -an | more", "whole all"),
            ("$ netstat -rn", "part"),
            ("$ netstat -an 5", "part all"),
            ("# sockstat -l", "whole all root"),
            ("# sockstat -4l", "whole all root Ipv4"),
            ("# sockstat -46c", "whole root"),
            ("# sockstat -l -P tcp", "whole all root tcp"),
            ("# sockstat -l -P tcp,udp", "whole all root"),
            ("# sockstat -l -p 22", "part all root"),
            ("# sockstat -l -j 1", "part all root"),
            ("# sockstat -L", "part all root"),
            ("% sudo lsof -i -nP", "whole all root"),
            ("% sudo lsof -nPi", "whole all root"),
            ("% sudo lsof -iTCP -sTCP:LISTEN -n -P +c 0", "whole all root tcp"),
            ("% sudo lsof -nP -i4UDP", "whole all root Ipv4 udp"),
            ("% sudo lsof -nP -i tcp", "whole all root tcp"),
            ("% sudo lsof -nP -i :8080", "part all root"),
            ("% sudo lsof -nP -iTCP:8080", "part all root"),
            ("% sudo lsof -nP -i -a -p 12", "part all root"),
            ("% sudo lsof -c sshd", "part all root"),
            ("puffy# fstat | grep internet", "whole all root"),
            ("puffy# fstat -p 12", "part all root"),
            ("# pfiles 812", "part root"),
            ("PS C:\\> Get-NetTCPConnection -State Listen | ft -AutoSize", "whole all tcp"),
            ("PS C:\\> Get-NetTCPConnection -LocalPort 80", "part all tcp"),
            ("PS C:\\> Get-NetTCPConnection | select -First 5", "part all tcp"),
            ("PS C:\\> Get-NetTCPConnection | ? State -eq Listen", "part all tcp"),
            ("PS C:\\> Get-NetUDPEndpoint | Sort-Object LocalPort", "whole all udp"),
            ("the sockets", "none"),
        ] {
            assert_eq!(of(line), wanted, "{line}");
        }
    }
}
