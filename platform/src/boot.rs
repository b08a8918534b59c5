//! What the persisted settings give after a reboot: plain data, the same type on every OS.
//!
//! One entry a key and loader, and one of the program that writes to the key after the loader, where
//! its files are read. What an initial ramdisk sets before, and what scripts write, is not predicted;
//! [`Suspect`] names those that were seen.

use crate::reading::{Reading, Source, Why, quoted};
use crate::unread::{Settings, Subject, Unread};

/// Who applies the settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Loader {
    /// systemd-sysctl(8), at boot.
    SystemdSysctl,
    /// `sysctl --system` of procps, sysctl(8): at boot without systemd, and whenever somebody runs
    /// it.
    Procps,
    /// OpenRC's script of Alpine Linux, which goes through the folders one after the other.
    Openrc,
    /// UFW, after the loader.
    Ufw,
    /// tuned, after the loader.
    Tuned,
    /// saptune, after the loader.
    Saptune,
    /// A unit of systemd that runs sysctl(8), after the loader.
    Unit,
    /// /etc/rc.d/sysctl of FreeBSD, NetBSD and DragonFly BSD, rc(8).
    RcSysctl,
    /// /etc/rc of OpenBSD, rc(8).
    Rc,
    /// launchd(8) of macOS, which sets no sysctl by itself.
    Launchd,
    /// ipadm(8) of illumos and Solaris.
    Ipadm,
    /// tunrestore of AIX.
    Tunrestore,
    /// Windows: the persistent store of netsh(8).
    PersistentStore,
}

impl Loader {
    /// All.
    pub const ALL: &'static [Self] = &[
        Self::SystemdSysctl,
        Self::Procps,
        Self::Openrc,
        Self::Ufw,
        Self::Tuned,
        Self::Saptune,
        Self::Unit,
        Self::RcSysctl,
        Self::Rc,
        Self::Launchd,
        Self::Ipadm,
        Self::Tunrestore,
        Self::PersistentStore,
    ];

    /// The word in the report.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SystemdSysctl => "systemd-sysctl",
            Self::Procps => "procps",
            Self::Openrc => "openrc",
            Self::Ufw => "ufw",
            Self::Tuned => "tuned",
            Self::Saptune => "saptune",
            Self::Unit => "unit",
            Self::RcSysctl => "rc.d/sysctl",
            Self::Rc => "rc",
            Self::Launchd => "launchd",
            Self::Ipadm => "ipadm",
            Self::Tunrestore => "tunrestore",
            Self::PersistentStore => "persistent-store",
        }
    }

    /// Whether it writes at boot after the loader has run: what it leaves is what stays.
    pub const fn comes_after(self) -> bool {
        matches!(self, Self::Ufw | Self::Tuned | Self::Saptune | Self::Unit)
    }

    /// What it means where none of its lines takes effect.
    pub const fn absent(self) -> &'static str {
        match self {
            Self::Launchd => {
                "macOS has no supported file of sysctls: the kernel's default stays unless a \
                 LaunchDaemon runs sysctl(8)"
            }
            Self::Ipadm => "no value is persistent: the default stays",
            _ => "no line takes effect: the kernel's default stays",
        }
    }
}

/// Where a line stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The file.
    pub source: Source,
    /// The line, counted from 1; `None` where the file has no lines (the kernel's command line).
    pub line: Option<u32>,
}

impl Origin {
    /// FILE:LINE.
    pub fn place(&self) -> String {
        let line = self.line.map(|line| format!(":{line}")).unwrap_or_default();
        format!("{}{line}", self.source.location())
    }

    /// The command that shows it.
    pub fn command(&self) -> String {
        match self.line {
            Some(line) => format!("sed -n {line}p {}", quoted(self.source.location())),
            None => self.source.command(),
        }
    }
}

/// What reading the key gives after the loader has run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// A line decides.
    Known {
        /// As the kernel prints it, without the newline.
        value: String,
        /// The line that wrote last.
        origin: Origin,
    },
    /// No line takes effect: the kernel's default stays.
    Absent,
    /// It is not known: because of a file, or of the key itself.
    Unknown(Unread),
}

/// A line that took effect, or would have, had not a later one replaced it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Overridden {
    /// As it stands in the line.
    pub value: String,
    /// The line.
    pub origin: Origin,
}

/// Why a line never applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Rejection {
    /// A byte order mark stands before the key.
    ByteOrderMark,
    /// Names of sysctls are in lower case.
    Case,
    /// Dots and slashes are mixed: the first one decides, and the others are exchanged.
    MixedSeparators,
    /// The key has quotes around it.
    QuotedKey,
    /// The key begins with `/proc/sys`.
    FullPath,
    /// The key is spelled in another way that this loader does not follow.
    Spelling,
    /// The kernel has no such key, but one that looks like it.
    NoSuchKey,
    /// There is no `=`.
    NoAssignment,
    /// The file's name does not end in `.conf`.
    NotConf,
    /// The file's name begins with a dot.
    Dotfile,
    /// This loader does not read this file.
    NotReadByLoader,
    /// An empty file or a link to /dev/null of the same name, in a folder that goes before, masks
    /// this one.
    Masked,
    /// A file of the same name in a folder that goes before replaces this one.
    Shadowed,
    /// A pattern would set it, and a line of its own or an exclusion keeps the pattern off.
    Excluded,
    /// The kernel refuses quotes.
    QuotedValue,
    /// The kernel refuses blanks in a list of ports.
    SpaceInList,
    /// The kernel refuses a range below `ip_unprivileged_port_start`, or that above the range, as
    /// it is at that moment.
    Order,
    /// The kernel refuses the value (EINVAL).
    Invalid,
    /// Only the beginning of the value fits into one write(2), and this loader writes once.
    Cut,
    /// The kernel takes the nearest value that it allows instead.
    Clamped,
}

impl Rejection {
    /// All.
    pub const ALL: &'static [Self] = &[
        Self::ByteOrderMark,
        Self::Case,
        Self::MixedSeparators,
        Self::QuotedKey,
        Self::FullPath,
        Self::Spelling,
        Self::NoSuchKey,
        Self::NoAssignment,
        Self::NotConf,
        Self::Dotfile,
        Self::NotReadByLoader,
        Self::Masked,
        Self::Shadowed,
        Self::Excluded,
        Self::QuotedValue,
        Self::SpaceInList,
        Self::Order,
        Self::Invalid,
        Self::Cut,
        Self::Clamped,
    ];

    /// Whether it is the kernel that refuses the line, and not the loader that passes over it.
    pub const fn is_of_the_kernel(self) -> bool {
        matches!(
            self,
            Self::QuotedValue | Self::SpaceInList | Self::Order | Self::Invalid | Self::Cut
        )
    }

    /// The word in the report.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ByteOrderMark => "byte-order-mark",
            Self::Case => "case",
            Self::MixedSeparators => "mixed-separators",
            Self::QuotedKey => "quoted-key",
            Self::FullPath => "full-path",
            Self::Spelling => "spelling",
            Self::NoSuchKey => "no-such-key",
            Self::NoAssignment => "no-assignment",
            Self::NotConf => "not-conf",
            Self::Dotfile => "dotfile",
            Self::NotReadByLoader => "not-read-by-loader",
            Self::Masked => "masked",
            Self::Shadowed => "shadowed",
            Self::Excluded => "excluded",
            Self::QuotedValue => "quoted-value",
            Self::SpaceInList => "space-in-list",
            Self::Order => "order",
            Self::Invalid => "invalid",
            Self::Cut => "cut",
            Self::Clamped => "clamped",
        }
    }
}

/// A line that names the key and never applies.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rejected {
    /// As it stands in the line.
    pub value: String,
    /// The line.
    pub origin: Origin,
    /// Why.
    pub rejection: Rejection,
    /// The same in one line for people.
    pub detail: String,
}

/// What one loader makes of one key.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// The key, with dots.
    pub key: &'static str,
    /// Who applies it.
    pub loader: Loader,
    /// What reading the key gives then.
    pub state: State,
    /// The lines that the winner replaced, in the order of their reading.
    pub overridden: Vec<Overridden>,
    /// The lines that never apply, in the order of their reading.
    pub rejected: Vec<Rejected>,
}

/// What may set a value that stands in no file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Suspect {
    /// What it is.
    pub what: String,
    /// Where it was seen.
    pub source: Source,
}

/// A line that names a key, as it stands in a file that is read, whatever becomes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Written {
    /// The key, with dots: one of the entries, or a knob that is gone.
    pub key: &'static str,
    /// As it stands in the line.
    pub value: String,
    /// The line.
    pub origin: Origin,
}

/// A key of the entries as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Running {
    /// The key.
    pub key: &'static str,
    /// What reading it gives, without the newline.
    pub value: Reading<String>,
    /// What the kernel has where nobody sets it; `None` where that depends on the machine.
    pub default: Option<&'static str>,
}

/// What is known of a scope's values after a reboot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Facts {
    /// Nobody asked.
    NotAsked,
    /// The settings that persist never reach this scope: why.
    OutOfReach(&'static str),
    /// What they give.
    Read(Box<Boot>),
}

impl Facts {
    /// What the settings give, where they were read.
    pub fn read(&self) -> Option<&Boot> {
        match self {
            Self::Read(boot) => Some(boot),
            Self::NotAsked | Self::OutOfReach(_) => None,
        }
    }
}

/// What the persisted settings give.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Boot {
    /// One a key and loader, in a fixed order; where a program writes to a key after the loader,
    /// one more.
    pub entries: Vec<Entry>,
    /// The releases of the kernels that may run: their defaults are those where no line decides.
    pub kernels: Vec<String>,
    /// The same keys as they are now; empty until they were asked for.
    pub running: Vec<Running>,
    /// The lines that name a key.
    pub written: Vec<Written>,
    /// Who else may set the values.
    pub suspects: Vec<Suspect>,
    /// What could not be read.
    pub unread: Vec<Unread>,
}

impl Boot {
    /// Nothing, and why.
    pub(crate) fn unknown(why: Why) -> Self {
        let subject = Subject::Settings(Settings::All);
        Self { unread: vec![Unread::new(subject, why)], ..Self::default() }
    }

    /// What is not known, each thing once: of a file that was not read, not of each key.
    pub fn gaps(&self) -> Vec<&Unread> {
        let mut gaps: Vec<&Unread> = self.unread.iter().collect();
        for entry in &self.entries {
            if let State::Unknown(unread) = &entry.state {
                if !gaps.contains(&unread) {
                    gaps.push(unread);
                }
            }
        }
        gaps
    }
}
