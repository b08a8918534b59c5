//! A value with its origin, or the truth about its absence.

use std::borrow::Cow;
use std::fmt;

/// Where a fact was read, in words an operator can retype, or look up.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source {
    /// A file, by its path.
    File(Cow<'static, str>),
    /// A `NETLINK_SOCK_DIAG` dump, by the sockets it asked for (sock_diag(7)).
    Netlink(Cow<'static, str>),
    /// What a command prints.
    Command(Cow<'static, str>),
    /// A sysctl, by its name.
    Sysctl(Cow<'static, str>),
    /// Captured evidence, by file and line.
    Capture(Cow<'static, str>),
    /// What is fixed in the kernel's source: a constant and its file.
    Kernel(Cow<'static, str>),
    /// Captured evidence of what a value was to be when a container started, by file and line:
    /// nobody read it in the kernel.
    Asked(Cow<'static, str>),
}

impl Source {
    /// Every kind of origin.
    pub const KINDS: &'static [&'static str] =
        &["file", "netlink", "command", "sysctl", "capture", "kernel", "asked"];

    /// The kind of origin, as the report names it.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::File(_) => "file",
            Self::Netlink(_) => "netlink",
            Self::Command(_) => "command",
            Self::Sysctl(_) => "sysctl",
            Self::Capture(_) => "capture",
            Self::Kernel(_) => "kernel",
            Self::Asked(_) => "asked",
        }
    }

    /// The path or the question.
    pub fn location(&self) -> &str {
        match self {
            Self::File(location)
            | Self::Netlink(location)
            | Self::Command(location)
            | Self::Sysctl(location)
            | Self::Capture(location)
            | Self::Kernel(location)
            | Self::Asked(location) => location,
        }
    }

    /// The command that shows the same thing; empty where none does.
    pub fn command(&self) -> String {
        match self {
            Self::File(path) => match path.strip_prefix("/proc/sys/") {
                // sysctl(8) reads the long reserved list whole, where cat(1) does not.
                Some(key) => format!("sysctl {}", key.replace('/', ".")),
                None => format!("cat {}", quoted(path)),
            },
            Self::Command(line) => line.to_string(),
            Self::Sysctl(name) => format!("sysctl {name}"),
            // FILE:LINE
            Self::Capture(place) | Self::Asked(place) => match place.rsplit_once(':') {
                Some((file, line)) if line.parse::<u32>().is_ok() => {
                    format!("sed -n {line}p {}", quoted(file))
                }
                _ => format!("cat {}", quoted(place)),
            },
            Self::Kernel(_) => String::new(),
            Self::Netlink(query) => {
                format!("ss -H{}lnp", if query.contains("udp") { "u" } else { "t" })
            }
        }
    }
}

/// A name as one word of a shell: whoever named the file must not command whoever copies the line.
pub(crate) fn quoted(name: &str) -> Cow<'_, str> {
    let plain = |c: char| c.is_alphanumeric() || "/._-+=:@%,".contains(c);
    if !name.is_empty() && !name.starts_with('-') && name.chars().all(plain) {
        return name.into();
    }
    let dash = if name.starts_with('-') { "./" } else { "" };
    format!("{dash}'{}'", name.replace('\'', r"'\''")).into()
}

/// The kind of reason why a value is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// The system refused (EACCES, EPERM).
    Denied,
    /// The program that would tell is not there.
    MissingTool,
    /// It took longer than the time allowed.
    TimedOut,
    /// There was an answer, and it is not what the system writes.
    Unparsable,
    /// There was more than was read, or the dump was cut or interrupted.
    Truncated,
    /// This system, or this view of it, does not offer the value.
    Unsupported,
    /// The evidence does not hold it.
    NotCaptured,
}

impl Reason {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::Denied,
        Self::MissingTool,
        Self::TimedOut,
        Self::Unparsable,
        Self::Truncated,
        Self::Unsupported,
        Self::NotCaptured,
    ];

    /// The word in the report.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Denied => "denied",
            Self::MissingTool => "missing-tool",
            Self::TimedOut => "timed-out",
            Self::Unparsable => "unparsable",
            Self::Truncated => "truncated",
            Self::Unsupported => "unsupported",
            Self::NotCaptured => "not-captured",
        }
    }
}

/// Why a value is not known, for people too.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Why {
    /// The kind of reason.
    pub reason: Reason,
    /// What happened, in one line.
    pub detail: String,
    /// The text that could not be understood; its first [`Why::RAW_MAX`] bytes.
    pub raw: Option<String>,
}

impl Why {
    /// How much of a text that could not be understood is kept, in bytes.
    pub const RAW_MAX: usize = 256;

    /// A reason with its line.
    pub fn new(reason: Reason, detail: impl Into<String>) -> Self {
        Self { reason, detail: detail.into(), raw: None }
    }

    /// An answer that is not what the system writes; `raw` is kept beside it.
    pub fn unparsable(detail: impl Into<String>, raw: &[u8]) -> Self {
        Self::new(Reason::Unparsable, detail).with_raw(raw)
    }

    /// The same with the start of the text that could not be understood.
    #[must_use]
    pub fn with_raw(mut self, raw: &[u8]) -> Self {
        let kept = &raw[..raw.len().min(Self::RAW_MAX)];
        self.raw = Some(String::from_utf8_lossy(kept).into_owned());
        self
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.reason.name(), self.detail)
    }
}

/// As much of a text from outside as a line of ours, or a name, may hold.
pub(crate) fn beginning(text: &str) -> String {
    text.chars().take(Why::RAW_MAX).collect()
}

/// A value, or the truth about its absence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading<T> {
    /// Read.
    Known {
        /// What was read.
        value: T,
        /// Where.
        source: Source,
    },
    /// This OS or kernel has no such knob.
    Absent {
        /// Where it would be.
        source: Source,
    },
    /// It may exist; we could not tell.
    Unknown {
        /// Where we looked.
        source: Source,
        /// What went wrong.
        why: Why,
    },
}

impl<T> Reading<T> {
    /// What was read at `source`, or why it could not be.
    pub fn new(source: Source, outcome: Result<T, Why>) -> Self {
        match outcome {
            Ok(value) => Self::Known { value, source },
            Err(why) => Self::Unknown { source, why },
        }
    }

    /// What is made of the value, where it is known; what is not known stays as it is.
    pub fn map<U>(self, make: impl FnOnce(T) -> U) -> Reading<U> {
        self.and_then(|value| Ok(make(value)))
    }

    /// What is made of the value, where it is known, or why nothing can be.
    pub fn and_then<U>(self, make: impl FnOnce(T) -> Result<U, Why>) -> Reading<U> {
        match self {
            Self::Known { value, source } => Reading::new(source, make(value)),
            Self::Absent { source } => Reading::Absent { source },
            Self::Unknown { source, why } => Reading::Unknown { source, why },
        }
    }

    /// The same reading of a reference.
    pub fn as_ref(&self) -> Reading<&T> {
        let source = self.source().clone();
        match self {
            Self::Known { value, .. } => Reading::Known { value, source },
            Self::Absent { .. } => Reading::Absent { source },
            Self::Unknown { why, .. } => Reading::Unknown { source, why: why.clone() },
        }
    }

    /// The value, where it is known.
    pub const fn known(&self) -> Option<&T> {
        match self {
            Self::Known { value, .. } => Some(value),
            Self::Absent { .. } | Self::Unknown { .. } => None,
        }
    }

    /// Where it was read or looked for.
    pub const fn source(&self) -> &Source {
        match self {
            Self::Known { source, .. } | Self::Absent { source } | Self::Unknown { source, .. } => {
                source
            }
        }
    }

    /// Why the value is not known, where it is [`Reading::Unknown`].
    pub const fn why(&self) -> Option<&Why> {
        match self {
            Self::Unknown { why, .. } => Some(why),
            Self::Known { .. } | Self::Absent { .. } => None,
        }
    }
}
