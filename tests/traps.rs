//! What a naive reader of these ranges gets wrong, each by name. What can be seen from outside goes
//! through the program; what only other systems compile is read in `traps/sources.rs`;
//! `traps/time_wait.rs` is about TIME_WAIT and sockets.

mod sources;
mod time_wait;

use std::fs;

use serde_json::Value;

use crate::support::evidence::{
    bounds, document, fixture, from_stdin, host, range, range_of, told,
};
use crate::support::{code, run, spans, stderr, stdout};

/// The systems, each with a host whose sockets were not captured.
const HOSTS: [&str; 9] = [
    "freebsd-full-subtree",
    "openbsd-current",
    "netbsd-default",
    "dragonfly-default",
    "macos-new",
    "windows-en",
    "illumos-default",
    "solaris-11",
    "aix-default",
];

/// What the program says of these pieces of evidence with these arguments.
fn audited(args: &[&str], names: &[&str]) -> Value {
    let mut args = [&["--format", "json"], args].concat();
    let fixtures: Vec<(String, String)> = names.iter().map(|name| fixture(name)).collect();
    args.extend(["--os", fixtures[0].1.as_str(), "--from"]);
    args.extend(fixtures.iter().map(|(file, _)| file.as_str()));
    document(&run(&args))
}

fn findings<'a>(document: &'a Value, rule: &str) -> Vec<&'a Value> {
    let findings = document["findings"].as_array().expect("findings");
    findings.iter().filter(|finding| finding["rule"] == rule).collect()
}

fn verdict<'a>(document: &'a Value, rule: &str) -> &'a Value {
    let rules = document["rules"].as_array().expect("rules");
    &rules.iter().find(|known| known["rule"] == rule).expect("the rule")["verdict"]
}

/// The reserved list of a kind, transport and family.
fn reserved<'a>(document: &'a Value, kind: &str, transport: &str, family: &str) -> &'a Value {
    let has = |list: &Value, key: &str, wanted: &str| {
        list[key].as_array().expect("words").iter().any(|word| word == wanted)
    };
    let lists = document["scopes"][0]["reserved"].as_array().expect("lists").iter();
    let mut lists = lists.filter(|list| list["kind"] == kind);
    lists
        .find(|list| has(list, "transports", transport) && has(list, "families", family))
        .expect("a list")
}

fn pool<'a>(document: &'a Value, transport: &str, family: &str) -> &'a Value {
    let pools = document["scopes"][0]["pools"].as_array().expect("pools");
    let of = |pool: &&Value| {
        let families = pool["families"].as_array().expect("families");
        pool["transport"] == transport && families.iter().any(|word| word == family)
    };
    pools.iter().find(of).expect("a pool")
}

#[test]
fn trap_01_the_high_range_is_never_taken_for_the_ephemeral_one() {
    for (name, ephemeral) in [
        ("freebsd-full-subtree", (10_000, 65_535)),
        ("openbsd-current", (1024, 49_151)),
        ("dragonfly-default", (1024, 5000)),
    ] {
        let document = host(name);
        assert_eq!(bounds(range(&document, "tcp", "ipv4")), ephemeral, "{name}");
        let high = range_of(&document, "high", "tcp", "ipv4");
        assert_eq!(bounds(high), (49_152, 65_535), "{name}");
    }
}

#[test]
fn trap_02_bounds_that_run_backwards_keep_their_order_and_mean_the_same_ports() {
    let swapped = "net.inet.ip.portrange.first: 60000\nnet.inet.ip.portrange.last: 50000\n";
    for (document, written) in [
        (host("openbsd-swapped"), (49_151, 1024)),
        (host("freebsd-swapped"), (60_000, 20_000)),
        (told("dragonfly", swapped), (60_000, 50_000)),
        (told("macos", swapped), (60_000, 50_000)),
    ] {
        assert_eq!(bounds(range(&document, "tcp", "ipv4")), written);
        let Some(pool) = document["scopes"][0]["pools"].get(0) else { continue };
        let span = spans(&pool["spans"]).first().map(|span| i64::from(span.0));
        assert_eq!(span, Some(written.1), "the lower one is where it begins");
    }
    let low = range_of(&host("freebsd-full-subtree"), "low", "tcp", "ipv4").clone();
    assert_eq!((bounds(&low), &low["state"]), ((1023, 600), &Value::from("known")));
}

#[test]
fn trap_03_the_second_number_of_dynamicport_is_a_count_and_of_excludedportrange_an_end() {
    let document = host("windows-en-1024-13977");
    assert_eq!(bounds(range(&document, "tcp", "ipv4")), (1024, 1024 + 13_977 - 1));
    let administered = reserved(&document, "administered", "tcp", "ipv4");
    assert_eq!(spans(&administered["spans"]), [(50_000, 50_059)]);
    assert!(
        spans(&reserved(&document, "excluded", "tcp", "ipv4")["spans"]).contains(&(1145, 1244))
    );
}

#[test]
fn trap_04_netsh_is_understood_in_any_language_code_page_and_line_end() {
    let others = "de es fr fr-utf16 it ja ko pt-BR ru ru-utf8 zh-CN zh-CN-fullwidth-colon zh-TW";
    for name in others.split(' ').map(|language| format!("windows-{language}")) {
        let (file, _) = fixture(&name);
        let bytes = fs::read(&file).expect("evidence");
        let lf: Vec<u8> = bytes.iter().copied().filter(|byte| *byte != b'\r').collect();
        let texts = if name.contains("utf16") { vec![bytes] } else { vec![bytes, lf] };
        for text in texts {
            let output = from_stdin(text, &["show", "--format", "json"]);
            assert_eq!(code(&output), 0, "{name}: {}", stderr(&output));
            let document = document(&output);
            assert_eq!(document["host"]["os"], "windows", "{name}");
            // Of these two the dynamic range is not captured, and of Korean only IPv6 is.
            let partly = ["windows-it", "windows-ko"].contains(&name.as_str());
            let state = if partly { "unknown" } else { "known" };
            assert_eq!(range(&document, "tcp", "ipv4")["state"], state, "{name}");
            let family = if name == "windows-ko" { "ipv6" } else { "ipv4" };
            let kept = spans(&reserved(&document, "administered", "tcp", family)["spans"]);
            assert_eq!(kept, [(50_000, 50_059)], "{name}");
        }
    }
    // A number is never taken from the next line.
    let title = "Protocol tcp Dynamic Port Range\r\n---------------------------------\r\n";
    let cut = format!("{title}Start Port      :\r\nNumber of Ports : 16384\r\n");
    assert_eq!(range(&told("windows", cut), "tcp", "ipv4")["state"], "unknown");
}

#[test]
fn trap_05_where_windows_did_not_tell_there_is_no_default() {
    let (file, _) = fixture("windows-en-error");
    let refused = run(&["show", "--from", &file]);
    assert_eq!((code(&refused), stdout(&refused)), (2, String::new()));
    let told_once = "C:\\>netsh interface ipv4 show dynamicport tcp\r\n\r\n\
        Protocol tcp Dynamic Port Range\r\n---------------------------------\r\n\
        Start Port      : 1024\r\nNumber of Ports : 13977\r\n\r\n\
        C:\\>netsh interface ipv6 show dynamicport tcp\r\n\r\n\
        The system cannot find the file specified.\r\n";
    let document = told("windows", told_once);
    assert_eq!(bounds(range(&document, "tcp", "ipv4")), (1024, 15_000));
    for (transport, family) in [("tcp", "ipv6"), ("udp", "ipv4"), ("udp", "ipv6")] {
        let range = range(&document, transport, family);
        assert_eq!((bounds(range), &range["reason"]), ((-1, -1), &"not-captured".into()));
    }
    assert_eq!(document["scopes"][0]["pools"], Value::Array(Vec::new()));
}

#[test]
fn trap_06_windows_has_four_ranges_and_templates_that_may_differ_or_be_blank() {
    let document = host("windows-en-1024-13977");
    for (transport, family, wanted) in [
        ("tcp", "ipv4", (1024, 15_000)),
        ("tcp", "ipv6", (1024, 15_000)),
        ("udp", "ipv4", (1024, 15_000)),
        ("udp", "ipv6", (49_152, 65_535)),
    ] {
        assert_eq!(bounds(range(&document, transport, family)), wanted, "{transport} {family}");
    }
    // Automatic is blank in both; where the others differ none of them is picked.
    assert_eq!(bounds(range(&host("windows-powershell-json"), "tcp", "ipv6")), (49_152, 65_535));
    let document = host("windows-powershell-list");
    assert_eq!(range(&document, "tcp", "ipv4")["reason"], "unsupported");
    assert_eq!(bounds(range(&document, "tcp", "ipv4")), (-1, -1));
}

#[test]
fn trap_07_the_pool_of_windows_is_less_than_the_dynamic_range() {
    let document = host("windows-en-winnat");
    // Seven blocks of 100 and 50000-50059 and 55679 lie in 49152-65535.
    assert_eq!(pool(&document, "tcp", "ipv4")["ports"], 16_384 - 700 - 60 - 1);
    let document = audited(&[], &["windows-powershell-list"]);
    assert_eq!(bounds(range_of(&document, "auto-reuse", "tcp", "ipv4")), (10_000, 29_999));
    assert_eq!(verdict(&document, "auto-reuse-elsewhere"), "fail");
    let unread = audited(&[], &["windows-en"]);
    assert_eq!(verdict(&unread, "auto-reuse-elsewhere"), "unknown", "netsh does not tell it");
}

#[test]
fn trap_08_stock_and_moving_exclusions_are_nobodys_change() {
    let document = audited(&["--profile", "vendor"], &["windows-en-winnat"]);
    assert_eq!(verdict(&document, "drift-from-vendor-default"), "pass");
    let taken = findings(&document, "excluded-from-pool");
    assert!(!taken.is_empty() && taken.iter().all(|finding| finding["severity"] == "low"));
    assert!(
        !document["findings"].to_string().contains("50000"),
        "the stock exclusion is no finding"
    );
    // After the next boot the blocks are elsewhere, and the findings are the same ones.
    let (file, _) = fixture("windows-en-winnat");
    let text = fs::read_to_string(file).expect("evidence");
    let moved = text.replace("49696       49795", "64001       64100");
    assert_ne!(text, moved);
    let moved = self::document(&from_stdin(moved, &["--format", "json", "--profile", "vendor"]));
    let prints = |document: &Value| -> Vec<Value> {
        let findings = document["findings"].as_array().expect("findings").iter();
        findings.map(|finding| finding["fingerprint"].clone()).collect()
    };
    assert_eq!(prints(&moved), prints(&document));
}

#[test]
fn trap_09_a_write_is_not_believed_and_its_order_matters() {
    let written = "net.inet.ip.portrange.first: 10000 -> 80\nnet.inet.ip.portrange.last: 65535\n";
    let document = told("freebsd", written);
    assert_eq!(range(&document, "tcp", "ipv4")["reason"], "not-captured");
    let read_back = format!("{written}net.inet.ip.portrange.first: 1024\n");
    assert_eq!(bounds(range(&told("freebsd", read_back), "tcp", "ipv4")), (1024, 65_535));
    // NetBSD refuses a lower bound above the upper one: upwards, the upper one goes first.
    let document = audited(&[], &["netbsd-reserve"]);
    let finding = findings(&document, "outside-dynamic-ports")[0]["remediation"].to_string();
    let at = |name: &str| finding.find(name).unwrap_or_else(|| panic!("{name}: {finding}"));
    assert!(at("ip6.anonportmax=65535") < at("ip6.anonportmin=49152"), "{finding}");
}

#[test]
fn trap_10_only_netbsd_and_windows_have_knobs_of_ipv6() {
    for name in HOSTS.into_iter().chain(["linux-sysctl-a"]) {
        let document = host(name);
        let own = range(&document, "tcp", "ipv6")["families"].as_array().expect("families").len();
        let expected =
            if name.starts_with("netbsd") || name.starts_with("windows") { 1 } else { 2 };
        assert_eq!(own, expected, "{name}");
        assert!(name.starts_with("netbsd") || !document.to_string().contains("inet6"), "{name}");
    }
    // The two families of one host may differ.
    let document = host("netbsd-reserve");
    assert_eq!(bounds(range(&document, "tcp", "ipv4")), (49_152, 65_535));
    assert_eq!(bounds(range(&document, "tcp", "ipv6")), (20_000, 29_999));
    let invented = "net.inet.ip.portfirst=1024\nnet.inet.ip.portlast=49151\n\
        net.inet6.ip6.portfirst=5\nnet.inet6.ip6.portlast=6\nnet.inet6.ip6.portrange.first: 7\n";
    assert_eq!(bounds(range(&told("openbsd", invented), "tcp", "ipv6")), (1024, 49_151));
}

#[test]
fn trap_11_openbsds_lists_may_be_empty_and_one_port_is_in_none() {
    let tcp = |document: &Value| reserved(document, "reserved", "tcp", "ipv4").clone();
    let empty = tcp(&host("openbsd-empty-baddynamic"));
    assert_eq!((&empty["state"], spans(&empty["spans"])), (&Value::from("known"), Vec::new()));
    assert!(spans(&tcp(&host("openbsd-current"))["spans"]).contains(&(6000, 6010)));
    let list = "net.inet.ip.portfirst=1024\nnet.inet.ip.portlast=49151\nnet.inet.udp.baddynamic=\n";
    let document = told("openbsd", list);
    let hidden = reserved(&document, "restricted", "udp", "ipv4");
    assert_eq!(hidden["reason"], "not-captured", "4500 is the default, and may have been changed");
    let document = told("openbsd", format!("{list}net.inet.esp.udpencap_port=4500\n"));
    let pool = spans(&pool(&document, "udp", "ipv4")["spans"]);
    assert_eq!(pool, [(1024, 4499), (4501, 49_151)]);
}

#[test]
fn trap_12_every_separator_parts_a_name_from_its_value() {
    for separator in [": ", "=", " = "] {
        for (os, first, last) in [
            ("freebsd", "net.inet.ip.portrange.first", "net.inet.ip.portrange.last"),
            ("openbsd", "net.inet.ip.portfirst", "net.inet.ip.portlast"),
            ("netbsd", "net.inet.ip.anonportmin", "net.inet.ip.anonportmax"),
            ("aix", "tcp_ephemeral_low", "tcp_ephemeral_high"),
        ] {
            let text = format!("{first}{separator}20000\n{last}{separator}29999\n");
            let numbers = bounds(range(&told(os, text), "tcp", "ipv4"));
            // They print `: ` and ` = `; `name=value` is a line of their sysctl.conf.
            let printed = separator != "=" || !matches!(os, "freebsd" | "netbsd");
            let wanted = if printed { (20_000, 29_999) } else { (-1, -1) };
            assert_eq!(numbers, wanted, "{os} {separator:?}");
        }
    }
    assert!(sources::live("sysctl_program.rs").contains("\"-n\""), "without name and separator");
}

#[test]
fn trap_14_numbers_that_stand_beside_the_ports_are_no_ports() {
    for (name, transport) in [("freebsd-full-subtree", "udp"), ("macos-new", "udp")] {
        let document = host(name);
        let ranges = document["scopes"][0]["ranges"].as_array().expect("ranges");
        let all: Vec<(&str, (i64, i64))> =
            ranges.iter().map(|r| (r["role"].as_str().expect("a role"), bounds(r))).collect();
        let first = if name.starts_with("macos") { 49_152 } else { 10_000 };
        let ephemeral = ("ephemeral", (first, 65_535));
        assert_eq!(all, [ephemeral, ("high", (49_152, 65_535)), ("low", (1023, 600))], "{name}");
        // macOS keeps 55555 out.
        let ports = if name.starts_with("macos") { 16_383 } else { 65_536 - first };
        assert_eq!(pool(&document, transport, "ipv4")["ports"], ports, "{name}");
    }
    // The guard of 4,096 ports counts over all ports of the host, and takes none from the range.
    assert_eq!(pool(&host("macos-new"), "udp", "ipv4")["held_back"], 0);
    let on = "net.inet.ip.portrange.first: 49152\nnet.inet.ip.portrange.last: 65535\n\
        net.inet.ip.portrange.ipport_allow_udp_port_exhaustion: 1\n";
    assert_eq!(pool(&told("macos", on), "udp", "ipv4")["held_back"], 0);
}

#[test]
fn trap_15_macos_has_no_reservedhigh() {
    let (file, _) = fixture("macos-default");
    let text = fs::read_to_string(file).expect("evidence");
    let strange = format!("{text}net.inet.ip.portrange.reservedhigh: 79\n");
    let start = |os: &str| told(os, &strange)["scopes"][0]["unprivileged_start"].clone();
    assert_eq!(start("freebsd")["value"], 80);
    assert_eq!(
        (&start("macos")["state"], &start("macos")["value"]),
        (&"absent".into(), &Value::Null)
    );
    let document = audited(&[], &["macos-default"]);
    assert_eq!(verdict(&document, "unprivileged-start-lowered"), "not-applicable");
}

#[test]
fn trap_16_one_scope_is_read_and_no_other_is_mixed_in() {
    // The jail and its host: neither's numbers count.
    let jail = audited(&[], &["freebsd-12.2", "freebsd-2009"]);
    let range = range(&jail, "tcp", "ipv4");
    assert_eq!((bounds(range), &range["reason"]), ((-1, -1), &"unparsable".into()));
    let files = [fixture("freebsd-12.2").0, fixture("openbsd-current").0];
    let mixed = run(&["--from", &files[0], &files[1]]);
    assert!(code(&mixed) == 2 && stderr(&mixed).contains("different systems"));
}

#[test]
fn trap_20_leftovers_in_the_registry_of_windows_count_for_nothing() {
    let leftovers = "\r\nHKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Services\\Tcpip\\Parameters\r\n    \
        MaxUserPort    REG_DWORD    0x1388\r\n    ReservedPorts    REG_MULTI_SZ    1433-1434\\0\r\n    \
        TcpTimedWaitDelay    REG_DWORD    0x1e\r\n";
    // Alone it is what Server 2003 goes by, and never a pass.
    assert_ne!(code(&from_stdin(leftovers, &["--os", "windows"])), 0);
    let (file, _) = fixture("windows-en");
    let text = fs::read_to_string(file).expect("evidence");
    let alone = told("windows", &text);
    let beside = told("windows", format!("{text}{leftovers}"));
    for key in ["ranges", "reserved", "pools"] {
        assert_eq!(beside["scopes"][0][key], alone["scopes"][0][key], "{key}");
    }
    assert_eq!(beside["scopes"][0]["time_wait"]["milliseconds"], 30_000, "which still counts");
}

#[test]
fn trap_21_a_range_may_hold_more_ports_than_a_port_has_numbers() {
    let netsh = |start: u32, count: u32| {
        format!(
            "C:\\>netsh int ipv4 show dynamicport tcp\r\n\r\nProtocol tcp Dynamic Port Range\r\n\
             ---------------------------------\r\nStart Port      : {start}\r\nNumber of Ports : {count}\r\n"
        )
    };
    let all = "net.inet.ip.portfirst=1\nnet.inet.ip.portlast=65535\nnet.inet.esp.udpencap_port=0\n";
    let document = told(
        "openbsd",
        format!("{all}net.inet.tcp.baddynamic=\nnet.inet.udp.baddynamic=0-65535\n"),
    );
    assert_eq!(pool(&document, "tcp", "ipv4")["ports"], 65_535);
    assert_eq!(pool(&document, "udp", "ipv4")["ports"], 0);
    assert_eq!(spans(&reserved(&document, "reserved", "udp", "ipv4")["spans"]), [(0, 65_535)]);
    // start + count is 65536 here.
    let document = told("windows", netsh(1024, 64_512));
    assert_eq!(bounds(range(&document, "tcp", "ipv4")), (1024, 65_535));
    for (start, count) in [(1024, 64_513), (1, 65_536), (65_535, 2), (0, 65_536), (1, u32::MAX)] {
        let document = told("windows", netsh(start, count));
        assert_eq!(range(&document, "tcp", "ipv4")["state"], "unknown", "{start} {count}");
    }
}

#[test]
fn trap_22_an_untouched_system_is_information_only_to_the_profile_vendor() {
    let untouched = [
        "freebsd-full-subtree",
        "openbsd-current",
        "dragonfly-default",
        "illumos-default",
        "aix-default",
    ];
    for name in untouched {
        let (file, os) = fixture(name);
        let strict = run(&["--from", &file, "--os", &os]);
        assert_eq!(code(&strict), 1, "{name} is outside of the Dynamic Ports out of the box");
        let document = audited(&["--profile", "vendor"], &[name]);
        let about_range = findings(&document, "outside-dynamic-ports");
        assert!(!about_range.is_empty(), "{name}");
        assert!(about_range.iter().all(|finding| finding["severity"] == "info"), "{name}");
        assert!(findings(&document, "drift-from-vendor-default").is_empty(), "{name}");
    }
    let changed = audited(&["--profile", "vendor"], &["freebsd-swapped"]);
    assert_eq!(findings(&changed, "drift-from-vendor-default")[0]["severity"], "medium");
}
