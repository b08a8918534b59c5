//! The probe against the real kernel: it agrees, it leaves nothing behind, and a refusal is no
//! agreement.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::net::SocketAddr;
use std::thread;

use ephaudit_platform::ask::{Answer, Ask, Question};
use ephaudit_platform::probe::{Disagreement, Given, Wish};
use ephaudit_platform::snapshot::{Os, Source, Transport};
use ephaudit_platform::{Host, Live};
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketType, bind, socket};
use serde_json::Value;

use crate::linux::support::loopback;
use crate::linux::support::namespace::{inside, set, sh};
use crate::linux::support::ports;
use crate::linux::support::refuse::{answer, forbid, forbid_sockets};
use crate::support::{code, ephaudit, json, run, stderr, stdout};

fn lo_up() {
    loopback::up();
}

fn probed(args: &[&str]) -> (Value, i32) {
    let (said, code) = json(&[&["probe"], args].concat());
    assert_eq!(said["kind"], "probe");
    (said, code)
}

fn draws(said: &Value) -> &Vec<Value> {
    said["draws"].as_array().expect("draws")
}

#[test]
fn it_agrees_whatever_the_range_and_the_reservations() {
    inside(|| {
        lo_up();
        // A plain generator (Numerical Recipes): every run asks the same.
        let mut seed = 20_261_122_u32;
        let mut next = |below: u32| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 8) % below
        };
        for _ in 0..24 {
            let (first, size) = (1024 + next(60_000), 20 + next(3000));
            let last = (first + size).min(65_535);
            let reserved: BTreeSet<u32> = (0..next(size)).map(|_| first + next(size)).collect();
            let holes = reserved.iter().map(u32::to_string).collect::<Vec<_>>().join(",");
            set("ip_local_port_range", &format!("{first} {last}"));
            set_reserved(&holes);
            let (said, code) = probed(&["--count", "64", "--fail-on", "info"]);
            assert_eq!(
                (code, &said["status"]),
                (0, &"agrees".into()),
                "{first}-{last} {holes} {said:#}"
            );
            assert_eq!(draws(&said).len(), 8);
            let pool: BTreeSet<u16> = ports(&said["pools"][0]["spans"]).into_iter().collect();
            for draw in draws(&said) {
                assert_eq!(draw["given"], 64, "{draw}");
                for end in ["lowest", "highest"] {
                    let port = draw[end].as_u64().and_then(|port| u16::try_from(port).ok());
                    assert!(pool.contains(&port.expect("a port")), "{draw}");
                }
            }
        }
    });
}

/// A long list takes several writes on one descriptor, each of whole ports.
fn set_reserved(holes: &str) {
    let path = "/proc/sys/net/ipv4/ip_local_reserved_ports";
    let mut file = fs::OpenOptions::new().write(true).open(path).expect("a sysctl");
    let ports: Vec<&str> = holes.split(',').collect();
    for part in ports.chunks(500) {
        file.write_all(format!("{}\n", part.join(",")).as_bytes()).expect("written");
    }
}

#[test]
fn it_leaves_no_time_wait_and_no_socket() {
    inside(|| {
        lo_up();
        let before = sockets();
        let (said, code) = probed(&["--count", "4096", "--fail-on", "info"]);
        assert_eq!(code, 0, "{said:#}");
        assert!(draws(&said).iter().all(|draw| draw["given"] == 4096), "{said:#}");
        assert_eq!(sockets(), before);
        assert!(before.starts_with(&["TCP inuse 0".into(), "TCP tw 0".into()]), "{before:?}");
        let listed = fs::read_to_string("/proc/thread-self/net/tcp").expect("a table");
        assert_eq!(listed.lines().count(), 1, "{listed}");
    });
}

/// The counters of the namespace's own; `orphan`, `alloc` and `mem` are the whole machine's.
fn sockets() -> Vec<String> {
    let four = fs::read_to_string("/proc/thread-self/net/sockstat").expect("counters");
    let six = fs::read_to_string("/proc/thread-self/net/sockstat6").expect("counters");
    let mut own = Vec::new();
    for line in four.lines().chain(six.lines()) {
        let (name, counters) = line.split_once(": ").expect("a line of counters");
        let words: Vec<&str> = counters.split(' ').collect();
        let pairs = words.chunks(2).filter(|pair| matches!(pair[0], "inuse" | "tw"));
        own.extend(pairs.map(|pair| format!("{name} {}", pair.join(" "))));
    }
    own
}

#[test]
fn it_never_holds_more_than_half_of_the_pool() {
    inside(|| {
        lo_up();
        set("ip_local_port_range", "40000 40009");
        let mut child =
            ephaudit(&["probe", "--count", "4096", "--quiet"]).spawn().expect("it starts");
        let mut most = 0;
        let code = loop {
            if let Some(status) = child.try_wait().expect("a child") {
                break status.code();
            }
            let held: BTreeSet<String> = ["tcp", "tcp6", "udp", "udp6"]
                .iter()
                .flat_map(|name| {
                    let path = format!("/proc/thread-self/net/{name}");
                    let table = fs::read_to_string(path).expect("a table");
                    let local = |line: &str| Some(line.split_whitespace().nth(1)?.to_owned());
                    table.lines().skip(1).filter_map(local).collect::<Vec<_>>()
                })
                .collect();
            most = most.max(held.len());
        };
        assert_eq!(code, Some(0));
        assert!((1..=5).contains(&most), "{most} of 10 ports");

        // Where even that would be too much it does not ask.
        set("ip_local_port_range", "40000 40002");
        let (said, code) = probed(&[]);
        assert_eq!((code, &said["status"]), (3, &"undetermined".into()));
        let gap = said["gaps"][0]["detail"].as_str().expect("why");
        assert!(gap.contains("more than half"), "{gap}");
        assert!(
            draws(&said).iter().all(|draw| draw["call"] == "bind" || draw["transport"] == "udp")
        );
    });
}

#[test]
fn a_refusal_is_undetermined() {
    inside(|| {
        // Without a loopback nothing can be connected.
        let (said, code) = probed(&[]);
        assert_eq!((code, &said["status"]), (3, &"undetermined".into()), "{said:#}");
        let gap = said["gaps"][0]["detail"].as_str().expect("why");
        assert!(gap.contains("is lo up?"), "{gap}");
        assert!(stdout(&run(&["probe"])).starts_with("UNDETERMINED"));
        lo_up();
        assert_eq!(probed(&[]).1, 0);

        // Not having IPv6 is no refusal.
        fs::write("/proc/sys/net/ipv6/conf/lo/disable_ipv6", "1").expect("a sysctl");
        let (said, code) = probed(&[]);
        assert_eq!((code, draws(&said)[7]["state"].as_str()), (0, Some("absent")), "{said:#}");

        // A pool that nothing is left of.
        set("ip_local_port_range", "40000 40007");
        let held: Vec<OwnedFd> = (40_000..40_008).map(hold).collect();
        let (said, code) = probed(&[]);
        assert_eq!(code, 3, "{said:#}");
        let tcp: Vec<&Value> =
            draws(&said).iter().filter(|draw| draw["transport"] == "tcp").collect();
        assert!(
            tcp[..2].iter().all(|draw| draw["state"] == "unknown" && draw["given"] == 0),
            "{tcp:?}"
        );
        let gap = said["gaps"][0]["detail"].as_str().expect("why");
        assert!(gap.contains("no port free"), "{gap}");
        drop(held);
        assert_eq!(probed(&[]).1, 0);

        // One that the listener takes: bind() worked, so there is an address.
        fs::write("/proc/sys/net/ipv6/conf/lo/disable_ipv6", "0").expect("a sysctl");
        let held: Vec<OwnedFd> =
            (40_000..40_007).flat_map(|port| [hold(port), hold6(port)]).collect();
        let (said, code) = probed(&["--count", "1"]);
        assert_eq!(code, 3, "{said:#}");
        for at in ["tcp connect() over IPv4", "tcp connect() over IPv6"] {
            let gaps = said["gaps"].as_array().expect("gaps");
            let gap = gaps.iter().find(|gap| gap["what"] == at).expect(at);
            let detail = gap["detail"].as_str().expect("why");
            assert!(detail.contains("connect() found no port free"), "{detail}");
        }
        drop(held);

        // And where the pool is not known nobody is asked.
        sh("mount", &["--bind", "/dev/null", "/proc/sys/net/ipv4/ip_local_reserved_ports"]);
        let (said, code) = probed(&[]);
        assert_eq!((code, draws(&said).len()), (3, 0));
        assert_eq!(said["gaps"].as_array().map(Vec::len), Some(4));
    });
}

type Refuse = Box<dyn FnOnce() + Send>;

/// systemd's RestrictAddressFamilies= answers EAFNOSUPPORT, as a kernel without IPv6 does.
#[test]
fn a_call_that_a_filter_refuses_is_undetermined() {
    inside(|| {
        lo_up();
        // bind(2) and connect(2), include/uapi/asm-generic/unistd.h but on x86-64
        let (bind, connect) = if cfg!(target_arch = "x86_64") { (49, 42) } else { (200, 203) };
        let family = |family, errno| move || forbid_sockets(family, errno);
        let call = |call, errno| move || forbid(call, Vec::new(), errno);
        let (ip4, ip6) = (AddressFamily::INET, AddressFamily::INET6);
        let cases: [(Refuse, usize, &str); 5] = [
            (Box::new(family(ip6, Errno::AFNOSUPPORT)), 4, "no IPv6"),
            (Box::new(family(ip6, Errno::PERM)), 4, "socket() on loopback is refused"),
            (Box::new(family(ip4, Errno::AFNOSUPPORT)), 4, "socket() on loopback: Address"),
            // TCP's listener is bound too.
            (Box::new(call(bind, Errno::ACCESS)), 6, "bind() on loopback is refused"),
            (Box::new(call(connect, Errno::NOSYS)), 4, "connect() on loopback: Function"),
        ];
        for (refuse, gaps, says) in cases {
            let refused = thread::spawn(move || {
                refuse();
                probed(&["--count", "64"])
            });
            let (said, code) = refused.join().expect("probed");
            assert_eq!((code, &said["findings"]), (3, &Value::Array(vec![])), "{says} {said:#}");
            let told = said["gaps"].as_array().expect("gaps");
            assert_eq!(told.len(), gaps, "{says} {said:#}");
            for gap in told {
                let detail = gap["detail"].as_str().expect("why");
                assert!(detail.contains(says), "{says}: {detail}");
            }
            let refused = draws(&said).iter().filter(|draw| draw["state"] == "unknown").count();
            assert_eq!(refused, gaps, "{says}");
        }
    });
}

fn hold(port: u16) -> OwnedFd {
    let held = socket(AddressFamily::INET, SocketType::STREAM, None).expect("a socket");
    bind(&held, &SocketAddr::from(([0, 0, 0, 0], port))).expect("bound");
    held
}

fn hold6(port: u16) -> OwnedFd {
    let held = socket(AddressFamily::INET6, SocketType::STREAM, None).expect("a socket");
    bind(&held, &SocketAddr::from((std::net::Ipv6Addr::LOCALHOST, port))).expect("bound");
    held
}

/// accept4() that succeeds and accepts nothing: no loop waits for its end.
#[test]
fn an_accept_that_succeeds_falsely_does_not_hang() {
    inside(|| {
        lo_up();
        let accept4 = if cfg!(target_arch = "x86_64") { 288 } else { 242 };
        let probing = thread::spawn(move || {
            answer(accept4, Vec::new(), 0);
            probed(&["--count", "8"])
        });
        let (said, _) = probing.join().expect("probed");
        assert_eq!(draws(&said).len(), 8, "{said:#}");
    });
}

#[test]
fn the_headline_says_no_more_than_was_seen() {
    inside(|| {
        lo_up();
        let said = |count: &str| stdout(&run(&["probe", "--count", count])).replace('\n', " ");
        let few = said("8");
        assert!(few.starts_with("AGREES ") && !few.contains("as its settings say"), "{few}");
        assert!(few.contains("64 ports of its pool; 8 per kind"), "{few}");
        assert!(said("64").contains("as its settings say"));
    });
}

/// As a busy host has them: half of the ports are taken, and the last parity has to do.
#[test]
fn a_half_used_up_is_neither_a_finding_nor_an_agreement() {
    inside(|| {
        lo_up();
        set("ip_local_port_range", "40000 40099");
        let held: Vec<OwnedFd> = (40_000..40_100).step_by(2).map(hold).collect();
        let (said, code) = probed(&["--fail-on", "info"]);
        assert_eq!((code, &said["findings"]), (3, &Value::Array(vec![])), "{said:#}");
        let gap = said["gaps"][0]["detail"].as_str().expect("why");
        assert_eq!(
            said["gaps"].as_array().map(Vec::len),
            Some(2),
            "by connect(), of both families"
        );
        assert!(gap.starts_with("256 of 256 ports are odd, which go last; so many"), "{gap}");
        let connect = &draws(&said)[1];
        assert_eq!(
            (&connect["call"], &connect["odd"]),
            (&"connect".into(), &256.into()),
            "{connect}"
        );
        drop(held);
    });
}

/// Settings that are not this kernel's: as if a hook gave the ports. TCP's sockets are counted for the
/// whole machine, and what other tests hold there is none of this one's business.
struct WithRange(&'static str);

impl Ask for WithRange {
    fn ask(&self, question: Question<'_>) -> Answer {
        match question {
            Question::Tunable("net.ipv4.ip_local_port_range") => {
                Answer::new(Source::File("test".into()), Ok(format!("{}\n", self.0).into()))
            }
            Question::File("/proc/thread-self/net/sockstat") => {
                let counts = "TCP: inuse 1 orphan 0 tw 0 alloc 1 mem 1\nUDP: inuse 1\n";
                Answer::new(Source::File("test".into()), Ok(counts.into()))
            }
            question => Live.ask(question),
        }
    }

    fn draw(&self, wish: Wish, count: u32) -> Given {
        Live.draw(wish, count)
    }
}

fn with_range(range: &'static str) -> Vec<Disagreement> {
    let (_, probe) = Host::answering(Os::Linux, &WithRange(range)).probe(256);
    assert_eq!(probe.unknown, []);
    probe.disagreements
}

#[test]
fn a_kernel_that_does_other_than_its_settings_say_is_found_out() {
    inside(|| {
        lo_up();
        set("ip_local_port_range", "32768 49151");
        assert_eq!(with_range("32768\t49151"), []);
        let found = with_range("49152\t65535");
        assert_eq!(found.len(), 8, "{found:#?}");
        assert!(
            found.iter().all(|found| matches!(found, Disagreement::Outside { times: 256, .. }))
        );
        // As where a hook keeps to a part of the range.
        set("ip_local_port_range", "40000 44095");
        let found = with_range("1024\t65535");
        assert_eq!(found.len(), 6, "all but TCP's connect(): {found:#?}");
        assert!(
            found.iter().all(|found| match found {
                Disagreement::Hole { ports, count, .. } =>
                    *count > 20_000 && !ports.contains(42_000),
                found => matches!(found, Disagreement::Repeats { .. }),
            }),
            "{found:#?}"
        );
        set("ip_local_port_range", "1024 65535");
        let found = with_range("1023\t65535");
        assert_eq!(found.len(), 4, "{found:#?}");
        assert!(found.iter().all(|found| matches!(
            found,
            Disagreement::Parity { wish, times: 256, .. } if wish.transport == Transport::Tcp
        )));
    });
}

#[test]
fn wrong_counts_are_wrong_usage() {
    for count in ["0", "4097", "-1", "x", ""] {
        let output = run(&["probe", "--count", count]);
        assert_eq!(code(&output), 2, "{count}");
        assert_eq!(stderr(&output).lines().count(), 1, "{}", stderr(&output));
    }
    let quiet = run(&["probe", "--quiet", "--count", "1"]);
    assert!(quiet.stdout.is_empty() && quiet.stderr.is_empty());
}
