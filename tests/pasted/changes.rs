//! What a command changed after it was shown.

use super::{document, from_stdin, range, told};

const NETSH: &str = "C:\\>netsh int ipv4 show dynamicport tcp\n\nProtocol tcp Dynamic Port Range\n\
    ---------------------------------\nStart Port      : 49152\nNumber of Ports : 16384\n\n";
const POWERSHELL: &str = "PS C:\\> Get-NetTCPSetting | fl SettingName,Dyn*\n\n\
    SettingName                   : Internet\nDynamicPortRangeStartPort     : 49152\n\
    DynamicPortRangeNumberOfPorts : 16384\n\n";
const AIX: &str =
    "# no -a | grep ephemeral\n tcp_ephemeral_low = 49152\n tcp_ephemeral_high = 65535\n";
const ILLUMOS: &str = "# uname -a\nSunOS h 5.11 omnios-r151046 i86pc i386 i86pc\n\
    # ipadm show-prop -p smallest_anon_port,largest_anon_port tcp\n\
    PROTO PROPERTY              PERM CURRENT      PERSISTENT   DEFAULT      POSSIBLE\n\
    tcp   smallest_anon_port    rw   49152        --           32768        1024-65535\n\
    tcp   largest_anon_port     rw   65535        --           65535        32768-65535\n";
const SOLARIS: &str = "# uname -a\nSunOS h 5.10 Generic_150400-11 sun4v sparc SUNW,T5240\n\
    # ndd /dev/tcp tcp_smallest_anon_port\n49152\n# ndd /dev/tcp tcp_largest_anon_port\n65535\n";
const FREEBSD: &str = "# uname -a\nFreeBSD h 14.2-RELEASE FreeBSD 14.2-RELEASE GENERIC amd64\n\
    # sysctl net.inet.ip.portrange\nnet.inet.ip.portrange.first: 49152\n\
    net.inet.ip.portrange.last: 65535\n";

#[test]
fn what_a_command_set_after_it_was_shown_is_known_no_more() {
    for (shown, change) in [
        (NETSH, "C:\\>netsh int ipv4 set dynamicport tcp start=1024 num=64511\nOk.\n\n"),
        (NETSH, "PS C:\\> netsh.exe interface ip set dynamicportrange tcp 1024 64511\nOk.\n\n"),
        (
            POWERSHELL,
            "PS C:\\> Set-NetTCPSetting -SettingName Internet -DynamicPortRangeStartPort 1024\n",
        ),
        (AIX, "# no -p -o tcp_ephemeral_low=9000\nSetting tcp_ephemeral_low to 9000\n"),
        (AIX, "Setting tcp_ephemeral_low to 9000\n"),
        (ILLUMOS, "# ipadm set-prop -p smallest_anon_port=9000 tcp\n"),
        (SOLARIS, "# ndd -set /dev/tcp tcp_smallest_anon_port 9000\n"),
        (FREEBSD, "# sysctl -q net.inet.ip.portrange.first=1024\n"),
    ] {
        assert_eq!(range(&told(shown), "tcp", "ipv4"), Some((49_152, 65_535)), "{shown}");
        let changed = format!("{shown}{change}");
        assert_eq!(range(&told(&changed), "tcp", "ipv4"), None, "{changed}");
        let audited = document(&from_stdin(&changed, &["audit", "--format", "json"]));
        let gaps = audited["gaps"].as_array().expect("gaps");
        let says = |detail: &str| detail.contains("and is not shown after that");
        assert!(gaps.iter().any(|gap| gap["detail"].as_str().is_some_and(says)), "{changed}");
        // Whoever looks again, knows again, though nothing changed.
        let again = format!("{changed}{shown}");
        assert_eq!(range(&told(&again), "tcp", "ipv4"), Some((49_152, 65_535)), "{again}");
    }
}

#[test]
fn what_changes_something_else_or_nothing_leaves_it() {
    for (shown, change) in [
        (NETSH, "C:\\>netsh int ipv6 set dynamicport tcp start=1024 num=64511\nOk.\n\n"),
        (NETSH, "C:\\>netsh int ipv4 set dynamicport udp start=1024 num=64511\nOk.\n\n"),
        (NETSH, "C:\\>netsh int ipv4 add excludedportrange tcp 50000 1\nOk.\n\n"),
        (NETSH, "You may run netsh int ipv4 set dynamicport tcp start=1024 num=64511\n"),
        (
            AIX,
            "# no -r -o tcp_ephemeral_low=9000\nSetting tcp_ephemeral_low to 9000 in nextboot file\n",
        ),
        (ILLUMOS, "# ipadm set-prop -p smallest_anon_port=9000 udp\n"),
        (SOLARIS, "# ndd -set /dev/udp udp_smallest_anon_port 9000\n"),
        (FREEBSD, "# sysctl net.inet.ip.portrange.hifirst=50000\n"),
    ] {
        let text = format!("{shown}{change}");
        assert_eq!(range(&told(&text), "tcp", "ipv4"), Some((49_152, 65_535)), "{text}");
    }
}
