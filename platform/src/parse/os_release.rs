//! os-release(5).

/// The value of a key, such as `PRETTY_NAME`; of several the last.
pub(crate) fn value(text: &str, key: &str) -> Option<String> {
    let of_key = |line| str::trim(line).strip_prefix(key)?.strip_prefix('=');
    let value = unquote(text.lines().rev().find_map(of_key)?.trim());
    (!value.is_empty()).then_some(value)
}

/// Takes shell quoting off: either quote, and a backslash before `"`, `$`, `` ` `` and `\` where it
/// counts.
fn unquote(value: &str) -> String {
    if let Some(inner) = value.strip_prefix('\'').and_then(|v| v.strip_suffix('\'')) {
        return inner.to_owned();
    }
    let inner = value.strip_prefix('"').and_then(|v| v.strip_suffix('"')).unwrap_or(value);
    let mut name = String::with_capacity(inner.len());
    let mut chars = inner.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, chars.peek()) {
            ('\\', Some('"' | '$' | '`' | '\\')) => name.extend(chars.next()),
            _ => name.push(c),
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoting_is_taken_off_and_the_last_line_wins() {
        let read = |text: &str| value(text, "PRETTY_NAME");
        assert_eq!(value("VERSION_ID=\"12\"\nID=debian\n", "ID").as_deref(), Some("debian"));
        assert_eq!(
            read("NAME=x\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n").as_deref(),
            Some("Debian GNU/Linux 12 (bookworm)")
        );
        assert_eq!(read("PRETTY_NAME='It''s'").as_deref(), Some("It''s"));
        assert_eq!(read("PRETTY_NAME=\"a \\\"b\\\" \\$c\"").as_deref(), Some("a \"b\" $c"));
        assert_eq!(read("PRETTY_NAME=Void\nPRETTY_NAME=Arch").as_deref(), Some("Arch"));
        assert_eq!(read("#PRETTY_NAME=no\nPRETTY_NAME=\"\""), None);
        assert_eq!(read(""), None);
    }
}
