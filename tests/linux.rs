//! What only Linux has: its kernel, in network namespaces of the tests' own, its loaders of
//! sysctl.d, and its files, links and devices.

mod boot;
mod broken;
mod cli;
mod clock;
mod confined;
mod emit;
mod folder;
mod hostile;
mod netns;
mod outputs;
mod policy;
mod support;
mod syscalls;
mod trust;
mod watch;
