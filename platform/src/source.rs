//! The rim: the only code that touches the system.

pub mod confine;
mod ending;
pub mod files;
#[cfg_attr(target_os = "dragonfly", path = "source/no_folder.rs")]
mod folder;
mod live;
mod persisted;
#[cfg(not(target_os = "dragonfly"))]
mod socket_lines;

pub use ending::on_end;
pub use folder::Folder;
pub(crate) use live::LIVE_OS;
pub use live::Live;
#[cfg(fuzzing)]
pub(crate) use live::kernel_takes_filter;
