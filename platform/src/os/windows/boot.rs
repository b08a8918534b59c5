//! What Windows has after a boot: netsh(8)'s persistent store, beside the active one that holds
//! now. The registry keeps it in blobs that no document describes (Control\Nsi), so only `netsh …
//! store=persistent` tells it. Get-NetTCPSetting does not say of which store it is.

use crate::ask::NetshTable;
use crate::boot::{Boot, Loader};
use crate::os::texts::{PersistedText, Texts};
use crate::parse::netsh::{self, Kind, Store, Table};
use crate::parse::transcript::Transcript;
use crate::persisted::{Found, Persisted};
use crate::snapshot::{Family, Reason, Transport, Why};
use crate::unread::Unread;

type TableKey = (&'static str, NetshTable, Family, Transport);

const KEYS: [TableKey; 8] = [
    ("ipv4 dynamicport tcp", NetshTable::DynamicPort, Family::Ipv4, Transport::Tcp),
    ("ipv4 dynamicport udp", NetshTable::DynamicPort, Family::Ipv4, Transport::Udp),
    ("ipv6 dynamicport tcp", NetshTable::DynamicPort, Family::Ipv6, Transport::Tcp),
    ("ipv6 dynamicport udp", NetshTable::DynamicPort, Family::Ipv6, Transport::Udp),
    ("ipv4 excludedportrange tcp", NetshTable::ExcludedPortRange, Family::Ipv4, Transport::Tcp),
    ("ipv4 excludedportrange udp", NetshTable::ExcludedPortRange, Family::Ipv4, Transport::Udp),
    ("ipv6 excludedportrange tcp", NetshTable::ExcludedPortRange, Family::Ipv6, Transport::Tcp),
    ("ipv6 excludedportrange udp", NetshTable::ExcludedPortRange, Family::Ipv6, Transport::Udp),
];

/// The files are texts that netsh printed, below the command lines that a prompt echoed: they alone
/// name the store.
pub(in crate::os) fn read(persisted: &Persisted) -> Boot {
    let mut texts = Texts::new(KEYS.map(|(name, ..)| name));
    let mut unread = persisted.unread.clone();
    for file in &persisted.files {
        let Found::Text(text) = &file.found else { continue };
        let transcript = Transcript::of(0, &String::from_utf8_lossy(text));
        let sections = match netsh::sections(text) {
            Ok(sections) => sections,
            Err(error) => {
                let why = Why::unparsable(error.to_string(), text);
                unread.push(file.unread(why));
                continue;
            }
        };
        for section in sections.into_iter().filter(|found| found.store == Some(Store::Persistent)) {
            let (Some(family), Some(transport)) = (section.family, section.transport) else {
                continue;
            };
            let table = match section.kind {
                Kind::DynamicPort => NetshTable::DynamicPort,
                Kind::ExcludedPorts => NetshTable::ExcludedPortRange,
            };
            let Some((key, ..)) =
                KEYS.iter().find(|key| (key.1, key.2, key.3) == (table, family, transport))
            else {
                continue;
            };
            let damage = section.table.as_ref().err().or(section.more.as_ref());
            let value = match (damage, &section.table) {
                (Some(damage), _) | (None, Err(damage)) => {
                    let why = Why::new(Reason::Truncated, damage.to_string());
                    unread.push(Unread::of_key(key, why.clone()));
                    PersistedText::Unknown(why)
                }
                (None, Ok(Table::DynamicPort { start, count })) => {
                    PersistedText::Is(format!("{start} {count}"))
                }
                (None, Ok(Table::ExcludedPorts(rows))) => {
                    let row = |row: &netsh::Excluded| {
                        format!("{}-{}", row.range.first(), row.range.last())
                    };
                    let rows: Vec<String> = rows.iter().map(row).collect();
                    PersistedText::Is(rows.join(","))
                }
            };
            let line = (section.line, transcript.commands_above(section.line));
            texts.add(key, value, &file.place, line);
        }
    }
    let mut boot = texts.boot(Loader::PersistentStore, |key| {
        let found = KEYS.iter().find(|(name, ..)| *name == key);
        let arguments =
            found.map(|(_, table, family, transport)| table.arguments(*family, *transport));
        let line = arguments.map_or_else(|| key.to_owned(), |words| words.join(" "));
        format!("`netsh {line} store=persistent`, and that line above it,")
    });
    boot.unread = unread;
    boot
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::os::bsd::tests::{files, state};

    const PERSISTENT: &str = "C:\\>netsh interface ipv4 show dynamicport tcp store=persistent\r\n\r\n\
        Protocol tcp Dynamic Port Range\r\n---------------------------------\r\n\
        Start Port      : 10000\r\nNumber of Ports : 55536\r\n\r\n\
        C:\\>netsh int ipv6 show excludedportrange protocol=udp store=persistent\r\n\r\n\
        Protocol udp Port Exclusion Ranges\r\n\r\nStart Port    End Port\r\n----------    --------\r\n\
        \x20    50000       50059     *\r\n     61902       62001\r\n\r\n\
        * - Administered port exclusions.\r\n\r\n";

    #[test]
    fn the_persistent_store_is_told_by_its_command_line() {
        let boot = read(&files(&[("netsh.txt", PERSISTENT)]));
        assert_eq!(state(&boot, "ipv4 dynamicport tcp"), "10000 55536 by /etc/netsh.txt:3");
        let excluded = state(&boot, "ipv6 excludedportrange udp");
        assert_eq!(excluded, "50000-50059,61902-62001 by /etc/netsh.txt:10");
        let missing = state(&boot, "ipv6 dynamicport udp");
        let command = "`netsh interface ipv6 show dynamicport udp store=persistent`";
        assert!(missing.starts_with("unknown: give") && missing.contains(command), "{missing}");
        assert_eq!((boot.entries.len(), boot.entries[0].loader.name()), (8, "persistent-store"));
    }

    #[test]
    fn the_active_store_and_an_unnamed_one_are_not_taken_for_it() {
        for other in ["store=active", ""] {
            let text = PERSISTENT.replace("store=persistent", other);
            let boot = read(&files(&[("netsh.txt", &text)]));
            for entry in &boot.entries {
                assert!(state(&boot, entry.key).starts_with("unknown: give"), "{other:?}");
            }
        }
    }

    #[test]
    fn a_damaged_text_is_named() {
        let cut = PERSISTENT.split("Number").next().expect("a part");
        let boot = read(&files(&[("netsh.txt", cut)]));
        assert_eq!(boot.unread.len(), 1);
        assert!(state(&boot, "ipv4 dynamicport tcp").starts_with("unknown"));
        let two = format!("{PERSISTENT}{}", PERSISTENT.replace("10000", "10001"));
        let boot = read(&files(&[("netsh.txt", &two)]));
        assert!(state(&boot, "ipv4 dynamicport tcp").starts_with("unknown"));
    }
}
