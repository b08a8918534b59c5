#![doc = include_str!("../README.md")]
#![warn(unreachable_pub)]

pub mod ask;
pub mod boot;
pub mod capture;
mod draw;
pub mod evidence;
#[cfg(fuzzing)]
pub mod fuzzing;
pub mod holders;
mod host;
mod host_info;
mod listener;
mod needs;
mod os;
mod parse;
pub mod persisted;
mod pool;
pub mod ports;
pub mod probe;
mod reading;
pub mod snapshot;
mod source;
pub mod trace;
mod transport;
pub mod unread;
mod usage;

pub use host::Host;
pub use needs::Needs;
pub use os::{SYSTEMS, Support, System, Way};
pub use pool::{bound_in_pool, pools, usable_ports};
pub use source::{Folder, Live, confine, files, on_end};
