//! Files of sections and assignments, as tuned, saptune and systemd have them: `[section]`, then
//! `key = value`; `#` and `;` begin a comment.

/// An assignment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Assignment<'a> {
    /// The section that it stands in.
    pub(crate) section: &'a [u8],
    /// Its line, counted from 1.
    pub(crate) line: u32,
    /// The text before the first `=`, without the blanks around it.
    pub(crate) key: &'a [u8],
    /// The text after it, without the blanks around it.
    pub(crate) value: &'a [u8],
}

/// The assignments of a file, in their order.
pub(crate) fn assignments(bytes: &[u8]) -> impl Iterator<Item = Assignment<'_>> {
    let mut section: &[u8] = b"";
    (1..).zip(bytes.split(|byte| *byte == b'\n')).filter_map(move |(line, text)| {
        let text = text.trim_ascii();
        match text {
            [b'#' | b';', ..] => None,
            [b'[', name @ .., b']'] => {
                section = name.trim_ascii();
                None
            }
            _ => {
                let at = text.iter().position(|byte| *byte == b'=')?;
                let (key, value) = (text[..at].trim_ascii(), text[at + 1..].trim_ascii());
                Some(Assignment { section, line, key, value })
            }
        }
    })
}

/// The value of a variable of a shell script that only assigns: of several the last, without the
/// quotes around it.
pub(crate) fn shell_value<'a>(bytes: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let of_name = assignments(bytes).filter(|found| found.key == name.as_bytes());
    let value = of_name.last()?.value;
    Some(unquoted(value))
}

/// Without the quotes around it.
pub(crate) fn unquoted(value: &[u8]) -> &[u8] {
    match value {
        [b'"', inner @ .., b'"'] | [b'\'', inner @ .., b'\''] => inner,
        _ => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_and_lines_are_told_apart() {
        let text = b"a=1\n[main]\n# c=2\ninclude = x, y\n\n [ sysctl ] \nnet.a=1 = 2\n[x\nnone\n";
        let words = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let found: Vec<String> = assignments(text)
            .map(|a| format!("{} {} {} {}", words(a.section), a.line, words(a.key), words(a.value)))
            .collect();
        let expected = [" 1 a 1", "main 4 include x, y", "sysctl 7 net.a 1 = 2"];
        assert_eq!(found, expected);
    }

    #[test]
    fn the_last_assignment_of_a_variable_counts_without_its_quotes() {
        let text = b"#A=0\nA=1\nA=\"/etc/x y\"\nB='2'\n";
        assert_eq!(shell_value(text, "A"), Some(&b"/etc/x y"[..]));
        assert_eq!(shell_value(text, "B"), Some(&b"2"[..]));
        assert_eq!(shell_value(text, "C"), None);
    }
}
