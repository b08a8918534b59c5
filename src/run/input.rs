//! Files that the user names.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// The most that is read of one file of evidence, in bytes; `sysctl -a` prints a few hundred KiB.
pub(super) const MAX: u64 = 16 * 1024 * 1024;

/// The whole of a file, or of standard input where it is called `-`.
pub(super) fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if path.as_os_str() == "-" {
        bounded(io::stdin().lock(), &mut bytes)?;
    } else {
        bounded(File::open(path)?, &mut bytes)?;
    }
    Ok(bytes)
}

/// All of it, or none where it is too much.
pub(super) fn bounded(from: impl Read, bytes: &mut Vec<u8>) -> io::Result<()> {
    from.take(MAX + 1).read_to_end(bytes)?;
    if bytes.len() as u64 > MAX {
        return Err(io::Error::other(format!("larger than {} MiB", MAX / 1024 / 1024)));
    }
    Ok(())
}
