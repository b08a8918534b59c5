//! Lines of /proc/PID/mountinfo, proc_pid_mountinfo(5), that mount a network namespace somewhere.

/// The inode of the namespace that a line mounts, and where; `None` for a mount of anything else.
///
/// `552 29 0:4 net:[4026532179] /run/netns/web rw shared:24 - nsfs nsfs rw`
pub(super) fn network_namespace(line: &[u8]) -> Option<(u64, Vec<u8>)> {
    let mut words = line.split(|byte| *byte == b' ');
    let inode = inode(words.nth(3)?)?;
    let mount_point = words.next()?;
    Some((inode, unescaped(mount_point)))
}

/// The number in `net:[4026532179]`, as links to namespaces and their mounts spell it (`ns_dname`,
/// fs/nsfs.c).
pub(super) fn inode(name: &[u8]) -> Option<u64> {
    let digits = name.strip_prefix(b"net:[")?.strip_suffix(b"]")?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// Blank, tab, newline and backslash are written as a backslash and three octal digits
/// (`mangle_path`, fs/seq_file.c).
fn unescaped(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        let escaped = (byte == b'\\').then(|| octal(after)).flatten();
        plain.push(escaped.unwrap_or(byte));
        rest = if escaped.is_some() { after.get(3..).unwrap_or_default() } else { after };
    }
    plain
}

fn octal(digits: &[u8]) -> Option<u8> {
    let digits = std::str::from_utf8(digits.get(..3)?).ok()?;
    u8::from_str_radix(digits, 8).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_mounts_of_network_namespaces_count() {
        let found = |line: &str| network_namespace(line.as_bytes());
        let web = "552 29 0:4 net:[4026532179] /run/netns/web rw shared:24 - nsfs nsfs rw";
        assert_eq!(found(web), Some((4_026_532_179, b"/run/netns/web".to_vec())));
        let odd = r"552 29 0:4 net:[1] /mnt/a\040b\134c\01 rw - nsfs nsfs rw";
        assert_eq!(found(odd), Some((1, br"/mnt/a b\c\01".to_vec())));
        for line in [
            "552 29 0:4 mnt:[4026532179] /run/x rw - nsfs nsfs rw",
            "22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw",
            "552 29 0:4 net:[x] /run/x rw - nsfs nsfs rw",
            "552 29 0:4 net:[1]",
            "",
        ] {
            assert_eq!(found(line), None, "{line}");
        }
    }
}
