//! The hosts that are expected.

use std::collections::HashMap;

use super::Options;
use super::roll::cut;

/// The expected hosts by their names in lower case.
#[derive(Debug, Default)]
pub struct Inventory {
    hosts: HashMap<String, Expected>,
}

/// A host that is expected.
#[derive(Debug, Clone)]
pub struct Expected {
    /// Its name as the inventory has it.
    pub name: String,
    /// Its group.
    pub group: Option<String>,
}

impl Inventory {
    /// Reads a CSV with a column `host` (and `group`), a name a line, or what `ansible-inventory
    /// --list` prints. Fails, in one line, where it is none of these.
    pub fn read(text: &str, options: &Options) -> Result<Self, String> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut inventory = Self::default();
        if text.trim_start().starts_with('{') {
            inventory.ansible(text, options)?;
        } else if text.lines().next().is_some_and(|head| {
            head.split(',').any(|cell| cell.trim_matches(['"', ' ', '\r']) == "host")
        }) {
            inventory.csv(text, options)?;
        } else {
            for line in text.lines().map(str::trim) {
                if !line.is_empty() && !line.starts_with('#') {
                    inventory.add(line, None, options);
                }
            }
        }
        if inventory.hosts.is_empty() {
            return Err("it names no host".to_owned());
        }
        Ok(inventory)
    }

    /// How many are expected.
    pub fn len(&self) -> usize {
        self.hosts.len()
    }

    /// The expected host of that name.
    pub fn get(&self, name: &str) -> Option<&Expected> {
        self.hosts.get(&name.to_ascii_lowercase())
    }

    /// All, by name.
    pub fn all(&self) -> impl Iterator<Item = (&String, &Expected)> {
        self.hosts.iter()
    }

    fn add(&mut self, name: &str, group: Option<String>, options: &Options) {
        let name = cut(name, options);
        let key = name.to_ascii_lowercase();
        self.hosts.entry(key).or_insert_with(|| Expected { name: name.to_owned(), group });
    }

    fn csv(&mut self, text: &str, options: &Options) -> Result<(), String> {
        let mut table = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
        let head = table.headers().map_err(|error| error.to_string())?.clone();
        let column = |name: &str| head.iter().position(|cell| cell.trim() == name);
        let (host, group) = (column("host").unwrap_or_default(), column("group"));
        for record in table.records() {
            let record = record.map_err(|error| error.to_string())?;
            let cell = |at: usize| record.get(at).map(str::trim).filter(|cell| !cell.is_empty());
            if let Some(name) = cell(host) {
                self.add(name, group.and_then(cell).map(str::to_owned), options);
            }
        }
        Ok(())
    }

    fn ansible(&mut self, text: &str, options: &Options) -> Result<(), String> {
        let value: serde_json::Value =
            serde_json::from_str(text).map_err(|error| error.to_string())?;
        let groups = value.as_object().ok_or("it is no object")?;
        for (group, members) in groups.iter().filter(|(name, _)| *name != "_meta") {
            let hosts = members.get("hosts").and_then(|hosts| hosts.as_array());
            for host in hosts.into_iter().flatten().filter_map(|host| host.as_str()) {
                self.add(host, Some(group.clone()), options);
            }
        }
        let meta = value.pointer("/_meta/hostvars").and_then(|vars| vars.as_object());
        for (host, _) in meta.into_iter().flatten() {
            self.add(host, None, options);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::super::By;
    use super::*;

    fn options(short_names: bool) -> Options {
        Options {
            short_names,
            by: By::Os,
            odd_per_million: 1000,
            stale: Duration::MAX,
            now: SystemTime::UNIX_EPOCH,
            rows: false,
        }
    }

    #[test]
    fn an_inventory_is_a_table_a_list_or_what_ansible_prints() {
        let csv = "\u{feff}\"group\",host\nweb,A.example\n,b\n";
        let list = "# hosts\nA.example\n\nb\n";
        let ansible =
            r#"{"web":{"hosts":["A.example"]},"_meta":{"hostvars":{"A.example":{},"b":{}}}}"#;
        for text in [csv, list, ansible] {
            let all = Inventory::read(text, &options(false)).expect(text);
            assert_eq!(all.len(), 2, "{text}");
            assert!(all.get("a.EXAMPLE").is_some() && all.get("b").is_some(), "{text}");
            let short = Inventory::read(text, &options(true)).expect(text);
            assert!(short.get("a").is_some(), "{text}");
        }
        let group = |text| {
            let all = Inventory::read(text, &options(false)).expect("an inventory");
            all.get("a.example").and_then(|host| host.group.clone())
        };
        assert_eq!(group(csv).as_deref(), Some("web"));
        assert_eq!(group(ansible).as_deref(), Some("web"));
        for none in ["", "\n# nothing\n", "{}", "{", "host\n"] {
            assert!(Inventory::read(none, &options(false)).is_err(), "{none}");
        }
    }
}
