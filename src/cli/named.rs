//! Files that are named on the command line, or by a variable.

use std::ffi::OsStr;
use std::path::PathBuf;

use clap::builder::{PathBufValueParser, TypedValueParser};
use clap::parser::ValueSource;
use clap::{Arg, Command, Error};

/// A file, and whose word it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedFile {
    /// The file.
    pub path: PathBuf,
    /// Whether only a variable names it, which another may have set.
    pub by_variable: bool,
}

impl NamedFile {
    /// Takes any path.
    pub(super) const fn parser() -> impl TypedValueParser<Value = Self> {
        PathParser
    }
}

#[derive(Clone)]
struct PathParser;

impl TypedValueParser for PathParser {
    type Value = NamedFile;

    fn parse_ref(
        &self,
        command: &Command,
        arg: Option<&Arg>,
        value: &OsStr,
    ) -> Result<NamedFile, Error> {
        self.parse_ref_(command, arg, value, ValueSource::CommandLine)
    }

    fn parse_ref_(
        &self,
        command: &Command,
        arg: Option<&Arg>,
        value: &OsStr,
        source: ValueSource,
    ) -> Result<NamedFile, Error> {
        let path = PathBufValueParser::new().parse_ref(command, arg, value)?;
        Ok(NamedFile { path, by_variable: source == ValueSource::EnvVariable })
    }
}
