//! `Get-NetTCPConnection` and `Get-NetUDPEndpoint`: a table of any of their properties, CSV, and a
//! list of `Name : value`.

use std::net::SocketAddr;

use super::asked::{Asked, AskedRows};
use super::ends;
use super::list_line::{CUT, ListLine, ShownEnds, V4, V6, Waits};
use super::rows;
use crate::snapshot::{Family, Transport};

/// Where a cell stands: from the front, or from the end where blank cells may come before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NetCell {
    Front(usize),
    Back(usize),
}

/// The columns of a table that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NetColumns {
    transport: Transport,
    separator: Option<char>,
    address: NetCell,
    port: NetCell,
    remote: Option<(NetCell, NetCell)>,
    state: Option<NetCell>,
    pid: Option<NetCell>,
    /// Whether the command asked for what waits alone.
    listening: bool,
    /// How many cells a row has at least.
    least: usize,
    /// How many it has at most; a time has several words.
    most: Option<usize>,
}

/// Properties that are blank on some rows.
const BLANK_ON_SOME: [&str; 3] = ["AppliedSetting", "CreationTime", "OffloadState"];

impl NetColumns {
    /// The columns that a line of heads names; what is of UDP has no other end, and is known by its
    /// command line.
    pub(super) fn of(line: &str, asked: Asked) -> Option<Self> {
        if !line.contains("LocalPort") || !line.contains("LocalAddress") {
            return None;
        }
        let separator = [',', ';'].into_iter().find(|separator| line.contains(*separator));
        let heads = cells(line, separator);
        let blank = heads.iter().position(|head| BLANK_ON_SOME.contains(head));
        let blank = blank.filter(|_| separator.is_none()).unwrap_or(heads.len());
        let cell = |name: &str| {
            let at = heads.iter().position(|head| *head == name)?;
            Some(if at < blank { NetCell::Front(at) } else { NetCell::Back(heads.len() - at) })
        };
        let of_tcp = heads.iter().any(|head| matches!(*head, "State" | "RemotePort"));
        let blanks = heads.iter().filter(|head| BLANK_ON_SOME.contains(head)).count();
        let blanks = if separator.is_none() { blanks } else { 0 };
        Some(Self {
            transport: if of_tcp { Transport::Tcp } else { asked.transport()? },
            separator,
            address: cell("LocalAddress")?,
            port: cell("LocalPort")?,
            remote: cell("RemoteAddress").zip(cell("RemotePort")),
            state: cell("State"),
            pid: cell("OwningProcess"),
            listening: asked.rows_are(AskedRows::Listening),
            least: heads.len() - blanks,
            most: (!heads.contains(&"CreationTime")).then_some(heads.len()),
        })
    }

    pub(super) const fn transport(self) -> Transport {
        self.transport
    }

    /// UDP has no other end here.
    pub(super) const fn shows_all_ends(self) -> bool {
        let ends = self.remote.is_some() || matches!(self.transport, Transport::Udp);
        ends && !self.listening
    }

    pub(super) fn row(self, line: &str) -> ListLine {
        let cells = cells(line, self.separator);
        let get = |cell: NetCell| match cell {
            NetCell::Front(at) => cells.get(at).copied(),
            NetCell::Back(from_end) => cells.len().checked_sub(from_end).map(|at| cells[at]),
        };
        // The rule below the heads, and a prompt.
        let address = get(self.address).and_then(|text| ends::address(text, Family::Ipv4));
        if address.is_none() && !cells.first().is_some_and(|cell| ends::is_address(cell)) {
            return ListLine::Other;
        }
        if cells.len() < self.least {
            return ListLine::Damaged(CUT);
        }
        if self.most.is_some_and(|most| cells.len() > most) {
            return ListLine::Damaged("it has more columns than the line of heads above it");
        }
        NetObject {
            transport: Some(self.transport),
            address: get(self.address),
            port: get(self.port),
            remote_address: self.remote.and_then(|(address, _)| get(address)),
            remote_port: self.remote.and_then(|(_, port)| get(port)),
            state: self.state.and_then(get),
            pid: self.pid.and_then(get),
        }
        .line(self.listening && self.state.is_none())
    }
}

/// The cells of a line, without their quotes.
fn cells(line: &str, separator: Option<char>) -> Vec<&str> {
    match separator {
        None => line.split_ascii_whitespace().collect(),
        Some(separator) => {
            line.split(separator).map(|cell| cell.trim().trim_matches('"')).collect()
        }
    }
}

/// One socket, property by property.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct NetObject<'a> {
    pub(super) transport: Option<Transport>,
    pub(super) address: Option<&'a str>,
    pub(super) port: Option<&'a str>,
    pub(super) remote_address: Option<&'a str>,
    pub(super) remote_port: Option<&'a str>,
    pub(super) state: Option<&'a str>,
    pub(super) pid: Option<&'a str>,
}

impl<'a> NetObject<'a> {
    /// The ends of a socket with this end of its own; where there is no other, that is `0.0.0.0` or
    /// `::` and 0.
    fn ends(self, own: SocketAddr, state: u8) -> ShownEnds {
        let address = self.remote_address.and_then(|text| ends::address(text, Family::Ipv4));
        let port: Option<u16> = self.remote_port.and_then(|text| text.parse().ok());
        match (address, port) {
            (Some(_), Some(0)) => ShownEnds::Whole(own, None, state),
            (Some(address), Some(port)) => {
                ShownEnds::Whole(own, Some(SocketAddr::new(address, port)), state)
            }
            _ => ShownEnds::Unread,
        }
    }

    /// Takes a line `Name : value` of a list; whether it was one of the object's.
    pub(super) fn take(&mut self, line: &'a str) -> bool {
        let Some((name, value)) = line.split_once(':') else { return false };
        let value = Some(value.trim()).filter(|value| !value.is_empty());
        match name.trim() {
            "LocalAddress" => self.address = value,
            "LocalPort" => self.port = value,
            "RemoteAddress" => self.remote_address = value,
            "RemotePort" => self.remote_port = value,
            "State" => self.state = value,
            "OwningProcess" => self.pid = value,
            _ => {}
        }
        name.trim().bytes().all(|byte| byte.is_ascii_alphanumeric())
    }

    /// What it is, where the states of all are shown, or `listening` says that all wait.
    pub(super) fn line(self, listening: bool) -> ListLine {
        const STATES: [&str; 12] = [
            "Bound",
            "Closed",
            "CloseWait",
            "Closing",
            "DeleteTCB",
            "Established",
            "FinWait1",
            "FinWait2",
            "LastAck",
            "SynReceived",
            "SynSent",
            "TimeWait",
        ];
        let transport = self.transport.unwrap_or(Transport::Tcp);
        let address = self.address.and_then(|text| ends::address(text, Family::Ipv4));
        let port = self.port.and_then(|text| text.parse().ok());
        let (Some(address), Some(port)) = (address, port) else {
            return ListLine::Damaged("the local address or port is none");
        };
        let families = if address.is_ipv6() { V6 } else { V4 };
        match self.state {
            _ if transport == Transport::Udp => {}
            Some("Listen") => {}
            Some(state) if STATES.contains(&state) => {
                let number = rows::state_of(state).unwrap_or_default();
                let ends = self.ends(SocketAddr::new(address, port), number);
                return ListLine::Connection(transport, families, ends);
            }
            None if listening => {}
            _ => return ListLine::Damaged("the state is missing or damaged"),
        }
        let pid = self.pid.and_then(|text| text.parse().ok());
        ListLine::Socket(Waits { transport, families, address, port, pid })
    }
}
