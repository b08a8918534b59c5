//! One network namespace: its sysctls, its sockets and who uses its ports.

use super::sysctl::sysctl;
use super::time_wait::TimeWait;
use super::version::KernelVersion;
use super::{defaults, listeners, nat, other_transports, usage};
use crate::ask::Ask;
use crate::boot;
use crate::parse::linux_sysctl::{self, BoundsSeparator};
use crate::ports::{PortRange, PortSet};
use crate::snapshot::{
    Environment, Family, HostInfo, Range, Reading, Reserved, ReservedKind, Role, Scope, ScopeKind,
    Source, Transport,
};
use crate::unread::Unread;
use crate::usage::Depth;

const RANGE: &str = "net.ipv4.ip_local_port_range";
const RESERVED: &str = "net.ipv4.ip_local_reserved_ports";
const UNPRIVILEGED_START: &str = "net.ipv4.ip_unprivileged_port_start";

/// Kernels that have each knob (git history of net/ipv4/sysctl_net_ipv4.c).
const RESERVED_SINCE: KernelVersion = KernelVersion(2, 6, 35);
const UNPRIVILEGED_START_SINCE: KernelVersion = KernelVersion(4, 11, 0);
/// The search by parity in two passes (`inet_csk_find_open_port`, `__inet_hash_connect`).
const PARITY_SINCE: KernelVersion = KernelVersion(4, 5, 0);

/// What every namespace of a host has in common.
pub(super) struct Kernel {
    version: Option<KernelVersion>,
    gvisor: bool,
    vendor_default: Option<PortRange>,
    time_wait: TimeWait,
}

impl Kernel {
    pub(super) fn new(host: &HostInfo, version: Option<KernelVersion>) -> Self {
        let gvisor = host.environment == Some(Environment::Gvisor);
        Self {
            version,
            gvisor,
            vendor_default: vendor_default(gvisor, host.kernel.as_deref()),
            time_wait: TimeWait::of(host),
        }
    }
}

/// Reads the namespace that `ask` asks. Of another than the reader's own, `path` leads into it.
pub(super) fn read(
    ask: &dyn Ask,
    kernel: &Kernel,
    id: String,
    path: Option<String>,
    depth: Depth,
    mut notes: Vec<Unread>,
) -> Scope {
    let &Kernel { version, gvisor, .. } = kernel;
    let separator = if gvisor { BoundsSeparator::Space } else { BoundsSeparator::Tab };
    let counters = usage::counters(ask);
    // A thousand namespaces with nothing in them are a thousand times four dumps saved.
    let empty = |family, transport| match &counters {
        Ok(counters) => path.is_some() && counters.none(family, transport),
        Err(_) => false,
    };
    let listeners = listeners::read(ask, empty, &mut notes);
    let nat = nat::read(ask, &mut notes);
    let mut scope = Scope {
        kind: ScopeKind::Unknown,
        names: Vec::new(),
        id,
        current: path.is_none(),
        path,
        ranges: vec![Range {
            role: Role::Ephemeral,
            // There is no net.ipv6 twin: this one governs both families and every transport.
            families: Family::ALL,
            transports: Transport::ALL,
            vendor_default: kernel.vendor_default,
            // gVisor steps by one from a random start (`pickEphemeralPort`, pkg/tcpip/ports).
            tcp_by_parity: match version {
                _ if gvisor => Some(false),
                version => version.map(|running| running >= PARITY_SINCE),
            },
            udp_held_back: 0,
            bounds: sysctl(ask, RANGE, None, |bytes| linux_sysctl::port_range(bytes, separator)),
        }],
        reserved: vec![Reserved {
            kind: ReservedKind::Reserved,
            families: Family::ALL,
            transports: Transport::ALL,
            ports: reserved(ask, gvisor, version),
        }],
        randomization: Vec::new(),
        unprivileged_start: sysctl(
            ask,
            UNPRIVILEGED_START,
            version.map(|running| running < UNPRIVILEGED_START_SINCE),
            linux_sysctl::unprivileged_start,
        ),
        time_wait: kernel.time_wait.read(ask),
        listeners,
        nat: Some(nat),
        boot: boot::Facts::NotAsked,
        usage: Reading::Absent { source: Source::Kernel("not asked yet".into()) },
        notes,
    };
    other_transports::read(ask, &mut scope);
    let mut more = Vec::new();
    scope.usage = usage::read(ask, counters, &scope, depth, version, &mut more);
    scope.notes.append(&mut more);
    scope
}

/// gVisor has the file, always empty, and no reservations (`newStaticFile("")`,
/// pkg/sentry/fsimpl/proc/tasks_sys.go).
fn reserved(ask: &dyn Ask, gvisor: bool, kernel: Option<KernelVersion>) -> Reading<PortSet> {
    let before_its_time = kernel.map(|running| running < RESERVED_SINCE);
    let reading = sysctl(ask, RESERVED, before_its_time, linux_sysctl::reserved_ports);
    match reading {
        Reading::Unknown { source, why } if gvisor && why.raw.as_deref() == Some("") => {
            Reading::Absent { source }
        }
        other => other,
    }
}

/// gVisor: 16000–65535 (`firstEphemeral`, pkg/tcpip/ports/ports.go).
fn vendor_default(gvisor: bool, release: Option<&str>) -> Option<PortRange> {
    let (first, last) = if gvisor { (16000, 65535) } else { defaults::range(release?)? };
    PortRange::new(first, last)
}
