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
        (
            "USER COMMAND PID FD PROTO LOCAL ADDRESS FOREIGN ADDRESS\n? ? ? ? tcp4 *:2049 *:*\n\
             www Web Content 812 4 udp6 *:53 *:*\n",
            &["tcp 0.0.0.0 2049 -", "udp :: 53 812"],
        ),
        (
            "Proto Recv-Q Send-Q  Local Address  Foreign Address  (state)  rxbytes  process:pid  state\n\
             tcp4 0 0 *.7000 *.* LISTEN 0 Control Center:571 00100\nudp4 0 0 *.53 *.* 0 mDNS:320 00100\n",
            &["tcp 0.0.0.0 7000 571", "udp 0.0.0.0 53 320"],
        ),
        (
            "# fstat | grep internet\nroot sshd 812 3* internet6 stream tcp 0xfff *:22\n\
             ntp ntpd 9 6* internet dgram udp 10.0.0.5:17 <-> 192.0.2.4:123\nlog syslogd 7 4* internet dgram udp *:514\n",
            &["tcp :: 22 812", "udp 0.0.0.0 514 7"],
        ),
        (
            "TCP: IPv6\n   Local Address  Remote Address  User Pid Command Swind Send-Q Rwind Recv-Q  State  If\n---- ----\n\
             fe80::1.22  *.*  root 812 sshd  0  0 128000  0 LISTEN  net0\n",
            &["tcp fe80::1 22 812"],
        ),
        (
            "PS C:\\> Get-NetTCPConnection | fl\n\nLocalAddress   : ::\nLocalPort      : 445\nRemotePort     : 0\n\
             State          : Listen\nOwningProcess  : 4\n\n",
            &["tcp :: 445 4"],
        ),
        (
            "PS C:\\> Get-NetUDPEndpoint | select OwningProcess,LocalPort,LocalAddress | ft\n\n\
             OwningProcess LocalPort LocalAddress\n------------- --------- ------------\n 1020 123 0.0.0.0\n",
            &["udp 0.0.0.0 123 1020"],
        ),
        (
            "\"LocalAddress\",\"LocalPort\",\"State\",\"OwningProcess\"\n\"::\",\"445\",\"Listen\",\"4\"\n",
            &["tcp :: 445 4"],
        ),
        (
            "812:\t/usr/lib/ssh/sshd\n   3: S_IFSOCK mode:0666\n\tSOCK_STREAM\n\tSO_ACCEPTCONN,SO_SNDBUF(1)\n\
             \tsockname: AF_INET6 ::  port: 22\n   4: S_IFSOCK mode:0666\n\tSOCK_STREAM\n\tsockname: AF_INET 10.0.0.5  port: 22\n\
             \tpeername: AF_INET 10.0.0.9  port: 50210\n   5: S_IFSOCK mode:0666\n\tSOCK_DGRAM\n\tsockname: AF_INET 0.0.0.0  port: 514\n",
            &["tcp :: 22 812", "udp 0.0.0.0 514 812"],
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
fn a_row_that_is_cut_is_seen() {
    let (solaris, lsof) = (
        "TCP: IPv4\n Local Address  Remote Address  State\n---- ----\n*.22  *.*  0 0 128000 0 LISTEN\n",
        "# lsof -i -nP\nCOMMAND PID USER FD TYPE DEVICE SIZE/OFF NODE NAME\nsshd 812 root 3u IPv6 0x1 0t0 TCP *:22 (LISTEN)\n",
    );
    let fstat = "# fstat | grep internet\nroot sshd 812 3* internet6 stream tcp 0xfff *:22\n";
    let heads = "PS C:\\> Get-NetTCPConnection\nLocalAddress LocalPort RemoteAddress RemotePort State\n:: 50022 :: 0 Listen 4\n";
    assert!(listed(heads).damaged.is_some(), "a line of heads that is cut");
    let net = "PS C:\\> Get-NetTCPConnection\nLocalAddress LocalPort RemoteAddress RemotePort State AppliedSetting OwningProcess\n\
        ------------ --------- ------------- ---------- ----- -------------- -------------\n:: 445 :: 0 Listen 4\n";
    let anv = "# netstat -anv\nProto Recv-Q Send-Q Local Address Foreign Address (state) rhiwat shiwat pid\ntcp4 0 0 *.22 *.* LISTEN 1 2 812\n";
    for (text, from, to) in [
        (WINDOWS, "          1012\r", "\r"),
        (WINDOWS, "*:*                                    2212", "*:*"),
        (BSD, "LISTEN", "LIST"),
        (BSD, "::1.123                *.*", "::1.123                *."),
        (solaris, "LISTEN", "LIS"),
        (solaris, "  0 0 128000 0 LISTEN", ""),
        (lsof, "(LISTEN)", "(LIS"),
        (lsof, " (LISTEN)", ""),
        (lsof, " TCP *:22 (LISTEN)", ""),
        (lsof, "sshd 812 root", "sshd root"),
        (fstat, " *:22", ""),
        (fstat, "root sshd", ">> root sshd"),
        (fstat, "root sshd", "# root sshd"),
        (fstat, "internet6 stream tcp 0xfff *:22", "inter"),
        (net, "Listen 4", "Lis"),
        (net, " 0 Listen 4", ""),
        (anv, " 812", ""),
    ] {
        assert!(listed(text).damaged.is_none(), "{text}");
        let cut = text.replace(from, to);
        assert_ne!(cut, text);
        let listed = listed(&cut);
        assert!(listed.damaged.is_some() && listed.whole.is_empty(), "{cut}: {listed:?}");
    }
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
