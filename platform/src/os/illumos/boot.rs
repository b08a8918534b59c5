//! What ipadm(8) of illumos and Solaris sets at boot: the column PERSISTENT of `ipadm show-prop`.
//! The file that holds it, /etc/ipadm/ipadm.conf, is its own.

use crate::boot::{Boot, Loader};
use crate::os::texts::{PersistedText, Texts};
use crate::parse::ipadm::{self, Cell};
use crate::parse::port_list;
use crate::parse::transcript::Transcript;
use crate::persisted::{Found, Persisted};
use crate::snapshot::{Reason, Why};

const KEYS: [&str; 5] = [
    "tcp/smallest_anon_port",
    "tcp/largest_anon_port",
    "udp/smallest_anon_port",
    "udp/largest_anon_port",
    "tcp/smallest_nonpriv_port",
];

/// The files are texts that ipadm printed.
pub(in crate::os) fn read(persisted: &Persisted) -> Boot {
    let mut texts = Texts::new(KEYS);
    for file in &persisted.files {
        let Found::Text(text) = &file.found else { continue };
        let text = String::from_utf8_lossy(text);
        let transcript = Transcript::of(0, &text);
        for row in ipadm::rows(&text) {
            let value = match &row.persistent {
                Cell::NotShown => continue,
                _ if !row.whole => {
                    let detail = "this row may be cut: the text ends in the middle of it";
                    PersistedText::Unknown(Why::new(Reason::Truncated, detail))
                }
                Cell::Unset => PersistedText::Unset,
                Cell::Value(text) => match port_list::port(text) {
                    Ok(port) => PersistedText::Is(port.to_string()),
                    Err(error) => {
                        PersistedText::Unknown(Why::unparsable(error.to_string(), text.as_bytes()))
                    }
                },
            };
            let line = (row.line, transcript.commands_above(row.line));
            texts.add(&format!("{}/{}", row.proto, row.property), value, &file.place, line);
        }
    }
    let mut boot = texts.boot(Loader::Ipadm, |key| {
        let (protocol, property) = key.split_once('/').unwrap_or(("ip", key));
        format!("`ipadm show-prop -p {property} {protocol}`")
    });
    boot.unread.clone_from(&persisted.unread);
    boot
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::boot::State;
    use crate::os::bsd::tests::{entry, files, state};

    const TABLE: &str = "\
PROTO PROPERTY              PERM CURRENT      PERSISTENT   DEFAULT      POSSIBLE
tcp   smallest-anon-port    rw   9000         9000         32768        1024-65535
tcp   largest-anon-port     rw   65500        --           65535        32768-65535
udp   smallest_anon_port    rw   32768        ?            32768        1024-65535
";

    #[test]
    fn the_column_persistent_counts_and_not_the_current_value() {
        let boot = read(&files(&[("ipadm.txt", TABLE)]));
        assert_eq!(state(&boot, "tcp/smallest_anon_port"), "9000 by /etc/ipadm.txt:2");
        assert_eq!(state(&boot, "tcp/largest_anon_port"), "absent");
        assert!(state(&boot, "udp/smallest_anon_port").starts_with("unknown"));
        let State::Unknown(unread) = &entry(&boot, "udp/largest_anon_port").state else { panic!() };
        assert_eq!(unread.why.reason, Reason::NotCaptured);
        assert!(unread.why.detail.contains("`ipadm show-prop -p largest_anon_port udp`"));
        assert_eq!((boot.entries.len(), boot.entries[0].loader.name()), (5, "ipadm"));
    }

    #[test]
    fn a_text_without_the_column_says_nothing() {
        let text = "$ ipadm show-prop -c -o current -p smallest_anon_port tcp\n9000\n";
        let boot = read(&files(&[("ipadm.txt", text)]));
        assert!(state(&boot, "tcp/smallest_anon_port").starts_with("unknown: give"));
    }

    #[test]
    fn texts_that_disagree_leave_it_unknown() {
        let other = TABLE.replace("9000", "9001");
        let boot = read(&files(&[("a", TABLE), ("b", &other)]));
        assert!(state(&boot, "tcp/smallest_anon_port").contains("disagree"));
        assert_eq!(state(&boot, "tcp/largest_anon_port"), "absent");
        let cut = TABLE.lines().take(2).collect::<Vec<_>>().join("\n");
        let cut = &cut[..cut.len() - "         32768        1024-65535".len() - 1];
        assert!(
            state(&read(&files(&[("a", cut)])), "tcp/smallest_anon_port").starts_with("unknown")
        );
    }
}
