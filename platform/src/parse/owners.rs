//! The answer to [`Question::Owners`](crate::ask::Question::Owners): records ended by NUL, the one
//! byte that no process name holds.
//!
//! `INODE PID NAME` for a socket found, `unreadable N` for processes whose descriptors could not be
//! listed, `late` where the search ran out of time.

use crate::reading::beginning;

/// What a search for owners found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Owners {
    /// Inode, pid, name.
    pub(crate) found: Vec<(u64, u32, String)>,
    /// How many processes could not be looked into.
    pub(crate) unreadable: usize,
    /// Whether the search stopped for lack of time.
    pub(crate) late: bool,
}

impl Owners {
    /// Reads the records; `None` where they are not such records.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let mut owners = Self::default();
        let Some(records) = bytes.strip_suffix(b"\0") else {
            return bytes.is_empty().then_some(owners);
        };
        for record in records.split(|byte| *byte == 0) {
            let text = String::from_utf8_lossy(record);
            if text == "late" {
                owners.late = true;
            } else if let Some(count) = text.strip_prefix("unreadable ") {
                owners.unreadable = count.parse().ok()?;
            } else {
                let mut words = text.splitn(3, ' ');
                let (inode, pid, name) = (words.next()?, words.next()?, words.next()?);
                owners.found.push((inode.parse().ok()?, pid.parse().ok()?, beginning(name)));
            }
        }
        Some(owners)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_name_survives() {
        let bytes = b"7 1 a b\n\x1b[31m\xff\0unreadable 3\0late\0";
        let owners = Owners::parse(bytes).expect("records");
        assert_eq!(owners.found, [(7, 1, "a b\n\u{1b}[31m\u{fffd}".to_owned())]);
        assert_eq!((owners.unreadable, owners.late), (3, true));
        assert_eq!(Owners::parse(b""), Some(Owners::default()));
        assert_eq!(Owners::parse(b"7 1 cut"), None);
        assert_eq!(Owners::parse(b"x y z\0"), None);
    }
}
