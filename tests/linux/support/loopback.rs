//! The loopback interface of a test's own namespace, set up by netlink: ip(8) may not be installed.

use std::net::Ipv6Addr;

use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketType, recv, sendto, socket};

/// Of lo, which is the first interface of every namespace: LOOPBACK_IFINDEX,
/// include/net/net_namespace.h.
const LO: u32 = 1;

// include/uapi/linux/netlink.h, rtnetlink.h, if.h, if_addr.h
const RTM_NEWLINK: u16 = 16;
const RTM_NEWADDR: u16 = 20;
const NLM_F_REQUEST_ACK: u16 = 0x5;
const NLM_F_CREATE: u16 = 0x400;
const NLMSG_ERROR: u16 = 2;
const IFF_UP: u32 = 1;
const IFA_LOCAL: u16 = 2;
const IFA_F_NODAD: u8 = 2;
const AF_INET6: u8 = 10;

/// `ip link set lo up`.
pub(crate) fn up() {
    // struct ifinfomsg: family and padding, type, index, flags, which flags change
    let link: Vec<u8> = [0, LO, IFF_UP, IFF_UP].into_iter().flat_map(u32::to_ne_bytes).collect();
    request(RTM_NEWLINK, 0, &link);
}

/// `ip addr add ADDRESS/128 dev lo nodad`.
pub(crate) fn add(address: Ipv6Addr) {
    // struct ifaddrmsg, then one struct rtattr with the address
    let mut message = vec![AF_INET6, 128, IFA_F_NODAD, 0];
    message.extend(LO.to_ne_bytes());
    message.extend(20_u16.to_ne_bytes());
    message.extend(IFA_LOCAL.to_ne_bytes());
    message.extend(address.octets());
    request(RTM_NEWADDR, NLM_F_CREATE, &message);
}

fn request(kind: u16, flags: u16, payload: &[u8]) {
    let route = socket(AddressFamily::NETLINK, SocketType::RAW, None);
    let route = route.expect("a socket of NETLINK_ROUTE, which is 0");
    // struct nlmsghdr: length, type, flags, sequence number, port
    let length = u32::try_from(16 + payload.len()).expect("small");
    let mut message = length.to_ne_bytes().to_vec();
    message.extend(kind.to_ne_bytes());
    message.extend((flags | NLM_F_REQUEST_ACK).to_ne_bytes());
    message.extend([0; 8]);
    message.extend(payload);
    let kernel = SocketAddrNetlink::new(0, 0);
    sendto(&route, &message, SendFlags::empty(), &kernel).expect("a request");
    let mut reply = [0; 256];
    recv(&route, &mut reply, RecvFlags::empty()).expect("a reply");
    assert_eq!(reply[4..6], NLMSG_ERROR.to_ne_bytes(), "an acknowledgement");
    let error: [u8; 4] = reply[16..20].try_into().expect("four bytes");
    assert_eq!(i32::from_ne_bytes(error), 0, "errno of netlink message {kind}, negative");
}
