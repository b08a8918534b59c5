//! Why evidence cannot be judged, in one line.

use super::tunables::{MAX_BYTES, MAX_TUNABLES};

/// Why evidence cannot be judged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EvidenceError {
    /// Nothing in it says anything about ports.
    #[error(
        "nothing about ephemeral ports was found in {0}; it takes what sysctl, netsh, \
         Get-NetTCPSetting, ipadm show-prop, ndd or no printed, and docker inspect or kubectl get \
         pod -o json"
    )]
    Empty(String),
    /// More than one system prints such text.
    #[error("{found} could be of {candidates}; name the system with --os")]
    Ambiguous {
        /// What was found.
        found: String,
        /// The systems.
        candidates: String,
    },
    /// No one system prints all of it.
    #[error(
        "{0} and what was found before it are of different systems; give the evidence of one host"
    )]
    Mixed(String),
    /// It shows the values of two hosts, or of two namespaces of one.
    #[error(
        "{name} shows {} in line {} and {} in line {}: give the evidence of one host and namespace",
        one.1, one.0, other.1, other.0
    )]
    TwoPlaces {
        /// The file.
        name: String,
        /// The first line, and where its command ran.
        one: (usize, String),
        /// The first that ran elsewhere.
        other: (usize, String),
    },
    /// It is of several containers.
    #[error(
        "{name} is of several containers, and each may have a range of its own ({containers}): give \
         that of one, such as {command}"
    )]
    Several {
        /// The file.
        name: String,
        /// What they are called.
        containers: String,
        /// What prints one of them.
        command: String,
    },
    /// Nothing tells of which system a tree is.
    #[error("nothing in {0} shows which system it is from; name it with --os")]
    NoSystem(String),
    /// A table is damaged.
    #[error("{name}: {what}")]
    Damaged {
        /// The file.
        name: String,
        /// What is wrong, and where.
        what: String,
    },
    /// It is of a system that is not known here.
    #[error("{0} is of {1}, which is not supported")]
    Unsupported(String, &'static str),
    /// There are more tunables than any system has.
    #[error(
        "{0}: more than {MAX_TUNABLES} tunables about ports, or more than {MAX_BYTES} bytes of them"
    )]
    TooMuch(String),
}
