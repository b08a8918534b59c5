//! What was read of a namespace.

use ephaudit_platform::snapshot::ScopeKind;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{BootEntry, Family, Running, Source, State, Suspect, Transport, Usage, Word, closed};

/// One network namespace, or the host where there is no such thing.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Scope {
    /// On Linux `net:[inode]`.
    pub id: String,
    /// What it is, as the kernel shows it: the host's own, a container's, one with a name, one that
    /// is known by a process alone, or not known. (Since 1.1.)
    #[serde(default = "unknown_kind")]
    #[schemars(extend("enum" = closed::scope_kinds()))]
    pub kind: Word,
    /// Names people know it by.
    pub names: Vec<String>,
    /// Whether the program ran in it.
    pub current: bool,
    /// A file that leads into it, for `nsenter --net=FILE`; null for the one that the program ran
    /// in.
    pub path: Option<String>,
    /// Its port ranges.
    pub ranges: Vec<Range>,
    /// Ports kept out of automatic allocation.
    pub reserved: Vec<Reserved>,
    /// Whether ports are drawn at random, where there is such a choice.
    pub randomization: Vec<Randomization>,
    /// Lowest port that needs no privilege.
    pub unprivileged_start: Number,
    /// How long a closed connection keeps its addresses and ports at the end that closed first.
    pub time_wait: TimeWait,
    /// What automatic allocation can hand out; a pool that could not be computed is missing.
    pub pools: Vec<Pool>,
    /// TCP listeners and unconnected UDP sockets.
    pub listeners: Listeners,
    /// Who uses the pools.
    pub usage: Usage,
    /// What its tunables will be after a reboot, one entry a key and loader; empty where that was
    /// not read.
    pub boot: Vec<BootEntry>,
    /// Why `boot` is empty: it was not requested, or the persisted settings never reach this scope;
    /// null where it was read.
    pub boot_reason: Option<Word>,
    /// The same tunables now.
    pub running: Vec<Running>,
    /// What else may set them at boot.
    pub suspects: Vec<Suspect>,
}

/// Of a report that does not have it.
fn unknown_kind() -> Word {
    ScopeKind::Unknown.name().into()
}

/// One port range; `first` and `last` are as the system keeps them and null where not known.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Range {
    /// What it is for; "ephemeral" is what bind(0) and connect() use.
    #[schemars(extend("enum" = closed::roles()))]
    pub role: Word,
    /// Families it governs.
    pub families: Vec<Family>,
    /// Transports it governs.
    pub transports: Vec<Transport>,
    /// Whether it is known.
    pub state: State,
    /// First number.
    pub first: Option<u16>,
    /// Second number.
    pub last: Option<u16>,
    /// The text that was read; its beginning where it made no sense.
    pub raw: Option<String>,
    /// What the vendor ships, where certain.
    pub vendor_default: Option<Span>,
    /// Where it was read.
    pub source: Source,
    /// Why it is not known.
    #[schemars(extend("enum" = closed::or_null(closed::reasons())))]
    pub reason: Option<Word>,
}

/// Reserved ports.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Reserved {
    /// Who keeps them out: "reserved" and "administered" by the administrator, "restricted" by the
    /// vendor, "excluded" by running services.
    #[schemars(extend("enum" = closed::reserved_kinds()))]
    pub kind: Word,
    /// Transports it governs.
    pub transports: Vec<Transport>,
    /// Families it governs.
    pub families: Vec<Family>,
    /// Whether it is known.
    pub state: State,
    /// The ports, ascending; empty where not known. Only the first 256 spans of a namespace that
    /// the program did not run in.
    pub spans: Vec<Span>,
    /// How many spans there are, those that `spans` leaves out included. (Since 1.1, as the next.)
    #[serde(default)]
    pub span_count: u32,
    /// Whether `spans` leaves out any.
    #[serde(default)]
    pub truncated: bool,
    /// The beginning of a text that made no sense, else null.
    pub raw: Option<String>,
    /// Where it was read.
    pub source: Source,
    /// Why it is not known.
    #[schemars(extend("enum" = closed::or_null(closed::reasons())))]
    pub reason: Option<Word>,
}

/// Whether ports are drawn at random.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Randomization {
    /// Transports it governs.
    pub transports: Vec<Transport>,
    /// Families it governs.
    pub families: Vec<Family>,
    /// Whether it is known.
    pub state: State,
    /// false where ports come one after the other.
    pub random: Option<bool>,
    /// Where it was read.
    pub source: Source,
    /// Why it is not known.
    #[schemars(extend("enum" = closed::or_null(closed::reasons())))]
    pub reason: Option<Word>,
}

/// Ports from first to last, both included.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
pub struct Span {
    /// Lowest.
    pub first: u16,
    /// Highest.
    pub last: u16,
}

/// One number.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Number {
    /// Whether it is known.
    pub state: State,
    /// The number.
    pub value: Option<u16>,
    /// The beginning of a text that made no sense, else null.
    pub raw: Option<String>,
    /// Where it was read.
    pub source: Source,
    /// Why it is not known.
    #[schemars(extend("enum" = closed::or_null(closed::reasons())))]
    pub reason: Option<Word>,
}

/// How long TIME_WAIT lasts.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct TimeWait {
    /// Whether it is known.
    pub state: State,
    /// The length in milliseconds.
    pub milliseconds: Option<u32>,
    /// The beginning of a text that made no sense, else null.
    pub raw: Option<String>,
    /// Where it was read.
    pub source: Source,
    /// Why it is not known.
    #[schemars(extend("enum" = closed::or_null(closed::reasons())))]
    pub reason: Option<Word>,
}

/// What automatic allocation can hand out.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Pool {
    /// For this transport.
    pub transport: Transport,
    /// For these families.
    pub families: Vec<Family>,
    /// How many ports.
    pub ports: u32,
    /// How many of them the kernel never hands out.
    pub held_back: u32,
    /// Which, ascending. Only the first 256 spans of a namespace that the program did not run in.
    pub spans: Vec<Span>,
    /// How many spans there are, those that `spans` leaves out included. (Since 1.1, as the next.)
    #[serde(default)]
    pub span_count: u32,
    /// Whether `spans` leaves out any.
    #[serde(default)]
    pub truncated: bool,
    /// How many are System Ports.
    pub system_ports: u32,
    /// How many are User Ports.
    pub user_ports: u32,
    /// How many are Dynamic Ports.
    pub dynamic_ports: u32,
}

/// The listeners of a scope.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Listeners {
    /// "known" only where all of them could be read.
    pub state: State,
    /// Why not all of them could.
    #[schemars(extend("enum" = closed::or_null(closed::reasons())))]
    pub reason: Option<Word>,
    /// Those that were seen, sorted by transport, port and address. Of each transport 1,000 at
    /// most: those that findings name, then those on ports of declared services, in the pool, and
    /// nearest to it.
    pub items: Vec<Listener>,
    /// How many were seen, those that `items` leaves out included. (Since 1.1, as the next two.)
    #[serde(default)]
    pub count: u32,
    /// Whether `items` leaves out any.
    #[serde(default)]
    pub truncated: bool,
    /// How many were seen of each transport.
    #[serde(default)]
    pub totals: Vec<ListenerTotal>,
}

/// How many listeners of a transport were seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ListenerTotal {
    /// The transport.
    pub transport: Transport,
    /// How many.
    pub count: u32,
    /// How many of them are in the pool; null where that is not known of one.
    pub in_pool: Option<u32>,
}

impl Scope {
    /// Adds what version 1.0 did not count, since it left nothing out.
    pub(super) fn count_what_is_listed(&mut self) {
        for list in &mut self.reserved {
            (list.span_count, list.truncated) = (number(list.spans.len()), false);
        }
        for pool in &mut self.pools {
            (pool.span_count, pool.truncated) = (number(pool.spans.len()), false);
        }
        let listeners = &mut self.listeners;
        (listeners.count, listeners.truncated) = (number(listeners.items.len()), false);
        listeners.totals =
            [Transport::Tcp, Transport::Udp].map(|transport| listeners.listed(transport)).to_vec();
    }
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

impl Listeners {
    /// How many of a transport were seen; where that was not told, how many are listed.
    pub fn total(&self, transport: Transport) -> ListenerTotal {
        let total = self.totals.iter().find(|total| total.transport == transport).copied();
        total.unwrap_or_else(|| self.listed(transport))
    }

    /// How many of a transport are listed.
    pub(super) fn listed(&self, transport: Transport) -> ListenerTotal {
        let items = || self.items.iter().filter(|item| item.transport == transport);
        let unknown = items().any(|item| item.in_pool.is_none());
        ListenerTotal {
            transport,
            count: number(items().count()),
            in_pool: (!unknown).then(|| self.listed_in_pool(transport)),
        }
    }

    fn listed_in_pool(&self, transport: Transport) -> u32 {
        let items = self.items.iter().filter(|item| item.transport == transport);
        number(items.filter(|item| item.in_pool == Some(true)).count())
    }

    /// How many of a transport are known to be in the pool.
    pub fn in_pool(&self, transport: Transport) -> u32 {
        self.total(transport).in_pool.unwrap_or_else(|| self.listed_in_pool(transport))
    }

    /// How many were seen, and how many of them are known to be in the pool.
    pub fn shown(&self) -> (u32, u32) {
        let both = [Transport::Tcp, Transport::Udp];
        let counts = both.map(|transport| self.total(transport).count);
        let inside = both.map(|transport| self.in_pool(transport));
        (
            counts.into_iter().fold(0, u32::saturating_add),
            inside.into_iter().fold(0, u32::saturating_add),
        )
    }

    /// How many `items` leaves out.
    pub fn unlisted(&self) -> usize {
        (self.shown().0 as usize).saturating_sub(self.items.len())
    }
}

/// One listener.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Listener {
    /// Its transport.
    pub transport: Transport,
    /// Its local address.
    pub address: String,
    /// Its local port.
    pub port: u16,
    /// Families it serves.
    pub families: Vec<Family>,
    /// Whether its port is in the pool; null where the pool is not known.
    pub in_pool: Option<bool>,
    /// Who holds it; null where it was not requested or could not be read (then there is a gap).
    pub owner: Option<Owner>,
    /// The name IANA assigned to the port.
    pub service: Option<String>,
    /// Whether it is a fixed service, which cannot do with another port; null in a report of before
    /// 1.1. (Since 1.1, as the next.)
    #[serde(default)]
    #[schemars(extend("enum" = closed::or_null(closed::fixed())))]
    pub fixed: Option<Word>,
    /// What tells that.
    #[serde(default)]
    #[schemars(extend("items" = closed::list(&closed::signs())))]
    pub signs: Vec<Word>,
    /// Where it was read.
    pub source: Source,
}

/// A process.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Owner {
    /// Its id.
    pub pid: u32,
    /// Its name; null where the system reports only the id.
    pub command: Option<String>,
    /// The unit of systemd that it belongs to; null where none is reported.
    pub unit: Option<String>,
    /// The container that it runs in, by its id or name; null where none is reported.
    pub container: Option<String>,
}
