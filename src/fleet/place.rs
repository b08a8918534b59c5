//! Where a report stands among the files that a fleet is read from.

/// Where something stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file, by its place in their list.
    pub file: u32,
    /// The line, from 1; 0 is the file itself.
    pub line: u64,
}
