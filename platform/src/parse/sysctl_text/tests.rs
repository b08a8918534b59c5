//! The tests of parse/sysctl_text.rs.

use std::fs;
use std::path::{Path, PathBuf};

use super::*;

fn hosts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/hosts")
}

/// The text of one fixture.
pub(crate) fn host(path: &str) -> String {
    fs::read_to_string(hosts().join(path)).expect(path)
}

/// Hands every capture under fixtures/hosts to `check`: as it is, and those in files called `names`
/// also cut at every offset and with bytes changed. The first argument is the undamaged text, or
/// `None` where bytes were changed; the second is what the parser gets.
pub(crate) fn damaged(names: &[&str], check: impl Fn(Option<&str>, &str)) {
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut below = |n: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        usize::try_from(random % u64::try_from(n).expect("small")).expect("small")
    };
    let folders = fs::read_dir(hosts()).expect("fixtures/hosts").flatten();
    let files = folders.flat_map(|folder| fs::read_dir(folder.path()).into_iter().flatten());
    let mut texts = 0;
    for path in files.flatten().map(|file| file.path()).filter(|path| path.is_file()) {
        let bytes = fs::read(&path).expect("a fixture");
        let whole = String::from_utf8_lossy(&bytes);
        check(Some(&whole), &whole);
        if !names.iter().any(|name| path.ends_with(name)) {
            continue;
        }
        for end in 0..bytes.len() {
            check(Some(&whole), &String::from_utf8_lossy(&bytes[..end]));
        }
        for _ in 0..300 {
            let mut bytes = bytes.clone();
            for _ in 0..=below(4) {
                let at = below(bytes.len());
                let alphabet = b"\0\n\r\t 0123456789-=:,>#$.\xff\xc3";
                bytes[at] = alphabet[below(alphabet.len())];
            }
            check(None, &String::from_utf8_lossy(&bytes));
        }
        texts += 1;
    }
    assert!(texts > 0, "no {names:?} under fixtures/hosts");
}

fn read(text: &str) -> Vec<(&str, &str, Separator)> {
    entries(text).map(|e| (e.name, e.value, e.separator)).collect()
}

fn value<'a>(text: &'a str, name: &str) -> Vec<&'a str> {
    entries(text).filter(|e| e.name == name).map(|e| e.value).collect()
}

#[test]
fn trap_12_each_separator_is_told_apart() {
    assert_eq!(
        read(
            "net.inet.ip.portrange.first: 10000\nnet.inet.ip.portfirst=1024\nnet.inet.ip.anonportmin = 49152\n"
        ),
        [
            ("net.inet.ip.portrange.first", "10000", Separator::Colon),
            ("net.inet.ip.portfirst", "1024", Separator::Equals),
            ("net.inet.ip.anonportmin", "49152", Separator::SpacedEquals),
        ]
    );
    for (path, separator) in [
        ("freebsd-12.2/sysctl.txt", Separator::Colon),
        ("dragonfly-default/sysctl.txt", Separator::Colon),
        ("macos-new/sysctl.txt", Separator::Colon),
        ("openbsd-current/sysctl.txt", Separator::Equals),
        ("netbsd-default/sysctl.txt", Separator::SpacedEquals),
        ("aix-indented-any-order/no.txt", Separator::SpacedEquals),
        ("linux-sysctl-a/sysctl.txt", Separator::SpacedEquals),
    ] {
        let text = host(path);
        assert_eq!(entries(&text).count(), text.lines().count(), "{path}");
        assert!(entries(&text).all(|e| e.separator == separator && e.whole), "{path}");
    }
}

#[test]
fn trap_1_the_high_range_has_other_names_than_the_ephemeral_one() {
    let text = host("freebsd-12.2/sysctl.txt");
    assert_eq!(value(&text, "net.inet.ip.portrange.first"), ["10000"]);
    assert_eq!(value(&text, "net.inet.ip.portrange.hifirst"), ["49152"]);
    let text = host("openbsd-current/sysctl.txt");
    assert_eq!(value(&text, "net.inet.ip.portfirst"), ["1024"]);
    assert_eq!(value(&text, "net.inet.ip.porthifirst"), ["49152"]);
}

#[test]
fn trap_2_first_above_last_is_kept_as_it_stands() {
    let text = host("freebsd-swapped/sysctl.txt");
    assert_eq!(value(&text, "net.inet.ip.portrange.first"), ["60000"]);
    assert_eq!(value(&text, "net.inet.ip.portrange.last"), ["20000"]);
    let text = host("openbsd-swapped/sysctl.txt");
    assert_eq!(value(&text, "net.inet.ip.portfirst"), ["49151"]);
    assert_eq!(value(&text, "net.inet.ip.portlast"), ["1024"]);
}

#[test]
fn trap_9_the_echo_of_a_write_is_no_value() {
    for echo in [
        "net.inet.ip.portrange.reservedhigh: 1023 -> 0\n",
        "net.inet.tcp.baddynamic:  -> 2049\r\n",
        "net.inet.ip.anonportmin = 49152 -> 20000",
        "net.inet.ip.portrange.first:\t1023\t->\t",
    ] {
        assert_eq!(read(echo), [], "{echo:?}");
    }
    // Cut before the arrow it looks like a value, and is the one line that is not whole.
    assert!(entries("net.inet.ip.portrange.reservedhigh: 1023 ").all(|e| !e.whole));
}

#[test]
fn trap_10_ipv6_has_names_of_its_own_on_netbsd() {
    let text = host("netbsd-reserve/sysctl.txt");
    assert_eq!(value(&text, "net.inet.ip.anonportmin"), ["49152"]);
    assert_eq!(value(&text, "net.inet6.ip6.anonportmin"), ["20000"]);
    assert_eq!(value(&text, "net.inet.ip.anonportalgo.reserve"), ["50000,50001"]);
    assert_eq!(value(&text, "net.inet6.ip6.anonportalgo.reserve"), ["20080,20443,20444"]);
}

#[test]
fn trap_11_an_empty_value_is_a_value() {
    let text = host("openbsd-empty-baddynamic/sysctl.txt");
    assert_eq!(value(&text, "net.inet.tcp.baddynamic"), [""]);
    assert_eq!(value(&host("netbsd-default/sysctl.txt"), "net.inet.ip.anonportalgo.reserve"), [""]);
    assert_eq!(value(&host("linux-oracle/sysctl.txt"), "net.ipv4.ip_local_reserved_ports"), [""]);
    for text in ["a.b=\n", "a.b = \n", "a.b =\n", "a.b: \r\n", "a.b:", "a.b="] {
        assert_eq!(value(text, "a.b"), [""], "{text:?}");
    }
}

#[test]
fn trap_14_lines_that_are_not_ports_keep_their_own_names() {
    let text = host("macos-new/sysctl.txt");
    assert_eq!(value(&text, "net.inet.ip.portrange.ipport_allow_udp_port_exhaustion"), ["0"]);
    assert_eq!(value(&text, "net.inet.tcp.randomize_ports"), ["0"]);
    assert_eq!(
        value(&host("freebsd-full-subtree/sysctl.txt"), "net.inet.ip.portrange.randomcps"),
        ["10"]
    );
}

#[test]
fn blanks_inside_are_kept_and_around_are_not() {
    let range = "net.ipv4.ip_local_port_range";
    assert_eq!(value(&host("linux-sysctl-a/sysctl.txt"), range), ["32768\t60999"]);
    assert_eq!(value(&host("linux-sysctl-a-spaces/sysctl.txt"), range), ["32768 60999"]);
    assert_eq!(value("\t a.b \t=\t 1 \t2 \t\r\n", "a.b"), ["1 \t2"]);
    assert_eq!(value("net/ipv4/conf/eth0.7/x-y = 1", "net/ipv4/conf/eth0.7/x-y"), ["1"]);
}

#[test]
fn other_lines_are_passed_over() {
    for text in [
        "# sysctl -a",
        "$ sysctl net.inet.ip.portrange",
        "root:~# sysctl net.inet.ip.portfirst=1",
        "user@host:~$ sysctl a.b = 1",
        "= 1",
        ": 1",
        "a.b",
        "a.b 1",
        "a.b:1",
        "a.b@c = 1",
        "a b: 1",
        "a.b =1",
        "a.\0b: 1",
        "a.\u{fffd}b: 1",
        "",
        "\r",
        "sysctl: unknown oid 'a.b'",
        "error: permission denied on key 'a.b'",
    ] {
        assert_eq!(read(text), [], "{text:?}");
    }
    assert_eq!(read("\u{feff}a.b: 1"), [("a.b", "1", Separator::Colon)]);
    assert_eq!(read("a.b: 1\0"), [("a.b", "1\0", Separator::Colon)]);
}

#[test]
fn a_name_that_stands_twice_is_given_twice() {
    let text = "a.b: 1\nc.d: 2\na.b: 3";
    let found: Vec<_> = entries(text).filter(|e| e.name == "a.b").collect();
    assert_eq!(
        found.iter().map(|e| (e.line, e.value, e.whole)).collect::<Vec<_>>(),
        [(1, "1", true), (3, "3", false)]
    );
}

#[test]
fn refused_names_are_told_from_unknown_ones() {
    let read = |text: &'static str| refused(text).map(|r| (r.line, r.name, r.why)).next();
    for (text, name, why) in [
        ("sysctl: permission denied on key 'a.b'", "a.b", NoValue::Denied),
        ("sysctl: permission denied on key \"a.b\"\r\n", "a.b", NoValue::Denied),
        ("error: permission denied on key 'a.b'", "a.b", NoValue::Denied),
        ("sysctl: error reading key 'a.b': Permission denied", "a.b", NoValue::Denied),
        ("sysctl: a.b: Operation not permitted", "a.b", NoValue::Denied),
        ("sysctl: unknown oid 'a.b'", "a.b", NoValue::NoSuchName),
        ("sysctl: unknown oid 'a.b' at line 3", "a.b", NoValue::NoSuchName),
        ("sysctl: fourth level name c in a.b.c is invalid", "a.b.c", NoValue::NoSuchName),
        ("sysctl: fourth level name 'c' in 'a.b.c' is invalid", "a.b.c", NoValue::NoSuchName),
        ("error: \"a.b\" is an unknown key", "a.b", NoValue::NoSuchName),
        ("sysctl: error: 'a.b' is an unknown key", "a.b", NoValue::NoSuchName),
        (
            "sysctl: cannot stat /proc/sys/a/b: No such file or directory",
            "a/b",
            NoValue::NoSuchName,
        ),
        ("sysctl: reading key \"a.b\"", "a.b", NoValue::Other),
        ("sysctl: Zugriff auf Schlüssel »a.b« verweigert", "a.b", NoValue::Other),
    ] {
        assert_eq!(read(text), Some((1, name, why)), "{text}");
    }
    for text in [
        "sysctl: cannot open \"/etc/sysctl.conf\": No such file or directory",
        "sysctl: command not found",
        "bash: sysctl: command not found",
        "a.b: permission denied on key 'c.d'",
        "sysctl: ...",
        "sysctl:",
    ] {
        assert_eq!(read(text), None, "{text}");
    }
    let text = host("linux-denied/sysctl.txt");
    assert_eq!(
        refused(&text).map(|r| (r.line, r.name, r.why)).collect::<Vec<_>>(),
        [
            (8, "net.ipv4.ip_local_port_range", NoValue::Denied),
            (15, "net.ipv4.tcp_fastopen_key", NoValue::Denied),
        ]
    );
    assert_eq!(value(&text, "net.ipv4.ip_local_port_range"), [""; 0]);
}

#[test]
fn an_echoed_command_gives_its_arguments() {
    let read =
        |line: &'static str| echoed(line, "ndd").map(|args| args.collect::<Vec<_>>().join(" "));
    for line in [
        "ndd a b",
        "  /usr/sbin/ndd\ta  b ",
        "# ndd a b",
        "#ndd a b",
        "bash-3.00# /usr/sbin/ndd a b",
        "solaris$ ndd a b",
        "root@host:~# sudo ndd a b",
        "$ pfexec /usr/sbin/ndd a b",
        "$pfexec ndd a b",
    ] {
        assert_eq!(read(line).as_deref(), Some("a b"), "{line}");
    }
    assert_eq!(read("# ndd").as_deref(), Some(""));
    for line in [
        "",
        " ",
        "#",
        "run ndd a",
        "# then ndd a",
        "nddx a",
        "# x; do ndd a b",
        "mandd a",
        "/usr/ndd/x a",
    ] {
        assert_eq!(read(line), None, "{line}");
    }
}

#[test]
fn damage_never_makes_a_value_that_is_not_in_the_text() {
    damaged(&["sysctl.txt", "no.txt"], |original, text| {
        let lines: Vec<&str> = text.split('\n').collect();
        let known: Vec<_> = original.into_iter().flat_map(entries).collect();
        for entry in entries(text) {
            let line = lines[entry.line - 1];
            assert!(line.contains(entry.name) && line.contains(entry.value), "{entry:?}");
            assert!(original.is_none() || !entry.whole || known.contains(&entry), "{entry:?}");
        }
        for refused in refused(text) {
            assert!(lines[refused.line - 1].contains(refused.name), "{refused:?}");
        }
    });
}

#[test]
fn a_long_line_takes_linear_time() {
    for piece in [
        "a", "a ", "= ", ": ", "sysctl: ", "# ", "$ndd ", "sudo ", "'a.b' ", "-> ", "\r",
        "\u{fffd}",
    ] {
        let text = piece.repeat(100_000) + "ndd";
        assert!(entries(&text).count() + refused(&text).count() <= 2);
        assert!(echoed(&text, "ndd").is_none_or(|args| args.count() <= 100_000));
    }
}

#[test]
fn what_a_file_holds_is_told_from_what_was_read() {
    for (line, wanted) in [
        ("# cat /etc/sysctl.conf", Some(true)),
        ("# sysctl settings are defined through files in", Some(true)),
        ("; see sysctl.d(5)", Some(true)),
        ("==> /etc/sysctl.conf <==", Some(true)),
        ("==> /proc/sys/net/ipv4/ip_forward <==", Some(false)),
        ("$ sudo tee -a /etc/sysctl.d/9.conf <<EOF", Some(true)),
        ("# sysctl -a | grep ports", Some(false)),
        ("# sysctl -p /etc/sysctl.d/9.conf", Some(false)),
        ("root@web1:~# date", Some(false)),
        ("# sysctl -p to apply it", None),
        ("# ours", None),
        ("a.b = 1", None),
    ] {
        assert_eq!(shows_file(line), wanted, "{line}");
    }
}
