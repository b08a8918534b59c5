//! Against the real kernel, in network namespaces that each test makes itself.

mod listeners;
mod masked;
mod pool;
mod values;
