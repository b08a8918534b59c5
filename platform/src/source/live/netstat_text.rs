//! What netstat printed of one family, as the sockets that wait.

use crate::ask::{OpenSockets, Refusal};
use crate::parse::sockets;
use crate::snapshot::{Family, Reason, Transport, Why};

/// The sockets in the output of `netstat -an -f inet` or `inet6`. Where no socket of a transport is
/// open, its list is missing or everything is.
pub(super) fn open(
    bytes: &[u8],
    family: Family,
    transport: Transport,
    as_root: bool,
) -> Result<OpenSockets, Refusal> {
    let text = String::from_utf8_lossy(bytes);
    let (of, heads) = match family {
        Family::Ipv4 => ("inet", "IPv4"),
        Family::Ipv6 => ("inet6", "IPv6"),
    };
    let listed = sockets::listed(&format!("# netstat -an -f {of}\n{text}"));
    let unparsable = |what: &str| Err(Refusal::Failed(Why::unparsable(what, bytes)));
    if let Some((line, what)) = listed.damaged {
        return unparsable(&format!("line {}: {what}", line.saturating_sub(1)));
    }
    // illumos has a list for each transport, and leaves out one without sockets.
    let others = Transport::ALL.iter().any(|other| listed.whole.contains(&(family, *other)));
    let own = format!("{}: {heads}", transport.name().to_ascii_uppercase());
    let none = text.trim().is_empty() || (others && !text.contains(&own));
    if !none && !listed.whole.contains(&(family, transport)) {
        return unparsable("no list of sockets was printed");
    }
    let fits = listed.sockets.into_iter().filter(|socket| {
        socket.transport == transport && socket.address.is_ipv6() == (family == Family::Ipv6)
    });
    let others = "the system may show the sockets of this user alone; run as root";
    let hidden = (!as_root).then(|| Why::new(Reason::Denied, others));
    Ok(OpenSockets {
        sockets: fits.map(|socket| (socket.address, socket.port, Vec::new())).collect(),
        hidden: hidden.into_iter().collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FREEBSD: &str = "Active Internet connections (including servers)\n\
        Proto Recv-Q Send-Q Local Address          Foreign Address        (state)\n\
        tcp4       0      0 10.0.0.4.22            10.0.0.9.50122         ESTABLISHED\n\
        tcp4       0      0 *.22                   *.*                    LISTEN\n\
        udp4       0      0 *.514                  *.*                    \n";
    const ILLUMOS: &str = "\nTCP: IPv4\n\
        \u{20}  Local Address        Remote Address    Swind Send-Q Rwind Recv-Q    State\n\
        -------------------- -------------------- ----- ------ ----- ------ -----------\n\
        \u{20}     *.22                 *.*                0      0 128000      0 LISTEN\n";

    fn ports(text: &str, transport: Transport) -> Result<Vec<u16>, Refusal> {
        let open = open(text.as_bytes(), Family::Ipv4, transport, true)?;
        assert!(open.hidden.is_empty());
        Ok(open.sockets.iter().map(|(_, port, _)| *port).collect())
    }

    #[test]
    fn what_waits_is_in_it_and_what_was_not_printed_is_unknown() {
        assert_eq!(ports(FREEBSD, Transport::Tcp), Ok(vec![22]));
        assert_eq!(ports(FREEBSD, Transport::Udp), Ok(vec![514]));
        assert_eq!(ports(ILLUMOS, Transport::Tcp), Ok(vec![22]));
        assert_eq!(ports(ILLUMOS, Transport::Udp), Ok(vec![]), "no list, no socket");
        assert_eq!(ports("", Transport::Tcp), Ok(vec![]));
        for text in ["netstat: kvm not available\n", &FREEBSD[..FREEBSD.len() - 50]] {
            assert!(ports(text, Transport::Udp).is_err() || !text.contains("udp"), "{text}");
        }
        assert!(ports("netstat: kvm not available\n", Transport::Tcp).is_err());
    }

    #[test]
    fn another_users_sockets_may_be_hidden() {
        let open = open(FREEBSD.as_bytes(), Family::Ipv4, Transport::Tcp, false).expect("sockets");
        assert_eq!(open.hidden[0].reason, Reason::Denied);
    }
}
