//! The ports that stand in the command line of a process (proc_pid_cmdline(5)): `--port=50051`,
//! `-p 8300`, `-p8300`, `:54045`, `tcp://0.0.0.0:2375`. Nothing else of it leaves here, since people
//! put secrets there.

use crate::parse::port_list;
use crate::ports::{PortRange, PortSet};

/// What stands around a port in a word.
const AROUND: &[char] =
    &[' ', '\t', '\n', '=', ':', ',', ';', '/', '@', '[', ']', '"', '\'', '(', ')'];

/// The ports of a command line: words ended by NUL, or one text with blanks where the process
/// changed its title. Of one that is `cut` the last piece is none.
pub(crate) fn ports(bytes: &[u8], cut: bool) -> PortSet {
    let text = String::from_utf8_lossy(bytes);
    let around = |c: char| c == '\0' || AROUND.contains(&c);
    let end = if cut { text.rfind(around).unwrap_or(0) } else { text.len() };
    let pieces = text.get(..end).unwrap_or_default().split(around);
    pieces.filter_map(port).map(PortRange::single).collect()
}

fn port(piece: &str) -> Option<u16> {
    let mut option = piece.chars();
    // An option of one letter may have its number right behind it.
    let digits = match (option.next(), option.next()) {
        (Some('-'), Some(letter)) if letter.is_ascii_alphabetic() => option.as_str(),
        _ => piece,
    };
    port_list::port(digits).ok().filter(|port| *port != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_a_whole_piece_of_a_word() {
        let named = |line: &str| ports(line.replace(' ', "\0").as_bytes(), false).to_string();
        for line in [
            "grpcd --port=50051",
            "x --listen :50051",
            "x -p 50051",
            "x -p50051",
            "x tcp://0.0.0.0:50051/",
            "x --listen=[fe80::a]:50051",
            "java -Dserver.port=50051 -jar x.jar",
            "x {'port':50051,'a':'b'}",
        ] {
            assert_eq!(named(line), "50051", "{line}");
        }
        for line in [
            "x",
            "x 150051",
            "x 050051",
            "x a50051",
            "x 50051a",
            "x 1.50051",
            "x 0",
            "x --n50051",
            "x -1",
            "x 65536",
        ] {
            assert_eq!(named(line), "", "{line}");
        }
        // a title that the process has written itself
        assert_eq!(ports(b"nginx: worker -p 8300\0\0\0", false).to_string(), "8300");
        assert_eq!(ports(b"x\0\xff:8300\xff\0-q\xff", false).to_string(), "");
    }

    #[test]
    fn what_may_be_the_beginning_of_a_longer_number_is_no_port() {
        assert_eq!(ports(b"x\0-p\x00500", true).to_string(), "");
        assert_eq!(ports(b"x\0-p\x00500\0", true).to_string(), "500");
        assert_eq!(ports(b"500", true).to_string(), "");
    }
}
