//! Which system a text is of, by the names in it.

use super::EvidenceError;
use crate::os::{SYSTEMS, System};
use crate::snapshot::Os;

/// Names that are kept although they are no sign: what tells the host, and how long TIME_WAIT
/// lasts.
const ALSO_WANTED: &[&str] = &[
    "kern.ostype",
    "kern.osrelease",
    "kern.hostname",
    "hw.machine",
    "kernel.ostype",
    "kernel.osrelease",
    "kernel.hostname",
    "kernel.version",
    "kernel.arch",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_max_tw_buckets",
    "net.ipv4.tcp_tw_reuse",
    "net.inet.esp.udpencap_port",
    "net.inet.tcp.msl",
    "net.inet.tcp.mslt.remote",
    "tcp/smallest_nonpriv_port",
    "tcp/_time_wait_interval",
    "tcp_timewait",
];

/// The systems with the longest sign that the name begins with.
fn systems_of(name: &str) -> Vec<Os> {
    let longest = |system: &&&System| {
        let signs = system.signs.iter().filter(|sign| name.starts_with(**sign));
        signs.map(|sign| sign.len()).max()
    };
    let most = SYSTEMS.iter().filter_map(|system| longest(&system)).max();
    let with = SYSTEMS.iter().filter(|system| most.is_some() && longest(system) == most);
    with.map(|system| system.os).collect()
}

fn is_sign(name: &str) -> bool {
    SYSTEMS.iter().flat_map(|system| system.signs).any(|sign| name.starts_with(sign))
}

/// Whether a tunable is wanted, or tells whose text it is.
pub(super) fn says_something(name: &str) -> bool {
    is_sign(name) || is_wanted(name)
}

/// Whether a tunable is about ports or tells the host.
pub(super) fn is_wanted(name: &str) -> bool {
    let about_ports = is_sign(name);
    (about_ports && (!name.starts_with("net.ipv4.") || name.starts_with("net.ipv4.ip_")))
        || name.starts_with("net.inet.ip.lowport")
        || name.starts_with("net.inet6.ip6.lowport")
        || ALSO_WANTED.contains(&name)
}

/// The systems that could have printed everything seen so far.
#[derive(Debug, Default)]
pub(super) struct Signs {
    candidates: Option<Vec<Os>>,
    /// The first sign: its name and place.
    first: Option<String>,
    /// The first sign that no candidate had.
    stranger: Option<String>,
}

impl Signs {
    /// A name with its value.
    pub(super) fn see(&mut self, name: &str, value: &str, place: &str) {
        let named = matches!(name, "kern.ostype" | "kernel.ostype");
        let called = SYSTEMS.iter().find(|system| named && system.kernel == Some(value));
        if let Some(system) = called {
            self.narrow(&[system.os], name, place);
        }
        self.narrow(&systems_of(name), name, place);
    }

    /// A table of netsh or PowerShell.
    pub(super) fn see_windows(&mut self, what: &str, place: &str) {
        self.narrow(&systems_of("netsh "), what, place);
    }

    /// A property of ipadm, and whether its name was printed with hyphens: only Solaris 11 does,
    /// and not always.
    pub(super) fn see_ipadm(&mut self, name: &str, hyphens: bool, place: &str) {
        if name.ends_with("_anon_port") {
            self.narrow(&systems_of(if hyphens { "hyphens " } else { name }), name, place);
        }
    }

    /// A name that ndd was asked for; illumos has the program no more.
    pub(super) fn see_ndd(&mut self, name: &str, place: &str) {
        self.narrow(&systems_of("ndd "), name, place);
    }

    fn narrow(&mut self, systems: &[Os], name: &str, place: &str) {
        if systems.is_empty() {
            return;
        }
        let left: Vec<Os> = match &self.candidates {
            None => systems.to_vec(),
            Some(candidates) => {
                candidates.iter().copied().filter(|os| systems.contains(os)).collect()
            }
        };
        if left.is_empty() {
            self.stranger.get_or_insert_with(|| format!("{name} ({place})"));
            return;
        }
        self.first.get_or_insert_with(|| format!("{name} ({place})"));
        self.candidates = Some(left);
    }

    /// The one system, or why it is not clear which.
    pub(super) fn os(self, wanted: Option<Os>, pieces: &str) -> Result<Os, EvidenceError> {
        let Some(candidates) = self.candidates else {
            return Err(EvidenceError::Empty(pieces.to_owned()));
        };
        if let Some(os) = wanted {
            return Ok(os);
        }
        if let Some(stranger) = self.stranger {
            return Err(EvidenceError::Mixed(stranger));
        }
        match candidates[..] {
            [os] => Ok(os),
            _ => Err(EvidenceError::Ambiguous {
                found: self.first.unwrap_or_default(),
                candidates: candidates.iter().map(|os| os.name()).collect::<Vec<_>>().join(", "),
            }),
        }
    }
}
