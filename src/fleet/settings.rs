//! What is set in a namespace, worked out once for all hosts that tell it in the same words.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::names::{Names, SEPARATOR};
use super::read::{Refusal, ScopeView};
use crate::wire::v1::{OwnScope, Shape};

/// How many bytes of texts are remembered.
const MOST: usize = 2 * 1024 * 1024;

/// The shapes of texts that were seen.
#[derive(Default)]
pub struct KnownShapes {
    texts: Names,
    /// By their text's place; behind these the one that is not remembered.
    shapes: Vec<Shape>,
    key: String,
}

impl KnownShapes {
    /// The shape of a namespace on such a system.
    pub(super) fn shape(&mut self, os: &str, scope: &ScopeView<'_>) -> Result<&Shape, Refusal> {
        let Self { texts, shapes, key } = self;
        key.clear();
        key.push_str(os);
        let ScopeView { ranges, reserved, randomization, unprivileged_start, .. } = scope;
        for part in [ranges, reserved, randomization, unprivileged_start] {
            key.push(SEPARATOR);
            key.push_str(part.get());
        }
        let place = if let Some(known) = texts.find(key) {
            known as usize
        } else {
            let own = OwnScope {
                ranges: part(ranges)?,
                reserved: part(reserved)?,
                randomization: part(randomization)?,
                unprivileged_start: part(unprivileged_start)?,
            };
            let shape = Shape::of(own.settings(os));
            shapes.truncate(texts.len());
            shapes.push(shape);
            let remembered = texts.intern_within(key, MOST);
            remembered.map_or(texts.len(), |place| place as usize)
        };
        shapes.get(place).ok_or_else(|| Refusal::contradicts("its settings cannot be told"))
    }
}

fn part<'a, T: Deserialize<'a>>(text: &'a RawValue) -> Result<T, Refusal> {
    serde_json::from_str(text.get())
        .map_err(|error| Refusal::new("not-a-report", format!("its settings: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(settings: &mut KnownShapes, first: u16, padding: usize) -> String {
        let padding = " ".repeat(padding);
        let scope = format!(
            r#"{{"id":"host","current":true,"ranges":[{padding}{{"role":"ephemeral",
            "families":["ipv4"],"transports":["tcp"],"state":"known","first":{first},"last":60999}}],
            "reserved":[],"randomization":[],"unprivileged_start":{{"state":"absent","value":null}},
            "listeners":{{"items":[]}}}}"#
        );
        let scope: ScopeView<'_> = serde_json::from_str(&scope).expect("a namespace");
        settings.shape("linux", &scope).expect("a shape").settings.clone()
    }

    #[test]
    fn a_text_has_its_own_shape_whether_it_is_remembered_or_not() {
        let mut settings = KnownShapes::default();
        for _ in 0..2 {
            for (first, padding) in [(1, 0), (2, MOST), (3, 0), (4, MOST), (2, MOST)] {
                let expected = format!("linux; ephemeral 4 tcp {first}-60999; start -");
                assert_eq!(told(&mut settings, first, padding), expected);
            }
        }
        assert_eq!((settings.texts.len(), settings.shapes.len()), (2, 3));
    }
}
