//! Which host it is: its system, release and environment.

use std::fmt;

/// Where the OS runs, where that changes what its ports mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Environment {
    /// Windows Subsystem for Linux; its range may mirror a slice of the Windows host's.
    Wsl,
    /// gVisor's own network stack.
    Gvisor,
    /// A container, by the name its manager left ("docker", "podman", "lxc", …).
    Container(String),
}

impl fmt::Display for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wsl => f.write_str("wsl"),
            Self::Gvisor => f.write_str("gvisor"),
            Self::Container(name) => f.write_str(name),
        }
    }
}

/// The operating system whose rules apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Os {
    /// Linux.
    Linux,
    /// FreeBSD.
    FreeBsd,
    /// OpenBSD.
    OpenBsd,
    /// NetBSD.
    NetBsd,
    /// DragonFly BSD.
    DragonFly,
    /// FreeBSD, DragonFly BSD or macOS: the evidence does not tell which, and they are judged by
    /// what they share.
    Bsd,
    /// macOS and its kin.
    MacOs,
    /// illumos and its distributions.
    Illumos,
    /// Oracle Solaris.
    Solaris,
    /// AIX.
    Aix,
    /// Windows.
    Windows,
    /// One that no reader was written for.
    Unsupported,
}

impl Os {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::Linux,
        Self::FreeBsd,
        Self::OpenBsd,
        Self::NetBsd,
        Self::DragonFly,
        Self::Bsd,
        Self::MacOs,
        Self::Illumos,
        Self::Solaris,
        Self::Aix,
        Self::Windows,
        Self::Unsupported,
    ];

    /// The word in the report.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Linux => "linux",
            Self::FreeBsd => "freebsd",
            Self::OpenBsd => "openbsd",
            Self::NetBsd => "netbsd",
            Self::DragonFly => "dragonfly",
            Self::Bsd => "bsd",
            Self::MacOs => "macos",
            Self::Illumos => "illumos",
            Self::Solaris => "solaris",
            Self::Aix => "aix",
            Self::Windows => "windows",
            Self::Unsupported => "unsupported",
        }
    }
}

/// The host the facts belong to. What could not be read is `None`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HostInfo {
    /// The node name.
    pub name: Option<String>,
    /// The operating system.
    pub os: Os,
    /// The distribution, by `ID` of os-release(5): "debian".
    pub os_id: Option<String>,
    /// The distribution's or vendor's name for its version.
    pub os_version: Option<String>,
    /// Its version, by `VERSION_ID` of os-release(5): "12".
    pub os_version_id: Option<String>,
    /// The kernel's release.
    pub kernel: Option<String>,
    /// The machine's architecture.
    pub arch: Option<String>,
    /// What it runs in, where recognised.
    pub environment: Option<Environment>,
}

impl HostInfo {
    /// A host of which only its system is known.
    pub const fn of(os: Os) -> Self {
        Self {
            name: None,
            os,
            os_id: None,
            os_version: None,
            os_version_id: None,
            kernel: None,
            arch: None,
            environment: None,
        }
    }
}
