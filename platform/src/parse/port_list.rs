//! Port numbers and lists of them as sysctl(8) of the BSDs prints them.
//!
//! OpenBSD (`baddynamic`, `rootonly`) and NetBSD (`anonportalgo.reserve`) walk a bitmap from port 0
//! to 65535 and print each port that is set, with commas between them and no ranges; an empty
//! bitmap prints nothing (sbin/sysctl/sysctl.c of both). So a list that does not ascend is none
//! that they print, but a damaged one.

use crate::ports::{PortRange, PortSet};

/// Why a text is no port or no list of ports.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PortListError {
    /// Something stands where a port should.
    #[error("{0:?} is not a port number")]
    NotAPort(String),
    /// An item is not above the one before it, or a range runs backwards.
    #[error("{0:?} is not above the port before it")]
    NotAscending(String),
}

/// The longest piece of the text that an error keeps, in characters.
const KEPT: usize = 64;

fn kept(text: &str) -> String {
    text.chars().take(KEPT).collect()
}

/// One port number, 0..=65535, as `%d` prints it: no sign, no blank and no leading zero, which no
/// kernel prints and which other readers take for octal.
pub(crate) fn port(text: &str) -> Result<u16, PortListError> {
    let canonical =
        text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    let port = if canonical { text.parse().ok() } else { None };
    port.ok_or_else(|| PortListError::NotAPort(kept(text)))
}

/// A list of ports, ascending and without blanks; ranges such as `6000-6010` are taken as well,
/// since people shorten a list that way. The empty text is the empty list.
pub(crate) fn ports(text: &str) -> Result<PortSet, PortListError> {
    let mut ranges = Vec::new();
    let mut above: Option<u16> = None;
    for item in text.split(',').filter(|_| !text.is_empty()) {
        let (first, last) = item.split_once('-').unwrap_or((item, item));
        let (first, last) = (port(first)?, port(last)?);
        let range = PortRange::new(first, last).filter(|_| above.is_none_or(|above| first > above));
        ranges.push(range.ok_or_else(|| PortListError::NotAscending(kept(item)))?);
        above = Some(last);
    }
    Ok(ranges.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(text: &str) -> Option<String> {
        ports(text).ok().map(|set| set.to_string())
    }

    #[test]
    fn trap_11_a_bitmap_is_a_comma_list_that_may_be_empty() {
        assert_eq!(list("").as_deref(), Some(""));
        assert_eq!(list("2049").as_deref(), Some("2049"));
        assert_eq!(
            list("587,749,750,751,853,871,2049,6000,6001,6002").as_deref(),
            Some("587,749-751,853,871,2049,6000-6002")
        );
        assert_eq!(list("0,749-751,6000-6010,65535").as_deref(), Some("0,749-751,6000-6010,65535"));
    }

    #[test]
    fn trap_21_all_ports_are_65536() {
        let all: Vec<String> = (0..=65_535).map(|port: u16| port.to_string()).collect();
        assert_eq!(ports(&all.join(",")).map(|set| set.count()), Ok(65_536));
        assert_eq!(ports("0-65535").map(|set| set.count()), Ok(65_536));
    }

    #[test]
    fn nothing_else_is_a_port() {
        assert_eq!((port("0"), port("65535"), port("10000")), (Ok(0), Ok(65_535), Ok(10_000)));
        for text in [
            "",
            "65536",
            "-1",
            "+1",
            " 1",
            "1 ",
            "1\n",
            "00",
            "01",
            "0x50",
            "1.0",
            "1e3",
            "1,2",
            "1\0",
            "٣",
            "９",
            "99999999999999999999",
        ] {
            assert_eq!(port(text), Err(PortListError::NotAPort(text.to_owned())), "{text:?}");
        }
    }

    #[test]
    fn nothing_else_is_a_list() {
        for text in [
            ",", "1,", ",1", "1,,2", "1, 2", "1 2", " ", "1-", "-1", "1-2-3", "1,x", "65536",
            "08080", "{1}", "1;2",
        ] {
            assert!(matches!(ports(text), Err(PortListError::NotAPort(_))), "{text:?}");
        }
        for (text, item) in
            [("2,1", "1"), ("1,1", "1"), ("5-4", "5-4"), ("1-3,3", "3"), ("6000,600", "600")]
        {
            assert_eq!(ports(text), Err(PortListError::NotAscending(item.to_owned())), "{text:?}");
        }
    }

    #[test]
    fn a_long_error_keeps_a_part() {
        let long = "9".repeat(1_000_000);
        assert_eq!(port(&long), Err(PortListError::NotAPort("9".repeat(KEPT))));
        assert_eq!(ports(&long), Err(PortListError::NotAPort("9".repeat(KEPT))));
    }
}
