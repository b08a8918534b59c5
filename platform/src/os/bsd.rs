//! /etc/sysctl.conf of the BSDs: its plain lines are written in their order, and each write is
//! judged by itself. What MAC policies, modules, /boot/loader.conf and programs write besides is
//! not followed; /etc/rc.local is named where it may.

use std::collections::BTreeMap;

use super::line_outcomes::{LineRef, OfKey};
use super::{PersistedPaths, suspects};
use crate::boot::{Boot, Loader, Rejection};
use crate::parse::{bsd_conf, port_list};
use crate::persisted::{Found, Persisted};
use crate::ports::{PortRange, PortSet};
use crate::snapshot::{Reason, Source, Why};
use crate::unread::Unread;

pub(super) const SYSCTL_CONF: &str = "/etc/sysctl.conf";

/// What the kernel takes for a key.
pub(super) enum Takes {
    /// A number.
    Number,
    /// The same, which it moves between these.
    Clamped(i32, i32),
    /// A port; releases differ in what they make of other numbers.
    Port,
    /// A number between these that is below, or above, the other bound as that is at the moment.
    Bound { low: i32, high: i32, order: Order, default: i32 },
    /// Ports with commas between them, at which sysctl(8) may end.
    Ports,
    /// One of these words.
    Word(&'static [&'static str]),
    /// More than the file writes it: what.
    Unsure(&'static str),
}

/// Where the other bound has to be.
pub(super) enum Order {
    Below(&'static str),
    Above(&'static str),
}

/// What a write comes to.
enum BsdWrite {
    Took(String),
    Clamped(String, String),
    Refused(Rejection, String),
    Unsure(&'static str),
}

/// How a system applies its files.
pub(super) struct Rules {
    pub(super) loader: Loader,
    /// Whether blanks may stand around key and value.
    pub(super) blanks: bool,
    /// In the order in which they are applied.
    pub(super) files: &'static [&'static str],
    pub(super) keys: &'static [(&'static str, Takes)],
}

/// The numbers as the writes so far left them; `None` where that is not known.
type Numbers = BTreeMap<&'static str, Option<i32>>;

impl Rules {
    pub(super) fn wanted(&self) -> PersistedPaths {
        let files = self.files.iter().copied().chain([suspects::RC_LOCAL]).collect();
        PersistedPaths { files, ..PersistedPaths::default() }
    }

    /// What the files leave in the kernel.
    pub(super) fn boot(&self, persisted: &Persisted) -> Boot {
        let mut applied = Applied::new(self);
        let mut unread = persisted.unread.clone();
        for path in self.files {
            let name = path.trim_start_matches("/etc/").as_bytes();
            let Some(file) = persisted.files.iter().find(|file| file.name == name) else {
                let why = Why::new(Reason::NotCaptured, format!("{path} was not looked for"));
                unread.push(Unread::of_file(*path, why));
                continue;
            };
            match &file.found {
                Found::Text(text) => {
                    let source = Source::File(file.place.clone().into());
                    for line in bsd_conf::lines(text, self.blanks) {
                        applied.line(&line, (&source, Some(line.number)));
                    }
                }
                Found::Unread(why) => unread.push(file.unread(why.clone())),
                Found::Null | Found::Nothing(_) => {}
            }
        }
        // A file may set any key, and the order of the writes counts.
        let entries = applied
            .keys
            .into_iter()
            .map(|key| key.lines.entry(key.name, self.loader, unread.first(), key.value));
        let names: Vec<&str> = self.keys.iter().map(|(name, _)| *name).collect();
        let suspects = suspects::rc_local(persisted, &names);
        Boot { entries: entries.collect(), suspects, unread, ..Boot::default() }
    }
}

struct BsdKey {
    name: &'static str,
    takes: &'static Takes,
    lines: OfKey,
    /// What reading it gives, where a line decides.
    value: Option<String>,
}

struct Applied {
    keys: Vec<BsdKey>,
    numbers: Numbers,
    /// Whether sysctl(8) may have ended.
    ended: bool,
}

impl Applied {
    fn new(rules: &Rules) -> Self {
        let key = |(name, takes): &'static (&'static str, Takes)| {
            let mut lines = OfKey::default();
            if let Takes::Unsure(detail) = takes {
                lines.doubt(*detail);
            }
            BsdKey { name, takes, lines, value: None }
        };
        let default = |(name, takes): &(&'static str, Takes)| match takes {
            Takes::Bound { default, .. } => Some((*name, Some(*default))),
            _ => None,
        };
        let numbers = rules.keys.iter().filter_map(default).collect();
        Self { keys: rules.keys.iter().map(key).collect(), numbers, ended: false }
    }

    fn line(&mut self, line: &bsd_conf::ConfLine<'_>, place: LineRef<'_>) {
        let named = |key: &&mut BsdKey| match line.set {
            Some((name, _)) => name == key.name.as_bytes(),
            None => contains(line.text, key.name.as_bytes()),
        };
        for key in self.keys.iter_mut().filter(named) {
            let write = match line.set {
                _ if self.ended => {
                    BsdWrite::Unsure("sysctl(8) may have stopped at an earlier line")
                }
                None => BsdWrite::Unsure("a line names it, and is not a plain KEY=VALUE"),
                Some((_, value)) => key.takes.write(value, &self.numbers),
            };
            let took = matches!(write, BsdWrite::Took(_));
            self.ended |= matches!(key.takes, Takes::Ports) && !took;
            let value = line.set.map_or(line.text, |(_, value)| value);
            match write {
                BsdWrite::Took(read) => {
                    self.numbers.insert(key.name, read.parse().ok());
                    key.lines.won(value, place);
                    key.value = Some(read);
                }
                BsdWrite::Clamped(read, detail) => {
                    key.lines.won(value, place);
                    key.lines.reject(value, place, (Rejection::Clamped, detail));
                    key.value = Some(read);
                }
                BsdWrite::Refused(rejection, detail) => {
                    key.lines.reject(value, place, (rejection, detail));
                }
                BsdWrite::Unsure(detail) => {
                    self.numbers.insert(key.name, None);
                    key.lines.doubt(detail);
                }
            }
        }
    }
}

impl Takes {
    fn write(&self, value: &[u8], numbers: &Numbers) -> BsdWrite {
        let text = String::from_utf8_lossy(value);
        match self {
            Self::Unsure(detail) => return BsdWrite::Unsure(detail),
            Self::Word(known) if known.contains(&&*text) => {
                return BsdWrite::Took(text.into_owned());
            }
            Self::Word(_) => return BsdWrite::Unsure("this word is not known here"),
            Self::Ports => return ports(&text),
            _ => {}
        }
        if text.len() > 1 && text.starts_with('0') {
            return BsdWrite::Unsure("releases differ in what base they read the number");
        }
        let Ok(number) = text.parse::<i32>() else {
            return BsdWrite::Refused(Rejection::Invalid, "sysctl(8) expects a number".to_owned());
        };
        match self {
            Self::Clamped(low, high) if !(low..=high).contains(&&number) => {
                let kept = number.clamp(*low, *high);
                let detail = format!("{number} is not in {low} to {high}: the kernel takes {kept}");
                BsdWrite::Clamped(kept.to_string(), detail)
            }
            Self::Port if u16::try_from(number).is_err() => BsdWrite::Unsure(
                "newer kernels refuse what is not a port, and older ones accept it",
            ),
            Self::Bound { low, high, .. } if !(low..=high).contains(&&number) => {
                let detail = format!("{number} is not in {low} to {high}");
                BsdWrite::Refused(Rejection::Invalid, detail)
            }
            Self::Bound { order, .. } => order.judge(number, numbers),
            _ => BsdWrite::Took(number.to_string()),
        }
    }
}

impl Order {
    fn judge(&self, number: i32, numbers: &Numbers) -> BsdWrite {
        let (Self::Below(other) | Self::Above(other)) = self;
        let Some(other) = numbers.get(other).copied().flatten() else {
            return BsdWrite::Unsure("the other bound is not known at that moment");
        };
        let order = match self {
            Self::Below(_) if number <= other => "not above the lower",
            Self::Above(_) if number >= other => "not below the upper",
            Self::Below(_) | Self::Above(_) => return BsdWrite::Took(number.to_string()),
        };
        let detail = format!("{number} is {order} bound, {other} then: set the other one first");
        BsdWrite::Refused(Rejection::Order, detail)
    }
}

/// A list as sysctl(8) prints it: port by port, without ranges.
fn ports(text: &str) -> BsdWrite {
    let items = text.split(',').filter(|item| !item.is_empty());
    let list: Result<PortSet, _> =
        items.map(|item| port_list::port(item).map(PortRange::single)).collect();
    if let Ok(list) = list {
        let ports: Vec<String> = list.iter().map(|port| port.to_string()).collect();
        return BsdWrite::Took(ports.join(","));
    }
    let detail = "a list holds ports from 0 to 65535 with commas between them";
    BsdWrite::Refused(Rejection::Invalid, detail.to_owned())
}

fn contains(text: &[u8], name: &[u8]) -> bool {
    text.windows(name.len()).any(|window| window == name)
}

#[cfg(test)]
pub(super) mod tests {
    use crate::boot::{Boot, Entry, Rejection, State};
    use crate::persisted::{File, Found, Persisted};

    /// Files of /etc with these texts.
    pub(in crate::os) fn files(texts: &[(&str, &str)]) -> Persisted {
        let file = |(name, text): &(&str, &str)| File {
            name: name.as_bytes().to_vec(),
            path: format!("/etc/{name}"),
            place: format!("/etc/{name}"),
            found: Found::Text(text.as_bytes().to_vec()),
        };
        Persisted { files: texts.iter().map(file).collect(), ..Persisted::default() }
    }

    pub(in crate::os) fn entry<'a>(boot: &'a Boot, key: &str) -> &'a Entry {
        boot.entries.iter().find(|entry| entry.key == key).expect("an entry")
    }

    /// The value and its line; "absent", or why nothing is known.
    pub(in crate::os) fn state(boot: &Boot, key: &str) -> String {
        match &entry(boot, key).state {
            State::Known { value, origin } => {
                let line = origin.line.expect("a line");
                format!("{value} by {}:{line}", origin.source.location())
            }
            State::Absent => "absent".to_owned(),
            State::Unknown(unread) => format!("unknown: {}", unread.why.detail),
        }
    }

    pub(in crate::os) fn rejections(boot: &Boot, key: &str) -> Vec<Rejection> {
        entry(boot, key).rejected.iter().map(|line| line.rejection).collect()
    }
}
