//! Against the real kernel, in network namespaces that each test makes itself.

mod capture;
mod listeners;
mod masked;
mod pool;
mod usage;
mod values;
