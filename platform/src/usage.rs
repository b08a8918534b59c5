//! Who uses the ports of a pool, as plain data.

use std::net::{IpAddr, SocketAddr};

use crate::ports::PortSet;
use crate::reading::{Reading, Source};
use crate::transport::Transport;

/// How closely to look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Depth {
    /// The counters of the namespace only.
    #[default]
    Counters,
    /// The counters; the sockets too where the counters cannot prove that no destination uses this
    /// percentage of its pool.
    Auto(u32),
    /// The sockets too.
    Top,
    /// Also TCP sockets that are bound and neither listen nor are connected, which Linux shows
    /// since 6.8.
    Full,
}

/// What a scope's sockets use.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Usage {
    /// TCP sockets of the namespace but those in TIME_WAIT: `inuse` of /proc/net/sockstat and
    /// sockstat6.
    pub tcp_sockets: u32,
    /// TCP sockets in TIME_WAIT, of both families: `tw` of /proc/net/sockstat.
    pub tcp_time_wait: u32,
    /// UDP sockets with a port, of both families.
    pub udp_sockets: u32,
    /// TCP ports that bind() holds, as far as it is seen: connect() passes over them for every
    /// destination.
    pub bound: PortSet,
    /// At most so many TCP sockets may be bound besides, and neither listen nor are connected: each
    /// holds a port that way too. 0 where the sockets themselves were asked for.
    pub bound_unseen: u32,
    /// What the sockets themselves told; `None` where nobody asked, because the counters were
    /// enough or had to be.
    pub census: Option<Census>,
}

impl Usage {
    /// The most ports that any one TCP destination can find taken: by every socket at once.
    pub const fn tcp_at_most(&self) -> u32 {
        self.tcp_sockets.saturating_add(self.tcp_time_wait).saturating_add(self.bound_unseen)
    }
}

/// What the sockets with a local port in the pool, or below 1024, told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Census {
    /// Where they were seen; one source a transport.
    pub sources: Vec<Source>,
    /// The most used first.
    pub destinations: Vec<Destination>,
    /// The processes that hold most of the connections to the busiest TCP destination, where that
    /// has half of its pool and they were looked for.
    pub busiest_users: Vec<PortUser>,
    /// TCP sockets whose two ends are equal.
    pub self_connected: Vec<Connection>,
    /// TCP connections from a System Port that nothing listens on, the first thousand of them.
    pub from_system_ports: Vec<Connection>,
    /// Ends of this host in the pool that several connections from the same address shared, which
    /// are in TIME_WAIT, and nothing listens there: a service that closed first; and how many.
    pub left_behind: Vec<(SocketAddr, u32)>,
    /// Settings that decide how long a port stays in use.
    pub settings: Vec<(&'static str, Reading<u64>)>,
    /// By how much the numbers of `destinations` may be too low, because there were too many to
    /// count each.
    pub uncounted: u32,
}

/// A process that uses ports of a pool.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PortUser {
    /// Its id.
    pub pid: u32,
    /// Its name.
    pub command: String,
    /// How many ports.
    pub ports: u32,
}

/// What the sockets of one transport told, the most used first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CensusRows {
    /// As [`Census::destinations`].
    pub used: Vec<Destination>,
    /// As [`Census::self_connected`].
    pub self_connected: Vec<Connection>,
    /// As [`Census::from_system_ports`].
    pub from_system_ports: Vec<Connection>,
    /// As [`Census::left_behind`].
    pub left_behind: Vec<(SocketAddr, u32)>,
    /// As [`Usage::bound`].
    pub bound: PortSet,
    /// As [`Census::uncounted`].
    pub uncounted: u32,
    /// How many sockets there are but those in TIME_WAIT; 0 where a counter of the system tells
    /// that.
    pub sockets: u32,
    /// How many are in TIME_WAIT, as far as the list tells; 0 where a counter does.
    pub time_wait: u32,
}

/// Local ports that one source uses.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Destination {
    /// The transport.
    pub transport: Transport,
    /// The local address.
    pub source: IpAddr,
    /// The peer: TCP's connect() gives one local port to many peers. `None` counts the source's
    /// ports whatever the peer: that is what bind() to port 0 and UDP have to go by.
    pub peer: Option<SocketAddr>,
    /// The index of the interface that the sockets are bound to (`SO_BINDTODEVICE`, a link-local
    /// address), those that are bound to none included, which are in the way there too; `None`
    /// counts the latter only, or any where `peer` is `None`.
    pub interface: Option<u32>,
    /// How many local ports of the pool, TIME_WAIT included.
    pub ports_used: u32,
}

impl Census {
    /// The most that is listed of the TCP destinations, of the sources of a transport, and of the
    /// connections of a kind.
    pub const LISTED: usize = 1000;
}

impl Destination {
    /// The part of `usable` ports in use, in percent, rounded down; `None` of none.
    pub fn percent_of(&self, usable: u32) -> Option<u32> {
        let percent = (u64::from(self.ports_used) * 100).checked_div(usable.into())?;
        u32::try_from(percent).ok()
    }
}

/// What stands for a user that is not told: `(uid_t) -1`, which is nobody's (setresuid(2)).
pub(crate) const NO_USER: u32 = u32::MAX;

/// One TCP connection.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Connection {
    /// Its own end.
    pub local: SocketAddr,
    /// The other end.
    pub peer: SocketAddr,
    /// `TCP_ESTABLISHED` 1 and so on (include/net/tcp_states.h).
    pub state: u8,
    /// 0 where no process holds it.
    pub inode: u64,
    /// The user that made it; 0 in TIME_WAIT too.
    pub uid: u32,
}

impl Connection {
    /// The state as ss(8) names it.
    pub const fn state_name(&self) -> &'static str {
        match self.state {
            1 => "ESTAB",
            2 => "SYN-SENT",
            3 | 12 => "SYN-RECV",
            4 => "FIN-WAIT-1",
            5 => "FIN-WAIT-2",
            6 => "TIME-WAIT",
            7 => "UNCONN",
            8 => "CLOSE-WAIT",
            9 => "LAST-ACK",
            10 => "LISTEN",
            11 => "CLOSING",
            _ => "UNKNOWN",
        }
    }
}
