//! Words that shells complete, where others are taken too.

use std::ffi::OsStr;

use clap::builder::{PossibleValue, TypedValueParser};
use clap::{Arg, Command, Error};

/// Takes what `parse` takes, and offers these words.
#[derive(Clone)]
pub(super) struct Hinted<T> {
    words: Vec<PossibleValue>,
    parse: fn(&str) -> Result<T, String>,
}

impl<T> Hinted<T> {
    pub(super) const fn new(
        words: Vec<PossibleValue>,
        parse: fn(&str) -> Result<T, String>,
    ) -> Self {
        Self { words, parse }
    }
}

impl<T: Clone + Send + Sync + 'static> TypedValueParser for Hinted<T> {
    type Value = T;

    fn parse_ref(&self, command: &Command, arg: Option<&Arg>, value: &OsStr) -> Result<T, Error> {
        self.parse.parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(self.words.iter().cloned()))
    }
}
