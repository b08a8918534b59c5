//! Lists of sockets as programs print them for people: `netstat -an` and its kin on every system,
//! `ss`, `sockstat`, `lsof -i -nP`, `fstat`, `Get-NetTCPConnection`, `pfiles`.
//!
//! A list says nothing of what it leaves out. What is needed to hold that all listeners of a
//! transport are in it is told beside the sockets: that a list of the form is there, what its
//! command line asked for, and which of its lines could not be read.

mod ends;
mod forms;

use std::net::IpAddr;

use super::sysctl_text::{BLANKS, COMMAND_MAX, echoed, lines};
use crate::snapshot::{Family, Transport};
use forms::{Form, ListLine, Waits};

/// More sockets than are kept of one text.
const SOCKETS_MAX: usize = 65_536;

/// A socket that waits for others: a TCP listener or an unconnected UDP socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Socket {
    /// The number of the line, from 1.
    pub(crate) line: usize,
    pub(crate) transport: Transport,
    pub(crate) address: IpAddr,
    pub(crate) port: u16,
    /// The process that holds it, where the list says so.
    pub(crate) pid: Option<u32>,
}

/// What the text lists.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) sockets: Vec<Socket>,
    /// The families and transports of which a whole list is in the text.
    pub(crate) whole: Vec<(Family, Transport)>,
    /// The first line of a list that could not be read, and what is wrong.
    pub(crate) damaged: Option<(usize, &'static str)>,
    /// The first line of a list.
    pub(crate) line: Option<usize>,
}

/// What a command line asks of a list, and whether all of it is shown.
#[derive(Debug, Clone, Copy, Default)]
struct Asked {
    command: Option<ListCommand>,
    family: Option<Family>,
    transport: Option<Transport>,
}

/// How a list was asked for.
#[derive(Debug, Clone, Copy)]
struct ListCommand {
    /// Whether those that wait are in it.
    all: bool,
    /// Whether another program passed on a part of it.
    filtered: bool,
    as_root: bool,
}

impl Asked {
    fn of(line: &str) -> Option<Self> {
        if line.len() > COMMAND_MAX {
            return None;
        }
        let tools = ["netstat", "sockstat", "lsof", "Get-NetTCPConnection"];
        let typed = line.rsplit(['>', '#', '$', '%']).next().unwrap_or_default().trim_start();
        let tool = tools.into_iter().find(|tool| {
            echoed(line, tool).is_some()
                || typed.split(BLANKS).next().is_some_and(|word| word.eq_ignore_ascii_case(tool))
        })?;
        let words: Vec<&str> = typed.split(BLANKS).skip(1).collect();
        let option = |letter: char| {
            words.iter().any(|word| word.starts_with(['-', '/']) && word.contains(letter))
        };
        let has = |word: &str| words.iter().any(|other| other.eq_ignore_ascii_case(word));
        let six =
            has("inet6") || has("tcpv6") || has("udpv6") || (tool == "sockstat" && option('6'));
        let four = has("inet") || has("tcp4") || (tool == "sockstat" && option('4'));
        let tcp = has("tcp") || has("tcpv6") || words.iter().any(|word| word.contains("TCP"));
        let udp = has("udp") || has("udpv6") || words.iter().any(|word| word.contains("UDP"));
        Some(Self {
            command: Some(ListCommand {
                all: match tool {
                    "netstat" => option('a'),
                    "sockstat" => !option('c') || option('l'),
                    _ => true,
                },
                filtered: line.contains('|'),
                as_root: line.contains('#') || line.contains("sudo ") || line.contains("doas "),
            }),
            family: match (four, six) {
                (true, false) => Some(Family::Ipv4),
                (false, true) => Some(Family::Ipv6),
                _ => None,
            },
            transport: match (tcp, udp) {
                (true, false) => Some(Transport::Tcp),
                (false, true) => Some(Transport::Udp),
                _ => None,
            },
        })
    }

    fn takes_in(self, family: Family, transport: Transport) -> bool {
        self.family.is_none_or(|of| of == family) && self.transport.is_none_or(|of| of == transport)
    }
}

/// A list while it is read.
#[derive(Clone, Copy)]
struct SocketList {
    form: Form,
    headed: bool,
    /// Whether its title says that those that wait are in it.
    servers: bool,
    asked: Asked,
    /// By family and transport: whether a socket was seen, and whether one that waits was.
    heads: [[bool; 2]; 2],
    waiting: [bool; 2],
}

const fn index(transport: Transport) -> usize {
    match transport {
        Transport::Tcp => 0,
        Transport::Udp => 1,
    }
}

impl SocketList {
    const fn new(form: Form, headed: bool, servers: bool, asked: Asked) -> Self {
        Self { form, headed, servers, asked, heads: [[false; 2]; 2], waiting: [false; 2] }
    }

    fn see(&mut self, transport: Transport, families: &[Family], waits: bool) {
        for family in families {
            self.heads[usize::from(*family == Family::Ipv6)][index(transport)] = true;
        }
        self.waiting[index(transport)] |= waits;
    }

    /// Whether every socket that waits is in it. A list without a command line is of the families
    /// that it shows, and has those that wait if it has one of them.
    fn is_whole(&self, family: Family, transport: Transport) -> bool {
        let heads = self.heads[usize::from(family == Family::Ipv6)][index(transport)];
        let command = self.asked.command;
        let of_form = match self.form {
            Form::Solaris(of, list_family) => of == transport && list_family == family,
            Form::NetTcp => transport == Transport::Tcp,
            Form::Lsof => command.is_some_and(|command| command.as_root),
            _ => true,
        };
        let all = command.is_some_and(|command| command.all);
        let waiting = all || self.servers || self.waiting[index(transport)];
        let family_shown = command.is_some() || heads || matches!(self.form, Form::Solaris(..));
        self.headed
            && !command.is_some_and(|command| command.filtered)
            && self.asked.takes_in(family, transport)
            && of_form
            && waiting
            && family_shown
    }
}

/// The lists of a text.
pub(crate) fn listed(text: &str) -> Listed {
    let mut reader = Reader::default();
    for line in lines(text) {
        reader.take(line.text.trim_matches(BLANKS), line.number, line.whole);
    }
    reader.end();
    let mut listed = reader.listed;
    if listed.damaged.is_some() {
        listed.whole.clear();
    }
    listed
}

#[derive(Default)]
struct Reader {
    listed: Listed,
    list: Option<SocketList>,
    asked: Asked,
    servers: bool,
    /// Whether the line above may be the heads of netstat of Windows, whatever the language.
    below_heads: bool,
}

impl Reader {
    fn end(&mut self) {
        let Some(list) = self.list.take() else { return };
        for &family in Family::ALL {
            for &transport in Transport::ALL {
                if list.is_whole(family, transport) {
                    self.listed.whole.push((family, transport));
                }
            }
        }
    }

    fn take(&mut self, line: &str, number: usize, whole: bool) {
        let below_heads = std::mem::take(&mut self.below_heads);
        if line.is_empty() {
            return self.end();
        }
        if let Some(asked) = Asked::of(line) {
            self.end();
            (self.asked, self.servers) = (asked, false);
            return;
        }
        if line.starts_with("Active ") || line.starts_with("Multipath") {
            self.end();
            self.servers = line.contains("(including servers)") || line.contains("(servers and");
            return;
        }
        if let Some(form) = Form::of_heads(line) {
            self.end();
            self.list = Some(SocketList::new(form, true, self.servers, self.asked));
            return;
        }
        if self.list.is_none() {
            self.list = Form::of_row(line).map(|form| {
                SocketList::new(form, below_heads && form == Form::Windows, false, self.asked)
            });
        }
        let Some(list) = &mut self.list else {
            self.below_heads = is_heads(line);
            return;
        };
        match list.form.row(line) {
            ListLine::Other if whole && !list.form.is_of_list(line) => return,
            ListLine::Other if whole => {
                self.listed.damaged.get_or_insert((number, "this row of the list is damaged"));
            }
            ListLine::Other | ListLine::Connection(..) if !whole => {
                self.listed.damaged.get_or_insert((number, "the list is cut here"));
            }
            ListLine::Other => return,
            ListLine::Damaged(what) => {
                self.listed.damaged.get_or_insert((number, what));
            }
            ListLine::Connection(transport, families) => list.see(transport, families, false),
            ListLine::Socket(_) if !whole || self.listed.sockets.len() == SOCKETS_MAX => {
                self.listed.damaged.get_or_insert((number, "the list is cut here"));
            }
            ListLine::Socket(Waits { transport, families, address, port, pid }) => {
                list.see(transport, families, true);
                self.listed.sockets.push(Socket { line: number, transport, address, port, pid });
            }
        }
        self.listed.line.get_or_insert(number);
    }
}

/// Some words and no number.
fn is_heads(line: &str) -> bool {
    line.split_ascii_whitespace().count() >= 3
        && !line.contains(|c: char| c.is_ascii_digit() || matches!(c, '>' | ':' | '.'))
}

#[cfg(test)]
mod tests;
