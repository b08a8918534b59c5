//! The sysctls of ports among those that are asked for.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// Those that decide which ports a namespace hands out, and who may bind.
pub(crate) const KEYS: [&str; 3] = [
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.ip_unprivileged_port_start",
];

/// What is asked for, by key: no more of it than the keys above.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct AskedSysctls {
    values: [Option<String>; KEYS.len()],
}

impl AskedSysctls {
    /// The value that is asked for.
    pub(crate) fn value(&self, key: &str) -> Option<&str> {
        let at = KEYS.iter().position(|known| *known == key)?;
        self.values[at].as_deref()
    }

    /// Those of another place where this one has none.
    pub(super) fn or(self, other: Self) -> Self {
        let is_empty = self.values.iter().all(Option::is_none);
        if is_empty { other } else { self }
    }

    /// Takes one, where its key matters; a second value of a key is a contradiction.
    fn set<E: serde::de::Error>(&mut self, name: &str, value: String) -> Result<(), E> {
        let name = name.replace('/', ".");
        let Some(at) = KEYS.iter().position(|known| *known == name) else { return Ok(()) };
        match &self.values[at] {
            Some(before) if *before != value => {
                Err(E::custom(format_args!("{name} stands there twice with different values")))
            }
            _ => {
                self.values[at] = Some(value);
                Ok(())
            }
        }
    }
}

impl<'de> Deserialize<'de> for AskedSysctls {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SysctlsVisitor)
    }
}

/// `{"NAME": "VALUE"}`, or `[{"name": "NAME", "value": "VALUE"}]` as Kubernetes has it.
struct SysctlsVisitor;

#[derive(serde::Deserialize)]
struct NamedValue {
    name: String,
    value: String,
}

impl<'de> Visitor<'de> for SysctlsVisitor {
    type Value = AskedSysctls;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sysctls")
    }

    fn visit_unit<E>(self) -> Result<AskedSysctls, E> {
        Ok(AskedSysctls::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<AskedSysctls, A::Error> {
        let mut asked = AskedSysctls::default();
        while let Some((name, value)) = map.next_entry::<String, String>()? {
            asked.set(&name, value)?;
        }
        Ok(asked)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<AskedSysctls, A::Error> {
        let mut asked = AskedSysctls::default();
        while let Some(NamedValue { name, value }) = items.next_element()? {
            asked.set(&name, value)?;
        }
        Ok(asked)
    }
}

/// The same out of a command line: `--sysctl NAME=VALUE`, as podman keeps it.
#[derive(Debug, Default)]
pub(super) struct CommandSysctls(pub(super) AskedSysctls);

impl<'de> Deserialize<'de> for CommandSysctls {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(CommandVisitor)
    }
}

struct CommandVisitor;

impl<'de> Visitor<'de> for CommandVisitor {
    type Value = CommandSysctls;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the words of a command")
    }

    fn visit_unit<E>(self) -> Result<CommandSysctls, E> {
        Ok(CommandSysctls::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut words: A) -> Result<CommandSysctls, A::Error> {
        let mut asked = AskedSysctls::default();
        let mut expected = false;
        while let Some(word) = words.next_element::<String>()? {
            let setting = match word.strip_prefix("--sysctl") {
                Some("") => None,
                Some(rest) => rest.strip_prefix('='),
                None => Some(word.as_str()).filter(|_| expected),
            };
            expected = word == "--sysctl";
            if let Some((name, value)) = setting.and_then(|setting| setting.split_once('=')) {
                asked.set(name, value.to_owned())?;
            }
        }
        Ok(CommandSysctls(asked))
    }
}
