//! The tests of parse/sockets.rs.

use super::*;

const BSD: &str = "$ netstat -an\nActive Internet connections (including servers)\n\
    Proto Recv-Q Send-Q Local Address          Foreign Address        (state)\n\
    tcp4       0      0 10.0.0.1.22            10.0.0.9.50022         ESTABLISHED\n\
    tcp46      0      0 *.22                   *.*                    LISTEN\n\
    udp6       0      0 ::1.123                *.*\n\
    udp4       0      0 *.*                    *.*\n";

const WINDOWS: &str = "C:\\>netstat -ano\r\n\r\nAktive Verbindungen\r\n\r\n\
    \x20 Proto  Lokale Adresse         Remoteadresse          Status           PID\r\n\
    \x20 TCP    0.0.0.0:135            0.0.0.0:0              ABH\u{d6}REN          1012\r\n\
    \x20 TCP    10.0.0.4:50000         10.0.0.9:443           HERGESTELLT      77\r\n\
    \x20 TCP    [::]:445               [::]:0                 ABH\u{d6}REN          4\r\n\
    \x20 UDP    0.0.0.0:5353           *:*                                    2212\r\n\r\n";

fn words(listed: &Listed) -> Vec<String> {
    let words = |socket: &Socket| {
        let pid = socket.pid.map_or_else(|| "-".to_owned(), |pid| pid.to_string());
        format!("{} {} {} {pid}", socket.transport, socket.address, socket.port)
    };
    listed.sockets.iter().map(words).collect()
}

#[test]
fn the_sockets_that_wait_are_told_of_each_form() {
    for (text, wanted) in [
        (BSD, &["tcp :: 22 -", "udp ::1 123 -"][..]),
        (WINDOWS, &["tcp 0.0.0.0 135 1012", "tcp :: 445 4", "udp 0.0.0.0 5353 2212"]),
        (
            "# netstat -Aan\nPCB/ADDR         Proto Recv-Q Send-Q  Local Address      Foreign Address    (state)\n\
             f1000e0001b1 tcp4 0 0 *.22 *.* LISTEN\n",
            &["tcp 0.0.0.0 22 -"],
        ),
        (
            "Proto Recv-Q Send-Q Local Address Foreign Address (state) rhiwat shiwat pid epid\n\
             tcp4 0 0 127.0.0.1.631 *.* LISTEN 131072 131072 512 0\nudp4 0 0 *.5353 *.* 786896 9216 190 0\n",
            &["tcp 127.0.0.1 631 512", "udp 0.0.0.0 5353 190"],
        ),
        (
            "USER COMMAND PID FD PROTO LOCAL ADDRESS FOREIGN ADDRESS\nroot sshd 812 4 tcp4 *:22 *:*\n",
            &["tcp 0.0.0.0 22 812"],
        ),
        (
            "COMMAND PID USER FD TYPE DEVICE SIZE/OFF NODE NAME\n\
             sshd 812 root 3u IPv6 0x1 0t0 TCP *:22 (LISTEN)\nssh 9 me 3u IPv4 0x1 0t0 TCP 10.0.0.1:5->10.0.0.2:22 (ESTABLISHED)\n",
            &["tcp :: 22 812"],
        ),
        (
            "TCP: IPv4\n   Local Address  Remote Address  Swind Send-Q Rwind Recv-Q  State\n---- ----\n      *.22      *.*      0      0 128000      0 LISTEN\n",
            &["tcp 0.0.0.0 22 -"],
        ),
        (
            "LocalAddress LocalPort RemoteAddress RemotePort State AppliedSetting OwningProcess\n\
             ------------ --------- ------------- ---------- ----- -------------- -------------\n\
             ::           445       ::            0          Listen               4\n",
            &["tcp :: 445 4"],
        ),
    ] {
        let listed = listed(text);
        assert_eq!(words(&listed), wanted, "{text}");
        assert_eq!(listed.damaged, None, "{text}");
    }
}

#[test]
fn a_list_is_whole_by_its_command_or_by_what_it_shows() {
    let all = 4;
    assert_eq!(listed(BSD).whole.len(), all);
    assert_eq!(listed(WINDOWS).whole.len(), all);
    let (_, without) = BSD.split_once('\n').expect("a command");
    assert_eq!(listed(without).whole.len(), all, "each family and transport is shown");
    let (_, untitled) = without.split_once('\n').expect("a title");
    assert_eq!(listed(untitled).whole.len(), all, "one of each transport waits");
    for (from, to) in [
        ("-an", "-an | grep LISTEN"),
        ("-an\n", "-n\n"),
        ("(including servers)", ""),
        ("-an", "-an -f inet"),
        ("-an", "-an -p tcp"),
    ] {
        let text = BSD.replace(from, to);
        let whole = listed(&text).whole;
        let fewer = whole.len() < all;
        let servers_alone = from != "-an" && !text.contains("grep");
        assert!(fewer || servers_alone, "{to:?}: {whole:?}");
    }
    let rows = WINDOWS.lines().skip(5).collect::<Vec<_>>().join("\n") + "\n";
    assert!(listed(&rows).whole.is_empty(), "without heads it may be a part");
}

#[test]
fn a_cut_or_damaged_list_is_never_whole() {
    for text in [
        BSD.replace("*.22", "*.ssh"),
        BSD.replace("*.22 ", "*.22x "),
        BSD.trim_end().trim_end_matches("*.*").trim_end().trim_end_matches("*.*").to_owned(),
        WINDOWS.trim_end().to_owned(),
    ] {
        let listed = listed(&text);
        let missing = listed.sockets.len() < 2;
        assert!(listed.whole.is_empty() || !missing, "{text}: {listed:?}");
    }
    assert_eq!(listed("Dear all,\nthe port 22 is open.\n"), Listed::default());
}
