//! Which system a text is of, by the names in it.

use super::EvidenceError;
use crate::snapshot::Os;

/// The systems whose six numbers under net.inet.ip.portrange are alike.
const PORTRANGE: &[Os] = &[Os::FreeBsd, Os::DragonFly, Os::MacOs];

/// Names, or beginnings of names, that only these systems have.
const SIGNS: &[(&str, &[Os])] = &[
    ("net.ipv4.", &[Os::Linux]),
    ("net.inet.ip.portrange.random", &[Os::FreeBsd]),
    ("net.inet.ip.portrange.reserved", &[Os::FreeBsd]),
    ("net.inet.ip.portrange.ipport_allow_udp_port_exhaustion", &[Os::MacOs]),
    ("net.inet.ip.portrange.", PORTRANGE),
    ("net.inet.tcp.randomize_ports", &[Os::MacOs]),
    ("net.inet.udp.randomize_ports", &[Os::MacOs]),
    ("net.restricted_port.", &[Os::MacOs]),
    ("net.inet.ip.portfirst", &[Os::OpenBsd]),
    ("net.inet.ip.portlast", &[Os::OpenBsd]),
    ("net.inet.ip.porthi", &[Os::OpenBsd]),
    ("net.inet.tcp.baddynamic", &[Os::OpenBsd]),
    ("net.inet.udp.baddynamic", &[Os::OpenBsd]),
    ("net.inet.ip.anonport", &[Os::NetBsd]),
    ("net.inet6.ip6.anonport", &[Os::NetBsd]),
    ("tcp/smallest_anon_port", &[Os::Illumos, Os::Solaris]),
    ("tcp/largest_anon_port", &[Os::Illumos, Os::Solaris]),
    ("udp/smallest_anon_port", &[Os::Illumos, Os::Solaris]),
    ("udp/largest_anon_port", &[Os::Illumos, Os::Solaris]),
    ("tcp_ephemeral_", &[Os::Aix]),
    ("udp_ephemeral_", &[Os::Aix]),
];

/// What the kernels call themselves.
const NAMES: &[(&str, Os)] = &[
    ("Linux", Os::Linux),
    ("FreeBSD", Os::FreeBsd),
    ("OpenBSD", Os::OpenBsd),
    ("NetBSD", Os::NetBsd),
    ("DragonFly", Os::DragonFly),
    ("Darwin", Os::MacOs),
];

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

/// Whether a tunable is wanted, or tells whose text it is.
pub(super) fn says_something(name: &str) -> bool {
    SIGNS.iter().any(|(sign, _)| name.starts_with(sign)) || is_wanted(name)
}

/// Whether a tunable is about ports or tells the host.
pub(super) fn is_wanted(name: &str) -> bool {
    let about_ports = SIGNS.iter().any(|(sign, _)| name.starts_with(sign));
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
        if let Some((_, os)) = NAMES.iter().find(|(word, _)| named && *word == value) {
            self.narrow(&[*os], name, place);
        }
        if let Some((_, systems)) = SIGNS.iter().find(|(sign, _)| name.starts_with(sign)) {
            self.narrow(systems, name, place);
        }
    }

    /// A table of netsh or PowerShell.
    pub(super) fn see_windows(&mut self, what: &str, place: &str) {
        self.narrow(&[Os::Windows], what, place);
    }

    /// A property of ipadm, and whether its name was printed with hyphens: only Solaris 11 does,
    /// and not always.
    pub(super) fn see_ipadm(&mut self, name: &str, hyphens: bool, place: &str) {
        if name.ends_with("_anon_port") {
            self.narrow(
                if hyphens { &[Os::Solaris] } else { &[Os::Illumos, Os::Solaris] },
                name,
                place,
            );
        }
    }

    /// A name that ndd was asked for; illumos has the program no more.
    pub(super) fn see_ndd(&mut self, name: &str, place: &str) {
        self.narrow(&[Os::Solaris], name, place);
    }

    fn narrow(&mut self, systems: &[Os], name: &str, place: &str) {
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
