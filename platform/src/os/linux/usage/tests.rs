use std::cell::RefCell;

use super::*;
use crate::Needs;
use crate::snapshot::Family;
use crate::usage::CensusRows;

/// A host with a pool of 100 ports, 75 TCP and UDP sockets in use, and others.
struct Host<'a> {
    release: &'a str,
    /// Sockets that no counter of TCP or UDP has.
    others: u32,
    /// UDP sockets of the kernel itself, which `used` does not count.
    kernel: u32,
    /// Whether so many others have TCP sockets on the machine that nobody looks without need.
    crowded: bool,
    /// Lines of the census of TCP, and one more where bound sockets are asked for.
    census: &'a str,
    bound: &'a str,
}

const HOST: Host<'_> = Host {
    release: "6.18.44",
    others: 0,
    kernel: 0,
    crowded: false,
    census: "",
    bound: "bound 40001\n",
};

/// What was asked of it: whether for bound sockets too.
struct Asked<'a>(&'a Host<'a>, RefCell<Vec<bool>>);

impl Ask for Asked<'_> {
    fn ask(&self, question: Question<'_>) -> Answer {
        let host = self.0;
        let text = match question {
            Question::Tunable("net.ipv4.ip_local_port_range") => "40000\t40099\n".to_owned(),
            Question::Tunable("net.ipv4.ip_local_reserved_ports") => "\n".to_owned(),
            Question::Tunable(_) => "1\n".to_owned(),
            Question::File(SOCKSTAT) => format!(
                "sockets: used {}\nTCP: inuse 60 orphan 0 tw 5 alloc {} mem 3\nUDP: inuse {} mem 2\n",
                if host.crowded { host.others } else { 75 + host.others },
                70 + host.others + if host.crowded { FEW } else { 0 },
                4 + host.kernel,
            ),
            Question::File(SOCKSTAT6) => "TCP6: inuse 10\nUDP6: inuse 1\n".to_owned(),
            Question::Uname => format!("Linux\0host\0{}\0#1\0x86_64\0", host.release),
            Question::SockDiag(Family::Ipv4, _) | Question::SocketTable(..) => {
                "  sl  local_address rem_address   st\n".to_owned()
            }
            _ => {
                return Answer::new(
                    Source::File("test".into()),
                    Err(Refusal::NotFound("test".to_owned())),
                );
            }
        };
        Answer::new(Source::File("test".into()), Ok(text.into_bytes()))
    }

    fn census(&self, of: &CensusOf<'_>) -> Reply<CensusRows> {
        let mut lines = String::new();
        if of.transport == Transport::Tcp {
            self.1.borrow_mut().push(of.bound);
            lines += self.0.census;
            lines += if of.bound { self.0.bound } else { "" };
        }
        let lines = lines + "uncounted 0\nend\n";
        let rows = CensusRows::parse(lines.as_bytes(), of.transport);
        let damaged = |error| Refusal::Failed(Why::unparsable(error, lines.as_bytes()));
        Reply::new(Source::File("test".into()), rows.map_err(damaged))
    }
}

impl Host<'_> {
    /// What is known of it at this depth, and what was asked.
    fn read(&self, depth: Depth) -> (Scope, Vec<bool>) {
        let ask = Asked(self, RefCell::default());
        let mut scopes = super::super::read(&ask, &Needs::default().depth(depth)).scopes;
        (scopes.remove(0), ask.1.into_inner())
    }
}

fn known(scope: &Scope) -> &Usage {
    scope.usage.known().expect("read")
}

fn notes_it(scope: &Scope) -> bool {
    scope.notes.iter().any(|unread| unread.subject == Subject::BoundSockets)
}

#[test]
fn a_kernel_that_may_not_list_what_is_only_bound_has_not_said_that_there_is_nothing() {
    for (release, lists) in [("6.18.44", true), ("6.8.0", true), ("6.7.12", false), ("next", false)]
    {
        let host = Host { release, others: 5, ..HOST };
        let (none, _) = Host { bound: "", ..host }.read(Depth::Full);
        assert_eq!(
            (notes_it(&none), known(&none).bound_unseen),
            (!lists, if lists { 0 } else { 5 })
        );
        assert!(known(&none).census.is_some(), "the rest is told all the same");
        let (one, _) = host.read(Depth::Full);
        let counted = (known(&one).bound.to_string(), known(&one).bound_unseen, notes_it(&one));
        assert_eq!(counted, ("40001".to_owned(), 0, false), "{release}: it listed one");
    }
}

#[test]
fn the_sockets_are_asked_only_where_the_counters_do_not_prove_it() {
    let asked = |others, percent| {
        let host = Host { others, crowded: true, ..HOST };
        !host.read(Depth::Auto(percent)).1.is_empty()
    };
    // 75 sockets of TCP and UDP, 75 of TCP with TIME_WAIT, and 100 ports
    assert_eq!((asked(0, 75), asked(0, 76)), (true, false));
    // What no counter knows may be bound.
    assert_eq!((asked(4, 79), asked(4, 80)), (true, false));
}

#[test]
fn sockets_that_may_be_bound_are_looked_for_where_they_are_many() {
    let many = Host { others: 20, ..HOST };
    assert_eq!(many.read(Depth::Auto(96)).1, [true], "though the counters prove the rest");
    let older = Host { release: "6.7.12", ..many };
    let crowded = Host { crowded: true, ..older };
    assert!(crowded.read(Depth::Auto(96)).1.is_empty(), "it would list none");
    let (shown, asked) = many.read(Depth::Top);
    assert_eq!((asked, known(&shown).bound_unseen), (vec![true], 0));
    let (hidden, asked) = older.read(Depth::Top);
    assert_eq!((asked, known(&hidden).bound_unseen), (vec![false], 20));
    let (few, asked) = Host { others: 9, ..HOST }.read(Depth::Top);
    assert_eq!((asked, known(&few).bound_unseen), (vec![false], 9));
}

#[test]
fn few_sockets_are_looked_at_whatever_the_counters_prove() {
    let census = "self 127.0.0.1:40002 127.0.0.1:40002 1 7 1000\n";
    let few = Host { census, ..HOST };
    let (scope, asked) = few.read(Depth::Auto(100));
    let shown =
        |scope: &Scope| known(scope).census.as_ref().map(|counted| counted.self_connected.len());
    assert_eq!((asked, shown(&scope)), (vec![false], Some(1)));
    assert_eq!(shown(&Host { crowded: true, ..few }.read(Depth::Auto(100)).0), None);
    assert_eq!(shown(&few.read(Depth::Counters).0), None, "nobody wants it");
    let (damaged, _) = Host { census: "nonsense\n", ..HOST }.read(Depth::Auto(100));
    assert_eq!(shown(&damaged), None, "the counters prove what they prove all the same");
}

#[test]
fn sockets_of_the_kernel_hide_none_that_are_bound() {
    let (scope, _) = Host { others: 20, kernel: 4300, ..HOST }.read(Depth::Counters);
    assert_eq!(known(&scope).bound_unseen, 20);
}

#[test]
fn sockets_that_may_be_bound_are_looked_for_where_a_few_decide() {
    let of = |ports: u32, others| {
        let census = format!("used 10.0.0.1 10.0.0.9:80 {ports}\n");
        let host = Host { others, census: &census, ..HOST };
        let (scope, asked) = host.read(Depth::Top);
        (asked, known(&scope).bound_unseen)
    };
    assert_eq!(of(45, 4), (vec![false], 4));
    assert_eq!(of(46, 4), (vec![false, true], 0));
    assert_eq!(of(49, 0), (vec![false], 0));
    assert_eq!(of(50, 4), (vec![false], 4), "so many are enough by themselves");
}
