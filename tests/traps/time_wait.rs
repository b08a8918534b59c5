//! The traps about TIME_WAIT and sockets.

use serde_json::Value;

use super::{HOSTS, audited, verdict};
use crate::support::evidence::{fixture, host, told};
use crate::support::{run, stdout};

#[test]
fn trap_18_no_count_of_time_wait_is_claimed_where_none_is_whole_and_unread_listeners_are_no_empty_list()
 {
    for name in HOSTS {
        let document = audited(&[], &[name]);
        let listeners = &document["scopes"][0]["listeners"];
        assert_eq!(listeners["state"], "unknown", "{name}");
        assert_eq!(document["scopes"][0]["usage"]["tcp_time_wait"], Value::Null, "{name}");
        assert_eq!(verdict(&document, "listener-in-pool"), "unknown", "{name}");
        let (file, os) = fixture(name);
        let table = stdout(&run(&["show", "--os", &os, "--from", &file]));
        assert!(table.contains("listeners (not-captured)"), "{name}: {table}");
    }
}

#[test]
fn trap_19_time_wait_is_told_in_milliseconds_whatever_the_knobs_unit() {
    let length = |document: &Value| document["scopes"][0]["time_wait"]["milliseconds"].as_i64();
    let range = "net.inet.ip.portrange.first: 1024\n";
    let ndd =
        "$ ndd /dev/tcp tcp_time_wait_interval\n240000\n$ ndd /dev/tcp tcp_smallest_anon_port\n1\n";
    let ipadm = "PROTO PROPERTY PERM CURRENT PERSISTENT DEFAULT POSSIBLE\n\
        tcp smallest_anon_port rw 1024 -- 32768 1024-65535\n\
        tcp _time_wait_interval rw 1000 -- 60000 1000-600000\n";
    let netbsd =
        |ticks| format!("net.inet.ip.anonportmin = 1024\nnet.inet.tcp.mslt.remote = {ticks}\n");
    for (os, text, milliseconds) in [
        ("freebsd", format!("{range}net.inet.tcp.msl: 30000\n"), 60_000),
        ("dragonfly", format!("{range}net.inet.tcp.msl: 7500\n"), 15_000),
        ("macos", format!("{range}net.inet.tcp.msl: 15000\n"), 30_000),
        // slow ticks of half a second; 0 is the kernel's own 30 s
        ("netbsd", netbsd(60), 60_000),
        ("netbsd", netbsd(1), 1000),
        ("netbsd", netbsd(0), 60_000),
        ("openbsd", "net.inet.ip.portfirst=1024\n".to_owned(), 60_000),
        ("illumos", ipadm.to_owned(), 1000),
        ("solaris", ndd.to_owned(), 240_000),
        ("aix", "tcp_ephemeral_low = 1024\ntcp_timewait = 2\n".to_owned(), 30_000),
        (
            "linux",
            "net.ipv4.ip_default_ttl = 64\nnet.ipv4.tcp_fin_timeout = 5\n".to_owned(),
            60_000,
        ),
    ] {
        assert_eq!(length(&told(os, &text)), Some(milliseconds), "{os}: {text}");
    }
    for (os, text, reason) in [
        ("freebsd", range.to_owned(), "not-captured"),
        ("macos", format!("{range}net.inet.tcp.msl: 0\n"), "unparsable"),
        ("dragonfly", format!("{range}net.inet.tcp.msl: -30000\n"), "unparsable"),
        ("freebsd", format!("{range}net.inet.tcp.msl: 99999999999\n"), "unparsable"),
        ("netbsd", netbsd(2_147_483_647), "unparsable"),
        // another knob, in seconds
        (
            "netbsd",
            "net.inet.ip.anonportmin = 1024\nnet.inet.tcp.msl = 30\n".to_owned(),
            "not-captured",
        ),
        ("aix", "tcp_ephemeral_low = 1024\n".to_owned(), "not-captured"),
        (
            "linux",
            "net.ipv4.ip_default_ttl = 64\nkernel.osrelease = 4.4.0-gvisor\n".to_owned(),
            "unsupported",
        ),
        (
            "linux",
            "net.ipv4.ip_default_ttl = 64\nkernel.osrelease = 4.4.0-19041-Microsoft\n".to_owned(),
            "unsupported",
        ),
    ] {
        let document = told(os, &text);
        let time_wait = &document["scopes"][0]["time_wait"];
        assert_eq!(
            (&time_wait["reason"], length(&document)),
            (&reason.into(), None),
            "{os}: {text}"
        );
    }
    let windows = &host("windows-en")["scopes"][0]["time_wait"];
    assert_eq!((&windows["state"], &windows["milliseconds"]), (&"unknown".into(), &Value::Null));
}
