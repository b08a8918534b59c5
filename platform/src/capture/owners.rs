//! The processes of sockets as a capture holds them: records ended by NUL, the one byte that no
//! process name holds.
//!
//! `INODE PID NAME` for a socket found, `unreadable N` for processes whose descriptors could not be
//! listed, `late` where the search ran out of time, `unit INODE` for a socket that pid 1 has open,
//! `named PID PORTS` for the ports on a command line, `whole` where all processes can be seen.

use std::str::FromStr;

use crate::ask::SocketOwners;

impl SocketOwners {
    /// The records, as a capture holds them.
    pub(crate) fn records(&self) -> Vec<u8> {
        let mut records = Vec::new();
        for (inode, pid, name) in &self.found {
            records.extend(format!("{inode} {pid} ").bytes());
            records.extend(name);
            records.push(0);
        }
        if self.unreadable > 0 {
            records.extend(format!("unreadable {}\0", self.unreadable).bytes());
        }
        if self.late {
            records.extend(b"late\0");
        }
        for inode in &self.of_socket_units {
            records.extend(format!("unit {inode}\0").bytes());
        }
        for (pid, ports) in &self.on_command_lines {
            records.extend(format!("named {pid} {ports}\0").bytes());
        }
        if self.whole_host {
            records.extend(b"whole\0");
        }
        records
    }

    /// Reads the records; `None` where they are not such records.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let mut owners = Self::default();
        let Some(records) = bytes.strip_suffix(b"\0") else {
            return bytes.is_empty().then_some(owners);
        };
        for record in records.split(|byte| *byte == 0) {
            if record == b"late" {
                owners.late = true;
            } else if let Some(count) = record.strip_prefix(b"unreadable ") {
                owners.unreadable = number(count)?;
            } else if record == b"whole" {
                owners.whole_host = true;
            } else if let Some(inode) = record.strip_prefix(b"unit ") {
                owners.of_socket_units.push(number(inode)?);
            } else if let Some(named) = record.strip_prefix(b"named ") {
                let mut words = named.splitn(2, |byte| *byte == b' ');
                let (pid, ports) = (words.next()?, words.next()?);
                owners.on_command_lines.push((number(pid)?, number(ports)?));
            } else {
                let mut words = record.splitn(3, |byte| *byte == b' ');
                let (inode, pid, name) = (words.next()?, words.next()?, words.next()?);
                owners.found.push((number(inode)?, number(pid)?, name.to_vec()));
            }
        }
        Some(owners)
    }
}

fn number<T: FromStr>(digits: &[u8]) -> Option<T> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_name_survives() {
        let bytes = b"7 1 a b\n\x1b[31m\xff\0unreadable 3\0late\0unit 7\0named 1 80,8300\0whole\0";
        let owners = SocketOwners::parse(bytes).expect("records");
        assert_eq!(owners.records(), bytes);
        assert_eq!(owners.found, [(7, 1, b"a b\n\x1b[31m\xff".to_vec())]);
        assert_eq!((owners.unreadable, owners.late), (3, true));
        assert_eq!((owners.of_socket_units, owners.whole_host), (vec![7], true));
        let named = owners.on_command_lines.iter().map(|(pid, ports)| (*pid, ports.to_string()));
        assert_eq!(named.collect::<Vec<_>>(), [(1, "80,8300".to_owned())]);
        assert_eq!(SocketOwners::parse(b""), Some(SocketOwners::default()));
        assert_eq!(SocketOwners::parse(b"7 1 cut"), None);
        assert_eq!(SocketOwners::parse(b"x y z\0"), None);
    }
}
