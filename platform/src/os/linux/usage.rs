//! Who uses the pool: the namespace's counters, and the sockets themselves where those cannot tell
//! enough.

mod busiest;
#[cfg(test)]
mod tests;

pub(in crate::os) use busiest::find as find_busiest_users;

use super::version::KernelVersion;
use crate::ask::{Answer, Ask, CensusOf, Question, Refusal, Reply};
use crate::parse::sockstat::counter;
use crate::pool;
use crate::ports::{PortRange, PortSet};
use crate::snapshot::{Family, Pool, Reading, Reason, Scope, Source, Transport, Why};
use crate::unread::{Subject, Unread};
use crate::usage::{Census, Depth, Usage};

const SOCKSTAT: &str = "/proc/thread-self/net/sockstat";
const SOCKSTAT6: &str = "/proc/thread-self/net/sockstat6";
/// One port in this many matters.
const MANY: u64 = 10;
/// So few sockets of the whole machine are looked at one by one wherever somebody may want to know:
/// that takes some milliseconds.
const FEW: u32 = 20_000;
/// The percentage of a pool that counts where nobody says which.
const HALF: u32 = 50;
/// A kernel without IPv6 has neither.
const IF_INET6: &str = "/proc/thread-self/net/if_inet6";
/// What decides how long a port stays in use (ip-sysctl.rst of the kernel's documentation).
const SETTINGS: [&str; 5] = [
    "net.ipv4.tcp_tw_reuse",
    "net.ipv4.tcp_tw_reuse_delay",
    "net.ipv4.tcp_max_tw_buckets",
    "net.ipv4.ip_autobind_reuse",
    "net.ipv4.tcp_fin_timeout",
];
/// sock_diag lists sockets that are only bound (commit 91051f003948); an older kernel may have it
/// from its vendor.
const BOUND_SINCE: KernelVersion = KernelVersion(6, 8, 0);
/// Below the unprivileged ports out of the box; `PortClass::System`.
const SYSTEM_PORTS: PortRange = PortRange::between(1, 1023);

/// How many sockets a namespace has.
pub(super) struct Counters {
    /// In use by IPv4 and IPv6.
    tcp: [u32; 2],
    udp: [u32; 2],
    tcp_time_wait: u32,
    /// TCP sockets of the whole machine, from the making of each to its end (`sk_alloc` and
    /// `sk_free`), those of the kernel itself included; without TIME_WAIT.
    allocated: u32,
    /// Sockets of any kind, those included that are bound to a TCP port and nothing else: each from
    /// its making (`sk_alloc`, net/core/sock.c), while `inuse` has it from when it enters a table.
    /// Sockets of the kernel itself are not in it, but in each `inuse`: nothing can be subtracted.
    used: u32,
    source: Source,
}

impl Counters {
    /// Whether there is no such socket, listeners included: `__inet_hash` counts each as it enters
    /// the table (`inuse`, net/ipv4/inet_hashtables.c, udp.c). The sum over the CPUs is taken one
    /// after the other, so where TCP connections come and go nothing is concluded from it.
    pub(super) fn none(&self, family: Family, transport: Transport) -> bool {
        let [four, six] = match transport {
            Transport::Tcp if self.tcp_time_wait > 0 => return false,
            Transport::Tcp => self.tcp,
            Transport::Udp => self.udp,
        };
        match family {
            Family::Ipv4 => four == 0,
            Family::Ipv6 => six == 0,
        }
    }

    fn usage(&self) -> Usage {
        let both = |[four, six]: [u32; 2]| four.saturating_add(six);
        let in_no_table = self.allocated.saturating_sub(both(self.tcp));
        Usage {
            tcp_sockets: both(self.tcp),
            tcp_time_wait: self.tcp_time_wait,
            udp_sockets: both(self.udp),
            bound: PortSet::new(),
            bound_unseen: self.used.min(in_no_table),
            census: None,
        }
    }

    /// Whether the kernel goes through the sockets in no time.
    fn are_few(&self) -> bool {
        let [four, six] = self.udp;
        let all = [self.allocated, self.tcp_time_wait, four, six];
        all.iter().fold(0_u32, |sum, count| sum.saturating_add(*count)) <= FEW
    }
}

/// The usage of a scope whose pools and listeners are read by now. What was wanted and could not be
/// had, although the rest could, is noted.
pub(super) fn read(
    ask: &dyn Ask,
    counters: Result<Counters, Failed>,
    scope: &Scope,
    depth: Depth,
    kernel: Option<KernelVersion>,
    notes: &mut Vec<Unread>,
) -> Reading<Usage> {
    let (mut usage, few, source) = match counters {
        Ok(counters) => (counters.usage(), counters.are_few(), counters.source),
        Err((source, why)) => return Reading::Unknown { source, why },
    };
    usage.bound = listening(scope, Transport::Tcp);
    let pools = pool::pools(scope);
    let percent = if let Depth::Auto(percent) = depth { percent } else { HALF };
    let listed = kernel.is_some_and(|running| running >= BOUND_SINCE);
    let enough = match depth {
        Depth::Counters => true,
        Depth::Auto(_) => {
            proved(&usage, &pools, percent) && !(listed && many_hidden(&usage, &pools))
        }
        Depth::Top | Depth::Full => false,
    };
    // No counter tells of a socket that is connected to itself.
    let cheap = matches!(depth, Depth::Auto(_)) && scope.current && few;
    if enough && !cheap {
        return Reading::Known { value: usage, source };
    }
    match sockets(ask, scope, &pools, depth, listed, &mut usage, notes) {
        Ok(census) => {
            usage.census = Some(census);
            Reading::Known { value: usage, source }
        }
        Err(_) if enough => Reading::Known { value: usage, source },
        Err((source, why)) => Reading::Unknown { source, why },
    }
}

/// The sockets themselves. Those that are only bound take a walk of their own in the kernel: they
/// are asked for where there may be so many that they matter, or where somebody wants them.
fn sockets(
    ask: &dyn Ask,
    scope: &Scope,
    pools: &[Pool<'_>],
    depth: Depth,
    listed: bool,
    usage: &mut Usage,
    notes: &mut Vec<Unread>,
) -> Result<Census, Failed> {
    let whole = |usage: &mut Usage| {
        let mut with_bound = usage.clone();
        let counted = census(ask, scope, pools, true, &mut with_bound)?;
        if !listed && with_bound.bound == usage.bound {
            return Err((
                Source::Kernel("sock_diag".into()),
                Why::new(Reason::Unsupported, BOUND_UNSEEN),
            ));
        }
        *usage = Usage { bound_unseen: 0, ..with_bound };
        Ok(counted)
    };
    if depth == Depth::Full || (listed && many_hidden(usage, pools)) {
        match whole(usage) {
            Err((_, why)) if depth == Depth::Full => {
                notes.push(Unread::new(Subject::BoundSockets, why));
            }
            Err(_) => {}
            counted => return counted,
        }
        return census(ask, scope, pools, false, usage);
    }
    let counted = census(ask, scope, pools, false, usage)?;
    let percent = if let Depth::Auto(percent) = depth { percent } else { HALF };
    if listed && may_reach(usage, &counted, pools, percent) {
        return whole(usage).or(Ok(counted));
    }
    Ok(counted)
}

/// Whether what bind() is seen to hold of a TCP pool, and what it may hold unseen, is so much that
/// it matters.
fn many_hidden(usage: &Usage, pools: &[Pool<'_>]) -> bool {
    let mut of_tcp = pools.iter().filter(|pool| pool.transport == Transport::Tcp);
    let held = |pool: &Pool<'_>| usage.bound.intersection(&pool.ports).count();
    usage.bound_unseen > 0
        && of_tcp.any(|pool| {
            let most = u64::from(held(pool)) + u64::from(usage.bound_unseen);
            most * MANY >= u64::from(pool.usable())
        })
}

/// Whether a destination that is below that percentage of a TCP pool is so no more where bind()
/// holds ports unseen.
fn may_reach(usage: &Usage, census: &Census, pools: &[Pool<'_>], percent: u32) -> bool {
    let mut of_tcp = pools.iter().filter(|pool| pool.transport == Transport::Tcp);
    let rows = || census.destinations.iter().filter(|row| row.transport == Transport::Tcp);
    of_tcp.any(|pool| {
        let bound = usage.bound.intersection(&pool.ports).count();
        let enough = u64::from(pool.usable().saturating_sub(bound)) * u64::from(percent);
        rows().any(|row| {
            let used = u64::from(row.ports_used);
            used * 100 < enough && (used + u64::from(usage.bound_unseen)) * 100 >= enough
        })
    })
}

/// Whether the counters alone show that nobody uses so much of a pool: one destination can't have
/// more sockets than there are. A pool that isn't known proves nothing, and the sockets would not
/// either.
fn proved(usage: &Usage, pools: &[Pool<'_>], percent: u32) -> bool {
    pools.iter().all(|pool| {
        let most = match pool.transport {
            Transport::Tcp => usage.tcp_at_most(),
            Transport::Udp => usage.udp_sockets,
        };
        let bound = usage.bound.intersection(&pool.ports).count();
        let usable = match pool.transport {
            Transport::Tcp => pool.usable().saturating_sub(bound),
            Transport::Udp => pool.usable(),
        };
        u64::from(most) * 100 < u64::from(usable) * u64::from(percent)
    })
}

type Failed = (Source, Why);

/// The counters of the namespace that `ask` asks.
pub(super) fn counters(ask: &dyn Ask) -> Result<Counters, Failed> {
    let (four, source) = counted(ask, SOCKSTAT)?;
    let six = match counted(ask, SOCKSTAT6) {
        Ok((text, _)) => Some(text),
        Err((_, why)) if without_ipv6(ask, &why) => None,
        Err(failed) => return Err(failed),
    };
    let number = |text: &str, protocol: &str, key: &str| {
        counter(text, protocol, key)
            .map_err(|error| (source.clone(), Why::unparsable(error, text.as_bytes())))
    };
    let of_six =
        |protocol: &str| six.as_deref().map_or(Ok(0), |text| number(text, protocol, "inuse"));
    Ok(Counters {
        tcp: [number(&four, "TCP", "inuse")?, of_six("TCP6")?],
        udp: [number(&four, "UDP", "inuse")?, of_six("UDP6")?],
        tcp_time_wait: number(&four, "TCP", "tw")?,
        allocated: number(&four, "TCP", "alloc")?,
        used: number(&four, "sockets", "used")?,
        source,
    })
}

fn counted(ask: &dyn Ask, path: &str) -> Result<(String, Source), Failed> {
    let Answer { source, outcome } = ask.ask(Question::File(path));
    match outcome {
        Ok(bytes) => Ok((String::from_utf8_lossy(&bytes).into_owned(), source)),
        Err(refusal) => Err((source, refusal.why())),
    }
}

/// Only a kernel that has neither table has no IPv6.
fn without_ipv6(ask: &dyn Ask, why: &Why) -> bool {
    let missing = matches!(ask.ask(Question::File(IF_INET6)).outcome, Err(Refusal::NotFound(_)));
    missing && why.reason == Reason::Unsupported
}

/// The ports of a transport that somebody listens on, seen or not by how many.
fn listening(scope: &Scope, transport: Transport) -> PortSet {
    let items = scope.listeners.items.iter().filter(|item| item.transport == transport);
    items.map(|item| PortRange::single(item.port)).collect()
}

const BOUND_UNSEEN: &str = "sock_diag lists sockets that are only bound since Linux 6.8: this kernel lists none and may have some";

fn census(
    ask: &dyn Ask,
    scope: &Scope,
    pools: &[Pool<'_>],
    bound: bool,
    usage: &mut Usage,
) -> Result<Census, Failed> {
    let mut census = Census::default();
    for &transport in Transport::ALL {
        let pool = pools
            .iter()
            .filter(|pool| pool.transport == transport)
            .fold(PortSet::new(), |all, pool| all.union(&pool.ports));
        let listening = match transport {
            Transport::Tcp => listening(scope, transport),
            // Of an unconnected UDP socket nobody can tell whether it serves: it holds its port all
            // the same.
            Transport::Udp => PortSet::new(),
        };
        let of = CensusOf {
            transport,
            pool: &pool,
            beside: SYSTEM_PORTS,
            listening: &listening,
            bound: bound && transport == Transport::Tcp,
        };
        let Reply { source, outcome } = ask.census(&of);
        let counted = outcome.map_err(|refusal| (source.clone(), refusal.why()))?;
        census.sources.push(source);
        census.destinations.extend(counted.used);
        census.self_connected.extend(counted.self_connected);
        census.from_system_ports.extend(counted.from_system_ports);
        census.left_behind.extend(counted.left_behind);
        census.uncounted = census.uncounted.max(counted.uncounted);
        usage.bound = usage.bound.union(&counted.bound);
    }
    census.settings = SETTINGS.iter().map(|&name| (name, setting(ask, name))).collect();
    census.destinations.sort_by(|a, b| b.ports_used.cmp(&a.ports_used).then_with(|| a.cmp(b)));
    census.self_connected.sort();
    census.from_system_ports.sort();
    census.left_behind.sort();
    Ok(census)
}

fn setting(ask: &dyn Ask, name: &'static str) -> Reading<u64> {
    let Answer { source, outcome } = ask.ask(Question::Tunable(name));
    let parsed = match outcome {
        // Each came with a kernel of its own.
        Err(Refusal::NotFound(_)) => return Reading::Absent { source },
        Err(Refusal::Failed(why)) => Err(why),
        Ok(bytes) => String::from_utf8_lossy(&bytes)
            .trim_end_matches('\n')
            .parse()
            .map_err(|_| Why::unparsable(format!("{name} is not a number"), &bytes)),
    };
    Reading::new(source, parsed)
}
