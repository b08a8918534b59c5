//! Against the real kernel, in network namespaces that each test makes itself.

mod all;
mod bounds;
mod capture;
mod exhaustion;
mod explain;
mod listeners;
mod masked;
mod meeting;
mod plans;
mod pool;
mod probe;
mod remedies;
mod usage;
mod values;
