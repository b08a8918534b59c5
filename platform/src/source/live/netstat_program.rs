//! FreeBSD, OpenBSD, NetBSD, DragonFly BSD, illumos and Solaris: netstat, whose text is the same
//! through every release where the kernel's structures are not.

use super::{netstat_text, program};
use crate::ask::{OpenSockets, Reply};
use crate::snapshot::{Family, Source, Transport};

/// By its path: what comes first in PATH is no business of an audit that root runs.
const NETSTAT: &str = "/usr/bin/netstat";

/// The TCP listeners or unconnected UDP sockets of a family. It names no process.
pub(super) fn listeners(family: Family, transport: Transport) -> Reply<OpenSockets> {
    let of = match family {
        Family::Ipv4 => "inet",
        Family::Ipv6 => "inet6",
    };
    let arguments = arguments(of);
    let outcome = program::output(NETSTAT, &arguments, &[]).and_then(|bytes| {
        netstat_text::open(&bytes, family, transport, rustix::process::geteuid().is_root())
    });
    Reply::new(Source::Command(format!("{NETSTAT} {}", arguments.join(" ")).into()), outcome)
}

/// FreeBSD cuts the addresses of IPv6 where it is not asked for wide columns (netstat(1), `-W`).
#[cfg(any(target_os = "freebsd", target_os = "dragonfly"))]
const fn arguments(family: &str) -> [&str; 4] {
    ["-an", "-W", "-f", family]
}

#[cfg(not(any(target_os = "freebsd", target_os = "dragonfly")))]
const fn arguments(family: &str) -> [&str; 3] {
    ["-an", "-f", family]
}
