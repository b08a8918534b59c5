//! Files that the user names.

use std::io::{self, Read};
use std::path::Path;

use ephaudit_platform::files;

/// How many bytes may be read of all files of a kind together.
pub(super) struct ReadBudget {
    max: u64,
    left: u64,
}

impl ReadBudget {
    /// For evidence: `sysctl -a` prints a few hundred KiB, and 8 MiB where there are 1,000
    /// interfaces.
    pub(super) const fn of_evidence() -> Self {
        Self::new(16)
    }

    /// For a saved report: 1,000 namespaces make some 20 MiB.
    pub(super) const fn of_report() -> Self {
        Self::new(64)
    }

    /// For a policy.
    pub(super) const fn of_policy() -> Self {
        Self::new(1)
    }

    const fn new(mebibytes: u64) -> Self {
        let max = mebibytes * 1024 * 1024;
        Self { max, left: max }
    }

    /// The whole of a file, or of standard input where it is called `-`.
    pub(super) fn read(&mut self, path: &Path) -> io::Result<Vec<u8>> {
        if is_stdin(path) {
            self.bounded(io::stdin().lock())
        } else {
            self.bounded(files::open(path)?)
        }
    }

    /// All of it, or none where it is too much.
    pub(super) fn bounded(&mut self, from: impl Read) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        from.take(self.left + 1).read_to_end(&mut bytes)?;
        let Some(left) = self.left.checked_sub(bytes.len() as u64) else {
            let others = if self.left < self.max { " with the files before it" } else { "" };
            let max = self.max / 1024 / 1024;
            return Err(io::Error::other(format!("larger than {max} MiB{others}")));
        };
        self.left = left;
        bytes.shrink_to_fit();
        Ok(bytes)
    }
}

/// Whether the path is a name of standard input.
pub(super) fn is_stdin(path: &Path) -> bool {
    ["-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"].iter().any(|name| path == Path::new(name))
}
