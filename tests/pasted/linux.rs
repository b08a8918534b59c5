//! What people paste of a Linux terminal: which values are read of it, and which are not.

use super::{code, from_stdin, range, stderr, told};

const R: &str = "net.ipv4.ip_local_port_range";
const L: &str = "net.ipv4.ip_local_reserved_ports";
const READ: Option<(i64, i64)> = Some((32768, 60999));

/// The text with `R` and `L` for the two names.
fn of(text: &str) -> String {
    text.replace("{R}", R).replace("{L}", L)
}

fn range_of(text: &str) -> Option<(i64, i64)> {
    range(&told(of(text)), "tcp", "ipv4")
}

/// The list of reserved ports, as it is told.
fn list_of(text: &str) -> String {
    let list = &told(of(text))["scopes"][0]["reserved"][0];
    format!("{} {}", list["state"].as_str().expect("a state"), list["spans"])
}

#[test]
fn what_stands_around_a_value_is_no_part_of_it() {
    for text in [
        "```console\n$ sysctl {R}\n{R} = 32768\t60999\n```\n",
        "root@web1:~# sysctl -a | grep ip_local\n{R} = 32768 60999\nroot@web1:~# \n",
        "{R} = 32768\t60999\r\n",
        "\u{1b}[01;31m\u{1b}[Knet.ipv4.ip_local\u{1b}[m\u{1b}[K_port_range = 32768\t60999\n",
        "\u{1b}[35m/proc/sys/net/ipv4/ip_local_port_range\u{1b}[m\u{1b}[K:32768\t60999\n",
        "\u{1b}]0;root@web1: ~\u{7}root@web1:~# sysctl {R}\r\n{R} = 32768\t60999\r\n",
        "# sysctl -a | grep -n ip_local\n712:{R} = 32768\t60999\n713:{L} = 8080\n",
        "Nov 28 01:02:03 web1 audit[812]: {R} = 32768\t60999\nNov 28 01:02:03 web1 audit[812]: {L} = 8080\n",
        "$ kubectl exec -n shop api-0 -- sysctl -n {R}\n32768\t60999\n",
        "$ ssh root@web1 cat /proc/sys/net/ipv4/ip_local_port_range\n32768\t60999\n",
        "$ docker exec web1 cat /proc/sys/net/ipv4/ip_local_port_range\n32768\t60999\n$ \n",
        "web1 | CHANGED | rc=0 >>\n{R} = 32768\t60999\n",
        "{R} = 32768\t60999   # the default\n{L} = 8080,9090-9091 <-- ours\n",
        "{R} = 32768 60999 (default)\n",
    ] {
        assert_eq!(range_of(text), READ, "{text:?}");
    }
    assert_eq!(
        list_of("{L} = 8080,9090-9091   # ours\n"),
        "known [{\"first\":8080,\"last\":8080},{\"first\":9090,\"last\":9091}]"
    );
}

#[test]
fn a_file_of_settings_is_no_reading_of_the_kernel() {
    for text in [
        "# cat /etc/sysctl.d/99-ports.conf\n{R} = 32768 60999\n",
        "root@web1:~# cat /etc/sysctl.conf\n{R} = 32768 60999\nroot@web1:~# \n",
        "# Kernel sysctl configuration file\n{R} = 32768 60999\n",
        "# sysctl settings are defined through files in\n# /etc/sysctl.d/.\n{R} = 32768 60999\n",
        "# grep -h ip_local /etc/sysctl.d/*.conf\n{R} = 32768 60999\n",
        "==> /etc/sysctl.conf <==\n{R} = 32768 60999\n",
        "# cat > /etc/sysctl.d/99.conf <<EOF\n{R} = 32768 60999\nEOF\n",
        "$ sudo tee /etc/sysctl.d/99.conf <<EOF\n{R} = 32768 60999\nEOF\n",
        "services:\n  web:\n    sysctls:\n      {R}: 32768 60999\n",
        "{R}: 32768 60999\n",
        "{R}=32768 60999\n",
        "# cat /etc/sysctl.conf\n# sysctl -p to apply it\n{R} = 32768 60999\n",
    ] {
        let document = told(of(text));
        assert_eq!(range(&document, "tcp", "ipv4"), None, "{text}");
        let gaps = document["gaps"].as_array().expect("gaps").iter();
        let mut why = gaps.filter(|gap| gap["what"] == "ephemeral range");
        let why = why.next().expect("a gap")["detail"].as_str().expect("a reason");
        assert!(why.contains("give what `sysctl net.ipv4.ip_local_port_range` prints"), "{why}");
    }
    // What the kernel has stands beside it.
    for text in [
        "# cat /etc/sysctl.conf\n{R} = 1024 65000\n# sysctl {R}\n{R} = 32768\t60999\n",
        "# sysctl {R}\n{R} = 32768\t60999\n# cat /etc/sysctl.conf\n{R} = 1024 65000\n",
        "# echo '{R} = 32768 60999' >> /etc/sysctl.conf\n# sysctl -p\n{R} = 32768 60999\n",
        "root@web1:~# cat /etc/sysctl.conf\n{R}=1024 65000\nroot@web1:~# ssh db\n{R} = 32768\t60999\n",
    ] {
        assert_eq!(range_of(text), READ, "{text}");
    }
}

#[test]
fn what_was_written_after_a_reading_is_not_what_was_read() {
    for write in [
        "# echo 1024 65000 > /proc/sys/net/ipv4/ip_local_port_range",
        "# echo '1024 65000' | sudo tee /proc/sys/net/ipv4/ip_local_port_range\n1024 65000",
        "web1 systemd-sysctl[412]: Setting 'net/ipv4/ip_local_port_range' to '1024 65000'",
    ] {
        let text = format!("# sysctl {{R}}\n{{R}} = 32768\t60999\n{write}\n");
        assert_eq!(range_of(&text), None, "{write}");
        let again = format!("{text}# sysctl {{R}}\n{{R}} = 1024\t65000\n");
        assert_eq!(range_of(&again), Some((1024, 65000)), "{write}");
    }
}

#[test]
fn the_values_of_two_places_are_refused() {
    for [one, other] in [
        ["root@web1:~# sysctl {R}", "root@web2:~# sysctl {R}"],
        ["$ ssh web1 sysctl {R}", "$ ssh web2 sysctl {R}"],
        ["# sysctl {R}", "# ip netns exec blue sysctl {R}"],
        ["$ docker exec web1 sysctl {R}", "$ docker exec db1 sysctl {R}"],
        ["web1 | CHANGED | rc=0 >>", "web2 | CHANGED | rc=0 >>"],
    ] {
        let text = format!("{one}\n{{R}} = 32768\t60999\n{other}\n{{L}} = 8080\n");
        let output = from_stdin(of(&text), &["show"]);
        let said = stderr(&output);
        assert_eq!(code(&output), 2, "{text}{said}");
        assert!(said.contains("in line 1") && said.contains("in line 3"), "{said}");
    }
}

#[test]
fn what_is_cut_or_told_twice_is_no_value() {
    for text in [
        "{R} = 32768\t609",
        "{R} = 32768\t60999\n{R} = 1024\t65000\n",
        "-{R} = 32768\t60999\n+{R} = 1024\t65000\n{L} = 8080\n",
        "{R} = 32768 ...\n",
    ] {
        assert_eq!(range_of(text), None, "{text}");
    }
}
