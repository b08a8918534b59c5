//! One object of the settings, property by property.

use super::{NAME_MAX, StartCount, Template};
use crate::parse::netsh::number;

/// The range properties, each a start and then a count.
const PORTS: [&str; 4] = [
    "DynamicPortRangeStartPort",
    "DynamicPortRangeNumberOfPorts",
    "AutoReusePortRangeStartPort",
    "AutoReusePortRangeNumberOfPorts",
];
const DYNAMIC: usize = 0;
const AUTO_REUSE: usize = 2;

pub(super) enum Field<'a> {
    Text(&'a [u8]),
    Number(u64),
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Property {
    #[default]
    Missing,
    Blank,
    Number(u32),
}

/// What was read of an object so far.
#[derive(Default)]
pub(super) struct Object {
    name: Option<String>,
    ports: [Property; 4],
    /// Whether the text may end inside it.
    pub(super) cut: bool,
}

impl Object {
    /// Takes the properties of interest and ignores the others.
    pub(super) fn set<'a>(
        &mut self,
        name: &[u8],
        field: impl Fn() -> Option<Field<'a>>,
    ) -> Result<(), &'static str> {
        if name.eq_ignore_ascii_case(b"SettingName") {
            let Some(Field::Text(text)) = field() else { return Err("SettingName is not text") };
            let text = std::str::from_utf8(text).map_err(|_| "SettingName is not UTF-8")?;
            if text.is_empty()
                || text.chars().count() > NAME_MAX
                || text.chars().any(char::is_control)
            {
                return Err("SettingName is not a name");
            }
            return match self.name.replace(text.to_owned()) {
                Some(_) => Err("two templates with no blank line between them"),
                None => Ok(()),
            };
        }
        let is = |property: &&str| name.eq_ignore_ascii_case(property.as_bytes());
        let Some(index) = PORTS.iter().position(is) else {
            let marked = |property: &str| {
                let at = name.len().checked_sub(property.len() + 1);
                at.is_some_and(|at| {
                    name[at] == b' ' && name[at + 1..].eq_ignore_ascii_case(property.as_bytes())
                })
            };
            let is_marked = PORTS.iter().any(|property| marked(property));
            return if is_marked { Err("something stands before this property") } else { Ok(()) };
        };
        let value = match field().ok_or("expected a number or nothing")? {
            Field::Text(b"") => Property::Blank,
            Field::Text(text) => {
                Property::Number(number(text).ok_or("expected a number or nothing")?)
            }
            Field::Number(number) => {
                Property::Number(u32::try_from(number).map_err(|_| "a number too large")?)
            }
        };
        match std::mem::replace(&mut self.ports[index], value) {
            Property::Missing => Ok(()),
            _ => Err("one property twice with no blank line between"),
        }
    }

    /// Whether it has properties of a setting, and the last that TCP has is not among them.
    pub(super) fn may_go_on(&self) -> bool {
        self.name.is_some() && self.ports[AUTO_REUSE + 1] == Property::Missing
    }

    /// Whether no property of interest was read.
    pub(super) fn is_empty(&self) -> bool {
        self.name.is_none() && self.ports == [Property::Missing; 4]
    }

    /// `None` for an object of another kind.
    pub(super) fn finish(self) -> Result<Option<Template>, &'static str> {
        if self.is_empty() {
            return Ok(None);
        }
        if self.cut {
            return Err("the text ends inside the template");
        }
        let dynamic = match self.pair(DYNAMIC)? {
            Pair::Missing => return Err("the template has no dynamic port range property"),
            Pair::Blank => None,
            Pair::Range(StartCount { count: 0, .. }) => return Err("a dynamic range of no ports"),
            Pair::Range(StartCount { start: 0, .. }) => {
                return Err("a dynamic range cannot start at port 0");
            }
            Pair::Range(range) => Some(range),
        };
        let auto_reuse = match self.pair(AUTO_REUSE)? {
            Pair::Missing | Pair::Blank => None,
            Pair::Range(StartCount { start: 0, count: 1.. }) => {
                return Err("an automatic reuse range cannot start at port 0");
            }
            Pair::Range(range) => Some(range),
        };
        Ok(Some(Template { name: self.name, dynamic, auto_reuse }))
    }

    /// The range whose start is property `index`.
    fn pair(&self, index: usize) -> Result<Pair, &'static str> {
        match (self.ports[index], self.ports[index + 1]) {
            (Property::Missing, Property::Missing) => Ok(Pair::Missing),
            (Property::Blank, Property::Blank) => Ok(Pair::Blank),
            (Property::Number(start), Property::Number(count)) => {
                // A range of no ports has no end, but still a start that is a port.
                let end = u64::from(start) + u64::from(count.max(1)) - 1;
                if end > u64::from(u16::MAX) {
                    return Err("a range that ends beyond port 65535");
                }
                Ok(Pair::Range(StartCount { start, count }))
            }
            _ => Err("a range with a start or a count, but not both"),
        }
    }
}

enum Pair {
    Missing,
    Blank,
    Range(StartCount),
}
