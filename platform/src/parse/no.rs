//! AIX's no(1) in its forms, and the tunables files of tunsave(1) and tunrestore(1).
//!
//! `no -a` prints `name = value`, `no -L` a table with the current, default and next boot's value,
//! `no -x` the same parted by commas. `no -r -a` prints what holds after the next boot in the form
//! of `no -a`: only the echoed command line tells them apart. A tunables file has a stanza `no:` of
//! `name = "value"`.

use super::sysctl_text::{PrintedLine, lines};
use super::typed::{COMMAND_MAX as LINE_MAX, echoed};

/// When a value holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    Now,
    AfterBoot,
}

/// One value of one tunable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NoTunable<'a> {
    /// The number of the line, from 1.
    pub(crate) line: usize,
    /// Its name.
    pub(crate) name: &'a str,
    /// Its value as a plain number where it is one; as it stands otherwise.
    pub(crate) value: String,
    pub(crate) when: When,
    /// Whether the value was read to its end.
    pub(crate) whole: bool,
}

/// What the lines are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum NoForm {
    Values(When),
    /// Of no interest: help, or the stanza of another command.
    Nothing,
    /// The stanza `no:`.
    Stanza,
}

/// Every value of the text, in its order.
pub(crate) fn tunables(text: &str) -> impl Iterator<Item = NoTunable<'_>> {
    let mut form = NoForm::Values(When::Now);
    lines(text).flat_map(move |line| {
        if let Some(next) = after(line.text) {
            form = next;
            return Vec::new();
        }
        of_line(line, form)
    })
}

/// The form that a line announces.
fn after(line: &str) -> Option<NoForm> {
    if let Some(arguments) = echoed(line, "no") {
        let options: Vec<&str> = arguments.filter(|word| word.starts_with('-')).collect();
        let has = |letter: char| options.iter().any(|word| word.contains(letter));
        return (!options.is_empty()).then(|| match () {
            () if has('h') || has('?') => NoForm::Nothing,
            () if has('r') => NoForm::Values(When::AfterBoot),
            () => NoForm::Values(When::Now),
        });
    }
    let stanza = line.trim().strip_suffix(':')?;
    let named = !stanza.is_empty() && stanza.bytes().all(|byte| byte.is_ascii_lowercase());
    named.then_some(if stanza == "no" { NoForm::Stanza } else { NoForm::Nothing })
}

fn of_line(line: PrintedLine<'_>, form: NoForm) -> Vec<NoTunable<'_>> {
    let text = line.text.trim();
    if form == NoForm::Nothing || text.starts_with('#') {
        return Vec::new();
    }
    let tunable = |name, value: &str, when, whole| {
        let value = number(value).unwrap_or_else(|| value.to_owned());
        NoTunable { line: line.number, name, value, when, whole }
    };
    let both = |name, current: &str, boot: &str, whole| {
        vec![tunable(name, current, When::Now, whole), tunable(name, boot, When::AfterBoot, whole)]
    };
    // AIX writes `=`; people who copy values write `: `.
    if let Some((name, value)) = text.split_once('=').or_else(|| text.split_once(": ")) {
        let (name, value) = (name.trim(), value.trim());
        let quoted = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
        let when = match (form, quoted) {
            (NoForm::Stanza, _) | (_, Some(_)) => When::AfterBoot,
            (NoForm::Values(when), None) => when,
            (NoForm::Nothing, None) => return Vec::new(),
        };
        let whole = line.whole || quoted.is_some();
        let value = quoted.unwrap_or(value);
        // `no -o name` says no more, and a comment no less.
        return if is_name(name) { vec![tunable(name, value, when, whole)] } else { Vec::new() };
    }
    if text.len() > LINE_MAX {
        return Vec::new();
    }
    let cells: Vec<&str> = text.split(',').collect();
    if let [name, current, _, boot, _, _, _, ..] = cells[..] {
        return if is_name(name) { both(name, current, boot, line.whole) } else { Vec::new() };
    }
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    match words[..] {
        [name, current, default, boot, _, _, _, ..]
            if is_name(name) && [current, default, boot].iter().all(|n| number(n).is_some()) =>
        {
            // The columns that follow it are as good as a line end.
            both(name, current, boot, true)
        }
        _ => Vec::new(),
    }
}

fn is_name(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        && name.starts_with(|first: char| first.is_ascii_lowercase())
}

/// `32768`, `32K`, `64K-1`, `32K+1`.
fn number(text: &str) -> Option<String> {
    let digits =
        |text: &str| text.parse::<u64>().ok().filter(|_| text.bytes().all(|b| b.is_ascii_digit()));
    if digits(text).is_some() {
        return Some(text.to_owned());
    }
    let (kilo, rest) = text.split_once('K')?;
    let kilo = digits(kilo)?.checked_mul(1024)?;
    let sum = match (rest.strip_prefix('-'), rest.strip_prefix('+')) {
        (Some(less), _) => kilo.checked_sub(digits(less)?)?,
        (_, Some(more)) => kilo.checked_add(digits(more)?)?,
        _ if rest.is_empty() => kilo,
        _ => return None,
    };
    Some(sum.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<(usize, String, When, bool)> {
        let fields =
            |t: NoTunable<'_>| (t.line, format!("{} {}", t.name, t.value), t.when, t.whole);
        tunables(text).map(fields).collect()
    }

    fn now(line: usize, fields: &str) -> (usize, String, When, bool) {
        (line, fields.to_owned(), When::Now, true)
    }

    fn boot(line: usize, fields: &str) -> (usize, String, When, bool) {
        (line, fields.to_owned(), When::AfterBoot, true)
    }

    #[test]
    fn the_command_line_says_of_when_the_values_are() {
        let text = "# no -a | grep low\n tcp_ephemeral_low = 32768\n# no -r -a\n tcp_ephemeral_low = 9000\n# no -o tcp_ephemeral_low\ntcp_ephemeral_low= 32768\n";
        let low = |value: &str| format!("tcp_ephemeral_low {value}");
        assert_eq!(of(text), [now(2, &low("32768")), boot(4, &low("9000")), now(6, &low("32768"))]);
        assert_eq!(of("no -ra\ntcp_ephemeral_low = 1024\n"), [boot(2, &low("1024"))]);
        assert!(!of("a = 1")[0].3, "it may be cut");
    }

    #[test]
    fn a_table_has_both_values() {
        let table = "NAME  CUR  DEF  BOOT  MIN  MAX  UNIT  TYPE\n     DEPENDENCIES\n-----\n\
            tcp_ephemeral_high  65500  64K-1  64K-1  32K+1  64K-1  numeric  D\n     tcp_ephemeral_low\n";
        let wanted = [now(4, "tcp_ephemeral_high 65500"), boot(4, "tcp_ephemeral_high 65535")];
        assert_eq!(of(table), wanted);
        let sheet = "# no -x\ntcp_ephemeral_high,65500,65535,65535,32769,65535,numeric,D,tcp_ephemeral_low\n";
        let wanted = [now(2, "tcp_ephemeral_high 65500"), boot(2, "tcp_ephemeral_high 65535")];
        assert_eq!(of(sheet), wanted);
    }

    #[test]
    fn a_tunables_file_tells_of_the_next_boot_alone() {
        let text =
            "# comment = \"1\"\nioo:\n  low = \"1\"\n\nno:\n\ttcp_ephemeral_low = \"9000\"\n";
        assert_eq!(of(text), [boot(6, "tcp_ephemeral_low 9000")]);
        assert_eq!(of("tcp_ephemeral_low = \"9000\"")[0].2, When::AfterBoot, "its heading is lost");
        assert_eq!(of("x = 32M\n")[0].1, "x 32M", "what is no number stays as it is");
    }
}
