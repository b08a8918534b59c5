//! Lists of sockets that are long: which ports run out, by the rule of each system.

use std::fmt::Write;

use serde_json::Value;

use crate::support::evidence::{document, from_stdin};

const FREEBSD: &str = "root@fbsd:~ # uname -a\nFreeBSD fbsd 14.1-RELEASE GENERIC amd64\n\
    root@fbsd:~ # sysctl net.inet.ip.portrange\n\
    net.inet.ip.portrange.randomized: 1\nnet.inet.ip.portrange.reservedlow: 0\n\
    net.inet.ip.portrange.reservedhigh: 1023\nnet.inet.ip.portrange.hilast: 65535\n\
    net.inet.ip.portrange.hifirst: 49152\nnet.inet.ip.portrange.last: 65535\n\
    net.inet.ip.portrange.first: 49152\nnet.inet.ip.portrange.lowlast: 600\n\
    net.inet.ip.portrange.lowfirst: 1023\n";
const MACOS: &str = "mac:~ root# uname -sr\nDarwin 23.4.0\n\
    mac:~ root# sysctl net.inet.ip.portrange\n\
    net.inet.ip.portrange.lowfirst: 1023\nnet.inet.ip.portrange.lowlast: 600\n\
    net.inet.ip.portrange.first: 49152\nnet.inet.ip.portrange.last: 65535\n\
    net.inet.ip.portrange.hifirst: 49152\nnet.inet.ip.portrange.hilast: 65535\n";

fn array<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

/// `netstat -an` of so many connections to two servers, and the rest of it.
fn netstat(connections: u16) -> String {
    let mut list = "Active Internet connections (including servers)\n\
        Proto Recv-Q Send-Q  Local Address          Foreign Address        (state)\n\
        tcp4       0      0  *.22                   *.*                    LISTEN\n"
        .to_owned();
    for i in 0..connections {
        let (port, server) = (50_000 + i, 8 + i % 2);
        let _ = writeln!(
            list,
            "tcp4       0      0  10.0.0.5.{port}         10.0.0.{server}.5432          TIME_WAIT"
        );
    }
    list + "udp4       0      0  *.514                  *.*                    \n"
}

/// The same of Windows, translated, with its ranges and without excluded ports.
fn windows(connections: u16) -> String {
    let mut text = String::new();
    for family in ["ipv4", "ipv6"] {
        for transport in ["tcp", "udp"] {
            let _ = write!(
                text,
                "C:\\>netsh int {family} show dynamicport {transport}\n\n\
                 Protocol {transport} Dynamic Port Range\n---------------------------------\n\
                 Start Port      : 49152\nNumber of Ports : 16384\n\n\
                 C:\\>netsh int {family} show excludedportrange protocol={transport}\n\n\
                 Protocol {transport} Port Exclusion Ranges\n\n\
                 Start Port    End Port      \n----------    --------      \n\n\
                 * - Administered port exclusions.\n\n"
            );
        }
    }
    text.push_str(
        "C:\\>netstat -ano\n\nAktive Verbindungen\n\n\
         \u{20} Proto  Lokale Adresse         Remoteadresse          Status           PID\n\
         \u{20} TCP    0.0.0.0:135            0.0.0.0:0              ABHÖREN          912\n",
    );
    for i in 0..connections {
        let port = 50_000 + i;
        let _ = writeln!(
            text,
            "  TCP    10.0.0.5:{port}         10.0.0.{}:1433         WARTEND          0",
            8 + i % 2
        );
    }
    text + "  UDP    0.0.0.0:123            *:*                                    1500\n\nC:\\>\n"
}

fn audited(text: &str) -> Value {
    document(&from_stdin(text, &["audit", "--no-policy", "--format", "json"]))
}

/// The verdict of the rule, and the titles of its findings.
fn judged(text: &str) -> (String, Vec<String>) {
    let report = audited(text);
    let is = |item: &&Value| item["rule"] == "destination-near-exhaustion";
    let rule = array(&report, "rules").iter().find(is).expect("the rule");
    let titles = array(&report, "findings").iter().filter(is).map(|found| {
        let word = |key: &str| found[key].as_str().unwrap_or_default().to_owned();
        format!("{} {}", word("severity"), word("title"))
    });
    (rule["verdict"].as_str().unwrap_or_default().to_owned(), titles.collect())
}

#[test]
fn a_port_is_of_an_address_or_of_a_destination_as_the_system_has_it() {
    let of_address = "high tcp from 10.0.0.5: 14,000 of 16,384 usable ports in use (85 %)";
    // macOS keeps one of the ports to itself.
    let of_macos = "high tcp from 10.0.0.5: 13,999 of 16,383 usable ports in use (85 %)";
    let macos = format!("{MACOS}mac:~ root# netstat -an\n{}", netstat(14_000));
    for (text, title) in [(macos, of_macos), (windows(14_000), of_address)] {
        assert_eq!(judged(&text), ("fail".to_owned(), vec![title.to_owned()]));
    }
    let freebsd =
        |count| judged(&format!("{FREEBSD}root@fbsd:~ # netstat -an\n{}", netstat(count)));
    assert_eq!(freebsd(14_000), ("pass".to_owned(), vec![]), "7,000 to each of two");
    let before_13 = FREEBSD.replace("14.1", "12.4");
    let text = format!("{before_13}root@fbsd:~ # netstat -an\n{}", netstat(14_000));
    assert_eq!(judged(&text), ("fail".to_owned(), vec![of_address.to_owned()]));
}

#[test]
fn a_part_of_the_sockets_or_two_moments_are_no_answer() {
    let text = |list: &str| format!("{MACOS}mac:~ root# netstat -an\n{list}");
    assert_eq!(judged(&text(&netstat(3))).0, "pass");
    let twice = format!("{}mac:~ root# netstat -an\n{}", text(&netstat(3)), netstat(4));
    for part in [
        format!("{MACOS}mac:~ root# netstat -an | grep TIME_WAIT\n{}", netstat(3)),
        text(&netstat(3).replace("10.0.0.5.50001 ", "2001:db8:1:2:3:4.50001 ")),
        text(&netstat(3).replace("50001         10", "500")),
        twice,
    ] {
        assert_eq!(judged(&part), ("unknown".to_owned(), vec![]), "{part}");
    }
    assert_eq!(judged(MACOS).0, "not-applicable", "nobody listed any");
}

#[test]
fn a_list_tells_how_many_there_are_and_what_is_connected_to_itself() {
    let itself = "tcp4  0  0  127.0.0.1.50999  127.0.0.1.50999  ESTABLISHED\n";
    let report = audited(&format!("{MACOS}mac:~ root# netstat -an\n{}{itself}", netstat(2)));
    let usage = &report["scopes"][0]["usage"];
    assert_eq!(usage["method"], "list");
    let counts = ["tcp_sockets", "tcp_time_wait", "udp_sockets"].map(|key| usage[key].as_u64());
    assert_eq!(counts, [Some(2), Some(2), Some(1)]);
    let found = array(&report, "findings").iter().find(|it| it["rule"] == "self-connected-socket");
    let found = found.expect("it is found");
    assert_eq!(found["subject"]["ports"][0]["first"], 50_999);
    assert!(found["evidence"][0]["command"] == "netstat -an", "{found:#}");
}
