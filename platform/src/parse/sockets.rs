//! Lists of sockets as programs print them for people: `netstat -an` and its kin on every system,
//! `ss`, `sockstat`, `lsof -i -nP`, `fstat`, `Get-NetTCPConnection`, `pfiles`.
//!
//! A list says nothing of what it leaves out. What is needed to hold that all listeners of a
//! transport are in it is told beside the sockets: that a list of the form is there, what its
//! command line asked for, and which of its lines could not be read.

mod asked;
mod census;
mod ends;
mod forms;
mod list_line;
mod net;
mod pfiles;
mod rows;
mod windows;

use std::net::{IpAddr, SocketAddr};

use super::sysctl_text::lines;
use super::typed::BLANKS;
use crate::snapshot::{Family, Transport};
use asked::{Asked, AskedRows};
use forms::Form;
use list_line::{ListLine, ShownEnds, Waits};
use net::NetObject;

pub(crate) use census::census;

/// More sockets than are kept of one text.
const SOCKETS_MAX: usize = 65_536;
/// More that wait for nobody.
const USES_MAX: usize = 131_072;

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

/// A socket that uses a port and waits for nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PortUse {
    pub(crate) transport: Transport,
    pub(crate) local: SocketAddr,
    pub(crate) peer: Option<SocketAddr>,
    /// As in [`crate::snapshot::Connection`]; 0 where that is not told.
    pub(crate) state: u8,
}

/// What the text lists.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) sockets: Vec<Socket>,
    pub(crate) uses: Vec<PortUse>,
    /// Whether more use a port than are kept.
    pub(crate) too_many: bool,
    /// Whether the ends of some could not be read.
    pub(crate) cut_ends: bool,
    /// The families and transports of which the text shows every port in use, once for each list.
    pub(crate) all_uses: Vec<(Family, Transport)>,
    /// The families and transports of which a whole list is in the text.
    pub(crate) whole: Vec<(Family, Transport)>,
    /// The first line of a list that could not be read, and what is wrong.
    pub(crate) damaged: Option<(usize, &'static str)>,
    /// The first line of a list.
    pub(crate) line: Option<usize>,
}

/// A list while it is read.
#[derive(Clone, Copy)]
struct SocketList {
    form: Form,
    headed: bool,
    /// Whether its title says that those that wait are in it.
    servers: bool,
    asked: Asked,
    /// Whether the rows of Windows end in a process.
    pids: Option<bool>,
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
        let (heads, waiting) = ([[false; 2]; 2], [false; 2]);
        Self { form, headed, servers, asked, pids: None, heads, waiting }
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
            Form::Net(columns) => transport == columns.transport(),
            Form::Lsof | Form::Fstat => command.is_some_and(|command| command.as_root),
            _ => true,
        };
        let all = command.is_some_and(|command| command.all);
        let waiting = all || self.servers || self.waiting[index(transport)];
        let family_shown = command.is_some() || heads || matches!(self.form, Form::Solaris(..));
        self.headed
            && !command.is_some_and(|command| command.partly)
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
    let of_pfiles = pfiles::sockets(text);
    if let Some(first) = of_pfiles.first() {
        listed.line.get_or_insert(first.line);
        listed.sockets.extend(of_pfiles);
        listed.sockets.truncate(SOCKETS_MAX);
    }
    if listed.damaged.is_some() {
        listed.whole.clear();
        listed.all_uses.clear();
    }
    listed
}

#[derive(Default)]
struct Reader<'a> {
    listed: Listed,
    list: Option<SocketList>,
    asked: Asked,
    /// How many lists of every port in use there are of the commands before.
    uses_before: usize,
    servers: bool,
    /// Where the line above may be the heads of netstat of Windows, whatever the language: whether
    /// they end in a process.
    below_heads: Option<bool>,
    /// An object of a list of PowerShell, and its line.
    object: Option<(usize, NetObject<'a>)>,
}

impl<'a> Reader<'a> {
    fn end(&mut self) {
        self.end_object();
        let Some(list) = self.list.take() else { return };
        for &family in Family::ALL {
            for &transport in Transport::ALL {
                if list.is_whole(family, transport) {
                    self.listed.whole.push((family, transport));
                    // One command prints a list of each family.
                    let of_command = &self.listed.all_uses[self.uses_before..];
                    let again =
                        list.asked.command.is_some() && of_command.contains(&(family, transport));
                    if list.form.shows_all_ends() && !again {
                        self.listed.all_uses.push((family, transport));
                    }
                }
            }
        }
    }

    /// A socket that waits for nobody.
    fn in_use(&mut self, transport: Transport, ends: ShownEnds) {
        match ends {
            ShownEnds::Portless => {}
            ShownEnds::Whole(local, peer, state) if self.listed.uses.len() < USES_MAX => {
                self.listed.uses.push(PortUse { transport, local, peer, state });
            }
            ShownEnds::Whole(..) => self.listed.too_many = true,
            ShownEnds::Unread => self.listed.cut_ends = true,
        }
    }

    /// The socket that a list of PowerShell told.
    fn end_object(&mut self) {
        let Some((line, mut object)) = self.object.take() else { return };
        let Asked { command: Some(command), .. } = self.asked else {
            self.listed.damaged.get_or_insert((line, "no command line says what it is of"));
            return;
        };
        object.transport = self.asked.transport();
        match object.line(self.asked.rows_are(AskedRows::Listening)) {
            ListLine::Socket(Waits { transport, address, port, pid, .. })
                if self.listed.sockets.len() < SOCKETS_MAX =>
            {
                self.listed.sockets.push(Socket { line, transport, address, port, pid });
            }
            ListLine::Damaged(what) => {
                self.listed.damaged.get_or_insert((line, what));
                return;
            }
            _ => {}
        }
        for &family in Family::ALL {
            for &transport in Transport::ALL {
                if !command.partly && self.asked.takes_in(family, transport) {
                    self.listed.whole.push((family, transport));
                }
            }
        }
        self.listed.line.get_or_insert(line);
    }

    fn take(&mut self, line: &'a str, number: usize, whole: bool) {
        let below_heads = std::mem::take(&mut self.below_heads);
        if line.is_empty() {
            return self.end();
        }
        if let Some(asked) = Asked::of(line) {
            self.end();
            (self.asked, self.servers) = (asked, false);
            self.uses_before = self.listed.all_uses.len();
            return;
        }
        if line.starts_with("PS ") && line.contains('>') {
            self.end();
            self.asked = Asked::default();
            return;
        }
        if line.starts_with("Active ") || line.starts_with("Multipath") {
            self.end();
            self.servers = line.contains("(including servers)") || line.contains("(servers and");
            return;
        }
        if let Some((_, object)) = &mut self.object {
            if !whole || !object.take(line) {
                self.listed.damaged.get_or_insert((number, "this object of the list is damaged"));
            }
            return;
        }
        if line.starts_with("LocalAddress") && line.contains(" : ") {
            let object = self.object.insert((number, NetObject::default()));
            object.1.take(line);
            self.listed.line.get_or_insert(number);
            return;
        }
        if let Some(form) = Form::of_heads(line, self.asked) {
            self.end();
            self.list = Some(SocketList::new(form, true, self.servers, self.asked));
            return;
        }
        if self.list.is_none() {
            self.list = Form::of_row(line).map(|form| {
                let headed = match form {
                    Form::Windows => below_heads.is_some(),
                    Form::Fstat => self.asked.rows_are(AskedRows::Headless),
                    _ => false,
                };
                let of_command = self.asked.rows_are(AskedRows::WithPids).then_some(true);
                let pids = below_heads.or(of_command);
                SocketList { pids, ..SocketList::new(form, headed, false, self.asked) }
            });
        }
        let Some(list) = &mut self.list else {
            // A row that somebody marked looks like a prompt.
            let lost = !forms::is_prompt(line) || line.contains("internet");
            if self.asked.rows_are(AskedRows::Headless) && lost {
                self.listed.damaged.get_or_insert((number, "this row of the list is damaged"));
            }
            self.below_heads = is_heads(line).then(|| line.ends_with("PID"));
            return;
        };
        let mut row = list.form.row(line);
        if list.form == Form::Windows {
            let words: Vec<&str> = line.split_ascii_whitespace().collect();
            let has = windows::has_pid(&words);
            if has.is_some_and(|has| has != *list.pids.get_or_insert(has)) {
                row = ListLine::Damaged("the row is cut: the others end in a process");
            }
        }
        match row {
            ListLine::Other if whole && !list.form.is_of_list(line) => {
                self.listed.cut_ends |= list.form.may_be_cut(line);
                return;
            }
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
            ListLine::Connection(transport, families, ends) => {
                list.see(transport, families, false);
                self.in_use(transport, ends);
            }
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
