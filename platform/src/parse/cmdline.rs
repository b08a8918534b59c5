//! The kernel's command line: the sysctls on it.
//!
//! Words are parted by blanks outside quotes, and quotes around a value or a word are taken off
//! (`next_arg`, lib/cmdline.c); of `sysctl.KEY=VALUE` every dot of the key becomes a slash
//! (`process_sysctl_arg`, fs/proc/proc_sysctl.c). After `--` stands what is for init.

/// The paths below /proc/sys and their values, in their order.
pub(crate) fn sysctls(text: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut found = Vec::new();
    for word in words(text) {
        let word = word.strip_prefix(b"\"").map_or(word, |word| unquoted_end(word));
        if word == b"--" {
            break;
        }
        let Some(equals) = word.iter().position(|byte| *byte == b'=') else { continue };
        let (key, value) = (&word[..equals], &word[equals + 1..]);
        let value = value.strip_prefix(b"\"").map_or(value, unquoted_end);
        let Some([b'.' | b'/', path @ ..]) = key.strip_prefix(b"sysctl") else { continue };
        if !value.is_empty() {
            let slashed = |byte: &u8| if *byte == b'.' { b'/' } else { *byte };
            found.push((path.iter().map(slashed).collect(), value.to_vec()));
        }
    }
    found
}

fn unquoted_end(text: &[u8]) -> &[u8] {
    text.strip_suffix(b"\"").unwrap_or(text)
}

fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut quoted = false;
    text.split(move |byte| {
        quoted ^= *byte == b'"';
        byte.is_ascii_whitespace() && !quoted
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sysctls_are_found_with_and_without_quotes() {
        let line = b"BOOT_IMAGE=/x ro sysctl.net.ipv4.ip_local_port_range=\"10000 20000\" sysctl=1 sysctlx.a=1 \
                     \"sysctl/a/b=1 2\" sysctl.c= sysctl.d -- sysctl.e=1\n";
        let pairs: Vec<(String, String)> = sysctls(line)
            .into_iter()
            .map(|(path, value)| {
                let text = |bytes| String::from_utf8(bytes).expect("ASCII");
                (text(path), text(value))
            })
            .collect();
        let expected = [("net/ipv4/ip_local_port_range", "10000 20000"), ("a/b", "1 2")];
        assert_eq!(pairs, expected.map(|(path, value)| (path.to_owned(), value.to_owned())));
    }
}
