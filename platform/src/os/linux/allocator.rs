//! What bears on the ports that the kernel gives next, beside the pool.

use crate::ask::{Ask, Question, Refusal};
use crate::os::Allocator;
use crate::parse::sockstat::counter;

const SOCKSTAT: &str = "/proc/thread-self/net/sockstat";
const SOCKSTAT6: &str = "/proc/thread-self/net/sockstat6";
const IF_INET6: &str = "/proc/thread-self/net/if_inet6";

/// TCP's `inuse` leaves out sockets that are bound and nothing else. `alloc` counts every TCP
/// socket of the machine, of both families, but those in TIME_WAIT. UDP's `inuse` counts what has a
/// port (`udp_lib_get_port`), each family for itself.
pub(in crate::os) fn read(ask: &dyn Ask) -> Allocator {
    let file = |path| {
        let text = ask.ask(Question::File(path)).outcome.ok()?;
        Some(String::from_utf8_lossy(&text).into_owned())
    };
    let four = file(SOCKSTAT);
    let number = |text: &Option<String>, protocol: &str, key: &str| {
        text.as_ref().and_then(|text| counter(text, protocol, key).ok())
    };
    let sum = |a: Option<u32>, b: Option<u32>| a?.checked_add(b?);
    let udp6 = match ask.ask(Question::File(SOCKSTAT6)).outcome {
        Err(Refusal::NotFound(_)) => Some(0),
        Ok(text) => counter(&String::from_utf8_lossy(&text), "UDP6", "inuse").ok(),
        Err(_) => None,
    };
    Allocator {
        tcp_in_use: sum(number(&four, "TCP", "alloc"), number(&four, "TCP", "tw")),
        udp_in_use: sum(number(&four, "UDP", "inuse"), udp6),
        has_ipv6: match ask.ask(Question::File(IF_INET6)).outcome {
            Ok(addresses) => Some(!addresses.is_empty()),
            // Its neighbour tells that the folder is there.
            Err(Refusal::NotFound(_)) if four.is_some() => Some(false),
            Err(_) => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ask::{Answer, Outcome};
    use crate::snapshot::Source;

    const COUNTERS: &str = "TCP: inuse 1 orphan 0 tw 5 alloc 900 mem 9\nUDP: inuse 3 mem 2\n";

    fn missing() -> Outcome {
        Err(Refusal::NotFound("missing".to_owned()))
    }

    fn with(sockstat: &str, sockstat6: &Outcome, ip6: &Outcome) -> Allocator {
        read(&|question: Question<'_>| {
            let outcome = match question {
                Question::File(SOCKSTAT) if sockstat.is_empty() => missing(),
                Question::File(SOCKSTAT) => Ok(sockstat.as_bytes().to_vec()),
                Question::File(SOCKSTAT6) => sockstat6.clone(),
                Question::File(IF_INET6) => ip6.clone(),
                other => panic!("{other:?}"),
            };
            Answer::new(Source::File("test".into()), outcome)
        })
    }

    #[test]
    fn every_socket_counts() {
        let text = |text: &str| Ok(text.as_bytes().to_vec());
        let plain = with(COUNTERS, &text("UDP6: inuse 4\n"), &missing());
        assert_eq!((plain.tcp_in_use, plain.udp_in_use), (Some(905), Some(7)));
        let without = with(COUNTERS, &missing(), &missing());
        assert_eq!(without.udp_in_use, Some(3), "a kernel without IPv6");
        let cut = with("TCP: inuse 1 orphan 0 tw 5\n", &text(""), &missing());
        assert_eq!((cut.tcp_in_use, cut.udp_in_use), (None, None));
    }

    #[test]
    fn whether_there_is_ipv6_is_known_or_not() {
        let denied = || {
            Err(Refusal::Failed(crate::snapshot::Why::new(
                crate::snapshot::Reason::Denied,
                "refused",
            )))
        };
        let ip6 = |text: Outcome, counters: &str| with(counters, &missing(), &text).has_ipv6;
        assert_eq!(ip6(missing(), COUNTERS), Some(false));
        assert_eq!(ip6(missing(), ""), None, "the whole folder may be missing");
        assert_eq!(ip6(Ok(Vec::new()), COUNTERS), Some(false));
        assert_eq!(ip6(Ok(b"fe80... eth0\n".to_vec()), COUNTERS), Some(true));
        assert_eq!(ip6(denied(), COUNTERS), None);
    }
}
