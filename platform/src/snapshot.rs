//! The facts about one host: plain data, the same type on every OS.
//!
//! A value that could not be read is never a default here: see [`Reading`].

use std::fmt;

use crate::boot;
pub use crate::host_info::{Environment, HostInfo, Os};
pub use crate::listener::{Listener, Listeners, Owner};
use crate::ports::{PortClass, PortRange, PortSet};
use crate::reading::quoted;
pub use crate::reading::{Reading, Reason, Source, Why};
pub use crate::transport::{Family, Transport};
use crate::unread::Unread;
pub use crate::usage::{Census, CensusRows, Connection, Depth, Destination, PortUser, Usage};

/// What a range is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Role {
    /// What bind(0) and connect() really use.
    Ephemeral,
    /// What sockets get that ask for it (BSD `IP_PORTRANGE_HIGH`).
    High,
    /// What privileged sockets get that ask for it (BSD `IP_PORTRANGE_LOW`, bindresvport(3)).
    Low,
    /// What connect() without bind() draws from on Windows where it is set, instead of the
    /// ephemeral range.
    AutoReuse,
}

impl Role {
    /// All.
    pub const ALL: &'static [Self] = &[Self::Ephemeral, Self::High, Self::Low, Self::AutoReuse];

    /// The word in the report.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ephemeral => "ephemeral",
            Self::High => "high",
            Self::Low => "low",
            Self::AutoReuse => "auto-reuse",
        }
    }
}

/// The two numbers as the system keeps them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounds {
    /// The first number as written; some kernels let it be the higher one.
    pub first: u16,
    /// The second number as written.
    pub last: u16,
    /// The text that was read.
    pub raw: String,
}

impl Bounds {
    /// The ports meant, whichever number is the higher.
    pub const fn range(&self) -> PortRange {
        PortRange::between(self.first, self.last)
    }
}

/// One port range of a scope.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Range {
    /// What it is used for.
    pub role: Role,
    /// The families it governs.
    pub families: &'static [Family],
    /// The transports it governs.
    pub transports: &'static [Transport],
    /// What this system has where nobody changed it, where that is certain.
    pub vendor_default: Option<PortRange>,
    /// Whether TCP allocation searches the even and the odd ports one after the other, as Linux
    /// does since 4.5: connect() begins with the parity of the low bound, bind() to port 0 with the
    /// other. `None` where the kernel's version, which decides it, is not known.
    pub tcp_by_parity: Option<bool>,
    /// How many UDP ports the kernel keeps back: with fewer left it refuses.
    pub udp_held_back: u32,
    /// The value.
    pub bounds: Reading<Bounds>,
}

/// Who keeps ports out of automatic allocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReservedKind {
    /// A list that the administrator may edit: `ip_local_reserved_ports`, `baddynamic`,
    /// `anonportalgo.reserve`.
    Reserved,
    /// A list that the vendor fixed: macOS `net.restricted_port`, OpenBSD's port for encapsulated
    /// IPsec.
    Restricted,
    /// Blocks that running services hold (Windows: HTTP.sys, WinNAT, Hyper-V).
    Excluded,
    /// Blocks that an administrator took out (Windows, marked `*`).
    Administered,
}

impl ReservedKind {
    /// All.
    pub const ALL: &'static [Self] =
        &[Self::Reserved, Self::Restricted, Self::Excluded, Self::Administered];

    /// The word in the report.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reserved => "reserved",
            Self::Restricted => "restricted",
            Self::Excluded => "excluded",
            Self::Administered => "administered",
        }
    }
}

/// Ports that automatic allocation passes over.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reserved {
    /// Who keeps them out.
    pub kind: ReservedKind,
    /// The families it governs.
    pub families: &'static [Family],
    /// The transports it governs.
    pub transports: &'static [Transport],
    /// The ports.
    pub ports: Reading<PortSet>,
}

/// One network namespace (VNET jail, zone, or the whole host where there is no such thing).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Scope {
    /// The identity, on Linux `net:[inode]`.
    pub id: String,
    /// What it is, as the kernel shows it.
    pub kind: ScopeKind,
    /// Names people know it by, the best first; empty where none is certain.
    pub names: Vec<ScopeName>,
    /// Whether the reader itself runs in it.
    pub current: bool,
    /// A file that leads into it; `None` for the reader's own.
    pub path: Option<String>,
    /// Its port ranges.
    pub ranges: Vec<Range>,
    /// Its reservations.
    pub reserved: Vec<Reserved>,
    /// Where ports are drawn at random or one after the other; empty where there is no such choice.
    pub randomization: Vec<Randomization>,
    /// The lowest port that needs no privilege to bind.
    pub unprivileged_start: Reading<u16>,
    /// How long a closed connection keeps its addresses and ports at the end that closed first, in
    /// milliseconds.
    pub time_wait: Reading<u32>,
    /// Its listeners.
    pub listeners: Listeners,
    /// Who uses its pools; `Absent` where that is not read on this system.
    pub usage: Reading<Usage>,
    /// Whether it translates ports for others; `None` where that is not read on this system.
    pub nat: Option<Nat>,
    /// What its tunables are after a reboot.
    pub boot: boot::Facts,
    /// What is less certain than it looks.
    pub notes: Vec<Unread>,
}

/// What a scope is. Nobody's choice of a name decides it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ScopeKind {
    /// The host's own.
    Host,
    /// A container's.
    Container,
    /// One that somebody made and named, or a unit of systemd has.
    Named,
    /// One that is known by a process in it alone.
    Process,
    /// Nothing shows it.
    Unknown,
}

impl ScopeKind {
    /// All.
    pub const ALL: &'static [Self] =
        &[Self::Host, Self::Container, Self::Named, Self::Process, Self::Unknown];

    /// The word in the report.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Container => "container",
            Self::Named => "named",
            Self::Process => "process",
            Self::Unknown => "unknown",
        }
    }
}

/// A name of a scope, by who chose it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ScopeName {
    /// It is the host's own.
    Host,
    /// It is that of a container, by the beginning of its id.
    Container(String),
    /// By whoever made it or runs it: ip-netns(8), a container's manager, a unit of systemd.
    Given(String),
    /// By the first process in it, which calls itself what it likes.
    Process {
        /// What it calls itself.
        command: String,
        /// Its id.
        pid: u32,
    },
}

impl fmt::Display for ScopeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host => f.write_str("host"),
            Self::Container(id) => write!(f, "container {id}"),
            Self::Given(name) => f.write_str(name),
            // Many run the same.
            Self::Process { command, pid } => write!(f, "{command} (pid {pid})"),
        }
    }
}

impl Scope {
    /// Whether it is the host's own.
    pub fn is_host(&self) -> bool {
        self.kind == ScopeKind::Host
    }

    /// The line that runs a command in it: nsenter(1) goes before it where the reader is elsewhere.
    pub fn enter(&self, command: &str) -> String {
        match &self.path {
            Some(path) => format!("nsenter --net={} {command}", quoted(path)),
            None => command.to_owned(),
        }
    }

    /// The ranges that automatic allocation uses.
    pub fn ephemeral(&self) -> impl Iterator<Item = &Range> {
        self.ranges.iter().filter(|range| range.role == Role::Ephemeral)
    }
}

/// What tells that a scope may give the packets of others ports of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Nat {
    /// Whether it passes IPv4 packets on.
    pub forwards: Reading<bool>,
    /// Whether iptables has a NAT table; `None` where nobody asked, because nothing is passed on.
    pub table: Option<Reading<bool>>,
}

/// Whether ports are drawn at random.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Randomization {
    /// The families it governs.
    pub families: &'static [Family],
    /// The transports it governs.
    pub transports: &'static [Transport],
    /// `false` where they come one after the other.
    pub random: Reading<bool>,
}

/// All facts of one host.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Snapshot {
    /// The host.
    pub host: HostInfo,
    /// Its scopes, sorted by id.
    pub scopes: Vec<Scope>,
    /// What keeps `scopes` from being all there are; `None` where only the reader's own was
    /// asked for.
    pub unread_scopes: Option<Vec<Unread>>,
    /// Who holds the ports that were asked about, in the reader's own scope.
    pub held: Vec<Held>,
}

/// Who holds some ports of a transport.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Held {
    /// The transport.
    pub transport: Transport,
    /// The ports.
    pub ports: PortSet,
    /// The sockets that have one of them and wait for nobody there: connections, TIME_WAIT, and
    /// what is only bound.
    pub items: Vec<(Connection, Owner)>,
    /// Where they were seen.
    pub sources: Vec<Source>,
    /// Whether a TCP socket that is bound and nothing else would have been seen.
    pub bound_shown: bool,
    /// What could not be read. Where this is not empty, `items` is not all.
    pub unread: Vec<Unread>,
}

/// A listener of a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListenerId {
    /// The index of its scope.
    pub scope: usize,
    /// Its index among the listeners of the scope.
    pub index: usize,
}

impl Snapshot {
    /// The listener of that id.
    pub fn listener(&self, id: ListenerId) -> Option<&Listener> {
        self.scopes.get(id.scope)?.listeners.items.get(id.index)
    }

    pub(crate) fn listener_mut(&mut self, id: ListenerId) -> Option<&mut Listener> {
        self.scopes.get_mut(id.scope)?.listeners.items.get_mut(id.index)
    }

    /// A host of which only the reader's own scope was asked for.
    pub fn of(host: HostInfo, scope: Scope) -> Self {
        Self { host, scopes: vec![scope], unread_scopes: None, held: Vec::new() }
    }
}

/// The ports that automatic allocation can hand out: the ephemeral range minus what the allocator
/// skips.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pool<'a> {
    /// The range it comes from.
    pub range: &'a Range,
    /// The value of that range.
    pub bounds: &'a Bounds,
    /// For which transport.
    pub transport: Transport,
    /// For which families.
    pub families: &'static [Family],
    /// The ports.
    pub ports: PortSet,
    /// How many of them the kernel never gives away (macOS keeps 4,096 UDP ports back).
    pub held_back: u32,
}

impl Pool<'_> {
    /// How many ports can be in use at a time.
    pub fn usable(&self) -> u32 {
        self.ports.count().saturating_sub(self.held_back)
    }

    /// How many of its ports are in `class`.
    pub fn count_in(&self, class: PortClass) -> u32 {
        self.ports.intersection(&class.range().into()).count()
    }
}
