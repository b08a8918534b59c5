//! What a system says of itself: `uname -a`, sw_vers(1), and the head of kern.version.

use super::sysctl_text::lines;

/// Names of systems as uname(1) prints them first.
const KERNELS: [&str; 7] =
    ["Linux", "FreeBSD", "OpenBSD", "NetBSD", "DragonFly", "Darwin", "SunOS"];

/// A line of `uname -a`: system, host, release, and what follows.
pub(crate) fn uname(line: &str) -> Option<(&str, &str, &str, &str)> {
    let mut words = line.trim().splitn(4, [' ', '\t']);
    let (system, host, release) = (words.next()?, words.next()?, words.next()?);
    // `Linux and FreeBSD differ` is a sentence.
    let number = release.strip_prefix("B.").unwrap_or(release);
    let plain = number.starts_with(|c: char| c.is_ascii_digit()) && !host.is_empty();
    (is_system(system) && plain)
        .then(|| (system, host, release, words.next().unwrap_or_default().trim_start()))
}

/// System and release of `uname -sr` or `-srm`, and of the line with which a system greets:
/// `OpenBSD 7.5 (GENERIC.MP) #82: …`.
pub(crate) fn greeting(line: &str) -> Option<(&str, &str)> {
    let mut words = line.trim().splitn(3, [' ', '\t']);
    let (system, release) = (words.next()?, words.next()?);
    let rest = words.next().unwrap_or_default().trim_start();
    let number = release.trim_start_matches('v');
    let number = number.strip_prefix("B.").unwrap_or(number);
    let named = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let plain = number.starts_with(|c: char| c.is_ascii_digit()) && number.chars().all(named);
    // `FreeBSD 14 and Linux differ` is a sentence.
    let ends = rest.starts_with('(') || rest.chars().all(|c| named(c) && c != '.');
    (is_system(system) && plain && ends).then_some((system, number))
}

/// Whether a system calls itself so.
pub(crate) fn is_system(word: &str) -> bool {
    KERNELS.contains(&word) || matches!(word, "HP-UX" | "AIX")
}

/// Line, name of sysctl(8) and value of what such a line tells.
pub(crate) fn facts(text: &str) -> impl Iterator<Item = (usize, &'static str, &str)> {
    lines(text).flat_map(|line| {
        let (text, number) = (line.text, line.number);
        let release = |release| Some((number, "kern.osrelease", release));
        let of_uname = uname(text)
            .filter(|(system, ..)| is_bsd(system))
            .map(|(_, host, of, _)| [Some((number, "kern.hostname", host)), release(of)]);
        let greeted = || greeting(text).filter(|(system, _)| is_bsd(system));
        let of_version = || version(text).or_else(greeted).map(|(_, of)| [None, release(of)]);
        let product = || {
            let version = text.strip_prefix("ProductVersion:")?.trim();
            let plain = version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
            plain.then_some([None, Some((number, "kern.osproductversion", version))])
        };
        of_uname.or_else(of_version).or_else(product).into_iter().flatten().flatten()
    })
}

/// System and release of `kern.version: FreeBSD 14.2-RELEASE …` or `Darwin Kernel Version 24.4.0: …`.
pub(crate) fn version(line: &str) -> Option<(&str, &str)> {
    let text = line.trim().strip_prefix("kern.version")?.trim_start_matches([':', '=', ' ', '\t']);
    let mut words = text.split([' ', '\t']).filter(|word| !word.is_empty());
    let system = words.next().filter(|system| is_bsd(system))?;
    let release = words.find(|word| word.starts_with(|c: char| c.is_ascii_digit()))?;
    Some((system, release.trim_end_matches(':')))
}

fn is_bsd(system: &str) -> bool {
    matches!(system, "FreeBSD" | "OpenBSD" | "NetBSD" | "DragonFly" | "Darwin")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_uname_names_system_and_release() {
        for (line, system, release) in [
            ("Darwin mini 24.4.0 Darwin Kernel Version 24.4.0: x", "Darwin", "24.4.0"),
            (
                "FreeBSD h 14.2-RELEASE FreeBSD 14.2-RELEASE GENERIC amd64",
                "FreeBSD",
                "14.2-RELEASE",
            ),
            ("HP-UX h B.11.31 U ia64", "HP-UX", "B.11.31"),
            ("AIX h 2 7 00F6", "AIX", "2"),
        ] {
            let read = uname(line).map(|(system, _, release, _)| (system, release));
            assert_eq!(read, Some((system, release)));
        }
        for line in ["FreeBSD and Linux differ", "SunOS", "Minix h 3.4", ""] {
            assert_eq!(uname(line), None, "{line}");
        }
    }

    #[test]
    fn a_greeting_names_system_and_release() {
        for (line, system, release) in [
            ("FreeBSD 14.1-RELEASE-p3", "FreeBSD", "14.1-RELEASE-p3"),
            ("Darwin 23.5.0 arm64", "Darwin", "23.5.0"),
            ("OpenBSD 7.5 (GENERIC.MP) #82: Wed Mar 20", "OpenBSD", "7.5"),
            ("DragonFly v6.4.0-RELEASE (X86_64_GENERIC) #0: x", "DragonFly", "6.4.0-RELEASE"),
            ("HP-UX B.11.31", "HP-UX", "11.31"),
        ] {
            assert_eq!(greeting(line), Some((system, release)));
        }
        for line in ["FreeBSD 14 and Linux differ", "FreeBSD", "OpenBSD -current", "Darwin 9, too"]
        {
            assert_eq!(greeting(line), None, "{line}");
        }
    }

    #[test]
    fn the_release_is_told_by_kern_version_too() {
        let text = "kern.version: Darwin Kernel Version 23.6.0: Mon Jul 29\nkern.version = NetBSD 9.3 (GENERIC)\nProductVersion:\t10.13.6\n";
        let facts: Vec<_> = facts(text).collect();
        let product = (3, "kern.osproductversion", "10.13.6");
        assert_eq!(facts, [(1, "kern.osrelease", "23.6.0"), (2, "kern.osrelease", "9.3"), product]);
    }
}
