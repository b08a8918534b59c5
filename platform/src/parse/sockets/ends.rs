//! The end of a socket as programs print it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::snapshot::Family;

/// Address and port of a local end: `*.22`, `127.0.0.1.25`, `fe80::1%lo0.123`, `0.0.0.0:22`,
/// `[::]:22`, `:::22`, `*:22`. A `*` is the family's own any-address. `None` where it is no end, or
/// has no port.
pub(super) fn local(text: &str, family: Family) -> Option<(IpAddr, u16)> {
    let at = text.rfind(['.', ':'])?;
    let (address, port) = (&text[..at], &text[at + 1..]);
    let port = port.parse().ok().filter(|_| port.bytes().all(|byte| byte.is_ascii_digit()))?;
    Some((self::address(address, family)?, port))
}

/// Whether an end stands for any: the remote end of a socket that waits.
pub(super) fn is_any(text: &str) -> bool {
    matches!(text, "*.*" | "*:*" | "0.0.0.0:*" | ":::*" | "[::]:*" | "0.0.0.0:0" | "[::]:0" | "*")
}

/// Whether it may be the end of a peer: an address, which is cut where IPv6 is too wide for its
/// column, and a port number.
pub(super) fn is_peer(text: &str) -> bool {
    let Some((address, port)) = text.rfind(['.', ':']).map(|at| (&text[..at], &text[at + 1..]))
    else {
        return false;
    };
    let port: Option<u16> = port.parse().ok();
    port.is_some_and(|port| port > 0) && (is_address(address) || address.contains(':'))
}

/// Whether it is an address by itself.
pub(super) fn is_address(text: &str) -> bool {
    !matches!(text, "" | "*") && address(text, Family::Ipv4).is_some()
}

pub(super) fn address(text: &str, family: Family) -> Option<IpAddr> {
    if matches!(text, "*" | "") {
        return Some(match family {
            Family::Ipv4 => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            Family::Ipv6 => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        });
    }
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    bare.split('%').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_read_in_every_form() {
        for (text, address, port) in [
            ("*.22", "::", 22),
            ("127.0.0.1.25", "127.0.0.1", 25),
            ("fe80::1%lo0.123", "fe80::1", 123),
            ("::1.25", "::1", 25),
            ("0.0.0.0:135", "0.0.0.0", 135),
            ("[fe80::1%12]:546", "fe80::1", 546),
            (":::22", "::", 22),
            ("*:5353", "::", 5353),
        ] {
            let read = local(text, Family::Ipv6).map(|(address, port)| (address.to_string(), port));
            assert_eq!(read, Some((address.to_owned(), port)), "{text}");
        }
        for text in ["*.*", "*.ssh", "2001:db8:1:2:3:4:5.443", "22", "", "1.2.3.65536", "*.+1"] {
            assert_eq!(local(text, Family::Ipv6), None, "{text}");
        }
    }
}
