use super::*;
use crate::parse::socket_table;

const SS: &str = "\
Netid State     Recv-Q Send-Q       Local Address:Port   Peer Address:Port Process
udp   UNCONN    0      0            127.0.0.53%lo:53          0.0.0.0:*     users:((\"systemd-resolve\",pid=612,fd=13))
tcp   LISTEN    0      511                      *:50080             *:*     users:((\"nginx\",pid=7,fd=3),(\"nginx\",pid=8,fd=3)) ino:77 sk:1
\t skmem:(r0,rb87380,t0,tb16384,f0,w0,o0,bl0,d0) cubic
tcp   LISTEN    0      128                   [::1]:631           [::]:*     users:((\"a (\\\"b\",pid=9,fd=4))
u_str ESTAB     0      0      /run/dbus/system_bus_socket 17332   * 17331
tcp   ESTAB     0      0       [::ffff:10.0.0.5]:40112 [::ffff:10.0.0.9]:443
tcp   TIME-WAIT 0      0                 10.0.0.5:40114     10.0.0.9:443
";

fn list(text: &str) -> LinuxList {
    LinuxList::read("list.txt", text)
}

/// "tcp 0.0.0.0:22 10 sshd/800" of each.
fn told(list: &LinuxList) -> Vec<String> {
    let row = |one: &LinuxSocket| {
        let owners: Vec<String> =
            one.owners.iter().map(|(pid, name)| format!(" {name}/{pid}")).collect();
        let Connection { local, peer, state, .. } = one.connection;
        format!("{} {local} {peer} {state}{}", one.transport, owners.concat())
    };
    list.sockets.iter().map(row).collect()
}

fn has(list: &LinuxList, transport: Transport, kind: SocketPart) -> bool {
    has_any(list, transport, kind)
}

#[test]
fn ss_tells_sockets_and_processes() {
    let list = list(SS);
    assert_eq!(
        told(&list),
        [
            "udp 127.0.0.53:53 0.0.0.0:0 7 systemd-resolve/612",
            "tcp [::]:50080 [::]:0 10 nginx/7 nginx/8",
            "tcp [::1]:631 [::]:0 10 a (\\\"b/9",
            "tcp [::ffff:10.0.0.5]:40112 [::ffff:10.0.0.9]:443 1",
            "tcp 10.0.0.5:40114 10.0.0.9:443 6",
        ]
    );
    assert_eq!(list.sockets[1].connection.inode, 77);
    assert!(list.owners);
    for (transport, kind, whole) in [
        (Transport::Tcp, SocketPart::Waiting, true),
        (Transport::Tcp, SocketPart::Connected, true),
        (Transport::Udp, SocketPart::Waiting, true),
        (Transport::Udp, SocketPart::Connected, false),
    ] {
        assert_eq!(has(&list, transport, kind), whole, "{transport} {kind:?}");
    }
}

#[test]
fn older_forms_are_read() {
    let old = "State      Recv-Q Send-Q     Local Address:Port       Peer Address:Port\n\
               LISTEN     0      128                    *:22                     *:*      users:((\"sshd\",1234,3))\n\
               LISTEN     0      100                  :::25                    :::*\n";
    assert_eq!(told(&list(old)), ["tcp [::]:22 [::]:0 10 sshd/1234", "tcp [::]:25 [::]:0 10"]);
    let udp = "State  Recv-Q Send-Q Local Address:Port Peer Address:Port Process\n\
               ESTAB  0 0 10.0.0.5:40000 10.0.0.1:53\nUNCONN 0 0 0.0.0.0:68 0.0.0.0:*\n";
    assert!(told(&list(udp)).iter().all(|row| row.starts_with("udp ")), "{udp}");
}

#[test]
fn netstat_tells_the_same() {
    let text = "Active Internet connections (servers and established)\n\
        Proto Recv-Q Send-Q Local Address  Foreign Address  State  User Inode PID/Program name Timer\n\
        tcp 0 0 0.0.0.0:33060 0.0.0.0:* LISTEN 27 23456 812/mysqld off (0.00/0/0)\n\
        tcp6 0 0 :::22 :::* LISTEN 0 8 1/systemd off (0.00/0/0)\n\
        udp 0 0 0.0.0.0:68 0.0.0.0:* 0 9 - off (0.00/0/0)\n\
        raw6 0 0 :::58 :::* 7 0 10 600/NetworkManager off (0.00/0/0)\n\
        Active UNIX domain sockets (servers and established)\n\
        Proto RefCnt Flags Type State I-Node PID/Program name Path\n\
        unix 2 [ ACC ] STREAM LISTENING 1 1/init /run/x\n";
    let named = LinuxList::read("sos_commands/networking/netstat_-W_-neopa", text);
    assert_eq!(
        told(&named),
        [
            "tcp 0.0.0.0:33060 0.0.0.0:0 10 mysqld/812",
            "tcp [::]:22 [::]:0 10 systemd/1",
            "udp 0.0.0.0:68 0.0.0.0:0 7",
        ]
    );
    assert_eq!((named.sockets[0].connection.uid, named.sockets[0].connection.inode), (27, 23456));
    assert!(has(&named, Transport::Udp, SocketPart::Connected), "the command asked for all");
    assert!(!has(&list(text), Transport::Udp, SocketPart::Connected), "nothing says that it did");
}

#[test]
fn a_command_line_says_what_there_is_all_of() {
    let rows = "State Recv-Q Send-Q Local Address:Port Peer Address:Port\n\
                LISTEN 0 128 0.0.0.0:22 0.0.0.0:*\n";
    let of = |command: &str| {
        let list = list(&format!("root@web1:~# {command}\n{rows}"));
        [
            has_any(&list, Transport::Tcp, SocketPart::Waiting),
            has_any(&list, Transport::Tcp, SocketPart::Connected),
            has_any(&list, Transport::Udp, SocketPart::Waiting),
        ]
    };
    for (command, whole) in [
        ("ss -tlnp", [true, false, false]),
        ("ss -tanp", [true, true, false]),
        ("ss -tn", [false, true, false]),
        ("ss -tuln", [true, false, true]),
        ("ss --tcp --all --numeric", [true, true, false]),
        ("ss -an", [true, true, true]),
        ("ss -tln4", [true, false, false]),
        ("ss -tanp state established", [false; 3]),
        ("ss -tanp | grep 22", [false; 3]),
        ("ss -tan sport = :22", [false; 3]),
        ("netstat -tlnp", [true, false, false]),
        ("netstat -i", [false; 3]),
        ("ss -Sln", [false; 3]),
        ("ss --sctp -a", [false; 3]),
        ("ss -f inet -tln", [false; 3]),
        ("netstat -s", [false; 3]),
    ] {
        assert_eq!(of(command), whole, "{command}");
    }
    let four = list(&format!("# ss -tln4\n{rows}"));
    assert!(!four.has_all(Family::Ipv6, Transport::Tcp, SocketPart::Waiting));
}

fn has_any(list: &LinuxList, transport: Transport, kind: SocketPart) -> bool {
    Family::ALL.iter().any(|family| list.has_all(*family, transport, kind))
}

#[test]
fn what_is_cut_or_marked_or_has_no_numbers_is_no_whole_list() {
    for (wrong, why) in [
        (SS.trim_end(), "cut"),
        (&SS.replace("0.0.0.0:*", "0.0.0.0:domain"), "-n"),
        (&SS.replace("pid=8,fd=3)) ino", "pid=8,f"), "cut"),
        (&SS.replace("tcp   LISTEN    0      511", "> tcp LISTEN 0 511"), "damaged"),
        (&SS.replace("10.0.0.5:40114     10.0.0.9:443", "10.0.0.5:40114"), "cut"),
        (&SS.replace("[::1]:631", "[::1]:70000"), "damaged"),
    ] {
        let list = list(wrong);
        let (_, what) = list.damaged.unwrap_or_else(|| panic!("{why}: {list:?}"));
        assert!(what.contains(why), "{what}, not {why}");
        assert!(!has(&list, Transport::Tcp, SocketPart::Waiting), "{why}");
    }
}

#[test]
fn sockets_become_the_lines_that_the_kernel_prints() {
    let list = list(SS);
    for transport in [Transport::Tcp, Transport::Udp] {
        let of = |one: &&LinuxSocket| one.transport == transport;
        let sockets: Vec<Connection> =
            list.sockets.iter().filter(of).map(|one| one.connection.clone()).collect();
        assert!(!sockets.is_empty());
        assert_eq!(socket_table::rows(&table(sockets.iter()), transport), Ok(sockets));
    }
}

#[test]
fn no_row_is_passed_over_without_a_word() {
    let command = "# ss -tlnp\n";
    let heads = "State  Recv-Q Send-Q Local Address:Port Peer Address:Port Process\n";
    let row = "LISTEN 0 128 0.0.0.0:33060 0.0.0.0:*\n";
    let other = "LISTEN 0 128 127.0.0.1:631 0.0.0.0:*\n";
    let ports = |text: &str| -> Vec<u16> {
        let list = list(text);
        assert!(list.has_all(Family::Ipv6, Transport::Tcp, SocketPart::Waiting), "{text}{list:?}");
        list.sockets.iter().map(|one| one.connection.local.port()).collect()
    };
    // Set in as a whole, an empty line in it, a prompt or a setting behind it.
    for text in [
        format!("    {command}    {heads}    {row}    {other}"),
        format!("{command}{heads}{row}\n{other}"),
        format!(
            "{command}{heads}{row}{other}root@web1:~# sysctl net.ipv4.tcp_fin_timeout\nnet.x = 1\n"
        ),
        format!("{command}{heads}{row}{other}\nthat is all\n"),
    ] {
        assert_eq!(ports(&text), [33060, 631], "{text}");
    }
    // Marked, or without its beginning.
    for text in [
        format!("{command}{heads}--> {row}{other}"),
        format!("{command}{heads}# {row}{other}"),
        format!("{command}{heads}{other}128 0.0.0.0:33060 0.0.0.0:*\n"),
    ] {
        let list = list(&text);
        assert!(list.damaged.is_some(), "{text}");
        assert!(!list.has_all(Family::Ipv4, Transport::Tcp, SocketPart::Waiting), "{text}");
    }
    // Without a command line, of a family that no row is of nothing is known.
    let four = list(&format!("{heads}{row}"));
    assert!(four.has_all(Family::Ipv4, Transport::Tcp, SocketPart::Waiting));
    assert!(!four.has_all(Family::Ipv6, Transport::Tcp, SocketPart::Waiting));
}

const TCP: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";
const LISTENS: &str = "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 12345 1 0000000000000000 100 0 0 10 0\n";
const UDP6: &str = "  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n";
const WAITS: &str = " 1021: 00000000000000000000000001000000:0202 00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 23456 2 0000000000000000 0\n";

#[test]
#[cfg(target_endian = "little")]
fn tables_of_the_kernel_are_read_by_their_heads() {
    let list =
        list(&format!("# cat /proc/net/tcp /proc/net/udp6\n{TCP}{LISTENS}{UDP6}{WAITS}# date\n"));
    let wanted = ["tcp 127.0.0.1:8080 0.0.0.0:0 10", "udp [::1]:514 [::]:0 7"];
    assert_eq!((told(&list), list.damaged), (wanted.map(str::to_owned).to_vec(), None));
    assert_eq!(list.sockets[0].connection.inode, 12345);
    for (family, transport, whole) in [
        (Family::Ipv4, Transport::Tcp, true),
        (Family::Ipv6, Transport::Tcp, false),
        (Family::Ipv4, Transport::Udp, false),
        (Family::Ipv6, Transport::Udp, true),
    ] {
        for part in [SocketPart::Waiting, SocketPart::Connected] {
            assert_eq!(list.has_all(family, transport, part), whole, "{transport} {family:?}");
        }
    }
}

#[test]
fn a_part_of_a_table_of_the_kernel_is_not_whole() {
    for text in [
        format!("# cat /proc/net/tcp | head -2\n{TCP}{LISTENS}"),
        format!("# head -2 /proc/net/tcp\n{TCP}{LISTENS}"),
        format!("{TCP}{}", &LISTENS[..60]),
        format!("{TCP}{}\n", &LISTENS[..60]),
        format!("{TCP}x{LISTENS}"),
        format!("{TCP}{}", LISTENS.replace("0100007F", "0100007")),
        LISTENS.to_owned(),
    ] {
        assert!(!has(&list(&text), Transport::Tcp, SocketPart::Waiting), "{text}");
    }
    let none = list(&format!("# cat /proc/net/tcp\n{TCP}# date\n"));
    assert!(none.has_all(Family::Ipv4, Transport::Tcp, SocketPart::Waiting));
}
