//! Reads the ephemeral port range of a host, what is taken out of it and who listens inside it, as
//! typed facts that say where they come from. It only reads: there is no code path that writes a
//! setting. [`Host::probe`] alone opens sockets with ports, on loopback, and closes them at once.
//!
//! ```
//! use ephaudit_platform::{Host, Needs};
//!
//! let snapshot = Host::live().read(&Needs::default());
//! for scope in &snapshot.scopes {
//!     for pool in ephaudit_platform::pools(scope) {
//!         println!("{}: {} ports: {}", pool.transport, pool.ports.count(), pool.ports);
//!     }
//! }
//! ```

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
mod os;
mod parse;
pub mod persisted;
mod pool;
pub mod ports;
pub mod probe;
mod reading;
pub mod snapshot;
mod source;
mod transport;
pub mod unread;
mod usage;

pub use host::{Host, Needs};
pub use os::{SYSTEMS, Support, System, Way};
pub use pool::{bound_in_pool, pools, usable_ports};
pub use source::{Folder, Live, files};
