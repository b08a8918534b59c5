//! The output of `Get-NetTCPSetting` and `Get-NetUDPSetting`: lists of `Name : value`, or
//! `ConvertTo-Json`.
//!
//! Property names are those of the classes MSFT_NetTCPSetting and MSFT_NetUDPSetting in
//! root\StandardCimv2 and are not translated. Both knobs are a start and a COUNT, uint16 each, for
//! IPv4 and IPv6 together. TCP has one object a template, of which `Automatic` has blank fields;
//! UDP has one object, and its class has no SettingName.

use std::fmt;

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor,
};

use super::decode::decoded;
use super::lines::Lines;
use super::netsh::number;

/// Windows has 6 templates; a text with more than this is no evidence.
const TEMPLATES_MAX: usize = 1024;
const TOO_MANY: &str = "too many templates";

/// The longest name of a template; the known ones have at most 16 characters.
const NAME_MAX: usize = 64;

/// The longest text of JSON that is kept, in bytes: a name's.
const TEXT_MAX: usize = 4 * NAME_MAX;

/// A range of ports as Windows keeps it: start + count - 1 <= 65535.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StartCount {
    /// The first port.
    pub(crate) start: u32,
    /// HOW MANY ports, not the last one.
    pub(crate) count: u32,
}

/// One object of the output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Template {
    /// SettingName; `None` for the one object that Get-NetUDPSetting prints.
    pub(crate) name: Option<String>,
    /// The dynamic port range, never empty; `None` where the template leaves it blank.
    pub(crate) dynamic: Option<StartCount>,
    /// What connect() without bind() draws from instead, if its count is not 0 (TCP only); `None`
    /// where it is blank, and on Windows before 8.1, which has no such property.
    pub(crate) auto_reuse: Option<StartCount>,
}

/// Why the text cannot be trusted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PowershellError {
    /// In a list.
    #[error("line {line}: {what}")]
    Line {
        /// The 1-based line.
        line: usize,
        /// What is wrong with it, or with the object that ends there.
        what: &'static str,
    },
    /// In a JSON text that is well-formed.
    #[error("JSON object {object}: {what}")]
    Object {
        /// 1-based, in the order of the text.
        object: usize,
        /// What is wrong with it.
        what: &'static str,
    },
    /// Not JSON, though it begins like it.
    #[error("JSON: {0}")]
    Json(String),
}

/// Every template of the text. Text without one gives none: a caller that asked for one has then
/// read nothing.
pub(crate) fn templates(bytes: &[u8]) -> Result<Vec<Template>, PowershellError> {
    let text = decoded(bytes);
    match text.trim_ascii_start().first() {
        Some(b'{' | b'[') => json(&text),
        _ => list(&text),
    }
}

fn list(text: &[u8]) -> Result<Vec<Template>, PowershellError> {
    let mut templates = Vec::new();
    let mut object = Object::default();
    let mut last = 0;
    for line in Lines::new(text) {
        let fail = |what| PowershellError::Line { line: line.number, what };
        last = line.number;
        if line.text.is_empty() && line.ended {
            templates.extend(std::mem::take(&mut object).finish().map_err(fail)?);
            if templates.len() > TEMPLATES_MAX {
                return Err(fail(TOO_MANY));
            }
            continue;
        }
        object.cut = !line.ended;
        let Some(colon) = line.text.iter().position(|byte| *byte == b':') else { continue };
        let (name, value) =
            (line.text[..colon].trim_ascii_end(), line.text[colon + 1..].trim_ascii_start());
        object.set(name, || Some(Field::Text(value))).map_err(fail)?;
    }
    // PowerShell ends a list with blank lines. Without one only the last two properties say that
    // the object is whole.
    object.cut |= object.name.is_some() && object.ports[AUTO_REUSE + 1] == Property::Missing;
    let fail = |what| PowershellError::Line { line: last, what };
    templates.extend(object.finish().map_err(fail)?);
    Ok(templates)
}

fn json(text: &[u8]) -> Result<Vec<Template>, PowershellError> {
    let mut all = Objects::default();
    // One text each for TCP and UDP may stand in one file.
    for value in serde_json::Deserializer::from_slice(text).into_iter::<Kept>() {
        let value = value.map_err(|error| PowershellError::Json(error.to_string()))?;
        all.add(value);
        if let Some((object, what)) = all.wrong {
            return Err(PowershellError::Object { object, what });
        }
    }
    Ok(all.templates)
}

/// What is kept of a JSON value; the rest is read past, since as a tree it takes up to a hundred
/// times its bytes.
enum Kept {
    Objects(Objects),
    Text(String),
    Number(u64),
    Nothing,
}

/// What the objects of an array tell, or one object by itself.
#[derive(Default)]
struct Objects {
    count: usize,
    templates: Vec<Template>,
    /// The number of the first object that is damaged, and how.
    wrong: Option<(usize, &'static str)>,
}

impl Objects {
    fn one(read: Result<Option<Template>, &'static str>) -> Self {
        let wrong = read.as_ref().err().map(|what| (1, *what));
        Self { count: 1, templates: read.ok().flatten().into_iter().collect(), wrong }
    }

    fn add(&mut self, value: Kept) {
        let Kept::Objects(more) = value else { return };
        let wrong = more.wrong.map(|(object, what)| (self.count + object, what));
        self.count += more.count;
        self.wrong = self.wrong.or(wrong);
        if self.templates.len() + more.templates.len() > TEMPLATES_MAX {
            self.wrong = self.wrong.or(Some((self.count, TOO_MANY)));
        } else {
            self.templates.extend(more.templates);
        }
    }
}

impl<'de> Deserialize<'de> for Kept {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Place::Text.deserialize(deserializer)
    }
}

/// Where a value stands. A text is an array, a single object, or what Windows PowerShell 5 makes of
/// an array that went through `Write-Output -NoEnumerate` or a property: `{"value": [...], "Count":
/// 5}`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Text,
    Wrapped,
    Item,
    Property,
}

impl<'de> DeserializeSeed<'de> for Place {
    type Value = Kept;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Kept, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Place {
    type Value = Kept;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Kept, A::Error> {
        if matches!(self, Self::Item | Self::Property) {
            while items.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(Kept::Nothing);
        }
        let mut objects = Objects::default();
        while let Some(item) = items.next_element_seed(Self::Item)? {
            objects.add(item);
        }
        Ok(Kept::Objects(objects))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut properties: A) -> Result<Kept, A::Error> {
        if self == Self::Property {
            while properties.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            return Ok(Kept::Nothing);
        }
        let (mut object, mut set) = (Object::default(), Ok(()));
        let (mut wrapped, mut counted) = (None, false);
        while let Some(name) = properties.next_key_seed(Self::Property)? {
            let Kept::Text(name) = name else {
                properties.next_value::<IgnoredAny>()?;
                continue;
            };
            counted |= name == "Count";
            if self == Self::Text && name == "value" {
                wrapped = Some(properties.next_value_seed(Self::Wrapped)?);
                continue;
            }
            let value = properties.next_value_seed(Self::Property)?;
            let field = || match &value {
                Kept::Text(text) => Some(Field::Text(text.as_bytes())),
                Kept::Number(number) => Some(Field::Number(*number)),
                Kept::Objects(_) | Kept::Nothing => None,
            };
            set = set.and_then(|()| object.set(name.as_bytes(), field));
        }
        Ok(match wrapped {
            Some(value) if counted => value,
            _ => Kept::Objects(Objects::one(set.and_then(|()| object.finish()))),
        })
    }

    fn visit_str<E>(self, text: &str) -> Result<Kept, E> {
        let text = text.trim();
        Ok(if text.len() > TEXT_MAX { Kept::Nothing } else { Kept::Text(text.to_owned()) })
    }

    fn visit_u64<E>(self, number: u64) -> Result<Kept, E> {
        Ok(Kept::Number(number))
    }

    fn visit_unit<E>(self) -> Result<Kept, E> {
        Ok(Kept::Text(String::new()))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Kept, E> {
        Ok(Kept::Nothing)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Kept, E> {
        Ok(Kept::Nothing)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Kept, E> {
        Ok(Kept::Nothing)
    }
}

/// The range properties, each a start and then a count.
const PORTS: [&str; 4] = [
    "DynamicPortRangeStartPort",
    "DynamicPortRangeNumberOfPorts",
    "AutoReusePortRangeStartPort",
    "AutoReusePortRangeNumberOfPorts",
];
const DYNAMIC: usize = 0;
const AUTO_REUSE: usize = 2;

enum Field<'a> {
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
struct Object {
    name: Option<String>,
    ports: [Property; 4],
    cut: bool,
}

impl Object {
    /// Takes the properties of interest and ignores the others.
    fn set<'a>(
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
        let Some(index) = PORTS.iter().position(is) else { return Ok(()) };
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

    /// `None` for an object of another kind.
    fn finish(self) -> Result<Option<Template>, &'static str> {
        if self.name.is_none() && self.ports == [Property::Missing; 4] {
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
            // Only TCP has the property.
            Pair::Missing => None,
            _ if self.name.is_none() => return Err("the template has no SettingName"),
            Pair::Blank => None,
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

#[cfg(test)]
mod tests;
