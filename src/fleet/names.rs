//! Texts that many hosts share, each kept once.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

/// Between the parts of a text that is kept whole: no text from outside holds it.
pub const SEPARATOR: char = '\u{1f}';

/// Texts, each once, by the order of their first use. Texts are compared, not their hashes: whoever
/// writes a report can't make one text pass for another.
#[derive(Default)]
pub struct Names {
    hasher: DefaultHashBuilder,
    table: HashTable<u32>,
    texts: Vec<Box<str>>,
    bytes: usize,
}

impl Names {
    /// The place of a text.
    pub(super) fn intern(&mut self, text: &str) -> u32 {
        self.intern_within(text, usize::MAX).unwrap_or(u32::MAX)
    }

    /// The place of a text, unless it is new and all texts together would have more bytes than
    /// that.
    pub(super) fn intern_within(&mut self, text: &str, most: usize) -> Option<u32> {
        let Self { hasher, table, texts, bytes } = self;
        let hash = hasher.hash_one(text);
        let at = |id: &u32| texts.get(*id as usize).map_or("", |text| text);
        if let Some(known) = table.find(hash, |id| at(id) == text) {
            return Some(*known);
        }
        if text.len() > most.saturating_sub(*bytes) {
            return None;
        }
        let id = u32::try_from(texts.len()).unwrap_or(u32::MAX);
        table.insert_unique(hash, id, |id| hasher.hash_one(at(id)));
        *bytes += text.len();
        texts.push(text.into());
        Some(id)
    }

    /// The place of a text that is there.
    pub(super) fn find(&self, text: &str) -> Option<u32> {
        let hash = self.hasher.hash_one(text);
        self.table.find(hash, |id| self.get(*id) == text).copied()
    }

    /// The text at a place.
    pub(super) fn get(&self, id: u32) -> &str {
        self.texts.get(id as usize).map_or("", |text| text)
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.texts.len()
    }

    /// All, by their places.
    pub(super) fn all(&self) -> impl ExactSizeIterator<Item = &str> {
        self.texts.iter().map(|text| &**text)
    }
}
