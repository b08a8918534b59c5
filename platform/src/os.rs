//! Which questions each OS is asked, and what its answers mean.

mod aix;
mod bsd;
mod dragonfly;
mod freebsd;
mod illumos;
mod knobs;
mod line_outcomes;
mod linux;
mod list_usage;
mod macos;
mod netbsd;
mod openbsd;
mod release;
mod shared_bsd;
mod sockets;
mod suspects;
mod system;
mod texts;
mod time_wait;
mod unsupported;
mod windows;

pub use system::{Support, System, Way};

use crate::ask::{Answer, Ask, Question, Refusal};
use crate::boot::{Boot, Running};
use crate::holders::{Hold, Holders};
use crate::needs::Needs;
use crate::persisted::{More, Persisted};
use crate::ports::PortSet;
use crate::snapshot::{
    Held, HostInfo, ListenerId, Os, Reading, Reason, Scope, Snapshot, Transport, Why,
};
use crate::unread::{Namespaces, Subject, Unread};

/// Every system.
pub static SYSTEMS: &[&System] = &[
    &linux::SYSTEM,
    &freebsd::SYSTEM,
    &openbsd::SYSTEM,
    &netbsd::SYSTEM,
    &dragonfly::SYSTEM,
    &shared_bsd::SYSTEM,
    &macos::SYSTEM,
    &illumos::SYSTEM,
    &illumos::SOLARIS,
    &aix::SYSTEM,
    &windows::SYSTEM,
    &unsupported::SYSTEM,
];

/// Each has one, which a test holds.
fn of(os: Os) -> &'static System {
    SYSTEMS.iter().find(|system| system.os == os).copied().unwrap_or(&unsupported::SYSTEM)
}

pub(crate) fn read(os: Os, ask: &dyn Ask, needs: &Needs) -> Snapshot {
    let mut snapshot = (of(os).read)(ask, needs);
    if os != Os::Linux {
        snapshot.unread_scopes = needs.all_namespaces.then(no_tour);
        for scope in &mut snapshot.scopes {
            if let Some(usage) = list_usage::read(ask, scope) {
                scope.usage = usage;
            }
        }
    }
    let held = needs.held.iter().filter(|(_, ports)| !ports.is_empty());
    let of = |(transport, ports): &(Transport, PortSet)| {
        held_by(holders(&snapshot.host, ask, *transport, ports))
    };
    snapshot.held = held.map(of).collect();
    snapshot
}

/// What is left out where there is no way into other namespaces.
fn no_tour() -> Vec<Unread> {
    let why = "other network namespaces, jails and zones are not read here: only those of a running Linux are";
    let subject = Subject::Namespaces(Namespaces::All);
    vec![Unread::new(subject, Why::new(Reason::Unsupported, why))]
}

/// The files that the settings of a system persist in; none where a program prints them.
pub(crate) struct PersistedPaths {
    pub(crate) folders: &'static [&'static str],
    pub(crate) files: Vec<&'static str>,
    /// Whether a file of that name in one of the folders may be applied.
    pub(crate) matters: fn(&[u8]) -> bool,
    /// What else is to be read, by what was read so far.
    pub(crate) further: fn(&Persisted) -> Vec<More>,
}

impl Default for PersistedPaths {
    fn default() -> Self {
        Self { folders: &[], files: Vec::new(), matters: |_| true, further: |_| Vec::new() }
    }
}

pub(crate) fn persisted(os: Os) -> PersistedPaths {
    (of(os).persisted)()
}

pub(crate) fn boot(os: Os, persisted: &Persisted, release: Option<&str>) -> Boot {
    (of(os).boot)(persisted, release)
}

/// Whether the settings of a system persist in files, and not in what a program of its prints.
pub(crate) fn persists_in_files(os: Os) -> bool {
    let wanted = persisted(os);
    !(wanted.folders.is_empty() && wanted.files.is_empty())
}

/// Finds the processes of listeners, by one search for all of them, and those that use up the ports
/// to one destination.
pub(crate) fn find_owners(ask: &dyn Ask, snapshot: &mut Snapshot, of: &[ListenerId]) {
    if snapshot.host.os == Os::Linux {
        linux::find_owners(ask, snapshot, of);
        linux::find_busiest_users(ask, snapshot);
    }
}

/// Why the settings that persist never reach the reader's own scope.
pub(crate) fn reach(host: &HostInfo, scope: &Scope, ask: &dyn Ask) -> Reach {
    if host.os == Os::Linux { linux::boot::reach(host, scope, ask) } else { Reach::In }
}

/// Whether the persisted settings are for a scope.
pub(crate) enum Reach {
    /// They are.
    In,
    /// They never reach it: why.
    Out(&'static str),
    /// It is not known: why.
    Unknown(Why),
}

/// The keys of what the settings give, as they are now.
pub(crate) fn running(os: Os, ask: &dyn Ask, boot: &Boot) -> Vec<Running> {
    let mut keys: Vec<&'static str> = boot.entries.iter().map(|entry| entry.key).collect();
    keys.sort_unstable();
    keys.dedup();
    let of = |key: &'static str| {
        let Answer { source, outcome } = ask.ask(Question::Tunable(key));
        let default = if os == Os::Linux { linux::boot::default(key, &boot.kernels) } else { None };
        let value = outcome.map_err(Refusal::why).and_then(|bytes| line(os, bytes));
        let value = Reading::new(source, value);
        Running { key, value, default }
    };
    keys.into_iter().map(of).collect()
}

/// Linux ends every value with a newline: what has none was cut, or is masked.
fn line(os: Os, bytes: Vec<u8>) -> Result<String, Why> {
    let text = String::from_utf8(bytes)
        .map_err(|error| Why::unparsable("it is not text", error.as_bytes()))?;
    match text.strip_suffix('\n') {
        Some(line) if !line.contains('\n') => Ok(line.to_owned()),
        None if os != Os::Linux => Ok(text),
        _ => Err(Why::unparsable("it is not one line", text.as_bytes())),
    }
}

pub(crate) fn holders(
    host: &HostInfo,
    ask: &dyn Ask,
    transport: Transport,
    ports: &PortSet,
) -> Holders {
    if host.os == Os::Linux {
        return linux::holders::read(ask, host, transport, ports);
    }
    let why = Why::new(Reason::Unsupported, "connections are not read on this system");
    Holders {
        transport,
        ports: ports.clone(),
        items: Vec::new(),
        sources: Vec::new(),
        bound_shown: false,
        unread: vec![Unread::new(
            Subject::PortUsers { transport, family: None, ports: ports.clone() },
            why,
        )],
    }
}

/// Without those that serve, and those that by themselves hold nothing.
fn held_by(holders: Holders) -> Held {
    let Holders { transport, ports, items, sources, bound_shown, unread } = holders;
    let holds = |hold: Hold| !matches!(hold, Hold::Listens | Hold::HalfOpen);
    let items = items.into_iter().filter(|item| holds(item.hold));
    let items = items.map(|item| (item.ends, item.owner)).collect();
    Held { transport, ports, items, sources, bound_shown, unread }
}

/// What bears on the ports that a kernel gives next, beside the pool; `None` where that can't be
/// told.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Allocator {
    /// How many TCP ports can be in use at most.
    pub(crate) tcp_in_use: Option<u32>,
    /// How many UDP ports can be in use at most.
    pub(crate) udp_in_use: Option<u32>,
    /// Whether the namespace has any address of IPv6.
    pub(crate) has_ipv6: Option<bool>,
}

pub(crate) fn allocator(os: Os, ask: &dyn Ask) -> Allocator {
    if os == Os::Linux { linux::allocator::read(ask) } else { Allocator::default() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::boot::State;

    #[test]
    fn every_system_has_one_value() {
        let systems: Vec<Os> = SYSTEMS.iter().map(|system| system.os).collect();
        assert_eq!(systems, Os::ALL);
        for system in SYSTEMS {
            // No name is one that only the shared ones of the BSDs have.
            let unnamed = matches!(system.os, Os::Bsd | Os::Unsupported);
            assert!(system.signs.is_empty() == unnamed, "{system:?}");
            assert_eq!((system.read)(&nothing, &Needs::default()).host.os, system.os);
        }
    }

    fn nothing(_: Question<'_>) -> Answer {
        crate::ask::not_read_here()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        /// Whatever a file holds, each key has its entry, and a value has its line.
        #[test]
        fn any_file_is_understood(lines in prop::collection::vec(line(), 0..12), ended: bool) {
            let end: &[u8] = if ended { b"\n" } else { b"" };
            let text = [lines.join(&b'\n'), end.to_vec()].concat();
            for os in Os::ALL {
                let files = [&b"sysctl.conf"[..], b"sysctl.conf.local"].map(|name| crate::persisted::File {
                    name: name.to_vec(),
                    path: String::from_utf8_lossy(name).into_owned(),
                    place: String::from_utf8_lossy(name).into_owned(),
                    found: crate::persisted::Found::Text(text.clone()),
                });
                let persisted = Persisted { files: files.to_vec(), ..Persisted::default() };
                let boot = boot(*os, &persisted, None);
                prop_assert_eq!(boot.entries.is_empty(), matches!(os, Os::Bsd | Os::Unsupported));
                for entry in boot.entries {
                    if let State::Known { origin, .. } = entry.state {
                        prop_assert!(origin.line.is_some());
                    }
                }
            }
        }
    }

    /// A line that sets a key, more or less, or any bytes.
    fn line() -> impl Strategy<Value = Vec<u8>> {
        let key = prop::sample::select(
            &[
                "net.inet.ip.portrange.first",
                "net.inet.ip.portfirst",
                "net.inet.tcp.baddynamic",
                "net.inet.ip.anonportmin",
                "net.inet.ip.anonportalgo.reserve",
            ][..],
        );
        let value = "[ =:\"'#\\\\+,0-9x-]{0,12}";
        let set = (key, value).prop_map(|(key, value)| format!("{key}={value}").into_bytes());
        prop_oneof![set, prop::collection::vec(any::<u8>(), 0..40)]
    }
}
