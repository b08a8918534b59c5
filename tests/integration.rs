//! Everything that needs the program as a whole, and the real kernel.

// A test ends by panicking.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod boot;
mod cli;
mod evidence;
mod folder;
mod formats;
mod hostile;
mod netns;
mod policy;
mod readme;
mod support;
mod traps;
