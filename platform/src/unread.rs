//! What could not be read: about what, and why.

use std::fmt;

use crate::draw::{Wish, family_name};
use crate::ports::PortSet;
use crate::reading::Why;
use crate::transport::{Family, Transport};

/// Something that could not be read, or that is less certain than it looks.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unread {
    /// What it is about.
    pub subject: Subject,
    /// What keeps it from being known.
    pub why: Why,
}

impl Unread {
    /// A subject with its reason.
    pub const fn new(subject: Subject, why: Why) -> Self {
        Self { subject, why }
    }

    /// That what a file or folder sets is not known.
    pub(crate) fn of_file(place: impl Into<String>, why: Why) -> Self {
        Self::new(Subject::Settings(Settings::In(place.into())), why)
    }

    /// That the value of a key after a reboot is not known.
    pub(crate) const fn of_key(key: &'static str, why: Why) -> Self {
        Self::new(Subject::Settings(Settings::Of(key)), why)
    }
}

/// What a reason is about. Programs decide by this; people read its `Display`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Subject {
    /// TCP listeners or unconnected UDP sockets.
    Sockets {
        /// Of one transport, or of both.
        transport: Option<Transport>,
        /// Of one family, or of both.
        family: Option<Family>,
    },
    /// Every socket that has one of these ports.
    PortUsers {
        /// The transport.
        transport: Transport,
        /// Of one family, or of both.
        family: Option<Family>,
        /// The ports.
        ports: PortSet,
    },
    /// The sockets of a transport beside TCP and UDP.
    OtherTransport(&'static str),
    /// Whether sockets on `[::]` serve IPv4 too.
    DualStack(Transport),
    /// TCP sockets that are bound and neither listen nor are connected.
    BoundSockets,
    /// The ports that a fixed list of the vendor keeps out.
    RestrictedPorts,
    /// The tables that iptables has loaded.
    NatTables,
    /// A file of the evidence, by its place.
    Evidence(String),
    /// Which family a table of netsh(8) is of.
    NetshFamily,
    /// What uname(2) tells.
    Uname,
    /// The distribution's name.
    OsRelease,
    /// What a container's manager leaves behind.
    ContainerMark,
    /// The identity of the reader's own namespace.
    NamespaceId,
    /// The identity of the namespace that process 1 is in.
    NamespaceOfInit,
    /// Other network namespaces.
    Namespaces(Namespaces),
    /// The settings that persist.
    Settings(Settings),
    /// The pool: of a transport and family, or of all.
    Pool(Option<(Transport, Family)>),
    /// The ports that the kernel gives to such a call.
    Given(Wish),
}

/// Which network namespaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Namespaces {
    /// All, or nobody knows how many.
    All,
    /// So many.
    Found(usize),
    /// Those of so many processes.
    OfProcesses(usize),
    /// Those of every process.
    OfAllProcesses,
    /// Those of processes that are not shown.
    OfHiddenProcesses,
    /// Those that a table of mounts names.
    Mounted,
}

/// Which of the settings that persist.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Settings {
    /// All of them.
    All,
    /// Those of a file or folder, by where it is.
    In(String),
    /// Some of the lines that name a key.
    Lines,
    /// The value of this key.
    Of(&'static str),
}

impl Subject {
    /// The transport that it is about; `None` where it concerns each.
    pub const fn transport(&self) -> Option<Transport> {
        match self {
            Self::Sockets { transport, .. } => *transport,
            Self::PortUsers { transport, .. } | Self::DualStack(transport) => Some(*transport),
            Self::BoundSockets => Some(Transport::Tcp),
            Self::Pool(Some((transport, _))) | Self::Given(Wish { transport, .. }) => {
                Some(*transport)
            }
            _ => None,
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sockets { transport, family } => {
                f.write_str(match transport {
                    None => "listeners",
                    Some(Transport::Tcp) => "tcp listeners",
                    Some(Transport::Udp) => "unconnected udp sockets",
                })?;
                over(f, *family)
            }
            Self::PortUsers { transport, family, ports } => {
                let one = ports.count() == 1;
                write!(f, "{transport} sockets with port{} {ports}", if one { "" } else { "s" })?;
                over(f, *family)
            }
            Self::OtherTransport(name) => write!(f, "{name} sockets"),
            Self::DualStack(transport) => write!(f, "families of {transport} sockets on [::]"),
            Self::BoundSockets => f.write_str("sockets that are only bound"),
            Self::RestrictedPorts => f.write_str("restricted ports"),
            Self::NatTables => f.write_str("tables of iptables"),
            Self::Evidence(place) => f.write_str(place),
            Self::NetshFamily => f.write_str("family of a netsh table"),
            Self::Uname => f.write_str("uname"),
            Self::OsRelease => f.write_str("os-release"),
            Self::ContainerMark => f.write_str("mark of a container"),
            Self::NamespaceId => f.write_str("identity of the namespace"),
            Self::NamespaceOfInit => f.write_str("pid 1"),
            Self::Namespaces(which) => which.fmt(f),
            Self::Settings(which) => which.fmt(f),
            Self::Pool(None) => f.write_str("the pool"),
            Self::Pool(Some((transport, family))) => {
                write!(f, "the {transport} pool over {}", family_name(*family))
            }
            Self::Given(Wish { transport, family, call }) => {
                write!(f, "{transport} {}() over {}", call.name(), family_name(*family))
            }
        }
    }
}

fn over(f: &mut fmt::Formatter<'_>, family: Option<Family>) -> fmt::Result {
    family.map_or(Ok(()), |family| write!(f, " over {}", family_name(family)))
}

impl fmt::Display for Namespaces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("network namespaces"),
            Self::Found(1) => f.write_str("1 network namespace"),
            Self::Found(count) => write!(f, "{count} network namespaces"),
            Self::OfProcesses(1) => f.write_str("network namespaces of 1 process"),
            Self::OfProcesses(count) => write!(f, "network namespaces of {count} processes"),
            Self::OfAllProcesses => f.write_str("network namespaces of all processes"),
            Self::OfHiddenProcesses => f.write_str("network namespaces of hidden processes"),
            Self::Mounted => f.write_str("mounts of network namespaces"),
        }
    }
}

impl fmt::Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("boot values: all"),
            Self::In(place) => write!(f, "boot values: {place}"),
            Self::Lines => f.write_str("boot values: lines"),
            Self::Of(key) => write!(f, "boot value of {key}"),
        }
    }
}
