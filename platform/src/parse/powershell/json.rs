//! What `ConvertTo-Json` makes of the settings.

use std::fmt;

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor,
};

use super::object::{Field, Object};
use super::{NAME_MAX, PowershellError, TEMPLATES_MAX, TOO_MANY, Template};

/// The longest text of JSON that is kept, in bytes: a name's.
const TEXT_MAX: usize = 4 * NAME_MAX;

/// The templates of a text that is JSON and nothing else.
pub(super) fn templates(text: &[u8]) -> Result<Vec<Template>, PowershellError> {
    let (all, error) = values(text);
    error.map_or(Ok(all.templates), Err)
}

/// Those at the head of a text that goes on with something else, and how many bytes they take.
pub(super) fn at_the_head(text: &[u8]) -> Result<(Vec<Template>, usize), PowershellError> {
    match values(text) {
        (all, Some(PowershellError::Json(_))) if all.count > 0 => Ok((all.templates, all.bytes)),
        (all, error) => error.map_or(Ok((all.templates, all.bytes)), Err),
    }
}

/// One text each for TCP and UDP may stand in one file.
fn values(text: &[u8]) -> (Objects, Option<PowershellError>) {
    let mut all = Objects::default();
    let mut values = serde_json::Deserializer::from_slice(text).into_iter::<Kept>();
    while let Some(value) = values.next() {
        match value {
            Ok(value) => {
                all.add(value);
                all.bytes = values.byte_offset();
            }
            Err(error) => return (all, Some(PowershellError::Json(error.to_string()))),
        }
        if let Some((object, what)) = all.wrong {
            return (all, Some(PowershellError::Object { object, what }));
        }
    }
    (all, None)
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
    /// How far into the text it was read.
    bytes: usize,
}

impl Objects {
    fn one(read: Result<Option<Template>, &'static str>) -> Self {
        let wrong = read.as_ref().err().map(|what| (1, *what));
        let templates = read.ok().flatten().into_iter().collect();
        Self { count: 1, templates, wrong, bytes: 0 }
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
        JsonDepth::Text.deserialize(deserializer)
    }
}

/// Where a value stands. A text is an array, a single object, or what Windows PowerShell 5 makes of
/// an array that went through `Write-Output -NoEnumerate` or a property: `{"value": [...], "Count":
/// 5}`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum JsonDepth {
    Text,
    Wrapped,
    Item,
    Property,
}

impl<'de> DeserializeSeed<'de> for JsonDepth {
    type Value = Kept;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Kept, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for JsonDepth {
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
