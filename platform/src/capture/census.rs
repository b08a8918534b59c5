//! A census as a capture holds it, a line each.
//!
//! `used SOURCE PEER PORTS` with `-` for any peer and the index of an interface behind it where
//! there is one, `left LOCAL CONNECTIONS`, `self LOCAL PEER STATE INODE UID`, `system LOCAL PEER
//! STATE INODE UID`, `bound PORTS` as a list with ranges, `uncounted N`; the last line is `end`.

use std::fmt::Write;
use std::net::SocketAddr;

use crate::parse::linux_sysctl;
use crate::reading::beginning;
use crate::snapshot::Transport;
use crate::usage::{CensusRows, Connection, Destination};

/// The most destinations, and connections of a kind.
const CONNECTIONS_MAX: usize = 10_000;

impl CensusRows {
    /// The lines, as a capture holds them.
    pub(crate) fn lines(&self) -> String {
        let mut text = String::new();
        for used in &self.used {
            let peer = used.peer.map_or_else(|| "-".to_owned(), |peer| peer.to_string());
            let interface = used.interface.map_or_else(String::new, |index| format!(" {index}"));
            let ports = used.ports_used;
            push(&mut text, format_args!("used {} {peer} {ports}{interface}", used.source));
        }
        for (local, count) in &self.left_behind {
            push(&mut text, format_args!("left {local} {count}"));
        }
        for (kind, connections) in
            [("self", &self.self_connected), ("system", &self.from_system_ports)]
        {
            for Connection { local, peer, state, inode, uid } in connections {
                push(&mut text, format_args!("{kind} {local} {peer} {state} {inode} {uid}"));
            }
        }
        if !self.bound.is_empty() {
            push(&mut text, format_args!("bound {}", self.bound));
        }
        push(&mut text, format_args!("uncounted {}\nend", self.uncounted));
        text
    }

    /// Reads the lines of a capture.
    ///
    /// # Errors
    /// The text says which line is none.
    pub fn parse(bytes: &[u8], transport: Transport) -> Result<Self, String> {
        let text = std::str::from_utf8(bytes).map_err(|_| "not a census: not UTF-8".to_owned())?;
        let lines = text.strip_suffix("end\n").ok_or("the census has no end")?;
        let mut rows = Self::default();
        for line in lines.lines() {
            rows.line(line, transport)
                .ok_or_else(|| format!("{:?} is not a line of a census", beginning(line)))?;
        }
        let longest = rows.self_connected.len().max(rows.from_system_ports.len());
        let longest = longest.max(rows.left_behind.len());
        if longest.max(rows.used.len()) > CONNECTIONS_MAX {
            return Err(format!("the census lists more than {CONNECTIONS_MAX} connections"));
        }
        Ok(rows)
    }

    fn line(&mut self, line: &str, transport: Transport) -> Option<()> {
        let (kind, rest) = line.split_once(' ')?;
        // One more than any line has.
        let words: Vec<&str> = rest.splitn(6, ' ').collect();
        match (kind, &words[..]) {
            ("used", [source, peer, ports, interface @ ..]) => self.used.push(Destination {
                transport,
                source: source.parse().ok()?,
                peer: if *peer == "-" { None } else { Some(peer.parse().ok()?) },
                interface: match interface {
                    [] => None,
                    [index] => Some(index.parse().ok()?),
                    _ => return None,
                },
                ports_used: ports.parse().ok()?,
            }),
            ("left", [local, count]) => {
                self.left_behind.push((local.parse().ok()?, count.parse().ok()?));
            }
            ("self", fields) => self.self_connected.push(connection(fields)?),
            ("system", fields) => self.from_system_ports.push(connection(fields)?),
            ("bound", [list]) => {
                self.bound = linux_sysctl::reserved_ports(format!("{list}\n").as_bytes()).ok()?;
            }
            ("uncounted", [count]) => self.uncounted = count.parse().ok()?,
            _ => return None,
        }
        Some(())
    }
}

fn push(text: &mut String, line: std::fmt::Arguments<'_>) {
    // Writing to a string can't fail.
    let _ = writeln!(text, "{line}");
}

fn connection(fields: &[&str]) -> Option<Connection> {
    let [local, peer, state, inode, uid] = fields else { return None };
    let address = |text: &str| text.parse::<SocketAddr>().ok();
    Some(Connection {
        local: address(local)?,
        peer: address(peer)?,
        state: state.parse().ok()?,
        inode: inode.parse().ok()?,
        uid: uid.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::PortRange;

    fn rows() -> CensusRows {
        let at = |text: &str| text.parse::<SocketAddr>().expect("an address");
        let connection = Connection {
            local: at("[::1]:32768"),
            peer: at("[::1]:32768"),
            state: 1,
            inode: 7,
            uid: 1000,
        };
        CensusRows {
            used: vec![
                Destination {
                    transport: Transport::Tcp,
                    source: at("10.0.0.1:0").ip(),
                    peer: Some(at("10.0.0.9:5432")),
                    interface: Some(3),
                    ports_used: 9000,
                },
                Destination {
                    transport: Transport::Tcp,
                    source: at("[::1]:0").ip(),
                    peer: None,
                    interface: None,
                    ports_used: 1,
                },
            ],
            self_connected: vec![connection.clone()],
            from_system_ports: vec![connection],
            left_behind: vec![(at("[::1]:40000"), 2)],
            bound: [PortRange::single(40_000), PortRange::between(40_010, 40_020)]
                .into_iter()
                .collect(),
            uncounted: 3,
            ..CensusRows::default()
        }
    }

    const LINES: &str = "used 10.0.0.1 10.0.0.9:5432 9000 3\nused ::1 - 1\nleft [::1]:40000 2\n\
                         self [::1]:32768 [::1]:32768 1 7 1000\n\
                         system [::1]:32768 [::1]:32768 1 7 1000\n\
                         bound 40000,40010-40020\nuncounted 3\nend\n";

    #[test]
    fn each_line_is_read_and_written() {
        assert_eq!(rows().lines(), LINES);
        assert_eq!(CensusRows::parse(LINES.as_bytes(), Transport::Tcp), Ok(rows()));
        let none = CensusRows::default();
        assert_eq!(none.lines(), "uncounted 0\nend\n");
        assert_eq!(CensusRows::parse(none.lines().as_bytes(), Transport::Udp), Ok(none));
    }

    #[test]
    fn a_cut_census_is_an_error_and_never_fewer_sockets() {
        for end in 0..LINES.len() {
            assert!(
                CensusRows::parse(&LINES.as_bytes()[..end], Transport::Tcp).is_err(),
                "cut at {end}"
            );
        }
        for line in ["self 1.1.1.1:1 1.1.1.1:1 1 1 1\n", "used 1.1.1.1 - 1\n", "left 1.1.1.1:1 2\n"]
        {
            let many = |count: usize| line.repeat(count) + "end\n";
            assert!(CensusRows::parse(many(CONNECTIONS_MAX).as_bytes(), Transport::Tcp).is_ok());
            assert!(
                CensusRows::parse(many(CONNECTIONS_MAX + 1).as_bytes(), Transport::Tcp).is_err()
            );
        }
        let words = CensusRows::parse(
            format!("self {}\nend\n", "1 ".repeat(1000)).as_bytes(),
            Transport::Tcp,
        );
        assert!(words.is_err_and(|error| error.len() < 400));
    }
}
