//! Values of Windows' registry that bear on ports: `reg query`, and files of `reg export`.

use super::sysctl_text::lines;

/// The values that are read, as Microsoft writes them.
const NAMES: [&str; 2] = ["MaxUserPort", "TcpTimedWaitDelay"];

/// Name, decimal number and line of each value.
pub(crate) fn values(text: &str) -> impl Iterator<Item = (&'static str, String, usize)> {
    lines(text).filter_map(|line| {
        let (name, number) = queried(line.text).or_else(|| exported(line.text))?;
        let name = NAMES.iter().find(|known| known.eq_ignore_ascii_case(name))?;
        // A number of eight digits or more is whole; a shorter one may be cut.
        (line.whole || number.1).then(|| (*name, number.0.to_string(), line.number))
    })
}

/// Whether a text is of Windows XP or Server 2003 by what only they print: the heading and the tabs
/// of their reg.exe, or their version.
pub(crate) fn is_of_2003(text: &str) -> bool {
    const SIGNS: [&str; 4] = ["REG.EXE VERSION", "[Version 5.", "Windows NT 5.", "\tREG_DWORD\t"];
    lines(text).any(|line| SIGNS.iter().any(|sign| line.text.contains(sign)))
}

/// `    MaxUserPort    REG_DWORD    0xfffe`.
fn queried(line: &str) -> Option<(&str, (u32, bool))> {
    let mut words = line.split_ascii_whitespace();
    let (name, kind, value) = (words.next()?, words.next()?, words.next()?);
    let digits = value.strip_prefix("0x").or_else(|| value.strip_prefix("0X"))?;
    let number = u32::from_str_radix(digits, 16).ok()?;
    (kind == "REG_DWORD" && words.next().is_none()).then_some((name, (number, false)))
}

/// `"MaxUserPort"=dword:0000fffe`.
fn exported(line: &str) -> Option<(&str, (u32, bool))> {
    let (name, value) = line.trim().strip_prefix('"')?.split_once("\"=dword:")?;
    let number = u32::from_str_radix(value, 16).ok()?;
    Some((name, (number, value.len() == 8)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<String> {
        values(text).map(|(name, value, line)| format!("{name} {value} {line}")).collect()
    }

    #[test]
    fn a_number_is_read_in_both_forms() {
        let query = "HKEY_LOCAL_MACHINE\\X\r\n    MaxUserPort\tREG_DWORD\t0xfffe\r\n";
        assert_eq!(of(query), ["MaxUserPort 65534 2"]);
        assert_eq!(of("\"tcptimedwaitdelay\"=dword:0000001e\r\n"), ["TcpTimedWaitDelay 30 1"]);
    }

    #[test]
    fn the_older_program_is_known_by_its_form() {
        for text in ["! REG.EXE VERSION 3.0\n", "Microsoft Windows [Version 5.2.3790]\n"] {
            assert!(is_of_2003(text), "{text}");
        }
        assert!(is_of_2003("    MaxUserPort\tREG_DWORD\t0xfffe\n"));
        assert!(!is_of_2003("    MaxUserPort    REG_DWORD    0xfffe\n"));
    }

    #[test]
    fn what_is_cut_or_of_another_kind_is_no_value() {
        for text in [
            "    MaxUserPort    REG_DWORD    0xff",
            "    MaxUserPort    REG_SZ    0xfffe\n",
            "    MaxUserPort    REG_DWORD    65534\n",
            "    MaxUserPort    REG_DWORD    0x1ffffffff\n",
            "\"MaxUserPort\"=dword:0000ff",
            "    Other    REG_DWORD    0xfffe\n",
        ] {
            assert!(of(text).is_empty(), "{text:?}");
        }
    }
}
