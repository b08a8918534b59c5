//! Files that the user names.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// The most that is read of all evidence together, in bytes: `sysctl -a` prints a few hundred KiB, and 8 MiB where there
/// are 1,000 interfaces.
pub(super) const MAX: u64 = 16 * 1024 * 1024;

/// The most that is read of a saved report, in bytes: 1,000 namespaces make some 20 MiB.
pub(super) const REPORT_MAX: u64 = 64 * 1024 * 1024;

/// The whole of a file, or of standard input where it is called `-`; `room` is how much more may be read.
pub(super) fn read(path: &Path, room: &mut u64) -> io::Result<Vec<u8>> {
    if path.as_os_str() == "-" {
        bounded(io::stdin().lock(), room)
    } else {
        bounded(File::open(path)?, room)
    }
}

/// All of it, or none where it is too much.
pub(super) fn bounded(from: impl Read, room: &mut u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(*room + 1).read_to_end(&mut bytes)?;
    let Some(left) = room.checked_sub(bytes.len() as u64) else {
        let whole = [MAX, REPORT_MAX].into_iter().find(|max| *max == *room);
        return Err(io::Error::other(match whole {
            Some(max) => format!("larger than {} MiB", max / 1024 / 1024),
            None => format!("larger than {} MiB with the files before it", MAX / 1024 / 1024),
        }));
    };
    *room = left;
    bytes.shrink_to_fit();
    Ok(bytes)
}
