//! Everything that needs the program as a whole, and the real kernel.

// A test ends by panicking.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]
// Tests start programs, and are told things by the environment.
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

mod cli;
mod evidence;
mod explained;
mod fleet;
mod formats;
mod house;
#[cfg(target_os = "linux")]
mod linux;
mod pasted;
mod policy;
mod readme;
mod schema;
mod support;
mod traps;
