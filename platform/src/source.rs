//! The rim: the only code that touches the system.

#[cfg_attr(target_os = "dragonfly", path = "source/no_folder.rs")]
mod folder;
mod live;
pub(crate) mod persisted;
#[cfg(not(target_os = "dragonfly"))]
mod socket_lines;
#[cfg_attr(not(unix), path = "source/no_trusted.rs")]
mod trusted;

pub use folder::Folder;
pub(crate) use live::{LIVE_OS, TOUR};
pub use live::{answer, draw};
pub use trusted::{has_gained_rights, open_ordinary, open_trusted, runs_as_root};
