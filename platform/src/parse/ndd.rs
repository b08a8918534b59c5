//! `ndd`, the tunables of Solaris 10 and older.
//!
//! It prints bare numbers with an empty line between them (usr/src/cmd/cmd-inet/usr.sbin/ndd.c), so
//! only the echo of the command line, such as `# /usr/sbin/ndd /dev/tcp tcp_smallest_anon_port
//! tcp_largest_anon_port`, says what they are. Where it is missing, or asks for another count of
//! values than there are numbers, nothing is certain and nothing is read.

use super::sysctl_text::lines;
use super::typed::echoed;

/// A tunable and its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NddTunable<'a> {
    /// The number of the line with the value, from 1.
    pub line: usize,
    /// The device that was asked, such as `/dev/tcp`.
    pub device: &'a str,
    /// Its name, such as `tcp_smallest_anon_port`.
    pub name: &'a str,
    /// Its value, one or more decimal digits.
    pub value: &'a str,
    /// Whether a line end follows; without one the text may have been cut here, in the middle of
    /// the number.
    pub whole: bool,
}

/// More names than anybody asks for at once.
const MANY: usize = 256;

/// What one command asked for, and the numbers that followed it so far.
struct Query<'a> {
    device: &'a str,
    names: Vec<&'a str>,
    numbers: Vec<(usize, &'a str, bool)>,
}

impl<'a> Query<'a> {
    /// `[-get] DEVICE NAME...`. `-set` prints nothing; a name list (`?`) and shell syntax are not
    /// followed.
    fn new(mut arguments: impl Iterator<Item = &'a str>) -> Option<Self> {
        let device = arguments.next()?;
        let device = if device == "-get" { arguments.next()? } else { device };
        let names: Vec<_> = arguments.take(MANY).collect();
        let plain =
            names.iter().all(|name| name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'));
        let wanted = device.starts_with("/dev/") && plain && (1..MANY).contains(&names.len());
        wanted.then_some(Self { device, names, numbers: Vec::new() })
    }

    /// One value a name, or none at all.
    fn values(self) -> impl Iterator<Item = NddTunable<'a>> {
        let answered = self.names.len() == self.numbers.len();
        let pairs = self.names.into_iter().zip(self.numbers).filter(move |_| answered);
        let device = self.device;
        pairs.map(move |(name, (line, value, whole))| NddTunable {
            line,
            device,
            name,
            value,
            whole,
        })
    }
}

/// Every value whose name is certain, in the order of the text.
pub(crate) fn values(text: &str) -> impl Iterator<Item = NddTunable<'_>> {
    let mut query: Option<Query<'_>> = None;
    // The end of the text ends the last answer.
    let answered = lines(text).map(Some).chain([None]).filter_map(move |line| {
        let Some(line) = line else { return query.take() };
        let word = line.text.trim_matches([' ', '\t']);
        if word.is_empty() {
            return None;
        }
        if word.bytes().all(|b| b.is_ascii_digit()) {
            if let Some(query) =
                query.as_mut().filter(|query| query.numbers.len() <= query.names.len())
            {
                query.numbers.push((line.number, word, line.whole));
            }
            return None;
        }
        // Any other line ends the answer: the next prompt, or ndd's own `operation failed: ...`.
        std::mem::replace(&mut query, echoed(line.text, "ndd").and_then(Query::new))
    });
    answered.flat_map(Query::values)
}

#[cfg(test)]
mod tests {
    use super::super::sysctl_text::tests::{damaged, host};
    use super::*;

    fn read(text: &str) -> Vec<(&str, &str, &str)> {
        values(text).map(|v| (v.device, v.name, v.value)).collect()
    }

    const BOTH: &str = "# ndd /dev/tcp tcp_smallest_anon_port tcp_largest_anon_port\n";

    #[test]
    fn the_echoed_command_names_the_numbers() {
        let text = host("solaris-10-ndd/ndd.txt");
        assert_eq!(
            read(&text),
            [
                ("/dev/tcp", "tcp_smallest_anon_port", "32768"),
                ("/dev/tcp", "tcp_largest_anon_port", "65535"),
            ]
        );
        assert_eq!(values(&text).map(|v| v.line).collect::<Vec<_>>(), [2, 4]);
        assert_eq!(
            read(
                "bash-3.00# ndd -get /dev/udp udp_smallest_anon_port\r\n 9000 \r\n$ ndd /dev/tcp tcp_x\n7\n$ exit"
            ),
            [("/dev/udp", "udp_smallest_anon_port", "9000"), ("/dev/tcp", "tcp_x", "7")]
        );
    }

    #[test]
    fn numbers_without_a_name_are_nobodys() {
        for text in [
            "32768\n\n65535\n".to_owned(),
            "# ls /dev/tcp\n32768\n".to_owned(),
            "To see it run ndd /dev/tcp tcp_x\n32768\n".to_owned(),
            "# ndd tcp tcp_x\n32768\n".to_owned(),
            "# ndd -set /dev/tcp tcp_x 9000\n9000\n".to_owned(),
            "# ndd /dev/tcp\n32768\n".to_owned(),
            "# ndd /dev/tcp ?\n1\n".to_owned(),
            "# ndd /dev/tcp tcp_x | tail -1\n1\n".to_owned(),
            "# ndd\n1\n".to_owned(),
            format!("{BOTH}32768\n"),
            format!("{BOTH}1\n2\n3\n"),
            format!("{BOTH}32768\noperation failed: Permission denied\n65535\n"),
            format!("{BOTH}-1\n2\n"),
            BOTH.to_owned(),
            String::new(),
        ] {
            assert_eq!(read(&text), [], "{text:?}");
        }
    }

    #[test]
    fn a_failed_command_does_not_take_the_next_ones_numbers() {
        let text = format!("{BOTH}operation failed: Permission denied\n{BOTH}1\n\n2\n");
        assert_eq!(
            values(&text).map(|v| (v.line, v.value)).collect::<Vec<_>>(),
            [(4, "1"), (6, "2")]
        );
    }

    #[test]
    fn a_cut_number_is_marked() {
        let text = format!("{BOTH}32768\n\n655");
        assert_eq!(values(&text).map(|v| v.whole).collect::<Vec<_>>(), [true, false]);
    }

    #[test]
    fn damage_never_makes_a_number_that_is_not_in_the_text() {
        damaged(&["ndd.txt"], |original, text| {
            let lines: Vec<&str> = text.split('\n').collect();
            let known: Vec<_> = original.into_iter().flat_map(values).collect();
            for value in values(text) {
                assert!(lines[value.line - 1].contains(value.value), "{value:?}");
                assert!(original.is_none() || !value.whole || known.contains(&value), "{value:?}");
            }
        });
    }

    #[test]
    fn long_texts_take_linear_time() {
        for piece in ["1\n", "# ndd /dev/tcp a\n1\n", "# ndd /dev/tcp a ", "ndd ", "\n", "9"] {
            assert!(values(&piece.repeat(5_000)).count() <= 5_000);
        }
    }
}
