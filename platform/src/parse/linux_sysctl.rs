//! The three port knobs under /proc/sys/net/ipv4 (Documentation/networking/ip-sysctl.rst), as the
//! kernel prints them.
//!
//! The kernel prints one canonical form, so a text is accepted only if printing the parsed value
//! gives the same bytes again: a cut number, a mask or a file put in its place does not pass.

use std::str::FromStr;

use crate::ports::PortSet;
use crate::snapshot::{Bounds, Why};

/// What stands between the two numbers of `ip_local_port_range`.
#[derive(Clone, Copy)]
pub(crate) enum BoundsSeparator {
    /// Linux, `proc_dointvec` in kernel/sysctl.c.
    Tab,
    /// gVisor, `portRange.Generate` in pkg/sentry/fsimpl/proc.
    Space,
}

/// `ip_local_port_range`: two ports, 1 <= first <= last (`ipv4_local_port_range`,
/// net/ipv4/sysctl_net_ipv4.c).
pub(crate) fn port_range(bytes: &[u8], separator: BoundsSeparator) -> Result<Bounds, Why> {
    let between = match separator {
        BoundsSeparator::Tab => '\t',
        BoundsSeparator::Space => ' ',
    };
    canonical(
        bytes,
        "two port numbers and a newline",
        |text| {
            let (first, last) = text.split_once(between)?;
            let (first, last) = (first.parse().ok()?, last.parse().ok()?);
            (1 <= first && first <= last).then(|| Bounds { first, last, raw: format!("{text}\n") })
        },
        |bounds| format!("{}{between}{}", bounds.first, bounds.last),
    )
}

/// `ip_local_reserved_ports`: `proc_do_large_bitmap`, kernel/sysctl.c; an empty list is a lone
/// newline.
pub(crate) fn reserved_ports(bytes: &[u8]) -> Result<PortSet, Why> {
    canonical(
        bytes,
        "an ascending list of ports and a newline",
        |text| PortSet::from_str(text).ok(),
        PortSet::to_string,
    )
}

/// `ip_unprivileged_port_start`: one number, 0..=65535 (`ipv4_privileged_ports`,
/// net/ipv4/sysctl_net_ipv4.c).
pub(crate) fn unprivileged_start(bytes: &[u8]) -> Result<u16, Why> {
    canonical(bytes, "one number and a newline", |text| text.parse().ok(), u16::to_string)
}

/// A switch such as `ip_forward`: an integer, off where it is 0 (`devinet_sysctl_forward`,
/// net/ipv4/devinet.c).
pub(crate) fn switch(bytes: &[u8]) -> Result<bool, Why> {
    let number: i32 =
        canonical(bytes, "one number and a newline", |text| text.parse().ok(), i32::to_string)?;
    Ok(number != 0)
}

/// A duration such as `tcp_tw_timeout`, told in seconds; in milliseconds, never 0.
pub(crate) fn seconds(bytes: &[u8]) -> Result<u32, Why> {
    let milliseconds = |text: &str| text.parse::<u32>().ok().filter(|&n| n > 0)?.checked_mul(1000);
    canonical(bytes, "a number of seconds and a newline", milliseconds, |value| {
        (value / 1000).to_string()
    })
}

fn canonical<T>(
    bytes: &[u8],
    expected: &str,
    parse: impl Fn(&str) -> Option<T>,
    print: impl Fn(&T) -> String,
) -> Result<T, Why> {
    let wrong = || {
        let found = if bytes.is_empty() { "nothing at all" } else { "something else" };
        Why::unparsable(format!("expected {expected}, found {found}"), bytes)
    };
    let text = std::str::from_utf8(bytes).ok().and_then(|text| text.strip_suffix('\n'));
    let text = text.ok_or_else(wrong)?;
    parse(text).filter(|value| print(value) == text).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::Reason;

    fn range(text: &str) -> Result<(u16, u16), Why> {
        port_range(text.as_bytes(), BoundsSeparator::Tab).map(|bounds| (bounds.first, bounds.last))
    }

    #[test]
    fn what_the_kernel_prints_is_read() {
        assert_eq!(range("32768\t60999\n"), Ok((32768, 60999)));
        assert_eq!(range("1\t1\n"), Ok((1, 1)));
        assert_eq!(range("65535\t65535\n"), Ok((65535, 65535)));
        assert_eq!(reserved_ports(b"\n"), Ok(PortSet::new()));
        assert_eq!(reserved_ports(b"0-1,8080,65535\n").map(|set| set.count()), Ok(4));
        assert_eq!(unprivileged_start(b"0\n"), Ok(0));
        assert_eq!(unprivileged_start(b"65535\n"), Ok(65535));
        assert_eq!([&b"0\n"[..], b"1\n", b"-1\n"].map(switch), [Ok(false), Ok(true), Ok(true)]);
        assert!(["", "\n", "1", "on\n"].iter().all(|text| switch(text.as_bytes()).is_err()));
    }

    #[test]
    fn nothing_else_is_a_range() {
        for text in [
            "",
            "\n",
            "32768",
            "32768\t",
            "32768\t60999",
            "3276",
            "32768 60999\n",
            "32768\t60999\n\n",
            "32768\t\t60999\n",
            " 32768\t60999\n",
            "032768\t60999\n",
            "+32768\t60999\n",
            "0\t100\n",
            "60999\t32768\n",
            "1\t65536\n",
            "-1\t5\n",
            "32768\t60999 \n",
            "32768\t60999\r\n",
            "1\t2\t3\n",
            "a\tb\n",
            "32768\t60999\n\0",
            "９\t10\n",
        ] {
            let why = range(text).expect_err(text);
            assert_eq!(why.reason, Reason::Unparsable, "{text:?}");
            assert_eq!(why.raw.as_deref(), Some(text), "the raw text is kept");
        }
        assert!(
            range("32768 60999\n").is_err()
                && port_range(b"16000 65535\n", BoundsSeparator::Space).is_ok()
        );
    }

    #[test]
    fn nothing_else_is_a_reserved_list() {
        for text in [
            "",
            "8080",
            "8080,\n",
            "8080, 9000\n",
            "9000,8080\n",
            "8080-8080\n",
            "1-3,4\n",
            "50000-5001\n",
            "65536\n",
            "-1\n",
            "8080,,9000\n",
            "08080\n",
            "0x50\n",
            "8080\n\n",
        ] {
            assert!(reserved_ports(text.as_bytes()).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_cut_list_is_never_taken_for_a_shorter_one() {
        let whole = "8080,9148,30000-32767,50000-50010,51820\n";
        for end in 0..whole.len() {
            assert!(reserved_ports(&whole.as_bytes()[..end]).is_err(), "{:?}", &whole[..end]);
        }
    }

    #[test]
    fn invalid_utf8_and_huge_garbage_are_kept_in_part() {
        let why = unprivileged_start(&[0xff; 5000]).expect_err("not a number");
        assert_eq!(why.raw.map(|raw| raw.chars().count()), Some(Why::RAW_MAX));
    }
}
