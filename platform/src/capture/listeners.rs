//! Listeners as a capture holds them: lines `ADDRESS PORT PID[,PID…]`, with `-` for processes that
//! are not known, and `unseen WHY` where sockets are missing from the list.

use std::net::IpAddr;

use crate::ask::OpenSockets;
use crate::reading::{Reason, Why, beginning};

/// More reasons than any reader has.
const UNSEEN_MAX: usize = 16;

impl OpenSockets {
    /// The lines, as a capture holds them.
    pub(crate) fn lines(&self) -> String {
        let line = |(address, port, pids): &(IpAddr, u16, Vec<u32>)| {
            let pids: Vec<String> = pids.iter().map(u32::to_string).collect();
            let pids = if pids.is_empty() { "-".to_owned() } else { pids.join(",") };
            format!("{address} {port} {pids}\n")
        };
        let hidden = self.hidden.iter().map(|why| format!("unseen {}\n", why.detail));
        self.sockets.iter().map(line).chain(hidden).collect()
    }

    /// Reads the lines; the error says which is none.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let mut lines = Self::default();
        let text = String::from_utf8_lossy(bytes);
        if !(text.is_empty() || text.ends_with('\n')) {
            return Err("the list of sockets ends in the middle of a line".to_owned());
        }
        for line in text.lines() {
            match line.strip_prefix("unseen ") {
                Some(_) if lines.hidden.len() == UNSEEN_MAX => {
                    return Err("the list of sockets misses too much".to_owned());
                }
                Some(why) => lines.hidden.push(Why::new(Reason::Denied, beginning(why))),
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
        let text = "0.0.0.0 5357 4\n:: 80 812,900\n::1 6000 -\nunseen others' sockets\n";
        let lines = OpenSockets::parse(text.as_bytes());
        let sockets = vec![
            ("0.0.0.0".parse().expect("IPv4"), 5357, vec![4]),
            ("::".parse().expect("IPv6"), 80, vec![812, 900]),
            ("::1".parse().expect("IPv6"), 6000, vec![]),
        ];
        let expected =
            OpenSockets { sockets, hidden: vec![Why::new(Reason::Denied, "others' sockets")] };
        assert_eq!(expected.lines(), text);
        assert_eq!(lines, Ok(expected));
        assert_eq!(OpenSockets::parse(b""), Ok(OpenSockets::default()));
    }

    #[test]
    fn one_bad_line_is_an_error_and_never_fewer_sockets() {
        for bad in
            ["0.0.0.0 5357 4", "0.0.0.0 65536 4\n", "host 80 -\n", "::1 80\n", "\n", "::1 80 1 2\n"]
        {
            assert!(OpenSockets::parse(bad.as_bytes()).is_err(), "{bad:?}");
        }
        let long = OpenSockets::parse(&[&[b'a'; 1000][..], b"\n"].concat());
        assert!(long.is_err_and(|error| error.len() < 400));
        assert!(OpenSockets::parse("unseen x\n".repeat(UNSEEN_MAX).as_bytes()).is_ok());
        assert!(OpenSockets::parse("unseen x\n".repeat(UNSEEN_MAX + 1).as_bytes()).is_err());
    }
}
