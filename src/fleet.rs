//! Many reports put together: the latest of each host, what is set on how many, which hosts are
//! odd, what was found, and what changed since. Bytes in, a document out.

mod answers;
mod archive;
mod believed;
mod coverage;
mod diff;
mod document;
mod input;
mod judged;
mod names;
mod odd;
mod place;
mod read;
mod roll;
mod select;
mod settings;
mod sum;

pub use archive::{is_damage, opened};
pub use coverage::Inventory;
pub use diff::diff;
pub use input::{Block, Part, blocks};
pub use place::Place;
pub use read::Refusal;
pub use select::Select;
pub use sum::Sum;

use std::time::{Duration, SystemTime};

/// Among which hosts one is odd.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum By {
    /// Those of its system.
    Os,
    /// Those of its system's version.
    OsVersion,
    /// Those judged by its profile.
    Profile,
    /// Those of its group in the inventory.
    Group,
    /// Those with its value of a label.
    Label(String),
}

impl By {
    /// As the command line says it.
    pub fn name(&self) -> String {
        match self {
            Self::Os => "os".to_owned(),
            Self::OsVersion => "os-version".to_owned(),
            Self::Profile => "profile".to_owned(),
            Self::Group => "group".to_owned(),
            Self::Label(name) => format!("label:{name}"),
        }
    }
}

/// How to put them together.
#[derive(Debug, Clone)]
pub struct Options {
    /// Whether names end at their first dot.
    pub short_names: bool,
    /// Among which hosts one is odd.
    pub by: By,
    /// Below how many of a million a shape is odd.
    pub odd_per_million: u32,
    /// From which age on a report is stale.
    pub stale: Duration,
    /// The time that ages count from.
    pub now: SystemTime,
    /// Whether rows of an earlier roll-up count as reports.
    pub rows: bool,
}
