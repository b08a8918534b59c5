//! Audits the ephemeral port range of a host. The program is all there is to call: what other
//! programs can use is its reader, `ephaudit-platform`, and the JSON that it prints.

mod audit;
mod cli;
mod draft;
mod explain;
mod fixed;
mod fleet;
#[cfg(fuzzing)]
pub mod fuzzing;
mod iana;
mod plan;
mod policy;
mod probe;
mod remedy;
mod render;
mod report;
mod rule;
mod rules;
mod run;
mod text;
mod wire;

pub use run::run;
