//! Texts that many hosts share, each kept once.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

/// Texts, each once, by the order of their first use.
#[derive(Default)]
pub struct Names {
    hasher: DefaultHashBuilder,
    table: HashTable<u32>,
    texts: Vec<Box<str>>,
}

impl Names {
    /// The place of a text.
    pub(super) fn intern(&mut self, text: &str) -> u32 {
        let Self { hasher, table, texts } = self;
        let hash = hasher.hash_one(text);
        let at = |id: &u32| texts.get(*id as usize).map_or("", |text| text);
        if let Some(known) = table.find(hash, |id| at(id) == text) {
            return *known;
        }
        let id = u32::try_from(texts.len()).unwrap_or(u32::MAX);
        table.insert_unique(hash, id, |id| hasher.hash_one(at(id)));
        texts.push(text.into());
        id
    }

    /// The text at a place.
    pub(super) fn get(&self, id: u32) -> &str {
        self.texts.get(id as usize).map_or("", |text| text)
    }

    /// All, by their places.
    pub(super) fn all(&self) -> impl ExactSizeIterator<Item = &str> {
        self.texts.iter().map(|text| &**text)
    }
}
