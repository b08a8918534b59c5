//! What tells of NAT without a privilege, or next to none: whether packets are passed on, and
//! whether iptables has a table for it. The rules themselves, and those of nftables, are told to
//! CAP_NET_ADMIN only, by netlink.

use super::sysctl::sysctl;
use crate::ask::{Answer, Ask, Question, Refusal};
use crate::parse::linux_sysctl;
use crate::snapshot::{Nat, Reading, Reason};
use crate::unread::{Subject, Unread};

const FORWARD: &str = "net.ipv4.ip_forward";
/// The tables that iptables has loaded, a line each (`xt_proto_init`, net/netfilter/x_tables.c);
/// for root's group only.
const TABLES: &str = "/proc/thread-self/net/ip_tables_names";

/// Most hosts pass nothing on, and need not be asked for more.
pub(super) fn read(ask: &dyn Ask, notes: &mut Vec<Unread>) -> Nat {
    let forwards = sysctl(ask, FORWARD, None, linux_sysctl::switch);
    let table = (forwards.known() == Some(&true)).then(|| table(ask, notes));
    Nat { forwards, table }
}

fn table(ask: &dyn Ask, notes: &mut Vec<Unread>) -> Reading<bool> {
    let Answer { source, outcome } = ask.ask(Question::File(TABLES));
    match outcome {
        Ok(bytes) => {
            let value = bytes.split(|byte| *byte == b'\n').any(|name| name == b"nat");
            Reading::Known { value, source }
        }
        // A kernel without iptables.
        Err(Refusal::NotFound(_)) => Reading::Absent { source },
        Err(Refusal::Failed(why)) => {
            if why.reason != Reason::NotCaptured {
                notes.push(Unread::new(Subject::NatTables, why.clone()));
            }
            Reading::Unknown { source, why }
        }
    }
}
