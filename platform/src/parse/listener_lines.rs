//! The answer to [`Question::Listeners`](crate::ask::Question::Listeners): lines `ADDRESS PORT
//! PID[,PID…]`, with `-` for processes that are not told, and `unseen WHY` where sockets are
//! missing from the list.

use std::net::IpAddr;

use crate::reading::beginning;

/// More reasons than any reader has.
const UNSEEN_MAX: usize = 16;

/// What was listed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Lines {
    /// Address, port and the processes that hold it.
    pub(crate) sockets: Vec<(IpAddr, u16, Vec<u32>)>,
    /// Why the list is not whole.
    pub(crate) unseen: Vec<String>,
}

impl Lines {
    /// Reads the lines; the error says which is none.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let mut lines = Self::default();
        let text = String::from_utf8_lossy(bytes);
        if !(text.is_empty() || text.ends_with('\n')) {
            return Err("the list of sockets ends in the middle of a line".to_owned());
        }
        for line in text.lines() {
            match line.strip_prefix("unseen ") {
                Some(_) if lines.unseen.len() == UNSEEN_MAX => {
                    return Err("the list of sockets misses too much".to_owned());
                }
                Some(why) => lines.unseen.push(beginning(why)),
                None => lines.sockets.push(socket(line).ok_or_else(|| not_a_socket(line))?),
            }
        }
        Ok(lines)
    }
}

fn not_a_socket(line: &str) -> String {
    format!("{:?} is not an address, port and process", beginning(line))
}

fn socket(line: &str) -> Option<(IpAddr, u16, Vec<u32>)> {
    let mut words = line.split(' ');
    let (address, port, pids) = (words.next()?, words.next()?, words.next()?);
    let pids = match pids {
        "-" => Vec::new(),
        listed => listed.split(',').map(|pid| pid.parse().ok()).collect::<Option<_>>()?,
    };
    let socket = (address.parse().ok()?, port.parse().ok()?, pids);
    words.next().is_none().then_some(socket)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_socket_or_says_what_is_missing() {
        let lines =
            Lines::parse(b"0.0.0.0 5357 4\n:: 80 812,900\n::1 6000 -\nunseen others' sockets\n");
        let sockets = vec![
            ("0.0.0.0".parse().expect("IPv4"), 5357, vec![4]),
            ("::".parse().expect("IPv6"), 80, vec![812, 900]),
            ("::1".parse().expect("IPv6"), 6000, vec![]),
        ];
        assert_eq!(lines, Ok(Lines { sockets, unseen: vec!["others' sockets".to_owned()] }));
        assert_eq!(Lines::parse(b""), Ok(Lines::default()));
    }

    #[test]
    fn one_bad_line_is_an_error_and_never_fewer_sockets() {
        for bad in
            ["0.0.0.0 5357 4", "0.0.0.0 65536 4\n", "host 80 -\n", "::1 80\n", "\n", "::1 80 1 2\n"]
        {
            assert!(Lines::parse(bad.as_bytes()).is_err(), "{bad:?}");
        }
        let long = Lines::parse(&[&[b'a'; 1000][..], b"\n"].concat());
        assert!(long.is_err_and(|error| error.len() < 400));
        assert!(Lines::parse("unseen x\n".repeat(UNSEEN_MAX).as_bytes()).is_ok());
        assert!(Lines::parse("unseen x\n".repeat(UNSEEN_MAX + 1).as_bytes()).is_err());
    }
}
