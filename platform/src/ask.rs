//! How `os` asks and how `source` (or a capture, or a test) answers: what the system prints as raw
//! bytes, what the reader counts itself as values, or why there are none.

use std::net::IpAddr;
use std::ops::ControlFlow;

use crate::draw::{Given, Wish};
use crate::persisted::Persisted;
use crate::ports::{PortRange, PortSet};
use crate::snapshot::{Family, Os, Reason, Source, Transport, Why};
use crate::unread::Unread;
use crate::usage::CensusRows;

/// One question to the system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question<'a> {
    /// A tunable of the kernel by its name, the value as the system prints it: a sysctl
    /// (`net.inet.ip.portfirst`), a property of ipadm(8) (`tcp/smallest_anon_port`), an option of
    /// AIX `no` (`tcp_ephemeral_low`).
    Tunable(&'a str),
    /// The whole of a small ordinary file.
    File(&'a str),
    /// The target of a symbolic link.
    Link(&'a str),
    /// What `netsh interface FAMILY show TABLE TRANSPORT` prints.
    Netsh(NetshTable, Family, Transport),
    /// What PowerShell's `Get-NetTCPSetting` or `Get-NetUDPSetting` prints, as a list or as JSON.
    NetSetting(Transport),
    /// What `uname` says: sysname, nodename, release, version, machine, each ended by NUL.
    Uname,
    /// The sock_diag dump of the TCP listeners or the unconnected UDP sockets of a family: netlink
    /// messages.
    SockDiag(Family, Transport),
    /// The same sockets as lines of `/proc/thread-self/net/{tcp,udp}[6]`, with its heading.
    SocketTable(Family, Transport),
    /// The sock_diag dump of every socket of a family that has one of these local ports, whatever
    /// its state: netlink messages. A kernel that knows no filter tells of others too.
    SockDiagOn(Family, Transport, &'a PortSet),
    /// The same sockets as lines of `/proc/thread-self/net/{tcp,udp}[6]`, with its heading.
    SocketTableOn(Family, Transport, &'a PortSet),
}

/// Which sockets a census counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct CensusOf<'a> {
    /// The transport.
    pub transport: Transport,
    /// The local ports whose users are counted for each source and peer.
    pub pool: &'a PortSet,
    /// TCP connections from these ports are listed.
    pub beside: PortRange,
    /// Ports of listeners: their connections were accepted, not made here.
    pub listening: &'a PortSet,
    /// Whether TCP sockets are looked for that are bound and nothing else, which takes longer.
    pub bound: bool,
}

/// The tables of netsh that matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum NetshTable {
    /// `show dynamicport`.
    DynamicPort,
    /// `show excludedportrange`.
    ExcludedPortRange,
}

impl NetshTable {
    /// The arguments of netsh that show it.
    pub const fn arguments(self, family: Family, transport: Transport) -> [&'static str; 5] {
        let family = match family {
            Family::Ipv4 => "ipv4",
            Family::Ipv6 => "ipv6",
        };
        let (table, of) = match (self, transport) {
            (Self::DynamicPort, transport) => ("dynamicport", transport.name()),
            (Self::ExcludedPortRange, Transport::Tcp) => ("excludedportrange", "protocol=tcp"),
            (Self::ExcludedPortRange, Transport::Udp) => ("excludedportrange", "protocol=udp"),
        };
        ["interface", family, "show", table, of]
    }
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// Nothing is there by that name (ENOENT, ENOTDIR); the line says where we looked.
    NotFound(String),
    /// Anything else.
    Failed(Why),
}

impl Refusal {
    /// The same for a question that must have an answer: what is not there is not supported.
    pub fn why(self) -> Why {
        match self {
            Self::NotFound(detail) => Why::new(Reason::Unsupported, detail),
            Self::Failed(why) => why,
        }
    }
}

/// Raw bytes, or why there are none.
pub type Outcome = Result<Vec<u8>, Refusal>;

/// What was answered, or why there is none, and where it was looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reply<T> {
    /// Where.
    pub source: Source,
    /// What.
    pub outcome: Result<T, Refusal>,
}

/// A reply in the system's own bytes.
pub type Answer = Reply<Vec<u8>>;

impl<T> Reply<T> {
    /// What `outcome` says of `source`.
    pub const fn new(source: Source, outcome: Result<T, Refusal>) -> Self {
        Self { source, outcome }
    }

    /// The same of what becomes of the value.
    pub fn and_then<U>(self, of: impl FnOnce(T) -> Result<U, Refusal>) -> Reply<U> {
        Reply { source: self.source, outcome: self.outcome.and_then(of) }
    }
}

/// Sockets with their processes, as a system lists them that has neither sock_diag nor tables.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct OpenSockets {
    /// Address, port and the processes that hold it.
    pub sockets: Vec<(IpAddr, u16, Vec<u32>)>,
    /// Why the list is not whole.
    pub hidden: Vec<Why>,
}

/// What a search for the processes of sockets found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SocketOwners {
    /// Inode, pid, name.
    pub found: Vec<(u64, u32, Vec<u8>)>,
    /// How many processes could not be looked into.
    pub unreadable: usize,
    /// Whether the search stopped for lack of time.
    pub late: bool,
    /// Sockets that pid 1 has open for a unit of systemd, whoever else does.
    pub of_socket_units: Vec<u64>,
    /// Ports that stand in the command line of a process that was found: nothing else of it is
    /// kept, since it may hold secrets.
    pub on_command_lines: Vec<(u32, PortSet)>,
    /// Whether every process of the host can be seen from here: a socket that is not found, and is
    /// still there, is the kernel's own.
    pub whole_host: bool,
}

/// The way of asking: the live host, captured evidence, or a test. A function that answers
/// questions is one that counts no sockets and knows no process.
pub trait Ask {
    /// What the system prints.
    fn ask(&self, question: Question<'_>) -> Answer;

    /// Who uses the ports of a pool.
    fn census(&self, _of: &CensusOf<'_>) -> Reply<CensusRows> {
        not_read_here()
    }

    /// The processes that hold the sockets with these inodes.
    fn owners(&self, _inodes: &[u64]) -> Reply<SocketOwners> {
        not_read_here()
    }

    /// The TCP listeners or the UDP sockets of a family where the system has neither sock_diag nor
    /// tables.
    fn listeners(&self, _family: Family, _transport: Transport) -> Reply<OpenSockets> {
        not_read_here()
    }

    /// The files that settings persist in, or why there are none to read.
    ///
    /// # Errors
    /// They are not there, or it is not known where they are.
    fn persisted(&self, _os: Os) -> Result<Persisted, Why> {
        let why = "the evidence does not hold the files that settings persist in";
        Err(Why::new(Reason::NotCaptured, why))
    }

    /// Takes a visitor into every other namespace; `None` where there is no way into them. It also
    /// visits namespaces that could not be entered, with an [`Ask`] that refuses every question.
    /// Once the visitor breaks off, a few more are visited so, and the others are only counted.
    fn tour(&self, _visit: &mut Visitor<'_>) -> Option<Toured> {
        None
    }

    /// Asks the kernel for so many ports, one after the other.
    fn draw(&self, _wish: Wish, _count: u32) -> Given {
        let why = "ports are requested from the kernel on Linux only";
        Given::Ports(Vec::new(), Some(Why::new(Reason::Unsupported, why)))
    }
}

impl<F: Fn(Question<'_>) -> Answer> Ask for F {
    fn ask(&self, question: Question<'_>) -> Answer {
        self(question)
    }
}

/// What nobody reads.
pub(crate) fn not_read_here<T>() -> Reply<T> {
    let why = Why::new(Reason::Unsupported, "this is not read on this system");
    Reply::new(Source::Command(std::env::consts::OS.into()), Err(Refusal::Failed(why)))
}

/// A namespace other than the reader's own, as it was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// The identity, as in [`crate::snapshot::Scope`].
    pub id: String,
    /// A file that leads into it, for `nsenter --net=FILE`.
    pub path: String,
    /// Where it stands under a name that somebody gave it.
    pub named: Vec<String>,
    /// The first process that is in it, or that holds it.
    pub process: Option<u32>,
}

/// What is done in a namespace: ask there. Where it breaks off, what it asked is not kept, and
/// there is no room for more.
pub type Visitor<'a> = dyn FnMut(Place, &dyn Ask) -> ControlFlow<()> + Send + 'a;

/// What a tour through the namespaces left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Toured {
    /// The reader's own namespace, which is not visited.
    pub own: Option<Place>,
    /// What could not be seen.
    pub unread: Vec<Unread>,
}
