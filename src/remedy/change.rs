//! A setting that is to have another value.

use ephaudit_platform::ports::{PortRange, PortSet};

/// A setting of a scope, and the value that it is to have. Nothing of it is ever done by this tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The ephemeral range, of every family and transport.
    Range(PortRange),
    /// The list of reserved ports, as a whole.
    Reserved(PortSet),
    /// The lowest port that needs no privilege to bind.
    UnprivilegedStart(u16),
}

impl Change {
    /// Its name on Linux.
    pub const fn key(&self) -> &'static str {
        match self {
            Self::Range(_) => "net.ipv4.ip_local_port_range",
            Self::Reserved(_) => "net.ipv4.ip_local_reserved_ports",
            Self::UnprivilegedStart(_) => "net.ipv4.ip_unprivileged_port_start",
        }
    }

    /// Its value as a file of sysctl.d(5) has it.
    pub fn text(&self) -> String {
        match self {
            Self::Range(range) => format!("{} {}", range.first(), range.last()),
            Self::Reserved(ports) => ports.to_string(),
            Self::UnprivilegedStart(port) => port.to_string(),
        }
    }

    /// Its value as one word of a command line.
    pub fn word(&self) -> String {
        let text = self.text();
        if text.is_empty() || text.contains(' ') { format!("'{text}'") } else { text }
    }
}
