//! Which system a text is of, by the names in it.

use super::EvidenceError;
use crate::os::{SYSTEMS, System};
use crate::parse::sysctl_text::{PrintedValue, Separator};
use crate::parse::typed::echoed;
use crate::parse::uname;
use crate::snapshot::Os;

/// The systems whose six numbers under net.inet.ip.portrange are alike.
const PORTRANGE: &[Os] = &[Os::FreeBsd, Os::DragonFly, Os::MacOs];

/// Names that say nothing of ports and that one system alone has.
const OTHER_SIGNS: &[(&str, Os)] = &[
    ("net.local.stream.tracemdns", Os::MacOs),
    ("net.inet.ip.use_route_genid", Os::MacOs),
    ("net.inet.tcp.win_scale_factor", Os::MacOs),
    ("net.inet.tcp.delayed_ack", Os::MacOs),
    ("kern.osproductversion", Os::MacOs),
    ("net.inet.tcp.nolocaltimewait", Os::FreeBsd),
    ("net.inet.tcp.maxtcptw", Os::FreeBsd),
    ("net.inet.tcp.fast_finwait2_recycle", Os::FreeBsd),
    ("net.inet.tcp.msl_local", Os::FreeBsd),
    ("security.mac.", Os::FreeBsd),
    ("security.jail.", Os::FreeBsd),
    ("net.netisr.", Os::DragonFly),
    ("vfs.hammer", Os::DragonFly),
    ("tcp/congestion_control", Os::Illumos),
    ("tcp/cong_default", Os::Solaris),
];

/// Words in prompts and banners. They decide where nothing better does.
const WORDS: &[(&str, Os)] = &[
    ("macosx", Os::MacOs),
    ("macbook", Os::MacOs),
    ("mac-mini", Os::MacOs),
    ("imac", Os::MacOs),
    ("freebsd", Os::FreeBsd),
    ("pfsense", Os::FreeBsd),
    ("opnsense", Os::FreeBsd),
    ("dragonfly", Os::DragonFly),
    ("omnios", Os::Illumos),
    ("openindiana", Os::Illumos),
    ("smartos", Os::Illumos),
    ("illumos", Os::Illumos),
    ("solaris", Os::Solaris),
    ("/usr/sbin/ndd", Os::Solaris),
    ("oracle corporation", Os::Solaris),
    ("sun microsystems", Os::Solaris),
];

/// What stands in nddconf(4) of HP-UX, and where its ndd is.
const NDD_OF_HP_UX: [&str; 4] = ["nddconf", "NDD_NAME[", "TRANSPORT_NAME[", "/usr/bin/ndd"];

/// Names that are kept although they are no sign: what tells the host, and how long TIME_WAIT
/// lasts.
const ALSO_WANTED: &[&str] = &[
    "kern.ostype",
    "kern.osrelease",
    "kern.osproductversion",
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
    "net.ipv4.tcp_tw_timeout",
    "net.inet.esp.udpencap_port",
    "net.inet.tcp.msl",
    "net.inet.tcp.mslt.remote",
    "tcp/smallest_nonpriv_port",
    "tcp/_time_wait_interval",
    "tcp/extra_priv_ports",
    "udp/extra_priv_ports",
    "tcp_timewait",
    "MaxUserPort",
    "TcpTimedWaitDelay",
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
    is_sign(name) || OTHER_SIGNS.iter().any(|(sign, _)| name.starts_with(sign)) || is_wanted(name)
}

/// Whether no(1) prints it, whose forms are read by themselves.
pub(super) fn is_of_aix(name: &str) -> bool {
    ["tcp_ephemeral_", "udp_ephemeral_"].iter().any(|sign| name.starts_with(sign))
        || name == "tcp_timewait"
}

/// Whether a line is one of sysctl.conf(5), which says what is after a boot: `name=value` of a
/// system whose sysctl(8) prints another form.
pub(super) fn is_of_a_file(name: &str, entry: &PrintedValue<'_>) -> bool {
    const PRINTED_OTHERWISE: [&str; 7] = [
        "net.inet.ip.portrange.",
        "net.inet.ip.anonport",
        "net.inet6.ip6.anonport",
        "net.inet.ip.lowport",
        "net.inet6.ip6.lowport",
        "net.inet.tcp.msl",
        "net.inet.tcp.randomize_ports",
    ];
    entry.separator == Separator::Equals
        && !entry.as_in_a_file
        && PRINTED_OTHERWISE.iter().any(|beginning| name.starts_with(beginning))
}

/// Whether sysctl(8) of its system prints a tunable so: on Linux `NAME = VALUE`, be it procps,
/// BusyBox or toybox. `NAME=VALUE` is a line of a file, and `NAME: VALUE` one of YAML or a note.
pub(super) fn is_printed_so(name: &str, entry: &PrintedValue<'_>) -> bool {
    entry.separator == Separator::SpacedEquals || !name.starts_with("net.ipv4.")
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
    /// What a system says of itself, and the names that it alone has.
    own: Vec<(Os, String)>,
    /// The systems of words in prompts and banners.
    words: Vec<Os>,
    /// A system that is not read: its name and where it says so.
    unsupported: Option<(&'static str, String)>,
    /// Where the configuration of HP-UX stands, which has ndd(8) too.
    hp_ux: Option<String>,
    /// Where ndd(8) was asked: whether it told the default of Solaris.
    ndd_of_solaris: Option<bool>,
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
        self.see_other(name, place);
    }

    fn see_other(&mut self, name: &str, place: &str) {
        if let Some((_, os)) = OTHER_SIGNS.iter().find(|(sign, _)| name.starts_with(sign)) {
            self.own.push((*os, format!("{name} ({place})")));
            self.own.truncate(OWN_MAX);
        }
    }

    /// Lines in which a system names itself, and prompts.
    pub(super) fn see_text(&mut self, text: &str, name: &str) {
        let mut above = "";
        for (line, number) in text.lines().zip(1..) {
            let place = format!("{name}:{number}");
            let asked = echoed(std::mem::replace(&mut above, line), "uname").is_some();
            if let Some((system, _, release, rest)) = uname::uname(line) {
                self.see_uname(system, release, rest, place);
            } else if let Some((system, release)) = uname::greeting(line) {
                self.see_uname(system, release, "", place);
            } else if asked && uname::is_system(line.trim()) {
                self.see_uname(line.trim(), "", "", place);
            } else if let Some(os) = named_by(line) {
                self.own.push((os, place));
                self.own.truncate(OWN_MAX);
            } else if NDD_OF_HP_UX.iter().any(|sign| line.contains(sign)) {
                self.hp_ux.get_or_insert(place);
            } else if self.words.len() < OWN_MAX {
                self.words.extend(word_of(line));
            }
        }
    }

    fn see_uname(&mut self, system: &str, release: &str, rest: &str, place: String) {
        let of_solaris = || {
            // illumos kept 5.11, and its distributions name themselves: omnios-r151046.
            let version = rest.split([' ', '\t']).next().unwrap_or_default();
            match version.chars().next() {
                _ if release.is_empty() => None,
                _ if release != "5.11" => Some(Os::Solaris),
                Some(first) if first.is_ascii_alphabetic() => Some(Os::Illumos),
                Some(_) => Some(Os::Solaris),
                None => None,
            }
        };
        let os = match system {
            "HP-UX" => {
                self.unsupported.get_or_insert(("HP-UX", place));
                return;
            }
            "SunOS" => of_solaris(),
            other => named(other),
        };
        self.own.extend(os.map(|os| (os, place)));
        self.own.truncate(OWN_MAX);
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
        self.see_other(name, place);
    }

    /// A name that ndd was asked for; illumos has the program no more. HP-UX has it with another
    /// default and at another place.
    pub(super) fn see_ndd(&mut self, name: &str, value: &str, place: &str) {
        self.narrow(&systems_of("ndd "), name, place);
        let is_default = name.ends_with("smallest_anon_port") && value == "32768";
        *self.ndd_of_solaris.get_or_insert(false) |= is_default;
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
    pub(super) fn os(mut self, wanted: Option<Os>, pieces: &str) -> Result<Os, EvidenceError> {
        if self.candidates.is_none() {
            return Err(EvidenceError::Empty(pieces.to_owned()));
        }
        if let Some(os) = wanted {
            return Ok(os);
        }
        if let Some((name, place)) = self.unsupported {
            return Err(EvidenceError::Unsupported(place, name));
        }
        let named = !self.own.is_empty();
        for (os, place) in std::mem::take(&mut self.own) {
            self.narrow(&[os], "the system's own name", &place);
        }
        if let Some(stranger) = self.stranger {
            return Err(EvidenceError::Mixed(stranger));
        }
        let mut candidates = self.candidates.unwrap_or_default();
        if candidates.len() > 1 {
            let of_words = |os: &Os| self.words.contains(os);
            if candidates.iter().filter(|os| of_words(os)).count() == 1 {
                candidates.retain(of_words);
            }
        }
        let found = self.first.unwrap_or_default();
        let ambiguous = |candidates: String| Err(EvidenceError::Ambiguous { found, candidates });
        match candidates[..] {
            [Os::Solaris] if !named && !self.words.contains(&Os::Solaris) => {
                match (self.hp_ux, self.ndd_of_solaris) {
                    (Some(place), Some(_)) => Err(EvidenceError::Unsupported(place, "HP-UX")),
                    (None, Some(false)) => ambiguous("solaris or HP-UX".to_owned()),
                    (_, None | Some(true)) => Ok(Os::Solaris),
                }
            }
            [os] => Ok(os),
            // What they share can be judged.
            _ if candidates.iter().all(|os| PORTRANGE.contains(os)) => Ok(Os::Bsd),
            _ => ambiguous(candidates.iter().map(|os| os.name()).collect::<Vec<_>>().join(", ")),
        }
    }
}

/// The system that calls itself so.
fn named(word: &str) -> Option<Os> {
    SYSTEMS.iter().find(|system| system.kernel == Some(word)).map(|system| system.os)
}

/// More lines in which a system names itself than are needed.
const OWN_MAX: usize = 64;

/// The system that a line names for certain: kern.version, or sw_vers(1).
fn named_by(line: &str) -> Option<Os> {
    let product = line.strip_prefix("ProductName:").map(str::trim);
    let of_product = matches!(product, Some("macOS" | "Mac OS X")).then_some(Os::MacOs);
    uname::version(line).and_then(|(system, _)| named(system)).or(of_product)
}

/// The system of a word in a prompt, or in a banner that begins with it.
fn word_of(line: &str) -> Option<Os> {
    const BANNER_MAX: usize = 128;
    const PROMPT_MAX: usize = 64;
    let in_words = |text: &str| {
        let text = text.to_ascii_lowercase();
        WORDS.iter().find(|(word, _)| text.contains(word)).map(|(_, os)| *os)
    };
    if line.len() <= BANNER_MAX && (is_banner(line.trim()) || line.contains("/usr/sbin/ndd ")) {
        return in_words(line);
    }
    let words: Vec<&str> = line.split(' ').take(3).collect();
    // zsh of macOS: `me@host ~ % `; csh of FreeBSD sets a colon behind the host.
    if matches!(words[..], [who, _, "%"] if who.contains('@') && !who.contains(':')) {
        return Some(Os::MacOs);
    }
    if line.starts_with("Last login: ") && line.contains(" on ttys") {
        return Some(Os::MacOs);
    }
    let prompt = line.find(['$', '#', '%']).filter(|at| *at <= PROMPT_MAX);
    in_words(&line[..prompt?])
}

/// `OmniOS v11 r151046`, `Oracle Solaris 11.4 X86`, `The illumos Project     SunOS 5.11`.
fn is_banner(line: &str) -> bool {
    const NAMES: [&str; 4] = ["OmniOS ", "OpenIndiana ", "SmartOS ", "Oracle Solaris "];
    let version = |rest: &str| {
        let word = rest.split(' ').next().unwrap_or_default();
        let number = word.trim_start_matches(['v', 'r']);
        number.starts_with(|c: char| c.is_ascii_digit()) || matches!(word, "Hipster" | "(build:")
    };
    line.contains(" SunOS 5.")
        || NAMES.iter().any(|name| line.strip_prefix(name).is_some_and(version))
}
