//! What a kernel is asked for when it is asked for ports, and what it gives.

use crate::reading::Why;
use crate::transport::{Family, Transport};

/// How a port is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Call {
    /// bind() to port 0.
    Bind,
    /// connect() without bind().
    Connect,
}

impl Call {
    /// Both.
    pub const ALL: &'static [Self] = &[Self::Bind, Self::Connect];

    /// The name of the system call.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bind => "bind",
            Self::Connect => "connect",
        }
    }
}

/// Which ports to ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wish {
    /// For which transport.
    pub transport: Transport,
    /// For which family: 127.0.0.1 or ::1.
    pub family: Family,
    /// By which call.
    pub call: Call,
}

impl Wish {
    /// How many ports of the pool are held at a time: each socket is closed before the next, but
    /// for the listener that TCP connects to.
    pub const fn held(self) -> u32 {
        match (self.transport, self.call) {
            (Transport::Tcp, Call::Connect) => 2,
            _ => 1,
        }
    }
}

/// What was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Given {
    /// These ports, in this order; and why no more of them.
    Ports(Vec<u16>, Option<Why>),
    /// The loopback has no address of this family.
    NoSuchFamily,
}

/// The way of asking for ports, so many one after the other: the kernel, or a test.
pub(crate) type Draw<'a> = dyn Fn(Wish, u32) -> Given + 'a;

/// The family as it is written.
pub const fn family_name(family: Family) -> &'static str {
    match family {
        Family::Ipv4 => "IPv4",
        Family::Ipv6 => "IPv6",
    }
}
