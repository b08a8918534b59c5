//! Which system a text is of, and which release of it.

use super::{code, document, from_stdin, range, stderr, told};

const PORTRANGE: &str = "net.inet.ip.portrange.first: 49152\nnet.inet.ip.portrange.last: 65535\n";
const IPADM: &str = "# ipadm show-prop -p smallest_anon_port tcp\n\
    PROTO PROPERTY              PERM CURRENT      PERSISTENT   DEFAULT      POSSIBLE\n\
    tcp   smallest_anon_port    rw   32768        --           32768        1024-65535\n";
const NDD: &str = "# ndd -get /dev/tcp tcp_smallest_anon_port\n9000\n\
    # ndd -get /dev/tcp tcp_largest_anon_port\n65500\n";

#[test]
fn a_system_is_known_by_what_greets_and_by_its_prompts() {
    for (text, os) in [
        (format!("$ uname -sr\nFreeBSD 14.1-RELEASE\n{PORTRANGE}"), "freebsd"),
        (format!("$ uname -srm\nDarwin 23.5.0 arm64\n{PORTRANGE}"), "macos"),
        (format!("$ uname\nDarwin\n{PORTRANGE}"), "macos"),
        (format!("DragonFly v6.4.0-RELEASE (X86_64_GENERIC) #0: x\n{PORTRANGE}"), "dragonfly"),
        (format!("me@host ~ % sysctl net.inet.ip.portrange\n{PORTRANGE}"), "macos"),
        (format!("Last login: Mon Jun 10 09:00:01 on ttys001\n{PORTRANGE}"), "macos"),
        (format!("$ sysctl net.inet.ip.portrange\n{PORTRANGE}"), "bsd"),
        (format!("FreeBSD 14 and macOS differ here.\n{PORTRANGE}"), "bsd"),
        (format!("# cat /etc/release\n  OmniOS v11 r151046\n{IPADM}"), "illumos"),
        (format!("The illumos Project     SunOS 5.11      illumos-2023\n{IPADM}"), "illumos"),
        (format!("# cat /etc/release\n      Oracle Solaris 11.4 X86\n{IPADM}"), "solaris"),
        (format!("# uname -sr\nSunOS 5.10\n{NDD}"), "solaris"),
        (NDD.replace("ndd", "/usr/sbin/ndd"), "solaris"),
        (NDD.replace("9000", "32768"), "solaris"),
    ] {
        assert_eq!(told(&text)["host"]["os"], os, "{text}");
    }
}

#[test]
fn hp_ux_is_not_taken_for_solaris() {
    for (text, says) in [
        (format!("# uname -a\nHP-UX h B.11.31 U ia64\n{NDD}"), "HP-UX, which is not supported"),
        (format!("# uname -sr\nHP-UX B.11.31\n{NDD}"), "HP-UX, which is not supported"),
        (
            format!("{NDD}# cat /etc/rc.config.d/nddconf\nNDD_NAME[0]=tcp_smallest_anon_port\n"),
            "HP-UX, which is not supported",
        ),
        (NDD.to_owned(), "solaris or HP-UX"),
        (NDD.replace("9000", "49152"), "solaris or HP-UX"),
        (format!("$ uname -sr\nSunOS 5.11\n{IPADM}"), "illumos, solaris"),
    ] {
        let output = from_stdin(&text, &[]);
        assert_eq!(code(&output), 2, "{text}");
        assert!(stderr(&output).contains(says), "{}", stderr(&output));
    }
}

#[test]
fn the_ports_that_macos_withholds_are_those_of_its_release() {
    for (release, withheld) in [
        ("ProductName:\tMac OS X\nProductVersion:\t10.13.6\n", false),
        ("ProductName:\tmacOS\nProductVersion:\t11.7.10\n", true),
        ("Darwin 19.6.0 x86_64\n", false),
        ("Darwin 20.6.0 x86_64\n", true),
        ("kern.osproductversion: 10.15.7\nkern.ostype: Darwin\n", false),
    ] {
        let text = format!("{release}{PORTRANGE}");
        let lists = told(&text)["scopes"][0]["reserved"].as_array().expect("lists").len();
        assert_eq!(lists == 1, withheld, "{text}");
    }
}

#[test]
fn a_leftover_in_the_registry_is_no_range() {
    let value = "    MaxUserPort    REG_DWORD    0xfffe\r\n";
    for banner in ["", "Microsoft Windows [Version 10.0.19045.1]\r\n"] {
        let text = format!("{banner}{value}");
        let audited = document(&from_stdin(&text, &["audit", "--format", "json"]));
        assert_eq!(range(&audited, "tcp", "ipv4"), None, "{text}");
        assert!(audited.to_string().contains("MaxUserPort in "), "{text}");
    }
    for old in ["! REG.EXE VERSION 3.0\r\n", "Microsoft Windows [Version 5.2.3790]\r\n"] {
        let text = format!("{old}{value}");
        assert_eq!(range(&told(&text), "tcp", "ipv4"), Some((1025, 65_534)), "{text}");
    }
}
