//! Who uses the pool: the namespace's counters, and the sockets themselves where those cannot tell enough.

use super::host::KernelVersion;
use crate::ask::{Answer, Ask, CensusOf, Question, Refusal};
use crate::parse::census::Told;
use crate::parse::sockstat::counter;
use crate::pool;
use crate::ports::{PortRange, PortSet};
use crate::snapshot::{Family, Pool, Reading, Reason, Scope, Source, Transport, Why};
use crate::usage::{Census, Depth, Usage};

const SOCKSTAT: &str = "/proc/thread-self/net/sockstat";
const SOCKSTAT6: &str = "/proc/thread-self/net/sockstat6";
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
/// sock_diag lists sockets that are only bound (commit 91051f003948); an older kernel may have it from its vendor.
const BOUND_SINCE: KernelVersion = KernelVersion(6, 8, 0);
/// Below the unprivileged ports out of the box; `PortClass::System`.
const SYSTEM_PORTS: PortRange = PortRange::between(1, 1023);

/// How many sockets a namespace has.
pub(super) struct Counters {
    /// In use by IPv4 and IPv6.
    tcp: [u32; 2],
    udp: [u32; 2],
    tcp_time_wait: u32,
    source: Source,
}

impl Counters {
    /// Whether there is no such socket, listeners included: `__inet_hash` counts each as it enters the table (`inuse`,
    /// net/ipv4/inet_hashtables.c, udp.c). The sum over the CPUs is taken one after the other, so where TCP connections
    /// come and go nothing is concluded from it.
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
        Usage {
            tcp_sockets: both(self.tcp),
            tcp_time_wait: self.tcp_time_wait,
            udp_sockets: both(self.udp),
            bound: PortSet::new(),
            census: None,
        }
    }
}

/// The usage of a scope whose pools and listeners are read by now.
pub(super) fn read(
    ask: &Ask<'_>,
    counters: Result<Counters, Failed>,
    scope: &Scope,
    depth: Depth,
    kernel: Option<KernelVersion>,
) -> Reading<Usage> {
    let (mut usage, source) = match counters {
        Ok(counters) => (counters.usage(), counters.source),
        Err((source, why)) => return Reading::Unknown { source, why },
    };
    usage.bound = listening(scope, Transport::Tcp);
    let pools = pool::pools(scope);
    if depth == Depth::Counters
        || matches!(depth, Depth::Auto(percent) if proved(&usage, &pools, percent))
    {
        return Reading::Known { value: usage, source };
    }
    let bound = match kernel {
        _ if depth != Depth::Full => Bound::NotAsked,
        Some(running) if running >= BOUND_SINCE => Bound::Listed,
        _ => Bound::Perhaps,
    };
    match census(ask, scope, &pools, bound, &mut usage) {
        Ok(census) => {
            usage.census = Some(census);
            Reading::Known { value: usage, source }
        }
        Err((source, why)) => Reading::Unknown { source, why },
    }
}

/// Whether the counters alone show that nobody uses so much of a pool: one destination can't have more sockets than there
/// are. A pool that isn't known proves nothing, and the sockets would not either.
fn proved(usage: &Usage, pools: &[Pool], percent: u32) -> bool {
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
pub(super) fn counters(ask: &Ask<'_>) -> Result<Counters, Failed> {
    let (four, source) = told(ask, SOCKSTAT)?;
    let six = match told(ask, SOCKSTAT6) {
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
        source,
    })
}

fn told(ask: &Ask<'_>, path: &str) -> Result<(String, Source), Failed> {
    let Answer { source, outcome } = ask(Question::File(path));
    match outcome {
        Ok(bytes) => Ok((String::from_utf8_lossy(&bytes).into_owned(), source)),
        Err(refusal) => Err((source, refusal.why())),
    }
}

/// Only a kernel that has neither table has no IPv6.
fn without_ipv6(ask: &Ask<'_>, why: &Why) -> bool {
    let missing = matches!(ask(Question::File(IF_INET6)).outcome, Err(Refusal::NotFound(_)));
    missing && why.reason == Reason::Unsupported
}

/// The ports of a transport that somebody listens on, seen or not by how many.
fn listening(scope: &Scope, transport: Transport) -> PortSet {
    let items = scope.listeners.items.iter().filter(|item| item.transport == transport);
    items.map(|item| PortRange::single(item.port)).collect()
}

/// Whether sockets that are only bound are looked for, and would be seen.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Bound {
    NotAsked,
    Listed,
    /// A kernel that doesn't know the question answers like one that has none.
    Perhaps,
}

const BOUND_UNSEEN: &str = "sock_diag lists sockets that are only bound since Linux 6.8: this kernel lists none and may \
                            have some; the other sockets can be counted without them";

fn census(
    ask: &Ask<'_>,
    scope: &Scope,
    pools: &[Pool],
    bound: Bound,
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
            // Of an unconnected UDP socket nobody can tell whether it serves: it holds its port all the same.
            Transport::Udp => PortSet::new(),
        };
        let of = CensusOf {
            transport,
            pool: &pool,
            beside: SYSTEM_PORTS,
            listening: &listening,
            bound: bound != Bound::NotAsked && transport == Transport::Tcp,
        };
        let Answer { source, outcome } = ask(Question::Census(&of));
        let told = outcome.map_err(Refusal::why).and_then(|bytes| {
            Told::parse(&bytes, transport).map_err(|error| Why::unparsable(error, &bytes))
        });
        let told = told.map_err(|why| (source.clone(), why))?;
        if of.bound && bound == Bound::Perhaps && told.bound.is_empty() {
            return Err((source, Why::new(Reason::Unsupported, BOUND_UNSEEN)));
        }
        census.sources.push(source);
        census.destinations.extend(told.used);
        census.self_connected.extend(told.self_connected);
        census.from_system_ports.extend(told.from_system_ports);
        census.uncounted = census.uncounted.max(told.uncounted);
        usage.bound = usage.bound.union(&told.bound);
    }
    census.settings = SETTINGS.iter().map(|&name| (name, setting(ask, name))).collect();
    census.destinations.sort_by(|a, b| b.ports_used.cmp(&a.ports_used).then_with(|| a.cmp(b)));
    census.self_connected.sort();
    census.from_system_ports.sort();
    Ok(census)
}

fn setting(ask: &Ask<'_>, name: &'static str) -> Reading<u64> {
    let Answer { source, outcome } = ask(Question::Tunable(name));
    let parsed = match outcome {
        // Each came with a kernel of its own.
        Err(Refusal::NotFound(_)) => return Reading::Absent { source },
        Err(Refusal::Failed(why)) => Err(why),
        Ok(bytes) => String::from_utf8_lossy(&bytes)
            .trim_end_matches('\n')
            .parse()
            .map_err(|_| Why::unparsable(format!("{name} is no number"), &bytes)),
    };
    match parsed {
        Ok(value) => Reading::Known { value, source },
        Err(why) => Reading::Unknown { source, why },
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::Wants;
    use super::*;
    use crate::snapshot::Family;

    /// What a host with this kernel and these lines of a census is told at this depth.
    fn usage(release: &str, depth: Depth, census: &str) -> Reading<Usage> {
        let ask = |question: Question<'_>| {
            let text = match question {
                Question::Tunable("net.ipv4.ip_local_port_range") => "40000\t40099\n".to_owned(),
                Question::Tunable("net.ipv4.ip_local_reserved_ports") => "\n".to_owned(),
                Question::Tunable(_) => "1\n".to_owned(),
                Question::File(SOCKSTAT) => "TCP: inuse 60 orphan 0 tw 5 alloc 9 mem 3\n\
                                             UDP: inuse 4 mem 2\n"
                    .to_owned(),
                Question::File(SOCKSTAT6) => "TCP6: inuse 10\nUDP6: inuse 1\n".to_owned(),
                Question::Uname => format!("Linux\0host\0{release}\0#1\0x86_64\0"),
                Question::SockDiag(Family::Ipv4, _) | Question::SocketTable(..) => {
                    "  sl  local_address rem_address   st\n".to_owned()
                }
                Question::Census(of) => {
                    let of_tcp = of.transport == Transport::Tcp;
                    assert_eq!(of.bound, depth == Depth::Full && of_tcp);
                    let lines = if of_tcp { census } else { "" };
                    format!("{lines}uncounted 0\nend\n")
                }
                _ => {
                    return Answer::new(
                        Source::File("test".into()),
                        Err(Refusal::NotFound("test".to_owned())),
                    );
                }
            };
            Answer::new(Source::File("test".into()), Ok(text.into_bytes()))
        };
        let wants = Wants { depth, ..Wants::default() };
        let mut scopes = super::super::read(&ask, None, &wants).scopes;
        scopes.remove(0).usage
    }

    #[test]
    fn a_kernel_that_may_not_list_what_is_only_bound_has_not_said_that_there_is_nothing() {
        let bound = |release, depth, census| {
            let reading = usage(release, depth, census);
            reading.known().map(|usage| usage.bound.to_string()).ok_or(reading.why().cloned())
        };
        let unseen = Err(Some(Why::new(Reason::Unsupported, BOUND_UNSEEN)));
        let listed = "bound 40001\n";
        for (release, none) in [
            ("6.18.44", Ok(String::new())),
            ("6.8.0", Ok(String::new())),
            ("6.7.12", unseen.clone()),
            ("next", unseen),
        ] {
            assert_eq!(bound(release, Depth::Full, ""), none, "{release}");
            assert_eq!(bound(release, Depth::Full, listed), Ok("40001".to_owned()), "{release}");
            assert_eq!(bound(release, Depth::Top, ""), Ok(String::new()), "{release}");
        }
    }

    #[test]
    fn the_sockets_are_asked_only_where_the_counters_do_not_prove_it() {
        // 75 sockets and 100 ports
        let asked = |percent| {
            let reading = usage("6.18.44", Depth::Auto(percent), "");
            reading.known().expect("read").census.is_some()
        };
        assert_eq!((asked(75), asked(76)), (true, false));
    }
}
